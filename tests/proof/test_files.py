"""T4: files with every fault of the catalogue: none breaks the reader, the good orders are kept exactly, the bad rows are named exactly."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from portal.domain.intake.rules import UnreadableFile, read_order_file, shopify
from tests import make, people
from tests.proof import FULL
from tests.proof.faults_of_shape import FAULTS, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

EACH = 8 if FULL else 2
"""Files of each fault: more than 500 in all at full size, more than 120 at smoke size."""


def corpus() -> Iterator[Case]:
    """Make every file; the same ones each time."""
    for number, plant in enumerate(FAULTS.values()):
        for turn in range(EACH):
            yield plant(1_000 * number + turn)


def difference(case: Case) -> str:
    """Read a file and return in what the result is not the manifest; '' when it is."""
    try:
        parsed = read_order_file(case.data, f"{case.fault}.csv")
    except UnreadableFile as refused:
        return (
            ""
            if refused.code == case.refused
            else f"refused as {refused.code}, expected {case.refused or 'to be read'}"
        )
    if case.refused:
        return f"read, expected to be refused as {case.refused}"
    by_verdict = {
        verdict: [order for order in parsed.orders if order.verdict == verdict]
        for verdict in ("ship", "attention", "not_to_ship")
    }
    found = Case(
        case.fault,
        case.data,
        good={order.number: order.units_to_ship for order in by_verdict["ship"]},
        attention={order.number for order in by_verdict["attention"]},
        not_to_ship={order.number: order.reason for order in by_verdict["not_to_ship"]},
        bad={
            (p.row, p.column, p.code)
            for p in [*parsed.problems, *(p for order in parsed.orders for p in order.problems)]
        },
    )
    wrong = [
        name
        for name in ("good", "attention", "not_to_ship", "bad")
        if getattr(found, name) != getattr(case, name)
    ]
    return "; ".join(f"{name} is {getattr(found, name)}, expected {getattr(case, name)}" for name in wrong)


def test_the_catalogue_is_as_large_as_promised():
    counts = Counter(case.fault for case in corpus())
    assert len(counts) >= 40
    assert sum(counts.values()) >= (500 if FULL else 120)


@pytest.mark.parametrize("fault", FAULTS)
def test_good_orders_are_kept_and_bad_rows_are_named(fault):
    number = list(FAULTS).index(fault)
    cases = [FAULTS[fault](1_000 * number + turn) for turn in range(EACH)]
    assert [wrong for case in cases if (wrong := difference(case))] == []


def _differences() -> set[str]:
    return {case.fault for case in corpus() if difference(case)}


def test_negative_control_a_reader_that_drops_a_bad_row_is_caught(monkeypatch):
    take = shopify._take

    def dropping(order, keys, row):
        if not row.damage and len(row.cells) == len(keys):
            take(order, keys, row)

    monkeypatch.setattr(shopify, "_take", dropping)
    assert {"row_too_short", "row_shifted", "quote_out_of_place", "quote_never_closed"} <= _differences()


def test_negative_control_a_reader_that_lets_a_bad_row_pass_is_caught(monkeypatch):
    monkeypatch.setattr(shopify, "read_quantity", lambda cell: 1)
    assert {"odd_quantity", "several_faults_in_one_order"} <= _differences()


def test_the_upload_page_answers_every_fault(app, db, superuser):
    acme = make.merchant(db, make.site(db))
    browser = people.signed_in(app, people.member(db, acme))
    token = people.csrf(browser, "/m/imports")
    for number, (name, plant) in enumerate(FAULTS.items()):
        case = plant(1_000 * number)
        form = {"csrf_token": token, "file": (io.BytesIO(case.data), f"{name}.csv")}
        answer = browser.post("/m/imports", data=form, content_type="multipart/form-data")
        assert (name, answer.status_code) == (name, 422 if case.refused else 303)
        if not case.refused:
            assert (name, browser.get(answer.headers["Location"]).status_code) == (name, 200)
    counts = superuser.execute(
        text("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM imports)")
    ).one()
    assert tuple(counts) == (0, sum(not plant(0).refused for plant in FAULTS.values()))
