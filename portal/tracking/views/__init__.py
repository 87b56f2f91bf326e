"""Views of the public door."""
