"""What orders do about news: whatever frees or brings stock serves the orders that wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.queries import get_order
from portal.kernel import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.domain.orders.events import OrderCancelled
    from portal.domain.stock.events import StockReceived


def allocate_received(session: Session, event: StockReceived, _config: object) -> None:
    """Give stock that came in to the orders that wait for it, the oldest promise first."""
    allocate(session, merchant_id=event.merchant_id, sku_ids=[event.sku_id], by=None, at=clock.now())


def allocate_freed(session: Session, event: OrderCancelled, _config: object) -> None:
    """Give the stock of a cancelled order to the orders that wait for the same SKUs."""
    lines = get_order(session, event.merchant_id, event.order_id).lines
    freed = [line.sku_id for line in lines if line.sku_id is not None]
    if freed:
        allocate(session, merchant_id=event.merchant_id, sku_ids=freed, by=None, at=clock.now())
