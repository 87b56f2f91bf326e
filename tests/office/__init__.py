"""The operator's office through its own door."""
