"""The classifiers: texts in, probabilities out; their training, calibration and evaluation."""
