"""Benchmarks that print ratios against a baseline of the same run: `python -m bench [S1 S7 …]`."""
