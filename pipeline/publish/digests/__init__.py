"""What each department receives of a release: a short page and a CSV of what concerns it."""
