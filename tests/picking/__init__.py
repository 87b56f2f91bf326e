"""Walks: begun, picked, cut short, given back."""
