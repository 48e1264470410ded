"""Speed of each step, as ratios against what a user would pick instead: `make bench`."""
