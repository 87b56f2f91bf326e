"""The timeline of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from portal.domain.orders.models import OrderEvent

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


def add_event(
    session: Session,
    *,
    merchant_id: UUID,
    order_id: UUID,
    site_id: UUID,
    kind: str,
    sentence: str,
    by: UUID | None,
    at: datetime,
) -> None:
    """Write one line into an order's timeline: a kind for machines, a sentence for people."""
    session.execute(
        insert(OrderEvent).values(
            merchant_id=merchant_id,
            order_id=order_id,
            site_id=site_id,
            kind=kind,
            sentence=sentence,
            by_user_id=by,
            at=at,
        )
    )
