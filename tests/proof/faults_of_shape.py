"""Faults of whole rows and whole files: missing, repeated, torn, cut off, written in another way, or no order file at all."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.intake.samples import COLUMNS_79, write
from tests.proof.faults import FAULTS, Case, Sheet, fault

__all__ = ["FAULTS", "Case"]


@fault
def first_row_missing(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick(lines=2)
    del sheet.rows[row]
    bad = {(row + 1, "Currency", "bad_currency"), (row + 1, "Shipping Address1", "no_address")}
    return sheet.expect("first_row_missing", bad=bad, attention={order.number})


@fault
def first_row_without_number(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    while len(order.items) > 1:
        order, row = sheet.pick()
    sheet.set(row, "Name", "")
    return sheet.expect(
        "first_row_without_number", bad={(row + 1, "Name", "no_order_number")}, gone={order.number}
    )


@fault
def later_row_without_number(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick(lines=2)
    sheet.set(row + 1, "Name", " ")
    return sheet.expect(
        "later_row_without_number", bad={(row + 2, "Name", "no_order_number")}, attention={order.number}
    )


@fault
def number_too_long(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    name = "#" + "9" * 70
    for i in range(row, row + len(order.items)):
        sheet.set(i, "Name", name)
    return sheet.expect(
        "number_too_long", bad={(row + 1, "Name", "too_long")}, attention={name[:60]}, gone={order.number}
    )


@fault
def row_pasted_twice(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    sheet.rows.insert(row + len(order.items), list(sheet.rows[row]))
    return sheet.expect(
        "row_pasted_twice", bad={(row + len(order.items) + 1, "", "repeated")}, attention={order.number}
    )


def _width(name: str, change: Callable[[list[str]], list[str]]) -> None:
    def plant(seed: int) -> Case:
        sheet = Sheet.new(seed)
        order, row = sheet.pick()
        sheet.set(row, "Fulfillment Status", "fulfilled")
        sheet.rows[row] = change(sheet.rows[row])
        return sheet.expect(name, bad={(row + 1, "", "wrong_width")}, attention={order.number})

    FAULTS[name] = plant


_width("row_too_short", lambda row: row[:-7])
_width("row_too_long", lambda row: [*row, "x", ""])
_width("row_shifted", lambda row: row[:12] + row[13:])
_width("row_of_one_cell", lambda row: row[:1])


@fault
def quote_out_of_place(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    # Behind a quote out of place nobody can tell a line break in a cell from the end of the row: such a rest is a row of its
    # own in attention, which ships nothing. Here the row has no such cell.
    sheet.set(row, "Notes", "")
    sheet.set(row, "Note Attributes", "")
    sheet.set(row, "Vendor", "SPOILT")
    data = write(sheet.rows).replace(b"SPOILT", b'"Linen" & Leaf')
    return sheet.expect("quote_out_of_place", data, bad={(row + 1, "", "torn")}, attention={order.number})


@fault
def quote_never_closed(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    sheet.set(row, "Notes", "")
    sheet.set(row, "Vendor", "SPOILT")
    data = write(sheet.rows).replace(b"SPOILT", b'"Linen & Leaf')
    return sheet.expect("quote_never_closed", data, bad={(row + 1, "", "torn")}, attention={order.number})


@fault
def cell_longer_than_a_spreadsheet_holds(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    sheet.set(row, "Notes", "")
    sheet.set(row, "Tags", "x" * (32_768 + seed))
    return sheet.expect(
        "cell_longer_than_a_spreadsheet_holds", bad={(row + 1, "", "cell_too_long")}, attention={order.number}
    )


@fault
def rows_out_of_order(seed: int) -> Case:
    sheet = Sheet.new(seed)
    header, *rows = sheet.rows
    firsts = [row for row in rows if row[COLUMNS_79.index("Currency")]]
    later = [row for row in rows if not row[COLUMNS_79.index("Currency")]]
    sheet.random.shuffle(later)
    return sheet.expect("rows_out_of_order", write([header, *firsts, *later]))


@fault
def blank_rows(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    sheet.rows[row:row] = [[], [""] * 79, [" "] * 3]
    sheet.set(row + 3, "Shipping City", "")
    return sheet.expect("blank_rows", bad={(row + 4, "Shipping City", "no_city")}, attention={order.number})


def _form(name: str, **form: str) -> None:
    def plant(seed: int) -> Case:
        sheet = Sheet.new(seed)
        order, row = sheet.pick()
        sheet.set(row, "Shipping City", "")
        data = write(sheet.rows, **form)
        return sheet.expect(name, data, bad={(row + 1, "Shipping City", "no_city")}, attention={order.number})

    FAULTS[name] = plant


_form("windows_line_ends", newline="\r\n")
_form("old_line_ends", newline="\r")
_form("byte_order_mark", encoding="utf-8-sig")
_form("utf16", encoding="utf-16")
_form("utf16_without_mark", encoding="utf-16-le")
_form("semicolons", delimiter=";")
_form("tabs", delimiter="\t")


@fault
def windows_code_page(seed: int) -> Case:
    sheet = Sheet.new(seed)
    for row in sheet.rows[1:]:
        row[:] = [cell.replace("ř", "r").replace("ë", "e") for cell in row]
    order, row = sheet.pick()
    sheet.set(row, "Shipping City", "")
    sheet.set(row, "Shipping Name", "Björn Müller")
    return sheet.expect(
        "windows_code_page",
        write(sheet.rows, encoding="cp1252"),
        bad={(row + 1, "Shipping City", "no_city")},
        attention={order.number},
    )


@fault
def one_byte_spoilt(seed: int) -> Case:
    sheet = Sheet.new(seed)
    order, row = sheet.pick()
    other, _ = sheet.pick()
    for one in (order, other):
        sheet.set(sheet.first_row(one), "Shipping Name", "Björn Müller")
    sheet.set(row, "Shipping City", "SPOILT")
    return sheet.expect(
        "one_byte_spoilt",
        write(sheet.rows).replace(b"SPOILT", b"K\xf6ln"),
        bad={(row + 1, "Shipping City", "bad_character")},
        attention={order.number},
    )


@fault
def cut_off(seed: int) -> Case:
    data = write(Sheet.new(seed).rows)
    return Case("cut_off", data[: -(30 + seed % 20)], refused="cut_off")


@fault
def cut_off_inside_a_quote(seed: int) -> Case:
    sheet = Sheet.new(seed)
    sheet.set(len(sheet.rows) - 1, "Notes", "Gift for Zoë.\nSPOILT")
    data = write(sheet.rows)
    return Case("cut_off_inside_a_quote", data[: data.index(b"SPOILT")], refused="cut_off")


def _whole(name: str, refused: str, make: Callable[[random.Random], bytes]) -> None:
    FAULTS[name] = lambda seed: Case(name, make(random.Random(seed)), refused=refused)


_whole("empty", "empty", lambda r: b" \r\n" * r.randint(0, 9))
_whole("binary", "binary", lambda r: b"\x01\x02" + r.randbytes(3_000))
_whole("xlsx", "zip", lambda r: b"PK\x03\x04" + r.randbytes(3_000))
_whole("xls", "xls", lambda r: b"\xd0\xcf\x11\xe0" + r.randbytes(3_000))
_whole("pdf", "pdf", lambda r: b"%PDF-1.7\n" + r.randbytes(300))
_whole("picture", "picture", lambda r: b"\x89PNG\r\n\x1a\n" + r.randbytes(300))
_whole("compressed", "gzip", lambda r: b"\x1f\x8b" + r.randbytes(300))
_whole(
    "sign_in_page",
    "wrong_header",
    lambda r: b"<!doctype html>\n<title>Sign in</title>" + b"<p>x</p>\n" * r.randint(1, 50),
)
_whole(
    "another_header",
    "wrong_header",
    lambda r: write([["Order", "Date", "Total"], *[[str(r.random())] * 3 for _ in range(9)]]),
)
_whole("no_header", "wrong_header", lambda r: write(Sheet.new(r.randint(0, 99)).rows[1:]))
_whole("header_only", "no_rows", lambda r: write([list(COLUMNS_79)]) + b"\n" * r.randint(0, 9))
_whole("column_twice", "twice", lambda r: write([[*row, row[0]] for row in Sheet.new(r.randint(0, 99)).rows]))
_whole("one_endless_line", "too_much", lambda r: b"a" * (1_000_001 + r.randint(0, 99)))
_whole("too_many_columns", "too_much", lambda r: b"x," * (501 + r.randint(0, 99)) + b"\n")
