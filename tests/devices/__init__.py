"""Tablets: enrolled, signed in on, locked; and scans answered once."""
