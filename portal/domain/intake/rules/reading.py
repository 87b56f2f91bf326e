"""Recognising a file by its header and reading it. One function per format; today Shopify's orders export."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.domain.intake.rules.problems import Problem, UnreadableFile
from portal.domain.intake.rules.shopify import COLUMNS, read_shopify
from portal.domain.intake.rules.staged import StagedOrder
from portal.domain.intake.rules.tables import read_table

NEEDED = ("Name", "Lineitem quantity", "Lineitem name", "Lineitem sku", "Shipping Name", "Shipping Country")
"""Columns without which a Shopify export cannot be shipped from."""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What was read of a file, and how."""

    format: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    row_count: int
    orders: tuple[StagedOrder, ...]
    problems: tuple[Problem, ...]
    """Rows that belong to no order."""


def column_key(text: str) -> str:
    """Return a header cell without case, spaces and punctuation, so that “Lineitem SKU” and “lineitem_sku” are the same."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


_KNOWN = {column_key(name): name for name in COLUMNS}


def read_order_file(data: bytes, name: str) -> ParsedFile:
    """Read a file of orders, judge each of them, and return them in the order of the file.

    `name` is the file's own name, for messages. Raises `UnreadableFile` when the file as a whole cannot be read.
    """
    table = read_table(data)
    keys = [_KNOWN.get(column_key(cell), "") for cell in table.header]
    missing = [column for column in NEEDED if column not in keys]
    if missing:
        seen = ", ".join(f"“{cell[:40]}”" for cell in table.header[:8]) + (
            " …" if len(table.header) > 8 else ""
        )
        raise UnreadableFile(
            "wrong_header",
            f"The first row of {name[:80]} is {seen}. Missing: {', '.join(missing)}.",
            "The header of a Shopify orders export.",
            "In Shopify, open Orders → Export → Plain CSV file, and upload that file without changing its first row.",
        )
    twice = sorted({key for key in keys if key and keys.count(key) > 1})
    if twice:
        raise UnreadableFile(
            "twice",
            f"The header has {', '.join(twice)} more than once.",
            "Each column once.",
            "Remove the second column, or export the file again.",
        )
    orders, problems, count = read_shopify(keys, table.rows)
    if not count:
        raise UnreadableFile(
            "no_rows",
            "The file has a header and no orders.",
            "At least one order below the header.",
            "Choose the orders in your shop and export them again.",
        )
    return ParsedFile("shopify", table.encoding, table.delimiter, table.header, count, orders, problems)
