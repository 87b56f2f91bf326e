"""The tracking page, and the page made for printing behind the second, revocable link."""

from __future__ import annotations

from flask import current_app, render_template, request

from portal.kernel import clock
from portal.kernel.brand import palette
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError
from portal.kernel.ids import digest
from portal.tracking.door import tracking
from portal.tracking.story import tell
from portal.web.access import permit
from portal.web.database import transaction

_GONE = "This link leads to no order. Check that it is complete, or write to the shop that you ordered from."


@tracking.get("/<token>")
@permit.public
def page(token: str) -> str:
    """Show where an order is. The link may be shared: it shows nothing personal and changes nothing."""
    data = _read("SELECT tracking_page(:lookup)", token)
    story = tell(data, today=clock.today(data["site"]["timezone"]))
    return render_template(
        "tracking/page.html",
        order=data,
        story=story,
        merchant=data["merchant"],
        brand=palette(data["merchant"]["brand_colour"]),
    )


@tracking.get("/details/<token>")
@permit.public
def details(token: str) -> str:
    """Show an order with address and prices, made for printing. The link is the recipient's own and can be revoked."""
    data = _read("SELECT order_details(:lookup)", token)
    return render_template(
        "tracking/details.html",
        order=data,
        merchant=data["merchant"],
        brand=palette(data["merchant"]["brand_colour"]),
    )


def _read(statement: str, token: str) -> dict:  # type: ignore[type-arg]
    if not 20 <= len(token) <= 100 or not token.isascii():
        raise NotFoundError(_GONE)
    with transaction() as session:
        [row] = run(session, statement, {"lookup": digest(token)})
    if row[0] is None:
        current_app.logger.info("tracking link unknown, path length %s", len(request.path))
        raise NotFoundError(_GONE)
    return row[0]
