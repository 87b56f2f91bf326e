"""The blueprint of the office."""

from __future__ import annotations

from flask import Blueprint

office = Blueprint("office", __name__)
