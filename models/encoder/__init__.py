"""Small transformer encoders of our own in torch: layers, pretraining, fine-tuning, export. Needs the `train` extra."""
