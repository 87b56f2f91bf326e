"""The own label in ZPL II, for thermal printers of 203 dpi: 4×6 in are 812×1218 dots.

Commands after Zebra's "Programming Guide, ZPL II" (P1099958): ^CI28 (UTF-8), ^FH (hexadecimal escapes), ^BY and ^BC (Code 128).
Text is broken into lines here and not by ^FB, which prints what does not fit on top of its last line.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.domain.shipping.rules.papers import ParcelPapers

WIDTH, HEIGHT = 812, 1218
_MARGIN = 36
_INSIDE = WIDTH - 2 * _MARGIN

_WIDE_AS_HIGH = 0.56
"""How wide a character of font 0 is for its height, on average and in mixed case."""

_WIDE = frozenset("MW@%ÆŒ—…")

_CODE_MODULES = 123
"""Modules of a Code 128 of two letters and nine digits, without its quiet zones."""

_MODULE_DOTS = 4


def escape(text: str) -> str:
    """Return text for a field after ^FH: command characters, the escape itself and control characters as `_` and two hex digits."""
    return "".join(
        f"_{ord(sign):02X}" if sign in "^~_\\" or ord(sign) < 32 or ord(sign) == 127 else sign
        for sign in text
    )


def width_of(text: str) -> int:
    """Return how many columns a text takes: two for East Asian characters and the widest Latin ones, none for combining marks."""
    return sum(
        0
        if unicodedata.combining(sign)
        else 2
        if sign in _WIDE or unicodedata.east_asian_width(sign) in "WF"
        else 1
        for sign in text
    )


def break_lines(text: str, *, columns: int, most: int) -> list[str]:
    """Break text at blanks into at most `most` lines of `columns`; words that are too long are broken, what is left over ends in `...`."""
    rest = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    lines: list[str] = []
    while rest and len(lines) < most:
        if width_of(rest) <= columns:
            return [*lines, rest]
        if len(lines) == most - 1:
            return [*lines, _head(rest, columns - 3).rstrip() + "..."]
        head = _head(rest, columns + 1)
        blank = head.rfind(" ")
        line = head[:blank] if blank > 0 else _head(rest, columns)
        lines.append(line)
        rest = rest[len(line) :].lstrip()
    return lines


def label(papers: ParcelPapers) -> str:
    """Return the label of a parcel: who sends it, who gets it, what it is, and its number as a Code 128 with text below."""
    p = papers
    fields: list[str] = []
    y = 30
    y = _text(fields, y, 34, [p.sender.name], most=1)
    y = _text(fields, y, 22, [", ".join(p.site_lines)], most=2)
    fields.append(_rule(176, 4))
    service = break_lines(p.service or "Standard", columns=_columns(44), most=1)
    fields.append(f"^FO0,180^GB{WIDTH},72,72^FS")
    fields.append(f"^FO{_MARGIN},196^FR^A0N,44,44^FH^FD{escape(service[0].upper())}^FS")
    _text(fields, 270, 22, ["SHIP TO"], most=1)
    y = _text(fields, 300, 48, [p.name], most=2)
    y = _text(fields, y, 32, [p.company] if p.company else [], most=1)
    for line in p.street:
        y = _text(fields, y, 34, [line], most=2)
    town = " ".join(part for part in (*break_lines(p.city, columns=40, most=1), p.postcode[:16]) if part)
    y = _text(fields, max(y + 8, 560), 52, [town], most=2)
    _text(fields, y, 36, [p.country.upper()], most=1)
    fields.append(_rule(764, 4))
    order = break_lines(f"Order {p.order_number}", columns=34, most=1)[0]
    weight = f"{p.weight_g / 1000:.2f} kg" if p.weight_g else ""
    _text(fields, 784, 34, [order], most=1)
    _text(
        fields,
        828,
        26,
        ["   ".join(part for part in (p.piece_words, f"{p.packed_on:%Y-%m-%d}", weight) if part)],
        most=1,
    )
    fields.append(_rule(872, 4))
    left = (WIDTH - _CODE_MODULES * _MODULE_DOTS) // 2
    fields.append(f"^FO{left},900^BY{_MODULE_DOTS},2,210^BCN,210,N,N,N,A^FH^FD{escape(p.number)}^FS")
    fields.append(f"^FO0,1128^FB{WIDTH},1,0,C,0^A0N,56,56^FH^FD{escape(p.number)}^FS")
    return "\n".join(["^XA", "^CI28", f"^PW{WIDTH}", f"^LL{HEIGHT}", "^LH0,0", *fields, "^PQ1", "^XZ", ""])


def _columns(height: int) -> int:
    return int(_INSIDE / (height * _WIDE_AS_HIGH))


def _text(fields: list[str], y: int, height: int, texts: list[str], *, most: int) -> int:
    """Write texts under each other, each on at most `most` lines; return where the next one begins."""
    for text in texts:
        for line in break_lines(text, columns=_columns(height), most=most):
            fields.append(f"^FO{_MARGIN},{y}^A0N,{height},{height}^FH^FD{escape(line)}^FS")
            y += height + height // 6
    return y


def _rule(y: int, thickness: int) -> str:
    return f"^FO0,{y}^GB{WIDTH},{thickness},{thickness}^FS"


def _head(text: str, columns: int) -> str:
    """Return the longest beginning that fits, at least one character."""
    end = 1
    while end < len(text) and width_of(text[: end + 1]) <= columns:
        end += 1
    return text[:end]
