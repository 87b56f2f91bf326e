"""Mails as they are written. A mail is three files (subject, HTML, text) in `templates/email/` and a function here.

Whatever a merchant or a recipient is called is escaped, cut to a sane length, and never ends a line of a header.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import css_inline
from babel.numbers import get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from portal.domain.messages.rules import grouped, hello, thanks, with_carrier
from portal.domain.shipping.rules.carriers import carrier_name, tracking_link
from portal.kernel.brand import palette
from portal.kernel.words import country_name, date_range, long_day, money, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from portal.domain.accounts.queries import MerchantRow
    from portal.domain.orders.queries.pages import OrderPage, RecipientRow
    from portal.domain.shipping.queries import ParcelRow

TEMPLATES = Path(__file__).resolve().parents[3] / "templates/email"
MOST_SUBJECT = 70
MOST_LINES = 20
"""So many lines are written out; the page made for printing has them all. Keeps a mail far below the size that Gmail clips."""

_CUTS = ((60, 40), (40, 40), (28, 40), (20, 40), (14, 40), (14, 17), (9, 16), (9, 10))
"""How long the sender's name and the order's number may be in a subject, from the first try to the last: names give way first."""

OPERATOR_COLOUR = "#1d4fd8"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a mail's list of goods, with the price where it is known."""

    quantity: int
    name: str
    small: str
    price: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a mail about an order leads besides the shop."""

    tracking: str
    details: str


def order_confirmation(
    order: OrderPage,
    recipient: RecipientRow,
    merchant: MerchantRow,
    *,
    links: Links,
    expected: tuple[date, date],
    timezone: str,
    operator: str,
) -> Letter:
    """Write that a merchant has an order: when to expect it, what is in it, and to keep the details."""
    lines = [line for line in order.lines if line.quantity > line.quantity_cancelled]
    items = [
        Item(
            line.quantity - line.quantity_cancelled,
            shorten(line.name or line.sku_code, 120),
            shorten(line.attributes, 120),
            money(_times(line.unit_price_minor, line.quantity - line.quantity_cancelled), order.currency),
        )
        for line in lines[:MOST_LINES]
    ]
    data: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "Order",
        "merchant": {"@type": "Organization", "name": merchant.name},
        "orderNumber": order.number,
        "orderStatus": "http://schema.org/OrderProcessing",
        "orderDate": order.placed_at.isoformat(),
        "priceCurrency": order.currency,
        "acceptedOffer": [
            {
                "@type": "Offer",
                "itemOffered": {"@type": "Product", "name": shorten(line.name or line.sku_code, 120)},
                "eligibleQuantity": {
                    "@type": "QuantitativeValue",
                    "value": line.quantity - line.quantity_cancelled,
                },
                "priceCurrency": order.currency,
            }
            | (
                {}
                if line.unit_price_minor is None
                else {"price": _plain(line.unit_price_minor, order.currency)}
            )
            for line in lines[:MOST_LINES]
        ],
        "url": links.tracking,
    }
    if order.total_minor is not None:
        data["price"] = _plain(order.total_minor, order.currency)
    return _write(
        "order_confirmation",
        _about(order, recipient, merchant, links, operator, timezone)
        | {
            "items": items,
            "more": len(lines) - len(items),
            "with_prices": any(item.price for item in items),
            "total": money(order.total_minor, order.currency),
            "expected": expected,
            "promised": long_day(order.promised_on),
            "hello": hello(recipient.name),
        },
        data,
    )


def shipping_confirmation(
    order: OrderPage,
    recipient: RecipientRow,
    merchant: MerchantRow,
    parcel: ParcelRow,
    *,
    parcels: Sequence[ParcelRow],
    links: Links,
    expected: tuple[date, date],
    today: date,
    timezone: str,
    operator: str,
) -> Letter:
    """Write that a parcel is on its way: when it comes, with whom, and what is in this one."""
    carrier = parcel.carrier or ""
    number = parcel.tracking_number or parcel.number
    zone = ZoneInfo(timezone)
    name = carrier_name(carrier)
    left_on = parcel.shipped_at.astimezone(zone).date() if parcel.shipped_at else None
    # How many parcels there will be is known once every unit lies in one.
    whole = order.progress in ("packed", "shipped")
    rest = 0 if whole else max(0, order.units - sum(q for p in parcels for q, _, _ in p.contents))
    data: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "ParcelDelivery",
        "deliveryAddress": {
            "@type": "PostalAddress",
            "name": recipient.name,
            "streetAddress": ", ".join(part for part in (recipient.address1, recipient.address2) if part),
            "addressLocality": recipient.city,
            "addressRegion": recipient.region,
            "postalCode": recipient.postcode,
            "addressCountry": recipient.country,
        },
        "expectedArrivalFrom": datetime.combine(expected[0], time(8), zone).isoformat(),
        "expectedArrivalUntil": datetime.combine(expected[1], time(20), zone).isoformat(),
        "carrier": {"@type": "Organization", "name": name},
        # schema.org replaced `carrier` by `provider`; Gmail's reference still asks for the old word.
        "provider": {"@type": "Organization", "name": name},
        "itemShipped": [
            {"@type": "Product", "name": shorten(item or code, 120)}
            for _, code, item in parcel.contents[:MOST_LINES]
        ],
        "partOfOrder": {
            "@type": "Order",
            "orderNumber": order.number,
            "merchant": {"@type": "Organization", "name": merchant.name},
        },
        "trackingNumber": number,
        "trackingUrl": links.tracking,
        "potentialAction": {"@type": "TrackAction", "target": links.tracking},
    }
    return _write(
        "shipping_confirmation",
        _about(order, recipient, merchant, links, operator, timezone)
        | {
            "items": [
                Item(quantity, shorten(item or code, 120), "")
                for quantity, code, item in parcel.contents[:MOST_LINES]
            ],
            "more": max(0, len(parcel.contents) - MOST_LINES),
            "with_prices": False,
            "expected": expected,
            "thanks": thanks(recipient.name),
            "piece": parcel.piece,
            "pieces": len(parcels) if whole else 0,
            "rest": rest,
            "with_carrier": with_carrier(carrier, name),
            "left": "today" if left_on in (None, today) else f"on {long_day(left_on)}",
            "carrier": name if carrier not in ("own", "other") else "",
            "carrier_number": number,
            "carrier_link": tracking_link(carrier, parcel.tracking_number or ""),
        },
        data,
    )


def invitation(*, operator: str, place: str, name: str, link: str, until: datetime, timezone: str) -> Letter:
    """Write that somebody was given access to a merchant (`place`) or to the operator's own desk."""
    return _write(
        "invitation",
        _operators(operator)
        | {"place": place, "name": name, "link": link, "until": _moment(until, timezone)},
    )


