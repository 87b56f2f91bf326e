"""Single cells: quantities, money and dates as shops and spreadsheets write them. None when a cell cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

MAX_QUANTITY = 100_000
"""More eaches than a line may ask for; a slip, not an order."""

MAX_MINOR = 10**12
"""More minor units of a currency than any order is worth."""

REPLACEMENT = "\ufffd"
"""Stands where a character was lost (Unicode's own sign for it)."""

_ZERO_DECIMALS = frozenset(
    re.findall(r"[A-Z]{3}", "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF")
)
_THREE_DECIMALS = frozenset(re.findall(r"[A-Z]{3}", "BHD IQD JOD KWD LYD OMR TND"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DAMAGE = re.compile(
    r"[+-]?[0-9][0-9.,]*E\+[0-9]+|#{3,}|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)", re.IGNORECASE
)
_QUANTITY = re.compile(r"([0-9]{1,9})(?:[.,]0{1,2})?")
_MONEY = re.compile(r"(?:[A-Z]{1,3})?[$€£¥]?([0-9][0-9.,]{0,20})(?:[A-Z]{3}|[$€£¥])?", re.IGNORECASE)
_SHOPIFY_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4})")
_DATES = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y",
)


def clean(cell: str) -> str:
    """Return a cell without the blanks around it; characters that no keyboard writes become the sign for a lost one."""
    return _CONTROL.sub(REPLACEMENT, cell).replace("\ufeff", "").strip()


def unquoted(cell: str) -> str:
    """Return a cell without the one apostrophe by which spreadsheets keep digits as text."""
    return cell.removeprefix("'").strip()


def one_line(cell: str) -> str:
    """Return a cell on one line: a line break inside an address or a name would break a label or a mail's header."""
    return " ".join(cell.split())


def is_damaged(text: str) -> bool:
    """Say whether a spreadsheet has turned a code into a number (`1.23E+12`), hashes, or an error of its own."""
    return _DAMAGE.fullmatch(text) is not None


def read_quantity(text: str) -> int | None:
    """Return so many eaches. `2.0` is two; `1,000` could be one or a thousand, so it is neither."""
    match = _QUANTITY.fullmatch(unquoted(text))
    return quantity if match and 1 <= (quantity := int(match[1])) <= MAX_QUANTITY else None


def decimals(currency: str) -> int:
    """Return how many decimals a currency's minor unit has (ISO 4217)."""
    return 0 if currency in _ZERO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


def read_money(text: str, currency: str) -> int | None:
    """Return an amount in minor units: `24.00`, `1,234.50`, `24,00`, `1.234,50 €`."""
    match = _MONEY.fullmatch(re.sub(r"[\s'’]", "", text))
    if match is None:
        return None
    plain = match[1]
    if "," in plain and "." in plain:
        thousands, point = (",", ".") if plain.rindex(".") > plain.rindex(",") else (".", ",")
        plain = plain.replace(thousands, "").replace(point, ".")
    elif re.fullmatch(r"[0-9]+,[0-9]{1,2}", plain):
        plain = plain.replace(",", ".")
    elif re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", plain):
        plain = plain.replace(",", "")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain):
        return None
    amount = Decimal(plain).scaleb(decimals(currency))
    return int(amount) if amount == amount.to_integral_value() and amount < MAX_MINOR else None


def read_date(text: str) -> datetime | None:
    """Return an instant; without a zone it is taken as UTC. Day comes before month where slashes part them."""
    if match := _SHOPIFY_DATE.fullmatch(text):
        try:
            return _sane(datetime.fromisoformat(match[1] + match[2]))
        except ValueError:
            return None
    for form in _DATES:
        try:
            return _sane(datetime.strptime(text, form))  # noqa: DTZ007 (a form without a zone is taken as UTC)
        except ValueError:
            continue
    return None


def _sane(read: datetime) -> datetime | None:
    # Nothing was ordered before shops were on the web; the ends of the calendar do not survive a change of zone.
    if not 1995 <= read.year <= 2100:
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
