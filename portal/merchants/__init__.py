"""The merchants' door: their people in a browser. Everything runs as that merchant alone."""
