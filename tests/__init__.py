"""Tests mirror `portal/`; see docs for what each folder proves."""
