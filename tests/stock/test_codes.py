"""What ranges of place codes stand for."""

from __future__ import annotations

import pytest

from portal.domain.stock.rules import MOST_PLACES, read_codes


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("A-01-1", ["A-01-1"]),
        ("a-01-1..a-02-2", ["A-01-1", "A-01-2", "A-02-1", "A-02-2"]),
        ("T-8 .. T-11", ["T-8", "T-9", "T-10", "T-11"]),
        ("T-098..T-101", ["T-098", "T-099", "T-100", "T-101"]),
        ("A-1..C-1", ["A-1", "B-1", "C-1"]),
        ("X, Y;Z\nX", ["X", "Y", "Z"]),
        ("A-1..A-3, A-2..A-4", ["A-1", "A-2", "A-3", "A-4"]),
    ],
)
def test_codes_come_in_walking_order_and_once(written: str, codes: list[str]) -> None:
    read = read_codes(written)
    assert list(read.codes) == codes
    assert read.problems == ()


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "Enter at least one code."),
        (" ,\n", "Enter at least one code."),
        ("A 1", "“A 1”: write codes with up to 30"),
        ("A-1..", "“A-1..”: write codes with up to 30"),
        ("A-1..B", "“A-1..B”: both codes need the same number of parts"),
        ("A-2..A-1", "the part “2” cannot run to “1”"),
        ("AA-1..AC-1", "the part “AA” cannot run to “AC”"),
        ("A-1..A-X", "the part “1” cannot run to “X”"),
        ("É-1", "“É-1”: write codes"),
        (f"A-1..A-{MOST_PLACES + 1}", "stands for more than 5,000 places. Add fewer at a time."),
        ("A-1-1..A-9999-9999", "stands for more than 5,000 places."),
        ("A-1..A-4000, B-1..B-4000", "That is 8,000 places. Add at most 5,000 at a time."),
        ("A-1..A-99999999999999999999999999", "stands for more than 5,000 places."),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_comes_of_it(written: str, problem: str) -> None:
    read = read_codes(written)
    assert read.codes == ()
    assert len(read.problems) == 1
    assert problem in read.problems[0]


def test_every_problem_is_said_at_once() -> None:
    assert len(read_codes("A-1, ?, B..C-1, D-2..D-1").problems) == 3
