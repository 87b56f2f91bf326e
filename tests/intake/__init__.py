"""Order files on their way in."""
