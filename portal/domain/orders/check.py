"""The proof that orders agree with their stock: stored progress is what the rule says, and nobody was promised too much.

Runs as `portal_maintenance`, which sees every merchant and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.orders.rules import Quantities, progress
from portal.domain.stock.check import MOST_LINES, Comparison
from portal.kernel.db import run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ORDERS = """
SELECT o.number, m.code, o.state, o.progress, coalesce(w.wanted, 0)::int, coalesce(b.allocated, 0)::int, coalesce(b.picked, 0)::int,
       coalesce(b.packed, 0)::int, coalesce(b.shipped, 0)::int
FROM orders o JOIN merchants m ON m.id = o.merchant_id
LEFT JOIN (SELECT merchant_id, order_id, sum(quantity - quantity_cancelled) AS wanted FROM order_lines
           WHERE requires_shipping GROUP BY merchant_id, order_id) w ON w.merchant_id = o.merchant_id AND w.order_id = o.id
LEFT JOIN (SELECT l.merchant_id, l.order_id,
                  sum(b.quantity) FILTER (WHERE b.stage = 'allocated') AS allocated, sum(b.quantity) FILTER (WHERE b.stage = 'picked') AS picked,
                  sum(b.quantity) FILTER (WHERE b.stage = 'packed') AS packed, sum(b.quantity) FILTER (WHERE b.stage = 'shipped') AS shipped
           FROM order_lines l JOIN line_balances b ON b.merchant_id = l.merchant_id AND b.order_line_id = l.id
           GROUP BY l.merchant_id, l.order_id) b ON b.merchant_id = o.merchant_id AND b.order_id = o.id
ORDER BY m.code, o.number
"""

_TOO_MUCH = """
SELECT format('order %s, line %s (%s): %s of %s', o.number, l.position, l.sku_code, sum(b.quantity), l.quantity - l.quantity_cancelled)
FROM order_lines l JOIN orders o ON o.merchant_id = l.merchant_id AND o.id = l.order_id
JOIN line_balances b ON b.merchant_id = l.merchant_id AND b.order_line_id = l.id
GROUP BY o.number, l.position, l.sku_code, l.quantity, l.quantity_cancelled, l.merchant_id, l.id
HAVING sum(b.quantity) > l.quantity - l.quantity_cancelled ORDER BY 1 LIMIT :most
"""


def check_orders(session: Session) -> list[Comparison]:
    """Compare every order's stored progress with the rule, and every line's goods with what was ordered."""
    rows = run(session, _ORDERS)
    wrong: list[str] = []
    for number, merchant, state, stored, *stages in rows:
        quantities = Quantities(*stages)
        expected = progress(quantities) if state != "cancelled" else "cancelled"
        # An order that has just arrived is `received` until allocation has looked at it, and may have got nothing yet.
        untouched = stored == "received" and state == "open" and sum(stages[1:]) == 0
        if stored != expected and not untouched:
            wrong.append(f"order {number} of {merchant} ({state}) says {stored}, its lines say {expected}")
        if state == "cancelled" and quantities.allocated:
            wrong.append(
                f"order {number} of {merchant} is cancelled and still has {quantities.allocated} allocated"
            )
    [lines] = run(session, "SELECT count(*) FROM order_lines")
    too_much = tuple(row[0] for row in run(session, _TOO_MUCH, {"most": MOST_LINES}))
    return [
        Comparison("orders' progress with their lines", len(rows), tuple(wrong[:MOST_LINES])),
        Comparison("order lines' goods with what was ordered", lines[0], too_much),
    ]
