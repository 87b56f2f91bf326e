"""Shopify's orders export: one row per line; continuation rows keep only name, e-mail, date, line and vendor columns.

Facts about the format come from real exports (71, 75 and 79 columns, 34 when saved again by a spreadsheet).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from portal.domain.intake.rules.staged import MAX_QUANTITY, Address, Problem, StagedLine, StagedOrder, recheck

COLUMNS = tuple(
    re.findall(
        r"[^,\n]+",
        """Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing
Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method
Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price
Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status
Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City
Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street
Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip
Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at
Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location
Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name
Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone
Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID
Payment Terms Name,Next Payment Due At,Payment References""",
    )
)

# Columns that describe the order, not the line: two rows of one order that differ in one of them contradict each other.
_OF_THE_ORDER = (
    "Id", "Financial Status", "Fulfillment Status", "Cancelled at", "Currency", "Shipping Name", "Shipping Address1", "Shipping Address2", "Shipping City",
    "Shipping Zip", "Shipping Country", "Shipping Method",
)  # fmt: skip

_ZERO_DECIMALS = frozenset(
    re.findall(r"[A-Z]{3}", "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF")
)
_THREE_DECIMALS = frozenset(re.findall(r"[A-Z]{3}", "BHD IQD JOD KWD LYD OMR TND"))
_DATES = (
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y",
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
_DAMAGE = re.compile(r"[+-]?\d[\d.,]*E\+\d+|#+", re.IGNORECASE)


@dataclass(slots=True)
class _Gathering:
    """An order while its rows are being collected."""

    row: int
    cells: dict[str, str]
    lines: list[StagedLine] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_shopify(
    keys: Sequence[str], rows: Sequence[tuple[int, list[str]]]
) -> tuple[tuple[StagedOrder, ...], tuple[Problem, ...]]:
    """Read the rows below a Shopify header; return the judged orders, and the rows that belong to no order.

    `keys` are the columns' known names ('' for those that are ignored). Rows of one order need not be neighbours.
    """
    gathered: dict[str, _Gathering] = {}
    stray: list[Problem] = []
    for number, raw in rows:
        cells = {key: _clean(cell) for key, cell in zip(keys, raw, strict=False) if key}
        name = cells.get("Name", "")
        if not name:
            stray.append(
                Problem(
                    number,
                    "Name",
                    "no_order_number",
                    "The order's number is blank.",
                    "The number on every row.",
                    "Fill the cell and upload the file again.",
                )
            )
            continue
        order = gathered.get(name)
        if order is None:
            order = gathered[name] = _Gathering(number, cells)
        else:
            _merge(order, number, cells)
        if len(raw) != len(keys):
            order.problems.append(
                Problem(
                    number, "", "wrong_width", f"{_count(len(raw))} in this row.", f"{_count(len(keys))}, as in the header.",
                    "A quote or separator is missing in this row. Correct it and upload the file again.",
                )
            )  # fmt: skip
        _add_line(order, number, cells)
    return tuple(_judge(name, order) for name, order in gathered.items()), tuple(stray)


def _merge(order: _Gathering, number: int, cells: dict[str, str]) -> None:
    for key in _OF_THE_ORDER:
        before, now = order.cells.get(key, ""), cells.get(key, "")
        if now and before and now != before:
            order.problems.append(
                Problem(
                    number, key, "contradiction", f"“{now}”", f"“{before}”, as on row {order.row} of the same order.",
                    "Make both rows the same and upload the file again.",
                )
            )  # fmt: skip
        elif now and not before:
            order.cells[key] = now
    for key, value in cells.items():
        if value and not order.cells.get(key) and not key.startswith("Lineitem"):
            order.cells[key] = value


def _add_line(order: _Gathering, number: int, cells: dict[str, str]) -> None:
    if not (cells.get("Lineitem name") or cells.get("Lineitem sku") or cells.get("Lineitem quantity")):
        return
    sku = cells.get("Lineitem sku", "").removeprefix("'").strip()
    if _DAMAGE.fullmatch(sku):
        order.problems.append(_damaged(number, "Lineitem sku", sku))
    if len(sku) > 100:
        order.problems.append(
            Problem(
                number,
                "Lineitem sku",
                "too_long",
                f"{len(sku)} characters.",
                "A SKU of at most 100 characters.",
                "Shorten the SKU.",
            )
        )
        sku = sku[:100]
    price = cells.get("Lineitem price", "")
    order.lines.append(
        StagedLine(
            row=number,
            position=len(order.lines) + 1,
            sku_code=sku,
            name=cells.get("Lineitem name", "")[:300],
            quantity=_quantity(order, number, cells.get("Lineitem quantity", "")),
            unit_price_minor=_money(order, number, "Lineitem price", price, order.cells.get("Currency", "")),
            requires_shipping=cells.get("Lineitem requires shipping", "").lower() != "false",
            already_shipped=cells.get("Lineitem fulfillment status", "").lower() == "fulfilled",
        )
    )


def _quantity(order: _Gathering, number: int, text: str) -> int:
    plain = text.removeprefix("'").strip()
    if (
        re.fullmatch(r"\d{1,9}([.,]0+)?", plain)
        and 1 <= (quantity := int(re.split("[.,]", plain)[0])) <= MAX_QUANTITY
    ):
        return quantity
    found = f"“{text}”" if text else "The quantity is blank."
    order.problems.append(
        Problem(
            number, "Lineitem quantity", "bad_quantity", found, f"A whole number from 1 to {MAX_QUANTITY:,}.", "Correct the cell and upload the file again."
        )
    )  # fmt: skip
    return 0


def decimals(currency: str) -> int:
    """Return how many decimals a currency's minor unit has (ISO 4217)."""
    return 0 if currency in _ZERO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


