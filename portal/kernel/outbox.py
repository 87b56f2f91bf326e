"""News that has to travel: an event is written as a row in the transaction of the command that caused it.

Delivery (dispatcher, queue, worker) is `portal.jobs`; nothing here knows Redis.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from sqlalchemy.orm import Session


class Event(Protocol):
    """A frozen dataclass in the past tense. With a `merchant_id` it is that merchant's news, otherwise the operator's."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class OutboxEvent(Base):
    """An event that waits for its reactions, is leased to a worker, is done, or failed for good."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("scope_kind IN ('merchant', 'operator')", name="scope_kind_is_known"),
        CheckConstraint(
            "(scope_kind = 'merchant') = (scope_id IS NOT NULL)", name="merchant_news_names_the_merchant"
        ),
        Index(
            "ix_outbox_waiting", "not_before", "id", postgresql_where="done_at IS NULL AND failed_at IS NULL"
        ),
        Index("ix_outbox_failed_at", "failed_at", postgresql_where="failed_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, server_default=func.uuidv7())
    event: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scope_kind: Mapped[str]
    scope_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")


class Receipt(Base):
    """One reaction to one event has been carried out; written in the reaction's own transaction."""

    __tablename__ = "outbox_receipts"

    outbox_id: Mapped[UUID] = mapped_column(ForeignKey("outbox.id"), primary_key=True)
    reaction: Mapped[str] = mapped_column(primary_key=True)
    done_at: Mapped[datetime] = mapped_column(server_default=func.now())


def record(session: Session, *events: Event) -> None:
    """Write the events beside the change that caused them; they travel when (and only when) it commits."""
    record_all(session, events)


def record_all(session: Session, events: Sequence[Event]) -> None:
    """Write many events in one statement."""
    if events:
        session.execute(insert(OutboxEvent), [_row(event) for event in events])


def _row(event: Event) -> dict[str, Any]:
    payload = {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in dataclasses.asdict(event).items()
    }
    merchant_id = payload.get("merchant_id")
    return {
        "id": new_id(),
        "event": type(event).__name__,
        "payload": payload,
        "scope_kind": "merchant" if merchant_id else "operator",
        "scope_id": UUID(merchant_id) if merchant_id else None,
    }
