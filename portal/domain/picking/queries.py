"""Reads of walks: what to do next, where to go, what lies in totes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.kernel.db import run

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A walk: who walks it since when, how many orders are in it, how many picks it has and how many are done."""

    id: UUID
    number: str
    user_id: UUID
    user_name: str
    started_at: datetime
    orders: int
    picks: int
    done: int


@dataclass(frozen=True, slots=True)
class PickRow:
    """The next thing to take: from where, what, how many, into which tote. `position` counts from 1."""

    id: UUID
    batch_id: UUID
    batch_number: str
    merchant_id: UUID
    merchant_name: str
    order_id: UUID
    order_number: str
    order_line_id: UUID
    sku_id: UUID
    sku_code: str
    sku_name: str
    lot_id: UUID | None
    lot_code: str | None
    place_id: UUID
    place_code: str
    tote_id: UUID
    tote_code: str
    quantity: int
    quantity_picked: int
    place_scanned: bool
    position: int
    picks: int
    orders: int

    @property
    def left(self) -> int:
        """Return how many eaches are still to be taken."""
        return self.quantity - self.quantity_picked


@dataclass(frozen=True, slots=True)
class ToteRow:
    """A tote that waits to be packed: the order in it, and how many eaches."""

    place_id: UUID
    code: str
    merchant_id: UUID
    merchant_name: str
    order_id: UUID
    order_number: str
    promised_on: date
    units: int
    held: bool


@dataclass(frozen=True, slots=True)
class StoppedOrder:
    """An order of a walk that was held or cancelled meanwhile: what of it lies in its tote, and why."""

    merchant_id: UUID
    order_id: UUID
    order_number: str
    tote_code: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True)
class WorkAhead:
    """What the floor has to do, as one worker sees it."""

    batch: BatchRow | None
    totes: int
    """Totes that can be packed now."""
    ready: int
    """Orders that can be picked now."""


# An order is stopped while a hold is open or when nobody wants it any more. Its picks are not offered.
_PICKS = """
WITH open AS (
  SELECT k.*, row_number() OVER (ORDER BY k.sequence) AS position, count(*) OVER () AS picks,
         (SELECT count(*) FROM batch_orders n WHERE n.site_id = k.site_id AND n.batch_id = k.batch_id) AS orders
  FROM picks k WHERE k.site_id = :site AND k.batch_id = :batch
)
SELECT k.id, k.batch_id, b.number, k.merchant_id, m.name, k.order_id, o.number, k.order_line_id, k.sku_id, s.code, s.name,
       k.lot_id, t.code, k.place_id, p.code, k.tote_id, c.code, k.quantity, k.quantity_picked, k.place_scanned_at IS NOT NULL,
       k.position, k.picks, k.orders
FROM open k
JOIN batches b ON b.site_id = k.site_id AND b.id = k.batch_id
JOIN orders o ON o.merchant_id = k.merchant_id AND o.id = k.order_id
JOIN merchants m ON m.id = k.merchant_id
JOIN skus s ON s.merchant_id = k.merchant_id AND s.id = k.sku_id
LEFT JOIN lots t ON t.merchant_id = k.merchant_id AND t.id = k.lot_id
JOIN places p ON p.id = k.place_id JOIN places c ON c.id = k.tote_id
WHERE k.quantity_picked < k.quantity
  AND (:stopped_too OR (o.state = 'open' AND NOT EXISTS (
    SELECT 1 FROM holds h WHERE h.merchant_id = k.merchant_id AND h.order_id = k.order_id AND h.released_at IS NULL)))
ORDER BY k.sequence LIMIT 1
"""

_BATCHES = """
SELECT b.id, b.number, b.user_id, u.display_name, b.started_at,
       (SELECT count(*) FROM batch_orders o WHERE o.site_id = b.site_id AND o.batch_id = b.id),
       (SELECT count(*) FROM picks k WHERE k.site_id = b.site_id AND k.batch_id = b.id),
       (SELECT count(*) FROM picks k WHERE k.site_id = b.site_id AND k.batch_id = b.id AND k.quantity_picked = k.quantity)
FROM batches b JOIN users u ON u.id = b.user_id
WHERE b.site_id = :site AND b.state = 'picking' AND (CAST(:worker AS uuid) IS NULL OR b.user_id = :worker)
ORDER BY b.started_at
"""

_TOTES = """
SELECT p.id, p.code, n.merchant_id, m.name, n.order_id, o.number, o.promised_on, sum(b.quantity)::int,
       EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = n.merchant_id AND h.order_id = n.order_id AND h.released_at IS NULL)
FROM batch_orders n
JOIN batches w ON w.site_id = n.site_id AND w.id = n.batch_id AND w.state <> 'picking'
JOIN orders o ON o.merchant_id = n.merchant_id AND o.id = n.order_id AND o.state = 'open' AND o.progress = 'picked'
JOIN merchants m ON m.id = n.merchant_id
JOIN places p ON p.id = n.tote_id
JOIN line_balances b ON b.site_id = n.site_id AND b.place_id = n.tote_id AND b.quantity > 0
WHERE n.site_id = :site AND n.tote_free_at IS NULL
GROUP BY p.id, p.code, n.merchant_id, m.name, n.order_id, o.number, o.promised_on, o.priority
ORDER BY 9, o.priority DESC, o.promised_on, o.number
"""