def _money(order: _Gathering, number: int, column: str, text: str, currency: str) -> int | None:
    plain = re.sub(r"[\s\u00a0'’]|[A-Za-z]{1,3}|[$€£¥]", "", text)
    if not plain:
        return None
    if "," in plain and "." in plain:
        thousands, point = (",", ".") if plain.rindex(".") > plain.rindex(",") else (".", ",")
        plain = plain.replace(thousands, "").replace(point, ".")
    elif re.fullmatch(r"-?\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    else:
        plain = plain.replace(",", "")
    try:
        amount = Decimal(plain).scaleb(decimals(currency))
    except InvalidOperation:
        amount = None
    if (
        amount is None
        or not amount.is_finite()
        or amount != amount.to_integral_value()
        or not 0 <= amount < 10**15
    ):
        order.problems.append(
            Problem(
                number,
                column,
                "bad_money",
                f"“{text}”",
                "An amount such as 24.00.",
                "Correct the cell and upload the file again.",
            )
        )
        return None
    return int(amount)


def _date(order: _Gathering, text: str) -> datetime | None:
    for form in _DATES:
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007 (a form without a zone is taken as UTC below)
        except ValueError:
            continue
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    found = f"“{text}”" if text else "The date is blank."
    order.problems.append(
        Problem(
            order.row, "Created at", "bad_date", found, "A date such as 2026-11-14 00:10:00 -0500 or 14/11/2026 00:10.",
            "Correct the cell and upload the file again.",
        )
    )  # fmt: skip
    return None


def _judge(name: str, order: _Gathering) -> StagedOrder:
    cells = order.cells
    currency = cells.get("Currency", "").upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        order.problems.append(
            Problem(
                order.row, "Currency", "bad_currency", f"“{currency}”" if currency else "The currency is blank.", "Three letters, for example USD.",
                "Correct the cell and upload the file again.",
            )
        )  # fmt: skip
    if not order.lines:
        order.problems.append(
            Problem(
                order.row,
                "Lineitem name",
                "no_lines",
                "The order has no line.",
                "At least one line.",
                "Export the order again, with its line items.",
            )
        )
    address = _address(order)
    staged = StagedOrder(
        row=order.row,
        number=name[:60],
        external_id=(cells.get("Id", "").removeprefix("'") or name)[:80],
        placed_at=_date(order, cells.get("Created at", "")),
        currency=currency,
        email=cells.get("Email", "")[:254],
        ship_to=address,
        service=cells.get("Shipping Method", "")[:100],
        note=cells.get("Notes", "")[:2000],
        attributes=_attributes(cells.get("Note Attributes", "")),
        total_minor=_money(order, order.row, "Total", cells.get("Total", ""), currency),
        lines=tuple(order.lines),
        stopped=_stopped(cells),
        read_problems=tuple(order.problems),
    )
    return recheck(staged)


def _stopped(cells: dict[str, str]) -> str:
    if cells.get("Cancelled at"):
        return "cancelled"
    if cells.get("Financial Status", "").lower() == "refunded":
        return "refunded"
    return "already_fulfilled" if cells.get("Fulfillment Status", "").lower() == "fulfilled" else ""


def _address(order: _Gathering) -> Address | None:
    cells = order.cells
    postcode, phone = (
        cells.get(key, "").removeprefix("'").strip() for key in ("Shipping Zip", "Shipping Phone")
    )
    if _DAMAGE.fullmatch(postcode):
        order.problems.append(_damaged(order.row, "Shipping Zip", postcode))
    address = Address(
        name=cells.get("Shipping Name", "")[:100],
        company=cells.get("Shipping Company", "")[:100],
        address1=(cells.get("Shipping Address1", "") or cells.get("Shipping Street", ""))[:100],
        address2=cells.get("Shipping Address2", "")[:100],
        city=cells.get("Shipping City", "")[:100],
        region=(cells.get("Shipping Province", "") or cells.get("Shipping Province Name", ""))[:100],
        postcode=postcode[:20],
        country=cells.get("Shipping Country", "").upper()[:60],
        phone="" if _DAMAGE.fullmatch(phone) else phone[:40],
        email=cells.get("Email", "")[:254],
    )
    blank = not any((address.name, address.address1, address.city, address.postcode, address.country))
    return None if blank else address


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return tuple((name.strip()[:100], value.strip()[:500]) for name, _, value in pairs)


def _damaged(number: int, column: str, text: str) -> Problem:
    return Problem(
        number, column, "excel_damage", f"“{text}”", "The code as the shop wrote it. A spreadsheet has turned it into a number or hidden it.",
        "Enter the right one, or export the file again and upload it without opening it in a spreadsheet.",
    )  # fmt: skip


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def _clean(cell: str) -> str:
    return _CONTROL.sub("", cell).strip()
