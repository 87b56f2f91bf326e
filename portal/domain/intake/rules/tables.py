"""From bytes to rows of cells: encoding, delimiter, quotes. What is no table is refused with a name."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from portal.domain.intake.rules.staged import UnreadableFile

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 500_000
MAX_COLUMNS = 500
MAX_CELL = 32_767
"""A cell's longest text: what a spreadsheet itself can hold."""

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
    (b"BZh", "archive", "a compressed file (bzip2)"),
    (b"\xfd7zXZ", "archive", "a compressed file (xz)"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file: the header, then (row number as a spreadsheet shows it, cells)."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]


def read_table(data: bytes) -> Table:
    """Read a delimited file. Rows are numbered by record, as spreadsheets do: a line break inside a cell starts no new row.

    Raises `UnreadableFile` for what is empty, not text, cut off, or beyond the caps above.
    """
    _refuse_other_kinds(data)
    text, encoding = _decode(data)
    delimiter = _delimiter(text)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = []
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = tuple(cell.strip() for cell in cells)
                if len(header) > MAX_COLUMNS:
                    raise _too_much(f"{len(header)} columns", f"at most {MAX_COLUMNS} columns")
            else:
                rows.append((number, cells))
                if len(rows) > MAX_ROWS:
                    raise _too_much(f"more than {MAX_ROWS:,} rows", f"at most {MAX_ROWS:,} rows")
    except csv.Error as error:
        raise _torn(number + 1, str(error)) from error
    if not header:
        raise UnreadableFile("empty", "The file has no text in it.", _WANTED, _EXPORT)
    if rows and len(rows[-1][1]) < len(header) and not text.endswith(("\n", "\r")):
        found = f"The file ends in the middle of row {rows[-1][0]}: {len(rows[-1][1])} of {len(header)} cells are there."
        raise UnreadableFile(
            "cut_off",
            found,
            "A whole file.",
            "The export or the download was cut off. Export the file again and upload it.",
        )
    return Table(encoding, delimiter, header, tuple(rows))


def _refuse_other_kinds(data: bytes) -> None:
    if not data.strip():
        raise UnreadableFile("empty", "The file is empty.", _WANTED, _EXPORT)
    if len(data) > MAX_BYTES:
        raise _too_much(f"{len(data) / 1048576:.0f} MB", f"at most {MAX_BYTES // 1048576} MB")
    for signature, code, what in _SIGNATURES:
        if data.startswith(signature):
            fix = (
                "Open it and save it as “CSV UTF-8”, then upload that file."
                if code in ("zip", "xls")
                else _EXPORT
            )
            raise UnreadableFile(code, f"The file is {what}. It was not opened.", _WANTED, fix)


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding, name in (
        (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
        (b"\xff\xfe", "utf-16", "UTF-16"),
        (b"\xfe\xff", "utf-16", "UTF-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(encoding), name
            except UnicodeDecodeError as error:
                raise UnreadableFile(
                    "encoding",
                    f"The file says it is {name}, but byte {error.start + 1:,} is not.",
                    f"{name} text.",
                    _EXPORT,
                ) from error
    if b"\0" in data[:4096] or _strange(data[:65536]) > 0.02:
        raise UnreadableFile("binary", "The file is not text: it holds control bytes.", _WANTED, _EXPORT)
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        # Excel on Windows saves “CSV” in the system's code page; the five bytes that have no meaning there become spaces.
        return data.decode("cp1252", errors="replace").replace("\ufffd", " "), "Windows-1252"


def _strange(data: bytes) -> float:
    control = sum(data.count(bytes((value,))) for value in range(32) if value not in (9, 10, 12, 13))
    return control / len(data)


def _delimiter(text: str) -> str:
    """Return the separator that the header line has most of, outside quotes."""
    first = next((line for line in text[:200_000].splitlines() if line.strip(' ,;\t|"')), "")
    bare = re.sub(r'"[^"]*"', "", first)
    best = max(",;\t|", key=bare.count)
    return best if bare.count(best) else ","


def _torn(row: int, what: str) -> UnreadableFile:
    if "field larger" in what:
        return _too_much(
            f"a cell of more than {MAX_CELL:,} characters in row {row}",
            f"cells of at most {MAX_CELL:,} characters",
        )
    found = f"Row {row} opens a quoted cell that is never closed: the file is cut off or damaged there."
    return UnreadableFile(
        "cut_off",
        found,
        "Every quote that opens a cell also closes it.",
        "Export the file again and upload it whole.",
    )


def _too_much(found: str, expected: str) -> UnreadableFile:
    return UnreadableFile(
        "too_much",
        f"The file has {found}.",
        f"A file with {expected}.",
        "Split it into smaller files and upload them one by one.",
    )
