"""Rooms: what is true. Each room owns its tables; the order of the rooms is in pyproject.toml's import contracts."""
