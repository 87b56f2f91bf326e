"""Shopify's orders export: one row per line; continuation rows keep only name, e-mail, date, line and vendor columns.

Facts about the format come from real exports (71, 75 and 79 columns, 34 when saved again by a spreadsheet).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from portal.domain.intake.rules.cells import (
    MAX_QUANTITY,
    REPLACEMENT,
    clean,
    is_damaged,
    one_line,
    read_date,
    read_money,
    read_quantity,
    unquoted,
)
from portal.domain.intake.rules.judging import SHAPE, recheck
from portal.domain.intake.rules.problems import UPLOAD_AGAIN, Problem, quoted, too_long, unreadable_character
from portal.domain.intake.rules.records import Row, limit
from portal.domain.intake.rules.staged import MAX_LINES, Address, StagedLine, StagedOrder

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
    "Id", "Email", "Created at", "Financial Status", "Fulfillment Status", "Cancelled at", "Currency", "Shipping Name", "Shipping Address1",
    "Shipping Address2", "Shipping City", "Shipping Zip", "Shipping Country", "Shipping Method",
)  # fmt: skip
# What the first row of an order holds and a continuation row never does.
_FIRST_ROW_ONLY = ("Id", "Financial Status", "Currency", "Shipping Name", "Shipping Country")
# Cells whose text goes on paper or decides something, and that cannot be typed over in the page.
_READ = ("Name", "Lineitem name", "Shipping Method", "Notes", "Note Attributes")
MAX_STRAY = 1_000
MAX_PROBLEMS = 100
_STOPPED = {"refunded": "refunded", "voided": "cancelled"}


@dataclass(slots=True)
class _Gathering:
    """An order while its rows are being collected."""

    row: int
    cells: dict[str, str] = field(default_factory=dict[str, str])
    lines: list[StagedLine] = field(default_factory=list[StagedLine])
    problems: list[Problem] = field(default_factory=list[Problem])
    only_rest: bool = False
    """Nothing but what is left of a torn row speaks of it."""

    def blame(
        self, row: int, column: str, code: str, found: str, expected: str, fix: str = UPLOAD_AGAIN
    ) -> None:
        """Keep a problem; after the first hundred of one order, no more."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(row, column, code, found, expected, fix))


def read_shopify(
    keys: Sequence[str], rows: Iterable[Row]
) -> tuple[tuple[StagedOrder, ...], tuple[Problem, ...], int]:
    """Read the rows below a Shopify header; return the judged orders, the rows that belong to no order, and the count of rows.

    `keys` are the columns' known names ('' for those that are ignored). Rows of one order need not be neighbours.
    """
    gathered: dict[str, _Gathering] = {}
    stray: list[Problem] = []
    column = keys.index("Name")
    last, count = "", 0
    for row in rows:
        count += 1
        name = one_line(clean(row.cells[column])) if len(row.cells) > column else ""
        if not name:
            if not _blame_order_above(gathered.get(last), last, keys, row):
                stray.append(_stray(row))
        else:
            order = gathered.get(name)
            if order is None:
                order = gathered[name] = _Gathering(row.number, only_rest=True)
            order.only_rest = order.only_rest and row.rest
            _take(order, keys, row)
            last = last if row.rest else name
        if len(stray) > MAX_STRAY:
            raise limit(f"more than {MAX_STRAY:,} rows without an order's number", "the number on every row")
    for name in [name for name, order in gathered.items() if order.only_rest]:
        stray += gathered.pop(name).problems
    _blame_shared_ids(gathered)
    stray.sort(key=lambda problem: problem.row)
    # Popped one by one: what was gathered of a large file is given up as its orders are made.
    return tuple(_judge(name, gathered.pop(name)) for name in list(gathered)), tuple(stray), count


def _blame_order_above(order: _Gathering | None, name: str, keys: Sequence[str], row: Row) -> bool:
    """Hold the order above when a row without a number may be a line of it: without that line it would be a wrong box."""
    if (
        order is None
        or row.damage
        or any(key in _FIRST_ROW_ONLY and cell for key, cell in _cells(keys, row.cells))
    ):
        return False
    order.blame(
        row.number,
        "Name",
        "no_order_number",
        "The order's number is blank.",
        f"The number on every row; above it stands {quoted(name)}.",
        "Fill the cell and upload the file again.",
    )
    return True


