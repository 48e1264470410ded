"""Several models read the same verbatim; their probabilities are weighed and calibrated together."""
