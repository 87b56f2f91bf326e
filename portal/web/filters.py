"""How money, instants and days are written in pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask import request

from portal.kernel.words import money

if TYPE_CHECKING:
    from flask import Flask

PROGRESS_WORDS = {
    "received": "Received", "waiting_for_stock": "Waiting for stock", "ready": "Ready to pick", "picking": "Picking", "picked": "Picked",
    "packed": "Packed", "shipped": "Shipped", "cancelled": "Cancelled",
}  # fmt: skip
PROGRESS_TONES = {
    "received": "idle", "waiting_for_stock": "warn", "ready": "info", "picking": "info", "picked": "info", "packed": "info",
    "shipped": "ok", "cancelled": "idle",
}  # fmt: skip


def when(instant: datetime | None, timezone: str = "UTC") -> str:
    """Write an instant in a site's clock: "Mon 23 Nov, 09:30"."""
    return (
        format_datetime(instant.astimezone(ZoneInfo(timezone)), "EEE d MMM, HH:mm", locale="en_GB")
        if instant
        else ""
    )


def day(value: date | str | None) -> str:
    """Write a day: "Mon 23 Nov"."""
    if not value:
        return ""
    return format_date(
        date.fromisoformat(value) if isinstance(value, str) else value, "EEE d MMM", locale="en_GB"
    )


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: "1 order", "3 orders"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: int) -> str:
    """Write a count with commas: "1,250"."""
    return f"{value:,}"


def here(**changes: object) -> str:
    """Return this page's own address with some of its filters changed; blank ones leave it, and a new filter starts at page 1."""
    kept = {name: value for name, value in request.args.items() if name != "page"}
    changed = {name: str(value) for name, value in (kept | changes).items() if value not in ("", None)}
    return f"{request.path}?{urlencode(changed)}" if changed else request.path


def offer(app: Flask, **names: object) -> None:
    """Make functions and values known to every template under their names."""
    cast("dict[str, object]", app.jinja_env.globals).update(names)


def install(app: Flask) -> None:
    """Make the filters known to templates."""
    filters = {"money": money, "when": when, "day": day, "number": number}
    cast("dict[str, object]", app.jinja_env.filters).update(filters)
    offer(app, plural=plural, here=here, PROGRESS_WORDS=PROGRESS_WORDS, PROGRESS_TONES=PROGRESS_TONES)
