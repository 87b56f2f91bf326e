"""The tracking page, and the page made for printing behind the second, revocable link."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, make_response, request

from portal.kernel import clock
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError
from portal.kernel.ids import digest
from portal.kernel.words import country_name, long_day
from portal.tracking.door import tracking
from portal.tracking.show import show
from portal.tracking.story import tell
from portal.web.access import permit
from portal.web.database import transaction

_GONE = "It is incomplete, or it was ended. Open it from the mail again, or write to the shop that you ordered from."


@tracking.get("/<token>")
@permit.public
def page(token: str) -> Response:
    """Show where an order is. The link may be shared: it shows nothing personal and changes nothing."""
    data = _read("SELECT tracking_page(:lookup)", token)
    story = tell(data, today=clock.today(data["site"]["timezone"]))
    return make_response(
        show("page", data["merchant"]["brand_colour"], order=data, story=story, merchant=data["merchant"])
    )


@tracking.get("/details/<token>")
@permit.public
def details(token: str) -> Response:
    """Show an order with address and prices, made for printing. The link is the recipient's own and can be revoked."""
    data = _read("SELECT order_details(:lookup)", token)
    placed = datetime.fromisoformat(data["placed_at"]).astimezone(ZoneInfo(data["site"]["timezone"])).date()
    return make_response(
        show(
            "details", data["merchant"]["brand_colour"], order=data, merchant=data["merchant"], address=_address(data["address"]),
            placed=f"{long_day(placed)} {placed.year}", with_prices=any(line["unit_price_minor"] is not None for line in data["lines"]),
        )
    )  # fmt: skip


def _address(a: dict[str, Any]) -> list[str]:
    """Return the address as it is written on paper; nothing for an order without one."""
    if not a["country"]:
        return []
    town = " ".join(part for part in (a["city"], a["region"], a["postcode"]) if part)
    lines = (a["name"], a["company"], a["address1"], a["address2"], town, country_name(a["country"]))
    return [line for line in lines if line]


def _read(statement: str, token: str) -> dict[str, Any]:
    if not 20 <= len(token) <= 100 or not token.isascii():
        raise NotFoundError(_GONE)
    with transaction() as session:
        [row] = run(session, statement, {"lookup": digest(token)})
    if row[0] is None:
        current_app.logger.info("tracking link unknown, path length %s", len(request.path))
        raise NotFoundError(_GONE)
    return row[0]
