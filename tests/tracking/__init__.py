"""Tests of the public door."""
