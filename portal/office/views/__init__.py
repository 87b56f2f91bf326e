"""Views of the office's door, one file per family of screens."""
