"""Small groups hidden, so that no figure gives a person away."""
