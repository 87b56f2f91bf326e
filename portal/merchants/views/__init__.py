"""Views of the merchants' door, one file per family of screens."""
