"""The life of an outbox row after it was written: claimed, begun, receipted, done, put off or given up. Only SQL.

Who carries rows to their reactions is `portal.jobs`; times are the database's own clock, so that machines need not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

DELAYS_S = (1, 5, 15, 60, 300, 900, 1800, 3600, 3600)
"""How long a row rests after its first, second, … failure."""

MAX_ATTEMPTS = len(DELAYS_S) + 1
"""After so many failures a row is given up and waits for a person."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A row that a worker has begun: its event's name, whose news it is, and the how-manieth try this is."""

    id: UUID
    event: str
    merchant_id: UUID | None
    attempts: int


@dataclass(frozen=True, slots=True)
class StuckRow:
    """News that did not arrive (`failed_at`), or has failed at least once and will be tried again at `not_before`."""

    id: UUID
    event: str
    merchant_name: str | None
    created_at: datetime
    attempts: int
    not_before: datetime
    failed_at: datetime | None
    error: str


def claim(session: Session, *, limit: int, lease_s: float) -> list[UUID]:
    """Lease up to `limit` rows that are due, oldest first, for `lease_s` seconds; return their ids. As the dispatcher."""
    rows = run(
        session,
        """
        UPDATE outbox SET leased_until = now() + make_interval(secs => :lease)
        WHERE id IN (SELECT id FROM outbox
                     WHERE done_at IS NULL AND failed_at IS NULL AND not_before <= now() AND (leased_until IS NULL OR leased_until < now())
                     ORDER BY not_before, id LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        {"limit": limit, "lease": lease_s},
    )
    return sorted(row.id for row in rows)


def give_back(session: Session, ids: Sequence[UUID]) -> None:
    """End the lease of rows that could not be handed on, so that they are due at once."""
    run(
        session,
        "UPDATE outbox SET leased_until = NULL WHERE id = ANY (:ids) AND done_at IS NULL",
        {"ids": list(ids)},
    )


def begin(session: Session, outbox_id: UUID, *, lease_s: float) -> Begun | None:
    """Count a try and lease the row anew; None when it is done, given up, or in another worker's hands.

    Committed before the reactions run, so that a row that kills its worker cannot do so for ever.
    """
    rows = run(
        session,
        """
        UPDATE outbox SET attempts = attempts + 1, leased_until = now() + make_interval(secs => :lease)
        WHERE id = (SELECT id FROM outbox WHERE id = :id AND done_at IS NULL AND failed_at IS NULL FOR UPDATE SKIP LOCKED)
        RETURNING id, event, scope_id, attempts
        """,
        {"id": outbox_id, "lease": lease_s},
    )
    return Begun(*rows[0]) if rows else None


def lock_open(session: Session, outbox_id: UUID) -> bool:
    """Lock a row that still has something to do; False when it is done, given up, or in another worker's hands."""
    return bool(
        run(
            session,
            "SELECT id FROM outbox WHERE id = :id AND done_at IS NULL AND failed_at IS NULL FOR UPDATE SKIP LOCKED",
            {"id": outbox_id},
        )
    )


def receipts(session: Session, outbox_id: UUID) -> frozenset[str]:
    """Return the names of the reactions that have been carried out."""
    return frozenset(
        row.reaction
        for row in run(
            session, "SELECT reaction FROM outbox_receipts WHERE outbox_id = :id", {"id": outbox_id}
        )
    )


def payload(session: Session, outbox_id: UUID) -> dict[str, Any]:
    """Return what the event says. In the row's own scope: the dispatcher may not read it."""
    [row] = run(session, "SELECT payload FROM outbox WHERE id = :id", {"id": outbox_id})
    return row.payload


def write_receipt(session: Session, outbox_id: UUID, reaction: str) -> None:
    """Note, beside its effect, that a reaction was carried out; a second receipt of the same changes nothing."""
    run(
        session,
        "INSERT INTO outbox_receipts (outbox_id, reaction) VALUES (:id, :reaction) ON CONFLICT DO NOTHING",
        {"id": outbox_id, "reaction": reaction},
    )


def finish(session: Session, outbox_id: UUID) -> None:
    """Close a row whose reactions all have receipts. As the dispatcher."""
    run(
        session,
        "UPDATE outbox SET done_at = now(), leased_until = NULL, error = '' WHERE id = :id AND done_at IS NULL",
        {"id": outbox_id},
    )


def put_off(session: Session, outbox_id: UUID, *, attempts: int, error: str, for_good: bool = False) -> bool:
    """Keep the error and let the row rest by the table of delays, or give it up; say whether it was given up."""
    given_up = for_good or attempts >= MAX_ATTEMPTS
    run(
        session,
        """
        UPDATE outbox SET error = :error, leased_until = NULL, not_before = now() + make_interval(secs => :delay),
                          failed_at = CASE WHEN :given_up THEN now() END
        WHERE id = :id AND done_at IS NULL
        """,
        {
            "id": outbox_id,
            "error": error,
            "delay": DELAYS_S[min(attempts, len(DELAYS_S)) - 1] if attempts else 0,
            "given_up": given_up,
        },
    )
    return given_up


def stuck(
    session: Session, *, only_failed: bool = False, limit: int = 50, offset: int = 0
) -> tuple[list[StuckRow], int]:
    """Return one page of the news that failed, given-up rows first, and how many there are in all. For the office."""
    rows = run(
        session,
        """
        SELECT o.id, o.event, m.name, o.created_at, o.attempts, o.not_before, o.failed_at, o.error, count(*) OVER () AS total
        FROM outbox o LEFT JOIN merchants m ON m.id = o.scope_id
        WHERE o.done_at IS NULL AND (o.failed_at IS NOT NULL OR (NOT :only_failed AND o.error <> ''))
        ORDER BY o.failed_at IS NULL, o.created_at, o.id LIMIT :limit OFFSET :offset
        """,
        {"only_failed": only_failed, "limit": limit, "offset": offset},
    )
    return [StuckRow(*row[:8]) for row in rows], rows[0].total if rows else 0


def count_failed(session: Session) -> int:
    """Return how much news was given up and waits for a person."""
    [row] = run(session, "SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL AND done_at IS NULL")
    return row[0]


def try_again(session: Session, outbox_id: UUID) -> None:
    """Let given-up or resting news go out now, with a fresh count of tries. Raises `NotFoundError` when there is none to try."""
    rows = run(
        session,
        """
        UPDATE outbox SET failed_at = NULL, attempts = 0, not_before = now(), error = ''
        WHERE id = :id AND done_at IS NULL AND (failed_at IS NOT NULL OR error <> '') RETURNING id
        """,
        {"id": outbox_id},
    )
    if not rows:
        raise NotFoundError("This news has arrived in the meantime; there is nothing to try again.")
