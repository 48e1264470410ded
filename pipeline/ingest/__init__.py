"""From files and databases to typed, masked verbatims, and rejects with their reasons."""
