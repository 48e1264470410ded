"""Word lists of the rules on names."""
