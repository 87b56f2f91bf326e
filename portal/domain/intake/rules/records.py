"""From lines to records: a row that is torn by a quote out of place is named, and reading goes on with the next line."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.domain.intake.rules.problems import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

MAX_LINE = 1_000_000
MAX_RECORD = 2_000_000
MAX_TORN = 1_000
MAX_READ_AGAIN = 100_000_000
"""Characters that may be read more than once because of torn rows: what keeps a made-up file from costing minutes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record: its number (the header is 1), its cells, and how it is damaged.

    `open`: it may go on in the next lines; `to_end`: its quote stays open until the end of the file.
    """

    number: int
    cells: list[str]
    damage: str = ""
    open: bool = False
    to_end: bool = False
    rest: bool = False

    def as_rest(self) -> Row:
        """Return this row as what is left of a torn one before it."""
        return replace(self, damage="It follows a torn row and does not have the header's width.", rest=True)


def limit(found: str, expected: str) -> UnreadableFile:
    """Refuse a file that is larger than what is read."""
    return UnreadableFile(
        "too_much",
        f"The file has {found}.",
        f"A file with {expected}.",
        "Split it into smaller files and upload them one by one.",
    )


class _Lines:
    """The file's lines, of which the last record's can be given back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.used: list[str] = []
        self._length = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self._length += len(line)
        if len(line) > MAX_LINE or self._length > MAX_RECORD:
            raise limit(f"a row of more than {MAX_LINE:,} characters", "shorter rows")
        self.used.append(line)
        return line

    def forget(self) -> None:
        """Keep no line of the record that has been read."""
        self.used.clear()
        self._length = 0

    def give_back(self) -> tuple[str, int]:
        """Take back all lines of the record but the first; return the first and how many characters came back."""
        first, *others = self.used
        self._again.extendleft(reversed(others))
        count = self._length - len(first)
        self.forget()
        return first, count


def records(stream: TextIO, delimiter: str) -> Iterator[Row]:
    """Read records strictly; where one cannot be read, name its first line as torn and start anew with the second."""
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = torn = again = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not lines.used:
                return
            first, count = lines.give_back()
            torn, again = torn + 1, again + count
            if torn > MAX_TORN or again > MAX_READ_AGAIN:
                raise UnreadableFile(
                    "torn", f"More than {torn - 1:,} rows have quotes that do not match; the last is row {number}.",
                    "Every quote that opens a cell also closes it.", "Export the file again and upload it without changing it.",
                ) from error  # fmt: skip
            to_end = "unexpected end" in str(error)
            yield Row(
                number, _names(first, delimiter), _what(str(error)), open=to_end or count > 0, to_end=to_end
            )
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        else:
            yield Row(number, cells)
            lines.forget()


def _what(error: str) -> str:
    if "field larger" in error:
        return f"A cell has more than {csv.field_size_limit():,} characters."
    return "A quote opens a cell and is not closed where the cell ends."


def _names(line: str, delimiter: str) -> list[str]:
    """Return a torn line's cells as far as they can be told apart: up to the first that is quoted, and that one's start."""
    cells = line.rstrip("\r\n").split(delimiter)
    until = next((index for index, cell in enumerate(cells) if cell.startswith('"')), len(cells))
    return [cell.strip('"')[:200] for cell in cells[: until + 1]]
