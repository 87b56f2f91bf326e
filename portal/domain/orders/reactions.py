"""What orders do about news of stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.orders.commands.allocation import allocate
from portal.kernel import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.domain.stock.events import StockReceived


def allocate_received(session: Session, event: StockReceived, _config: object) -> None:
    """Give stock that came in to the orders that wait for it, the oldest promise first."""
    allocate(session, merchant_id=event.merchant_id, sku_ids=[event.sku_id], by=None, at=clock.now())
