"""Answering scans, each exactly once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from portal.domain.devices.models import Scan
from portal.domain.devices.rules import Answer, stopped
from portal.kernel import clock
from portal.kernel.db import run
from portal.kernel.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from portal.domain.devices.rules import ScanIn

LONGEST_CODE = 200


def answer_scan(
    session: Session, scan: ScanIn, *, step: str, work: Callable[[Session, ScanIn], Answer]
) -> Answer:
    """Carry a scan out and keep its answer; a scan with an id that was answered before gets that answer again.

    The same id at the same time waits for the first. Only an `applied` answer leaves changes: whatever else `work` wrote is
    taken back, and a refusal that it raises becomes a `conflict`.
    """
    run(
        session,
        "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))",
        {"name": f"scan:{scan.site_id}:{scan.id}"},
    )
    known = session.execute(
        select(Scan.verdict, Scan.answer).where(Scan.site_id == scan.site_id, Scan.id == scan.id)
    ).one_or_none()
    if known is not None:
        return Answer(verdict="duplicate", first=known.verdict, **known.answer)
    answer = _carry_out(session, scan, work)
    session.execute(
        insert(Scan).values(
            site_id=scan.site_id, id=scan.id, device_id=scan.device_id, user_id=scan.user_id, step=step,
            code=scan.code[:LONGEST_CODE], verdict=answer.verdict, scanned_at=scan.at, received_at=clock.now(),
            answer={"headline": answer.headline, "sentence": answer.sentence, "completed": answer.completed},
        )
    )  # fmt: skip
    return answer


def _carry_out(session: Session, scan: ScanIn, work: Callable[[Session, ScanIn], Answer]) -> Answer:
    savepoint = session.begin_nested()
    try:
        answer = work(session, scan)
    except PortalError as error:
        savepoint.rollback()
        return stopped("This cannot be done now", error.sentence)
    except BaseException:
        savepoint.rollback()
        raise
    if answer.verdict == "applied":
        savepoint.commit()
        return answer
    savepoint.rollback()
    return replace(answer, completed="")
