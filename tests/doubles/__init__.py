"""Doubles of the outside world: programs of their own that count what they receive."""
