"""Any encoder of the Hugging Face hub, or a local folder, under the label heads. Needs the `train` extra."""
