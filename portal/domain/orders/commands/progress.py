"""Keeping the stored progress of orders equal to what their lines' stock says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import bindparam, update

from portal.domain.orders.models import Order
from portal.domain.orders.queries import line_quantities
from portal.domain.orders.rules import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Table
    from sqlalchemy.orm import Session


def refresh_progress(
    session: Session, *, merchant_id: UUID, order_ids: Sequence[UUID], at: datetime
) -> dict[UUID, str]:
    """Compute the progress of open orders from their lines and store it where it changed; return what changed."""
    changes: dict[UUID, str] = {}
    for row in line_quantities(session, merchant_id, order_ids):
        if row.state == "open" and (new := progress(row.quantities)) != row.progress:
            changes[row.order_id] = new
    if changes:
        table = Order.__table__
        session.connection().execute(
            update(cast("Table", table))
            .where(table.c.merchant_id == merchant_id, table.c.id == bindparam("order"))
            .values(progress=bindparam("new"), shipped_at=bindparam("shipped")),
            [
                {"order": order_id, "new": new, "shipped": at if new == "shipped" else None}
                for order_id, new in changes.items()
            ],
        )
    return changes
