"""Views of the floor's door, one file per family of screens."""
