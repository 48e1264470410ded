"""The compact model at work: token ids in, probabilities out, through ONNX Runtime. Needs no torch."""