def password_reset(*, operator: str, name: str, link: str, until: datetime, timezone: str) -> Letter:
    """Write how to choose a new password."""
    return _write(
        "password_reset",
        _operators(operator) | {"name": name, "link": link, "until": _moment(until, timezone)},
    )


def _about(
    order: OrderPage,
    recipient: RecipientRow,
    merchant: MerchantRow,
    links: Links,
    operator: str,
    timezone: str,
) -> dict[str, Any]:
    """Return what every mail about an order says."""
    return {
        "sender": merchant.name,
        "merchant": merchant,
        "operator": operator,
        "brand": palette(merchant.brand_colour),
        "number": shorten(order.number, 40),
        "placed": long_day(order.placed_at.astimezone(ZoneInfo(timezone)).date()),
        "address": _address(recipient),
        "service": shorten(order.service, 60),
        "links": links,
    }


def _operators(operator: str) -> dict[str, Any]:
    return {"sender": operator, "operator": operator, "brand": palette(OPERATOR_COLOUR), "merchant": None}


def _write(kind: str, context: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> Letter:
    """Fill the three files of a kind; the subject is tried with shorter and shorter names until it fits a phone."""
    subject = ""
    for most, most_number in _CUTS:
        cut = {
            "brand_name": shorten(context["sender"], most),
            "order_number": shorten(context.get("number", ""), most_number),
        }
        subject = " ".join(
            _environment().get_template(f"{kind}.subject.txt").render(**context, **cut).split()
        )
        if len(subject) <= MOST_SUBJECT:
            break
    everything = {**context, "subject": subject, "data": _json(data) if data else ""}
    html = _environment().get_template(f"{kind}.html").render(**everything)
    text = _environment().get_template(f"{kind}.txt").render(**everything)
    return Letter(shorten(subject, MOST_SUBJECT), _inlined(html), text.strip() + "\n")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wrap=_wrapped, days=_days, dial=_dial, grouped=grouped, unbroken=_unbroken)
    return environment


def _inlined(html: str) -> str:
    """Return the page with its design in style attributes: half of all mail programs drop style elements."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    return inliner.inline(html).replace(' data-css-inline="keep"', "")


def _address(recipient: RecipientRow) -> list[str]:
    *lines, country = recipient.address_lines
    return [shorten(line, 80) for line in (*lines, country_name(country))]


def _dial(phone: str) -> str:
    """Return a telephone number as a link takes it."""
    return re.sub(r"[^+0-9]", "", phone)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _days(first_and_last: tuple[date, date], *, short: bool = False) -> str:
    return date_range(*first_and_last, short=short)


def _wrapped(text: str) -> str:
    """Return a paragraph in lines of 76 characters; addresses of pages stay whole."""
    return textwrap.fill(" ".join(str(text).split()), 76, break_long_words=False, break_on_hyphens=False)


def _json(data: Mapping[str, Any]) -> Markup:
    """Return structured data that can stand inside a script element, whatever the names hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 (no character that HTML knows is left)


def _times(unit_price_minor: int | None, quantity: int) -> int | None:
    return None if unit_price_minor is None else unit_price_minor * quantity


def _plain(amount_minor: int, currency: str) -> str:
    """Return an amount as machines read it: "12.50"."""
    digits = get_currency_precision(currency)
    return f"{amount_minor / 10**digits:.{digits}f}"


def _moment(instant: datetime, timezone: str) -> str:
    local = instant.astimezone(ZoneInfo(timezone) if timezone else UTC)
    return f"{long_day(local.date())}, {local:%H:%M}" + ("" if timezone else " UTC")
