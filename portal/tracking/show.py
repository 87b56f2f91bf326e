"""A page of the public door in one answer: its style stands in it, and its Content-Security-Policy allows just that style."""

from __future__ import annotations

import base64
import hashlib

from flask import g, render_template
from markupsafe import Markup

from portal.kernel.brand import palette

POLICY = "default-src 'none'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

PLAIN = "#1d4fd8"
"""The colour of pages that belong to no merchant."""


def show(name: str, colour: str, **context: object) -> str:
    """Render a page of this door in a merchant's colours, and note the policy that lets a browser use its style."""
    brand = palette(colour)
    # The style sheet is ours and the colours are hex digits: there is nothing in it to escape.
    style = Markup(render_template("tracking/style.css", brand=brand))  # noqa: S704 (a style sheet of our own, with six colours)
    g.tracking_policy = POLICY.format(
        "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    )
    return render_template(f"tracking/{name}.html", style=style, brand=brand, **context)
