"""The blueprint of the floor."""

from __future__ import annotations

from flask import Blueprint

warehouse = Blueprint("warehouse", __name__)
