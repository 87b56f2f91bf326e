"""From bytes to a header and rows of cells: what kind of file, which encoding, which delimiter. No table is refused by name.

The rows are a stream: a file of 50 MB is never wholly in memory as text or as cells.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.domain.intake.rules.problems import UnreadableFile
from portal.domain.intake.rules.records import Row, limit, records

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 500

_PIECE = 1 << 20
_WANTED = "A CSV file of orders, as your shop exports it."
_EXPORT = "Export the orders from your shop as CSV and upload that file."
_SIGNATURES = (
    (b"PK\x03\x04", "zip", "a spreadsheet (XLSX) or another zip archive"),
    (b"PK\x05\x06", "zip", "an empty zip archive"),
    (b"\x1f\x8b", "gzip", "a compressed file (gzip)"),
    (b"\xd0\xcf\x11\xe0", "xls", "an old Excel workbook (XLS)"),
    (b"%PDF", "pdf", "a PDF document"),
    (b"\x89PNG", "picture", "a picture (PNG)"),
    (b"\xff\xd8\xff", "picture", "a picture (JPEG)"),
    (b"GIF8", "picture", "a picture (GIF)"),
    (b"{\\rtf", "rtf", "a rich-text document"),
    (b"7z\xbc\xaf", "archive", "a 7-Zip archive"),
    (b"Rar!", "archive", "a RAR archive"),
    (b"BZh", "archive", "a compressed file (bzip2)"),
    (b"\xfd7zXZ", "archive", "a compressed file (xz)"),
    (b"\x28\xb5\x2f\xfd", "archive", "a compressed file (zstd)"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A file: how it is written, its header, and the stream of the rows below it, which can be read once."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: Iterator[Row]


def read_table(data: bytes) -> Table:
    """Read a delimited file. Rows are numbered by record, as spreadsheets do: a line break inside a cell starts no new row.

    Raises `UnreadableFile` for what is empty, not text, cut off, or beyond the caps above; some of it only while the
    rows are read.
    """
    _refuse_other_kinds(data)
    codec, encoding = _encoding(data)
    with io.TextIOWrapper(io.BytesIO(data), codec, errors="replace", newline="") as opened:
        start = opened.read(200_000)
    named = re.match(r"\ufeff?sep=(.)\r?\n", start, re.IGNORECASE)
    delimiter = named[1] if named else _delimiter(start)
    # The stream stays open for as long as the rows are read; it holds memory only.
    stream = io.TextIOWrapper(io.BytesIO(data), codec, errors="replace", newline="")
    rows = _without_blanks(records(stream, delimiter))
    first = next(rows, None)
    if first is not None and named:
        first = next(rows, None)
    if first is None:
        raise UnreadableFile("empty", "The file has no text in it.", _WANTED, _EXPORT)
    header = tuple(cell.replace("\ufeff", "").strip() for cell in first.cells)
    if first.damage:
        raise UnreadableFile(
            "torn", f"The first row cannot be read: {first.damage}", "A header with every quote closed.", _EXPORT
        )  # fmt: skip
    if len(header) > MAX_COLUMNS:
        raise limit(f"{len(header):,} columns", f"at most {MAX_COLUMNS} columns")
    return Table(encoding, delimiter, header, _whole(rows, len(header), data, codec))


def _without_blanks(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        if row.damage or (any(row.cells) and any(not cell.isspace() for cell in row.cells if cell)):
            yield row
        elif row.number > 2 * MAX_ROWS:
            raise limit(f"more than {2 * MAX_ROWS:,} blank rows", f"at most {MAX_ROWS:,} rows")


def _whole(rows: Iterator[Row], width: int, data: bytes, codec: str) -> Iterator[Row]:
    """Pass the rows on, and refuse the file when it has too many of them or ends in the middle of one."""
    last, torn, to_end, before = None, False, False, width
    for count, row in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise limit(f"more than {MAX_ROWS:,} rows", f"at most {MAX_ROWS:,} rows")
        # What follows a torn row is its own rest until a row of full width comes; so is the second half of a row that
        # a line break without quotes has broken in two.
        torn = row.open or (torn and len(row.cells) != width)
        to_end = torn and (row.to_end or to_end)
        half = not row.damage and max(before, len(row.cells)) < width and before + len(row.cells) == width + 1
        before = width if row.damage or half else len(row.cells)
        last = row
        yield row.as_rest() if half or (torn and not row.damage) else row
    if last is None:
        return
    short = not last.damage and len(last.cells) < width and not _ends_with_line_break(data, codec)
    if to_end or short:
        what = (
            "opens a quoted cell that is never closed"
            if to_end
            else f"has {len(last.cells)} of {width} cells"
        )
        raise UnreadableFile(
            "cut_off",
            f"The file ends in the middle of row {last.number}: it {what}.",
            "A whole file.",
            "The export or the download was cut off. Export the file again and upload it whole.",
        )


def _ends_with_line_break(data: bytes, codec: str) -> bool:
    end = data[-4:]
    return end.replace(b"\0", b"").endswith((b"\n", b"\r")) if codec[:5] in ("utf-1", "utf-3") else end.endswith((b"\n", b"\r"))  # fmt: skip


def _refuse_other_kinds(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise limit(f"{len(data) / 1048576:.0f} MB", f"at most {MAX_BYTES // 1048576} MB")
    if not data.strip():
        raise UnreadableFile("empty", "The file is empty.", _WANTED, _EXPORT)
    for signature, code, what in _SIGNATURES:
        if data.startswith(signature):
            fix = (
                "Open it and save it as “CSV UTF-8”, then upload that file."
                if code in ("zip", "xls")
                else _EXPORT
            )
            raise UnreadableFile(code, f"The file is {what}. It was not opened.", _WANTED, fix)


def _encoding(data: bytes) -> tuple[str, str]:
    """Return the codec and its name for people. Characters that it cannot read are left for their rows to answer for."""
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            proper, lost = _try(data, codec)
            if lost > proper / 50:
                raise UnreadableFile(
                    "encoding", f"The file says it is {name}, but most of it is not.", f"{name} text.", _EXPORT
                )  # fmt: skip
            return codec, name
    for codec, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(data) > 8 and not any(data[odd:200:2]) and all(data[1 - odd : 200 : 2]):
            return codec, "UTF-16"
    if _strange(data[:65536]) > 0.02:
        raise UnreadableFile("binary", "The file is not text: it holds control bytes.", _WANTED, _EXPORT)
    if _is_all(data, "utf-8"):
        return "utf-8", "UTF-8"
    proper, lost = _try(data, "utf-8")
    # Excel on Windows saves “CSV” in the system's code page. One broken letter in a file that is UTF-8 elsewhere is
    # another matter: reading all of it in that code page would spoil every name in it.
    return ("cp1252", "Windows-1252") if lost >= proper else ("utf-8", "UTF-8")


def _is_all(data: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)(errors="strict")
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _try(data: bytes, codec: str) -> tuple[int, int]:
    """Return how many characters beyond ASCII could be read, and how many could not."""
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    proper = lost = 0
    for start in range(0, len(data), _PIECE):
        text = decoder.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data))
        if not text.isascii():
            gone = text.count("\ufffd")
            lost += gone
            proper += len(text) - len(text.encode("ascii", "ignore")) - gone
        if codec.startswith(("utf-16", "utf-32")):
            proper += len(text)
    return proper, lost


def _strange(data: bytes) -> float:
    control = sum(data.count(bytes((value,))) for value in range(32) if value not in (9, 10, 12, 13))
    return control / len(data)


def _delimiter(text: str) -> str:
    """Return the separator that the header line has most of, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip(' ,;\t|"')), "")
    bare = re.sub(r'"[^"]*"', "", first)
    best = max(",;\t|", key=bare.count)
    return best if bare.count(best) else ","


csv.field_size_limit(32_767)  # A cell's longest text: what a spreadsheet itself can hold.
