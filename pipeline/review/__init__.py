"""The review desk: samples with known probabilities, decisions, agreement."""
