"""Parcelyard."""
