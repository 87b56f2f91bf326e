"""Faults that files of orders have in life, each with what a reader must make of it: which orders are good, which rows are bad.

A fault is planted in a good file. What is expected is written down from the planting, never from reading the result.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.intake import samples
from tests.intake.samples import COLUMNS_79, Order, table, write

Bad = tuple[int, str, str]
"""A bad row: its number, the column, the code."""


@dataclass
class Case:
    """A file and its manifest."""

    fault: str
    data: bytes
    refused: str = ""
    """The code under which the file as a whole is refused; '' when it is read."""
    good: dict[str, int] = field(default_factory=dict[str, int])
    """Orders that can ship, with their units."""
    attention: set[str] = field(default_factory=set[str])
    not_to_ship: dict[str, str] = field(default_factory=dict[str, str])
    bad: set[Bad] = field(default_factory=set[Bad])
    """Bad rows, of orders and of none."""


@dataclass
class Sheet:
    """A good file as rows, with the orders that made it, so that faults can be planted by row and column."""

    random: random.Random
    orders: list[Order]
    rows: list[list[str]]

    @classmethod
    def new(cls, seed: int) -> Sheet:
        """Make a file of some thirty orders."""
        orders = samples.orders(20 + seed % 15, seed)
        return cls(random.Random(seed), orders, table(orders))

    def first_row(self, order: Order) -> int:
        """Return an order's first row as an index of `rows`; a spreadsheet's number is one more."""
        return next(i for i, row in enumerate(self.rows) if row[0] == order.number)

    def pick(self, *, lines: int = 1, ships_first: bool = True) -> tuple[Order, int]:
        """Choose an order of at least so many lines, not at either end of the file."""
        fit = [
            o
            for o in self.orders[1:-1]
            if len(o.items) >= lines and (not ships_first or o.items[0].ships == "true")
        ]
        order = self.random.choice(fit)
        return order, self.first_row(order)

    def set(self, row: int, column: str, value: str) -> None:
        """Write a cell."""
        self.rows[row][COLUMNS_79.index(column)] = value

    def expect(
        self,
        fault: str,
        data: bytes | None = None,
        *,
        bad: set[Bad] | None = None,
        attention: set[str] | None = None,
        stopped: dict[str, str] | None = None,
        gone: set[str] | None = None,
    ) -> Case:
        """Return the case: all orders are good but those named."""
        attention, stopped = attention or set(), stopped or {}
        out = attention | set(stopped) | (gone or set())
        return Case(
            fault, write(self.rows) if data is None else data, good={o.number: o.units for o in self.orders if o.number not in out},
            attention=attention, not_to_ship=stopped, bad=bad or set(),
        )  # fmt: skip


Fault = Callable[[int], Case]
FAULTS: dict[str, Fault] = {}


def fault(make: Fault) -> Fault:
    """Add a fault under its function's name."""
    FAULTS[make.__name__] = make
    return make


def _cell(name: str, column: str, code: str, values: tuple[str, ...]) -> None:
    """Add a fault of one cell on the first row of an order."""

    def plant(seed: int) -> Case:
        sheet = Sheet.new(seed)
        order, row = sheet.pick()
        sheet.set(row, column, values[seed % len(values)])
        if column == "Shipping Zip":
            sheet.set(row, "Shipping Country", "GB")
        return sheet.expect(name, bad={(row + 1, column, code)}, attention={order.number})

    FAULTS[name] = plant


def _line_cell(name: str, column: str, code: str, values: tuple[str, ...]) -> None:
    """Add a fault of one cell on a later line of an order."""

    def plant(seed: int) -> Case:
        sheet = Sheet.new(seed)
        order, row = sheet.pick(lines=2)
        at = next(i for i, item in enumerate(order.items) if i > 0 and item.ships == "true" and item.status != "fulfilled") if any(
            i > 0 and item.ships == "true" and item.status != "fulfilled" for i, item in enumerate(order.items)
        ) else 0  # fmt: skip
        sheet.set(row + at, column, values[seed % len(values)])
        return sheet.expect(name, bad={(row + at + 1, column, code)}, attention={order.number})

    FAULTS[name] = plant


_line_cell(
    "odd_quantity",
    "Lineitem quantity",
    "bad_quantity",
    ("", "0", "-2", "1.5", "two", "1,000", "9999999", "1e3", "#REF!", "2 pcs", "½"),
)
_line_cell("odd_price", "Lineitem price", "bad_money", ("abc", "1.2.3", "-5.00", "1E+05", "8,5000", "12;50"))
_line_cell("blank_sku", "Lineitem sku", "no_sku", ("", " ", "'"))
_line_cell(
    "sku_turned_into_a_number",
    "Lineitem sku",
    "excel_damage",
    ("1.23E+12", "5,01E+12", "#######", "#N/A", "#NAME?"),
)
_line_cell("sku_too_long", "Lineitem sku", "too_long", ("S" * 101, "x" * 5_000))
_line_cell("sku_with_a_lost_letter", "Lineitem sku", "bad_character", ("CAF\ufffd-1", "A\x00B", "A\x07"))
_line_cell("line_shipped_in_part", "Lineitem fulfillment status", "partly_fulfilled", ("partial", "Partial"))
_line_cell("line_name_with_a_lost_letter", "Lineitem name", "bad_character", ("Caf\ufffd", "Te\x01a"))
_cell("blank_name", "Shipping Name", "no_name", ("", "  "))
_cell("blank_street", "Shipping Address1", "no_address1", ("", "\n"))
_cell("blank_town", "Shipping City", "no_city", ("", "\t"))
_cell("blank_country", "Shipping Country", "no_country", ("",))
_cell("country_by_name", "Shipping Country", "unknown_country", ("Germany", "USA", "U.K.", "ZZ", "12"))
_cell("blank_postcode", "Shipping Zip", "no_postcode", ("", "'"))
_cell("postcode_turned_into_a_number", "Shipping Zip", "excel_damage", ("9.02E+04", "#####", "#VALUE!"))
_cell("street_too_long", "Shipping Address1", "too_long", ("1 " + "Long " * 21, "x" * 3_000))
_cell("town_with_a_lost_letter", "Shipping City", "bad_character", ("K\ufffdln", "Le\x00eds"))
_cell("masked_name", "Shipping Name", "masked", ("A*** C***", "**"))
_cell("masked_street", "Shipping Address1", "masked", ("1* H*** S******",))
_cell("phone_too_long", "Shipping Phone", "too_long", ("1" * 41,))
_cell("bad_currency", "Currency", "bad_currency", ("", "pounds", "£", "G8P"))
_cell("bad_total", "Total", "bad_money", ("abc", "1.2.3", "-1.00", "NaN"))
_cell("note_with_a_lost_letter", "Notes", "bad_character", ("Pour Zo\ufffd", "x\x00y"))
_cell("note_too_long", "Notes", "too_long", ("n" * 5_001, "n" * 32_000))
_cell("service_with_a_lost_letter", "Shipping Method", "bad_character", ("\ufffdconomique",))