def _cells(keys: Sequence[str], raw: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((key, clean(cell)) for key, cell in zip(keys, raw, strict=False) if key and cell)


def _stray(row: Row) -> Problem:
    if row.damage:
        return Problem(
            row.number, "", "torn", row.damage, "Every quote that opens a cell also closes it.", UPLOAD_AGAIN
        )  # fmt: skip
    return Problem(
        row.number, "Name", "no_order_number", "The order's number is blank.", "The number on every row.", "Fill the cell and upload the file again."
    )  # fmt: skip


def _take(order: _Gathering, keys: Sequence[str], row: Row) -> None:
    """Put a row into its order. A row whose cells may stand in the wrong columns is named, and nothing of it is used."""
    if row.damage:
        long = row.damage.startswith("A cell has more")
        order.blame(
            row.number, "", "cell_too_long" if long else "torn", row.damage,
            "A cell that a spreadsheet can hold." if long else "Every quote that opens a cell also closes it.",
        )  # fmt: skip
        return
    if len(row.cells) != len(keys):
        order.blame(
            row.number, "", "wrong_width", f"{_count(len(row.cells))} in this row.", f"{_count(len(keys))}, as in the header.",
            "A quote or separator is missing in this row. Correct it and upload the file again.",
        )  # fmt: skip
        return
    cells = dict(_cells(keys, row.cells))
    first = any(cells.get(key) for key in _FIRST_ROW_ONLY)
    if order.lines and first and cells.get("Id") and _same_line(order, cells):
        order.blame(
            row.number,
            "",
            "repeated",
            f"The same as row {order.row}.",
            "Each line of an order once.",
            "Remove the row and upload the file again.",
        )
        return
    for key in _READ:
        if REPLACEMENT in cells.get(key, ""):
            order.problems.append(unreadable_character(row.number, key, cells[key]))
    _merge(order, row.number, cells)
    _add_line(order, row.number, cells)


def _same_line(order: _Gathering, cells: dict[str, str]) -> bool:
    line = order.lines[0]
    return (
        all(order.cells.get(key, "") == cells.get(key, "") for key in _OF_THE_ORDER)
        and line.sku_code == unquoted(cells.get("Lineitem sku", ""))
        and line.name == cells.get("Lineitem name", "")[:300]
    )


def _merge(order: _Gathering, number: int, cells: dict[str, str]) -> None:
    if not order.cells:
        order.cells = {key: cells[key] for key in _KEPT if key in cells}
        return
    for key in _KEPT:
        now = cells.get(key, "")
        if not now:
            continue
        before = order.cells.setdefault(key, now)
        if now != before and key in _OF_THE_ORDER:
            order.blame(
                number, key, "contradiction", quoted(now), f"{quoted(before)}, as on row {order.row} of the same order.",
                "Make both rows the same and upload the file again.",
            )  # fmt: skip


def _add_line(order: _Gathering, number: int, cells: dict[str, str]) -> None:
    if not (cells.get("Lineitem name") or cells.get("Lineitem sku") or cells.get("Lineitem quantity")):
        return
    if len(order.lines) >= MAX_LINES:
        if all(problem.code != "too_many_lines" for problem in order.problems):
            order.blame(
                number,
                "",
                "too_many_lines",
                f"More than {MAX_LINES:,} lines.",
                f"At most {MAX_LINES:,} lines in an order.",
                "Split the order in your shop.",
            )
        return
    text, price = cells.get("Lineitem quantity", ""), cells.get("Lineitem price", "")
    quantity = read_quantity(text)
    if quantity is None:
        order.blame(
            number, "Lineitem quantity", "bad_quantity", quoted(text, "The quantity is blank."), f"A whole number from 1 to {MAX_QUANTITY:,}."
        )  # fmt: skip
    unit_price = read_money(price, order.cells.get("Currency", "").upper()) if price else None
    if price and unit_price is None:
        order.blame(number, "Lineitem price", "bad_money", quoted(price), "An amount such as 24.00.")
    fulfilled = cells.get("Lineitem fulfillment status", "").lower()
    if fulfilled == "partial":
        order.blame(
            number, "Lineitem fulfillment status", "partly_fulfilled", quoted("partial"), "“fulfilled” or “pending”: the file does not say how many are left.",
            "Fulfil the line or split it in your shop, then export the order again.",
        )  # fmt: skip
    order.lines.append(
        StagedLine(
            row=number,
            position=len(order.lines) + 1,
            sku_code=unquoted(cells.get("Lineitem sku", "")),
            name=cells.get("Lineitem name", "")[:300],
            quantity=quantity or 0,
            unit_price_minor=unit_price,
            requires_shipping=cells.get("Lineitem requires shipping", "").lower() not in ("false", "no", "0"),
            already_shipped=fulfilled == "fulfilled",
        )
    )


def _blame_shared_ids(gathered: dict[str, _Gathering]) -> None:
    """Two orders under one id of the shop: which of them it is cannot be known, so both wait."""
    owners: dict[str, str] = {}
    for name, order in gathered.items():
        shop_id = _shop_id(order)
        if not shop_id:
            continue
        other = owners.setdefault(shop_id, name)
        if other != name:
            for mine, theirs in ((name, other), (other, name)):
                gathered[mine].blame(
                    gathered[mine].row, "Id", "shared_id", quoted(shop_id), f"An id that {quoted(theirs)} does not have too.", UPLOAD_AGAIN
                )  # fmt: skip


def _shop_id(order: _Gathering) -> str:
    """Return the shop's own id of the order; '' when there is none, or a spreadsheet has rounded it to `6E+12`."""
    text = unquoted(order.cells.get("Id", ""))
    return "" if is_damaged(text) else text[:80]


def _judge(name: str, order: _Gathering) -> StagedOrder:
    cells, row = order.cells, order.row
    currency = cells.get("Currency", "").upper()
    placed_at = read_date(cells.get("Created at", ""))
    total_text = cells.get("Total", "")
    total = read_money(total_text, currency) if total_text else None
    sound = all(problem.code not in SHAPE for problem in order.problems)
    if sound:
        if not re.fullmatch(r"[A-Z]{3}", currency):
            order.blame(
                row,
                "Currency",
                "bad_currency",
                quoted(currency, "The currency is blank."),
                "Three letters, for example USD.",
            )
        if placed_at is None:
            order.blame(
                row, "Created at", "bad_date", quoted(cells.get("Created at", ""), "The date is blank."),
                "A date such as 2026-11-14 00:10:00 -0500 or 14/11/2026 00:10.",
            )  # fmt: skip
        if total_text and total is None:
            order.blame(row, "Total", "bad_money", quoted(total_text), "An amount such as 24.00.")
        if not order.lines:
            order.blame(
                row, "Lineitem name", "no_lines", "The order has no line.", "At least one line.", "Export the order again, with its line items."
            )  # fmt: skip
        for column, text, most in (("Name", name, 60), ("Notes", cells.get("Notes", ""), 5000)):
            if len(text) > most:
                order.problems.append(too_long(row, column, text, most))
    staged = StagedOrder(
        row=row,
        number=name[:60],
        external_id=_shop_id(order) or name[:60],
        placed_at=placed_at,
        currency=currency[:60],
        email=one_line(cells.get("Email", ""))[:300],
        ship_to=_address(cells),
        service=one_line(cells.get("Shipping Method", ""))[:100],
        note=cells.get("Notes", "")[:5000],
        attributes=_attributes(cells.get("Note Attributes", "")),
        total_minor=total,
        lines=tuple(order.lines),
        stopped=_stopped(cells) if sound else "",
        read_problems=tuple(order.problems),
    )
    return recheck(staged)


def _stopped(cells: dict[str, str]) -> str:
    """Return why the shop itself says not to ship: money that was given back or never taken, or goods that went out."""
    if cells.get("Cancelled at"):
        return "cancelled"
    fulfilled = cells.get("Fulfillment Status", "").lower()
    if fulfilled == "restocked":
        return "refunded"
    paid = _STOPPED.get(cells.get("Financial Status", "").lower(), "")
    return paid or ("already_fulfilled" if fulfilled == "fulfilled" else "")


def _address(cells: dict[str, str]) -> Address | None:
    def text(*columns: str) -> str:
        return next((found for column in columns if (found := one_line(cells.get(column, ""))[:300])), "")

    phone = unquoted(text("Shipping Phone"))
    address = Address(
        name=text("Shipping Name"),
        company=text("Shipping Company"),
        address1=text("Shipping Address1", "Shipping Street"),
        address2=text("Shipping Address2"),
        city=text("Shipping City"),
        region=text("Shipping Province", "Shipping Province Name"),
        postcode=unquoted(text("Shipping Zip")),
        country=text("Shipping Country").upper(),
        # A phone that a spreadsheet has rounded is worth nothing, and no reason to keep an order back.
        phone="" if is_damaged(phone) else phone,
        email=text("Email"),
    )
    blank = not any((address.name, address.address1, address.city, address.postcode, address.country))
    return None if blank else address


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(":") for line in text.splitlines()[:100] if line.strip())
    return tuple((name.strip()[:100], value.strip()[:1000]) for name, _, value in pairs)


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells:,} cells"


_KEPT = (
    *_OF_THE_ORDER, "Total", "Shipping Street", "Shipping Company", "Shipping Province", "Shipping Province Name", "Shipping Phone", "Notes", "Note Attributes",
)  # fmt: skip
