"""Pure rules of places: what a range of codes on a sheet of rack labels stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from math import prod

MOST_PLACES = 5000
"""More places than one go may add: a slip of the keyboard, not a building."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,29}")


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that a text stands for, in walking order and each once; or one sentence for everything that does not fit."""

    codes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_codes(text: str) -> Codes:
    """Read codes and ranges of codes, one to a line or with commas between.

    A range such as `A-01-1..A-10-4` runs every part that differs from the first code's to the last code's: numbers keep their
    leading zeros, single letters go through the alphabet. The last part runs fastest, as one walks along a rack.
    """
    codes: dict[str, None] = {}
    problems: list[str] = []
    for entry in (part.strip().upper() for part in re.split(r"[,;\n]", text)):
        if not entry:
            continue
        found, problem = _read(entry)
        codes.update(dict.fromkeys(found))
        if problem:
            problems.append(problem)
    if not codes and not problems:
        problems.append("Enter at least one code.")
    if len(codes) > MOST_PLACES:
        problems.append(f"That is {len(codes):,} places. Add at most {MOST_PLACES:,} at a time.")
    return Codes(() if problems else tuple(codes), tuple(problems))


def _read(entry: str) -> tuple[list[str], str]:
    first, dots, last = (part.strip() for part in entry.partition(".."))
    for code in (first, last) if dots else (first,):
        if not _CODE.fullmatch(code):
            return (
                [],
                f"“{entry}”: write codes with up to 30 capital letters, digits and dashes, for example A-01-1..A-10-4.",
            )
    if not dots:
        return [first], ""
    starts, ends = first.split("-"), last.split("-")
    if len(starts) != len(ends):
        return [], f"“{entry}”: both codes need the same number of parts between dashes."
    runs: list[list[str]] = []
    for start, end in zip(starts, ends, strict=True):
        run = _run(start, end)
        if run is None:
            return (
                [],
                f"“{entry}”: the part “{start}” cannot run to “{end}”. Numbers run upwards and letters through the alphabet.",
            )
        runs.append(run)
    if prod(len(run) for run in runs) > MOST_PLACES:
        return [], f"“{entry}” stands for more than {MOST_PLACES:,} places. Add fewer at a time."
    return ["-".join(parts) for parts in product(*runs)], ""


def _run(start: str, end: str) -> list[str] | None:
    if start == end:
        return [start]
    if start.isdigit() and end.isdigit() and int(start) < int(end):
        most = min(int(end), int(start) + MOST_PLACES)
        return [str(number).zfill(len(start)) for number in range(int(start), most + 1)]
    if len(start) == len(end) == 1 and start.isalpha() and end.isalpha() and start < end:
        return [chr(letter) for letter in range(ord(start), ord(end) + 1)]
    return None