# Ready to be walked for: nothing stops it, and no walk has it. An order that lay half picked in a tote when a walk ended comes
# again when the rest of it has its stock.
READY = """
o.site_id = :site AND o.state = 'open' AND o.progress IN ('ready', 'picking')
AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = o.merchant_id AND h.order_id = o.id AND h.released_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM batch_orders n JOIN batches w ON w.site_id = n.site_id AND w.id = n.batch_id
                WHERE n.merchant_id = o.merchant_id AND n.order_id = o.id AND w.state = 'picking')
AND (o.progress = 'ready' OR NOT EXISTS (
  SELECT 1 FROM order_lines l WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id AND l.requires_shipping
  AND l.quantity - l.quantity_cancelled > coalesce((SELECT sum(b.quantity) FROM line_balances b
                                                    WHERE b.merchant_id = l.merchant_id AND b.order_line_id = l.id), 0)))
"""


_COUNT_READY = f"SELECT count(*) FROM orders o WHERE {READY}"  # noqa: S608 (constants of this module)


def find_open_batch(session: Session, site_id: UUID, user_id: UUID) -> BatchRow | None:
    """Return the walk that a worker is on, or None."""
    rows = run(session, _BATCHES, {"site": site_id, "worker": user_id})
    return BatchRow(*rows[0]) if rows else None


def open_batches(session: Session, site_id: UUID) -> list[BatchRow]:
    """Return every walk that is under way at a site, the oldest first."""
    return [BatchRow(*row) for row in run(session, _BATCHES, {"site": site_id, "worker": None})]


def next_pick(
    session: Session, site_id: UUID, batch_id: UUID, *, stopped_too: bool = False
) -> PickRow | None:
    """Return the next pick along the walk, or None when nothing is left. Picks of stopped orders are passed over."""
    rows = run(session, _PICKS, {"site": site_id, "batch": batch_id, "stopped_too": stopped_too})
    return PickRow(*rows[0]) if rows else None


def count_ready(session: Session, site_id: UUID) -> int:
    """Return how many orders of a site can be picked now."""
    [row] = run(session, _COUNT_READY, {"site": site_id})
    return row[0]


def what_next(session: Session, site_id: UUID, user_id: UUID) -> WorkAhead:
    """Return what there is to do for a worker: the own open walk, totes to pack, orders to pick."""
    return WorkAhead(
        batch=find_open_batch(session, site_id, user_id),
        totes=sum(not tote.held for tote in totes_to_pack(session, site_id)),
        ready=count_ready(session, site_id),
    )


def totes_to_pack(session: Session, site_id: UUID) -> list[ToteRow]:
    """Return the totes whose order is picked completely, the most urgent first and held ones last."""
    return [ToteRow(*row) for row in run(session, _TOTES, {"site": site_id})]


def order_in_tote(session: Session, site_id: UUID, place_id: UUID) -> tuple[UUID, UUID] | None:
    """Return (merchant id, order id) of the order that a tote is in use for, or None."""
    rows = run(
        session,
        "SELECT merchant_id, order_id FROM batch_orders WHERE site_id = :site AND tote_id = :tote AND tote_free_at IS NULL",
        {"site": site_id, "tote": place_id},
    )
    return (rows[0][0], rows[0][1]) if rows else None


def stopped_orders(session: Session, site_id: UUID, batch_id: UUID) -> list[StoppedOrder]:
    """Return the orders of a walk that were held or cancelled meanwhile and have picks left."""
    rows = run(
        session,
        """
        SELECT n.merchant_id, n.order_id, o.number, p.code,
               coalesce((SELECT sum(b.quantity) FROM line_balances b WHERE b.site_id = n.site_id AND b.place_id = n.tote_id), 0)::int,
               CASE WHEN o.state <> 'open' THEN 'The order was cancelled.' ELSE h.reason END
        FROM batch_orders n
        JOIN orders o ON o.merchant_id = n.merchant_id AND o.id = n.order_id JOIN places p ON p.id = n.tote_id
        LEFT JOIN LATERAL (SELECT reason FROM holds h WHERE h.merchant_id = n.merchant_id AND h.order_id = n.order_id
                           AND h.released_at IS NULL ORDER BY h.placed_at LIMIT 1) h ON true
        WHERE n.site_id = :site AND n.batch_id = :batch AND (o.state <> 'open' OR h.reason IS NOT NULL)
          AND EXISTS (SELECT 1 FROM picks k WHERE k.site_id = n.site_id AND k.batch_id = n.batch_id AND k.order_id = n.order_id
                      AND k.quantity_picked < k.quantity)
        ORDER BY o.number
        """,
        {"site": site_id, "batch": batch_id},
    )
    return [StoppedOrder(*row) for row in rows]
