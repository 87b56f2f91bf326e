"""How money, instants and days are written in pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, get_currency_precision

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


def money(amount_minor: int | None, currency: str) -> str:
    """Write an amount in minor units of a currency; nothing where there is none."""
    if amount_minor is None:
        return ""
    return format_currency(amount_minor / 10 ** get_currency_precision(currency), currency, locale="en_GB")


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


def install(app: Flask) -> None:
    """Make the filters known to templates."""
    app.jinja_env.filters |= {"money": money, "when": when, "day": day}
    app.jinja_env.globals |= {
        "plural": plural,
        "PROGRESS_WORDS": PROGRESS_WORDS,
        "PROGRESS_TONES": PROGRESS_TONES,
    }
