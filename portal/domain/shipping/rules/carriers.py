"""Carriers that a parcel can go with: their names, the shape of their numbers, their tracking pages, and our own guess
of when a parcel arrives. Nothing here talks to a carrier.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import quote

CARRIERS = ("own", "ups", "usps", "fedex", "dhl", "other")
"""Codes of carriers, as stored; `own` is the built-in label, `other` is anybody whose number is typed in as it is."""

_NAMES = {
    "own": "Own delivery",
    "ups": "UPS",
    "usps": "USPS",
    "fedex": "FedEx",
    "dhl": "DHL",
    "other": "Another carrier",
}

_PAGES = {
    "ups": "https://www.ups.com/track?tracknum=",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels=",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr=",
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id=",
}

_SHAPES = {
    "ups": (
        re.compile(r"1Z[0-9A-Z]{16}|T[0-9]{10}|[0-9]{9}|[0-9]{12}"),
        "18 characters that start with 1Z, or T and 10 digits, or 9 or 12 digits",
    ),
    "usps": (
        re.compile(r"[0-9]{20}|[0-9]{22}|[0-9]{26}|[0-9]{30}|[0-9]{34}|[A-Z]{2}[0-9]{9}[A-Z]{2}"),
        "20, 22, 26, 30 or 34 digits, or two letters, 9 digits and two letters",
    ),
    "fedex": (re.compile(r"[0-9]{12}|[0-9]{15}|[0-9]{20}|[0-9]{22}"), "12, 15, 20 or 22 digits"),
    "dhl": (
        re.compile(r"[0-9]{10,11}|[0-9]{12}|[0-9]{14}|[0-9]{20}|[A-Z]{2,5}[0-9]{9,30}(?:[A-Z]{2})?"),
        "10, 11, 12, 14 or 20 digits, or two to five letters and 9 to 30 digits",
    ),
    "other": (
        re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]{2,39}"),
        "3 to 40 letters and digits, with dashes, dots, slashes or underscores between them",
    ),
}

_TRANSIT = (
    (re.compile(r"\b(next[ -]?day|overnight|express|24 ?h(ours)?|1[ -]?day|priority overnight)\b"), (1, 2)),
    (re.compile(r"\b(second[ -]day|two[ -]day|2[ -]?day|48 ?h(ours)?)\b"), (2, 3)),
    (re.compile(r"\b(economy|saver|budget|slow|international)\b"), (3, 7)),
)
_STANDARD = (2, 4)


def carrier_name(code: str) -> str:
    """Return what people call a carrier; an unknown code is returned as it is."""
    return _NAMES.get(code, code)


def tracking_link(carrier: str, number: str) -> str | None:
    """Return the carrier's own public tracking page for a number, or None where there is none (own, other, no number).

    Sources: the pages that UPS ("Track", parameter `tracknum`), USPS ("USPS Tracking", `tLabels`), FedEx ("FedEx Tracking",
    `trknbr`) and DHL ("Track & Trace", `tracking-id`) give to the public, as of November 2026.
    """
    page = _PAGES.get(carrier)
    return page + quote(number, safe="") if page and number else None


def clean_number(carrier: str, number: str) -> str:
    """Return a typed-in number as the carrier writes it: capitals without blanks and dashes (`other`: only trimmed)."""
    trimmed = number.strip()
    return trimmed if carrier == "other" else re.sub(r"[\s-]", "", trimmed).upper()


def number_problem(carrier: str, number: str) -> str | None:
    """Say in a sentence why a cleaned number cannot be this carrier's, or return None when its shape is right.

    Shape only, check digits are the carrier's affair. Sources: UPS "Tracking numbers" help page (1Z…, T…, 9 and 12 digits);
    USPS Publication 199, IMpb (20 to 34 digits) and UPU S10 (13 characters); FedEx "Tracking number formats" (12, 15, 20, 22
    digits); DHL "Tracking FAQ" (10 or 11 digits for Express; letters and digits for Parcel and eCommerce).
    """
    if carrier == "own":
        return (
            "Our own label carries the parcel's number; leave the tracking number empty." if number else None
        )
    if not number:
        return f"Type the tracking number that {_whose(carrier)} label shows."
    shape, words = _SHAPES[carrier]
    if shape.fullmatch(number):
        return None
    named = carrier_name(carrier) if carrier != "other" else "tracking"
    return f"{number!r} is no {named} number. It has {words}."


def _whose(carrier: str) -> str:
    return "the carrier's" if carrier == "other" else f"the {carrier_name(carrier)}"


def estimate_arrival(shipped_on: date, service: str) -> tuple[date, date]:
    """Return the first and last day on which a parcel that ships on this day is expected; always a range, never a promise.

    Our own table by the words of the service: express and next-day 1–2 working days, two-day 2–3, standard 2–4, economy and
    international 3–7. Saturdays and Sundays are not counted.
    """
    words = service.casefold()
    first, last = next((days for pattern, days in _TRANSIT if pattern.search(words)), _STANDARD)
    return _after(shipped_on, first), _after(shipped_on, last)


def _after(day: date, working_days: int) -> date:
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return day
