"""Answering scans: once each, and only an applied answer leaves a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.domain.devices.commands import answer_scan
from portal.domain.devices.rules import Answer, ScanIn, stopped, wrong
from portal.domain.stock.commands import add_places
from portal.domain.stock.queries import find_place
from portal.kernel.db import run
from portal.kernel.errors import NotEnoughError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor
from tests import make, people

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.kernel.db import Database


def _scan(site: make.Site3PL, worker: people.Person) -> ScanIn:
    return ScanIn(id=new_id(), site_id=site.id, device_id=None, user_id=worker.id, code="X", at=make.NOW)


def _adds_a_place(session: Session, scan: ScanIn) -> None:
    add_places(session, site_id=scan.site_id, places=[("NEW-1", "tote", 0)])


@pytest.mark.parametrize(
    "answer",
    [wrong("Wrong item", "Need tea."), stopped("On hold", "Put it back."), None],
    ids=["rejected", "conflict", "raised"],
)
def test_only_applied_leaves_changes(db: Database, answer: Answer | None) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here)
    scan = _scan(here, worker)

    def work(session: Session, scan: ScanIn) -> Answer:
        _adds_a_place(session, scan)
        if answer is None:
            raise NotEnoughError("There is nothing left.")
        return answer

    with db.transaction(AsFloor(here.id)) as session:
        given = answer_scan(session, scan, step="pick", work=work)
    expected = answer or stopped("This cannot be done now", "There is nothing left.")
    assert (given.verdict, given.headline, given.sentence) == (
        expected.verdict,
        expected.headline,
        expected.sentence,
    )
    with db.transaction(AsFloor(here.id)) as session:
        assert find_place(session, here.id, "NEW-1") is None
        again = answer_scan(session, scan, step="pick", work=work)
        assert (again.verdict, again.first, again.sentence) == (
            "duplicate",
            expected.verdict,
            expected.sentence,
        )
        assert [tuple(row) for row in run(session, "SELECT id, step, code, verdict, user_id FROM scans")] == [
            (scan.id, "pick", "X", expected.verdict, worker.id)
        ]


def test_a_bug_is_no_answer(db: Database) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here)

    def broken(session: Session, scan: ScanIn) -> Answer:
        _adds_a_place(session, scan)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"), db.transaction(AsFloor(here.id)) as session:
        answer_scan(session, _scan(here, worker), step="pick", work=broken)
    with db.transaction(AsFloor(here.id)) as session:
        assert [row[0] for row in run(session, "SELECT count(*) FROM scans")] == [0]
        assert find_place(session, here.id, "NEW-1") is None
