"""Promising stock to orders: oldest promise first, never more than there is, in one statement however many orders wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.orders.commands.progress import refresh_progress
from portal.kernel.db import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

_WAITING_SKUS = """
SELECT DISTINCT l.sku_id FROM orders o JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.id
WHERE o.merchant_id = :merchant AND o.state = 'open' AND o.progress IN ('received', 'waiting_for_stock', 'picking')
  AND l.requires_shipping AND (NOT :some_orders OR o.id = ANY (:orders)) AND (NOT :some_skus OR l.sku_id = ANY (:skus))
"""

# Needs and stock are laid on one number line per SKU, in their orders of precedence; where two stretches overlap, that
# much of this stock goes to that line. Stock of the earliest expiry goes first, then the fullest place's.
_ALLOCATE = """
WITH need AS (
  SELECT o.merchant_id, o.site_id, l.order_id, l.id AS line_id, l.sku_id,
         l.quantity - l.quantity_cancelled - coalesce(got.quantity, 0) AS quantity, o.priority, o.promised_on, o.placed_at
  FROM orders o
  JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.id
  LEFT JOIN LATERAL (SELECT sum(b.quantity) AS quantity FROM line_balances b
                     WHERE b.merchant_id = l.merchant_id AND b.order_line_id = l.id) got ON true
  WHERE o.merchant_id = :merchant AND o.id = ANY (:orders) AND o.state = 'open'
    AND l.requires_shipping AND l.sku_id = ANY (:skus)
),
needed AS (
  SELECT *, sum(quantity) OVER w AS until FROM need WHERE quantity > 0
  WINDOW w AS (PARTITION BY site_id, sku_id ORDER BY priority DESC, promised_on, placed_at, order_id, line_id ROWS UNBOUNDED PRECEDING)
),
stocked AS (
  SELECT b.site_id, b.sku_id, b.lot_id, b.place_id, b.quantity,
         sum(b.quantity) OVER (PARTITION BY b.site_id, b.sku_id
           ORDER BY t.expires_on NULLS LAST, b.quantity DESC, b.place_id, b.lot_id ROWS UNBOUNDED PRECEDING) AS until
  FROM balances b JOIN places p ON p.id = b.place_id
  LEFT JOIN lots t ON t.merchant_id = b.merchant_id AND t.id = b.lot_id
  WHERE b.merchant_id = :merchant AND b.sku_id = ANY (:skus) AND b.condition = 'available' AND b.quantity > 0
    AND p.kind IN ('dock', 'storage')
)
INSERT INTO movements (merchant_id, site_id, sku_id, lot_id, quantity, from_place_id, from_condition, to_place_id, to_condition,
                       because, note, order_line_id, by_user_id, at)
SELECT n.merchant_id, n.site_id, n.sku_id, s.lot_id,
       least(n.until, s.until) - greatest(n.until - n.quantity, s.until - s.quantity),
       s.place_id, 'available', s.place_id, 'allocated', 'allocate', '', n.line_id, :by, :at
FROM needed n JOIN stocked s ON s.site_id = n.site_id AND s.sku_id = n.sku_id
 AND s.until - s.quantity < n.until AND n.until - n.quantity < s.until
RETURNING order_line_id
"""

_TOUCHED = """
SELECT o.id FROM orders o
WHERE o.merchant_id = :merchant AND o.state = 'open' AND o.progress IN ('received', 'waiting_for_stock', 'picking')
  AND EXISTS (SELECT 1 FROM order_lines l WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id
              AND l.requires_shipping AND l.sku_id = ANY (:skus))
ORDER BY o.id FOR UPDATE
"""


def allocate(
    session: Session,
    *,
    merchant_id: UUID,
    order_ids: Sequence[UUID] = (),
    sku_ids: Sequence[UUID] = (),
    by: UUID | None,
    at: datetime,
) -> int:
    """Give a merchant's waiting orders their stock; return how many movements that took.

    Looks at the SKUs of `order_ids` and at `sku_ids` (at everything that waits when both are empty). Among the orders
    that need a SKU, priority comes first, then the oldest promise, then the order placed first.
    """
    parameters = {
        "merchant": merchant_id, "some_orders": bool(order_ids), "orders": list(order_ids), "some_skus": bool(sku_ids), "skus": list(sku_ids),
    }  # fmt: skip
    skus = sorted(row.sku_id for row in run(session, _WAITING_SKUS, parameters))
    if not skus:
        return 0
    # Orders before stock, as picking, packing and shipping do: who locks in another order waits for ever.
    touched = [row.id for row in run(session, _TOUCHED, {"merchant": merchant_id, "skus": skus})]
    run(session, "SELECT ledger_lock(:merchant, :skus)", {"merchant": merchant_id, "skus": skus})
    moved = run(
        session, _ALLOCATE, {"merchant": merchant_id, "skus": skus, "orders": touched, "by": by, "at": at}
    )
    refresh_progress(session, merchant_id=merchant_id, order_ids=touched, at=at)
    return len(moved)


def release_stock(
    session: Session, *, merchant_id: UUID, order_id: UUID, because: str, by: UUID | None, at: datetime
) -> int:
    """Give back what an order has been promised and nobody has picked yet; return how many movements that took."""
    moved = run(
        session,
        """
        INSERT INTO movements (merchant_id, site_id, sku_id, lot_id, quantity, from_place_id, from_condition, to_place_id, to_condition,
                               because, note, order_line_id, by_user_id, at)
        SELECT b.merchant_id, b.site_id, b.sku_id, b.lot_id, b.quantity, b.place_id, 'allocated', b.place_id, 'available',
               'deallocate', :note, b.order_line_id, :by, :at
        FROM line_balances b JOIN order_lines l ON l.merchant_id = b.merchant_id AND l.id = b.order_line_id
        WHERE b.merchant_id = :merchant AND l.order_id = :order AND b.stage = 'allocated' AND b.quantity > 0
        RETURNING id
        """,
        {"merchant": merchant_id, "order": order_id, "note": because, "by": by, "at": at},
    )
    return len(moved)