@fault
def bad_date(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    for i in range(row, row + len(order.items)):
        sheet.set(
            i,
            "Created at",
            (
                "",
                "yesterday",
                "31/02/2026 10:00",
                "0001-01-01 00:00:00 +1400",
                "2026-13-01 00:00:00 +0000",
                "45975.4",
            )[seed % 6],
        )
    return sheet.expect("bad_date", bad={(row + 1, "Created at", "bad_date")}, attention={order.number})


@fault
def bad_email(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    for i in range(row, row + len(order.items)):
        sheet.set(
            i,
            "Email",
            ("ada", "ada@", "a@b.example\nBcc: c@d.example", "a b@c.example", "a@b.example, c@d.example")[
                seed % 5
            ],
        )
    return sheet.expect("bad_email", bad={(row + 1, "Email", "bad_email")}, attention={order.number})


@fault
def no_address(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    for column in (
        "Shipping Name",
        "Shipping Address1",
        "Shipping City",
        "Shipping Zip",
        "Shipping Province",
        "Shipping Country",
    ):
        sheet.set(row, column, "")
    return sheet.expect(
        "no_address", bad={(row + 1, "Shipping Address1", "no_address")}, attention={order.number}
    )


@fault
def several_faults_in_one_order(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    sheet.set(row, "Lineitem quantity", "x")
    sheet.set(row, "Shipping City", "")
    sheet.set(row, "Total", "?")
    bad = {
        (row + 1, "Lineitem quantity", "bad_quantity"),
        (row + 1, "Shipping City", "no_city"),
        (row + 1, "Total", "bad_money"),
    }
    return sheet.expect("several_faults_in_one_order", bad=bad, attention={order.number})


@fault
def several_orders_with_a_fault(seed: int) -> Case:
    sheet = Sheet.new(seed)
    chosen = sheet.random.sample(sheet.orders, 5)
    bad: set[Bad] = set()
    for order in chosen:
        row = sheet.first_row(order)
        sheet.set(row, "Shipping City", "")
        bad.add((row + 1, "Shipping City", "no_city"))
    return sheet.expect("several_orders_with_a_fault", bad=bad, attention={order.number for order in chosen})


@fault
def stopped_by_the_shop(seed: int) -> Case:
    sheet = Sheet.new(seed)
    marks = (
        ("Cancelled at", "2026-11-15 09:00:00 -0500", "cancelled"),
        ("Financial Status", "refunded", "refunded"),
        ("Fulfillment Status", "fulfilled", "already_fulfilled"),
    )
    stopped: dict[str, str] = {}
    for order, (column, value, reason) in zip(sheet.random.sample(sheet.orders, 3), marks, strict=True):
        sheet.set(sheet.first_row(order), column, value)
        sheet.set(sheet.first_row(order), "Shipping City", "")
        stopped[order.number] = reason
    return sheet.expect("stopped_by_the_shop", stopped=stopped)


@fault
def contradiction(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick(lines=2)
    column, value = (
        ("Shipping Name", "Somebody Else"),
        ("Shipping Zip", "XX1 1XX"),
        ("Id", "17"),
        ("Currency", "XTS"),
        ("Email", "other@example.com"),
    )[seed % 5]
    if column == "Shipping Zip" and not sheet.rows[row][COLUMNS_79.index(column)]:
        column, value = "Currency", "XTS"
    sheet.set(row + 1, column, value)
    return sheet.expect("contradiction", bad={(row + 2, column, "contradiction")}, attention={order.number})


@fault
def shared_id(seed: int) -> Case:
    sheet = Sheet.new(seed)
    one, other = sheet.random.sample(sheet.orders, 2)
    rows = [sheet.first_row(one), sheet.first_row(other)]
    for row in rows:
        sheet.set(row, "Id", "4711")
    return sheet.expect(
        "shared_id", bad={(row + 1, "Id", "shared_id") for row in rows}, attention={one.number, other.number}
    )


@fault
def ids_rounded_by_a_spreadsheet(seed: int) -> Case:
    sheet = Sheet.new(seed)
    for order in sheet.orders:
        sheet.set(sheet.first_row(order), "Id", "6E+12")
    return sheet.expect("ids_rounded_by_a_spreadsheet")
