"""How money and days are written for people, on every screen and in every mail: British English."""

from __future__ import annotations

from datetime import date
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision

_LOCALE = "en_GB"
_NB = "\u00a0"


def money(amount_minor: int | None, currency: str) -> str:
    """Write an amount in minor units of a currency; nothing where there is none."""
    if amount_minor is None:
        return ""
    return format_currency(amount_minor / 10 ** get_currency_precision(currency), currency, locale=_LOCALE)


def long_day(day: date) -> str:
    """Write a day with its name: "Tuesday 17 November"."""
    return format_date(day, "EEEE d MMMM", locale=_LOCALE)


def date_range(first: date, last: date, *, short: bool = False) -> str:
    """Write two days as people say them: "Tuesday 17 November", "17 – 19 November", "30 November – 2 December".

    `short` writes months with three letters and a single day without its name, for subject lines. The blanks do not break.
    """
    month = "MMM" if short else "MMMM"
    if first == last:
        return format_date(first, f"d{_NB}{month}" if short else f"EEEE d{_NB}{month}", locale=_LOCALE)
    start = "d" if (first.year, first.month) == (last.year, last.month) else f"d{_NB}{month}"
    end = format_date(last, f"d{_NB}{month}", locale=_LOCALE)
    # Only the longer form may break, after its dash.
    dash = f"{_NB}–{_NB}" if start == "d" else f"{_NB}– "
    return f"{format_date(first, start, locale=_LOCALE)}{dash}{end}"


def shorten(text: str, most: int) -> str:
    """Return the text on one line and not longer than `most` characters, cut with a "…" where it is."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def country_name(code: str) -> str:
    """Return what a country is called: "United Kingdom"; a code that is none is returned as it is."""
    return _countries().get(code.upper(), code)


@cache
def _countries() -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale.parse(_LOCALE).territories.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] (babel's data carry no types)
