"""News and reactions for tests of the carrying itself: each reaction leaves an audit row, so that doubles can be counted."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from portal.kernel.db import run
from portal.wiring import Speaks, Writes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.config import Config
    from portal.kernel.db import Database

GATE = "gate"
"""A file in the configuration's folder; while it exists, `wait_at_gate` waits after it has written its row."""


@dataclass(frozen=True, slots=True)
class TeaBrewed:
    """News for tests."""

    merchant_id: UUID
    cup: str


@dataclass(frozen=True, slots=True)
class KettleBroke:
    """News whose first reaction works and whose second one always fails."""

    merchant_id: UUID


@dataclass(frozen=True, slots=True)
class GateReached:
    """News that a worker can be killed over."""

    merchant_id: UUID


@dataclass(frozen=True, slots=True)
class CupSpoken:
    """News about which something is said to the world."""

    merchant_id: UUID


def _note(session: Session, action: str, subject: str) -> None:
    run(
        session,
        "INSERT INTO audit_entries (id, at, merchant_id, action, subject) "
        "VALUES (uuidv7(), now(), NULLIF(current_setting('portal.merchant_id', true), '')::uuid, :action, :subject)",
        {"action": action, "subject": subject},
    )


def pour(session: Session, event: TeaBrewed, config: Config) -> None:
    """Note that a cup was poured."""
    _note(session, "pour", event.cup)


def stir(session: Session, event: TeaBrewed | KettleBroke, config: Config) -> None:
    """Note that a cup was stirred."""
    _note(session, "stir", getattr(event, "cup", "none"))


def explode(session: Session, event: KettleBroke, config: Config) -> None:
    """Write a row and then fail, so that the row must not stay."""
    _note(session, "explode", "kettle")
    raise RuntimeError("the kettle is broken")


def wait_at_gate(session: Session, event: GateReached, config: Config) -> None:
    """Write a row, say that it is written, and wait while the gate is shut."""
    _note(session, "gate", "passed")
    (config.var / "at_the_gate").write_text(str(os.getpid()))
    while (config.var / GATE).exists():
        time.sleep(0.02)


def say(database: Database, event: CupSpoken, config: Config) -> None:
    """Say something to the world: a line in a file stands for it."""
    with Path(config.var / "said").open("a") as file:
        file.write("said\n")


NEWS = {
    TeaBrewed: (Writes(pour), Writes(stir)),
    KettleBroke: (Writes(stir), Writes(explode)),
    GateReached: (Writes(wait_at_gate),),
    CupSpoken: (Speaks(say),),
}
