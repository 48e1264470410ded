"""Transformer encoders of our own in torch: pretraining, fine-tuning, export. Needs the `train` extra."""
