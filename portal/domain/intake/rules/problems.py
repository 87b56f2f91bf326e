"""What is wrong with a file as a whole, and what a person has to mend in one of its rows."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 80
"""How much of a cell a problem repeats."""


class UnreadableFile(Exception):  # noqa: N818 (the word pages use)
    """The file as a whole cannot be read: a code, what was found, what was expected, and what to do."""

    def __init__(self, code: str, found: str, expected: str, fix: str) -> None:
        """Keep the four parts; pages show them under their own headings."""
        super().__init__(f"{found} {expected} {fix}")
        self.code, self.found, self.expected, self.fix = code, found, expected, fix


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person has to mend: the row as a spreadsheet numbers it (header is 1), the column, and three sentences."""

    row: int
    column: str
    code: str
    found: str
    expected: str
    fix: str


UPLOAD_AGAIN = "Correct the cell and upload the file again."


def quoted(text: str, blank: str = "The cell is blank.") -> str:
    """Return what a cell holds between quotation marks, cut to what a page can show; a sentence when it is blank."""
    if not text:
        return blank
    return f"“{text}”" if len(text) <= SHOWN else f"“{text[:SHOWN]}…” ({len(text):,} characters)"


def damaged(row: int, column: str, text: str) -> Problem:
    """Name a code that a spreadsheet has turned into a number or hidden."""
    return Problem(
        row,
        column,
        "excel_damage",
        quoted(text),
        "The code as the shop wrote it. A spreadsheet has turned it into a number or hidden it.",
        "Enter the right one, or export the file again and upload it without opening it in a spreadsheet.",
    )


def unreadable_character(row: int, column: str, text: str) -> Problem:
    """Name a cell of which at least one character was lost before the file reached us."""
    return Problem(
        row,
        column,
        "bad_character",
        quoted(text),
        "Text in which every character can be read. “\ufffd” marks one that cannot.",
        "Enter the text again, or export the file again as UTF-8.",
    )


def too_long(row: int, column: str, text: str, most: int) -> Problem:
    """Name a cell that does not fit where it has to go."""
    return Problem(row, column, "too_long", quoted(text), f"At most {most} characters.", "Shorten it.")
