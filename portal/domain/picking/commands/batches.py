"""Beginning and ending walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, update

from portal.domain.picking.models import Batch, BatchOrder, Pick
from portal.domain.picking.queries import READY, find_open_batch
from portal.kernel.db import run
from portal.kernel.errors import NotEnoughError, NotFoundError, WrongStateError
from portal.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

MOST_ORDERS = 6
"""Orders on one cart, unless said otherwise."""

# Rows that another walk is just taking are passed over, so two workers never get the same order.
_TAKE = f"""
SELECT o.merchant_id, o.id FROM orders o WHERE {READY}
ORDER BY o.priority DESC, o.promised_on, o.placed_at, o.id LIMIT :most FOR UPDATE OF o SKIP LOCKED
"""  # noqa: S608 (constants of this room)

# Asked again once the orders are locked: a hold may have come between looking and locking.
_STILL = f"""
SELECT o.merchant_id, o.id, n.tote_id FROM orders o
LEFT JOIN batch_orders n ON n.merchant_id = o.merchant_id AND n.order_id = o.id AND n.tote_free_at IS NULL
WHERE o.id = ANY (:orders) AND {READY}
ORDER BY o.priority DESC, o.promised_on, o.placed_at, o.id
"""  # noqa: S608 (constants of this room)

_FREE_TOTES = """
SELECT p.id FROM places p WHERE p.site_id = :site AND p.kind = 'tote'
  AND NOT EXISTS (SELECT 1 FROM batch_orders n WHERE n.site_id = p.site_id AND n.tote_id = p.id AND n.tote_free_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM balances b WHERE b.site_id = p.site_id AND b.place_id = p.id AND b.quantity > 0)
ORDER BY p.walk_order, p.code LIMIT :most
"""

_PICKS = """
INSERT INTO picks (site_id, id, batch_id, merchant_id, order_id, order_line_id, sku_id, lot_id, place_id, tote_id, sequence, quantity)
SELECT b.site_id, uuidv7(), n.batch_id, b.merchant_id, n.order_id, b.order_line_id, b.sku_id, b.lot_id, b.place_id, n.tote_id,
       row_number() OVER (ORDER BY p.walk_order, p.code, b.merchant_id, b.sku_id, b.lot_id, c.code, l.position), b.quantity
FROM batch_orders n
JOIN order_lines l ON l.merchant_id = n.merchant_id AND l.order_id = n.order_id
JOIN line_balances b ON b.merchant_id = l.merchant_id AND b.order_line_id = l.id AND b.stage = 'allocated' AND b.quantity > 0
JOIN places p ON p.id = b.place_id JOIN places c ON c.id = n.tote_id
WHERE n.site_id = :site AND n.batch_id = :batch
"""


def start_batch(
    session: Session, *, site_id: UUID, user_id: UUID, at: datetime, most_orders: int = MOST_ORDERS
) -> UUID:
    """Begin a walk: the most urgent ready orders of the site, a free tote for each, picks along the walk; return its id.

    A worker who is on a walk gets that one. Raises `NotEnoughError` when no order is ready or no tote is free.
    """
    open_batch = find_open_batch(session, site_id, user_id)
    if open_batch is not None:
        return open_batch.id
    taken = [row.id for row in run(session, _TAKE, {"site": site_id, "most": most_orders})]
    # One after another from here: totes and numbers are given out by site.
    run(session, "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", {"name": f"batch:{site_id}"})
    orders = run(session, _STILL, {"site": site_id, "orders": taken})
    if not orders:
        raise NotEnoughError("No order is ready to be picked now. Pack what waits, or receive stock.")
    totes = [row.id for row in run(session, _FREE_TOTES, {"site": site_id, "most": len(orders)})]
    batch_id = new_id()
    rows: list[tuple[UUID, UUID, UUID, bool]] = []
    for merchant_id, order_id, tote_id in orders:
        if tote_id is not None or totes:
            rows.append((merchant_id, order_id, tote_id or totes.pop(0), tote_id is not None))
    if not rows:
        raise NotEnoughError("Every tote is in use. Pack one first, then its tote is free.")
    session.execute(
        insert(Batch).values(
            id=batch_id,
            site_id=site_id,
            number=_next_number(session, site_id),
            user_id=user_id,
            started_at=at,
        )
    )
    _fill(session, site_id, batch_id, rows)
    run(session, _PICKS, {"site": site_id, "batch": batch_id})
    return batch_id


def _fill(
    session: Session, site_id: UUID, batch_id: UUID, rows: Sequence[tuple[UUID, UUID, UUID, bool]]
) -> None:
    for merchant_id, order_id, tote_id, again in rows:
        if again:
            # The picks of the walk before are done with: what it picked is in the tote, what it left is picked now.
            session.execute(delete(Pick).where(Pick.site_id == site_id, Pick.order_id == order_id))
        session.execute(
            delete(BatchOrder).where(BatchOrder.site_id == site_id, BatchOrder.order_id == order_id)
        )
        session.execute(
            insert(BatchOrder).values(
                site_id=site_id,
                batch_id=batch_id,
                order_id=order_id,
                merchant_id=merchant_id,
                tote_id=tote_id,
            )
        )


def _next_number(session: Session, site_id: UUID) -> str:
    [row] = run(session, "SELECT count(*) FROM batches WHERE site_id = :site", {"site": site_id})
    return f"B-{row[0] + 1:04d}"


def give_back_batch(session: Session, *, site_id: UUID, batch_id: UUID, at: datetime) -> None:
    """End a walk early: orders of which nothing was picked are ready again, picked goods stay in their totes.

    Raises `NotFoundError` when the site has no such open walk.
    """
    lock_batch(session, site_id, batch_id)
    picked = drop_left(session, site_id, batch_id)
    _end(session, batch_id, "picked" if picked else "cancelled", at)


def finish_batch(session: Session, *, site_id: UUID, batch_id: UUID, at: datetime) -> None:
    """End a walk of which only stopped orders are left; what was picked of them stays in their totes.

    Raises `WrongStateError` while there is something to pick.
    """
    lock_batch(session, site_id, batch_id)
    left = run(
        session,
        """
        SELECT 1 FROM picks k JOIN orders o ON o.merchant_id = k.merchant_id AND o.id = k.order_id
        WHERE k.site_id = :site AND k.batch_id = :batch AND k.quantity_picked < k.quantity AND o.state = 'open'
          AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = k.merchant_id AND h.order_id = k.order_id AND h.released_at IS NULL)
        LIMIT 1
        """,
        {"site": site_id, "batch": batch_id},
    )
    if left:
        raise WrongStateError(
            "There is still something to pick on this walk. Pick it, or give the walk back."
        )
    picked = drop_left(session, site_id, batch_id)
    _end(session, batch_id, "picked" if picked else "cancelled", at)


def close_if_done(session: Session, *, site_id: UUID, batch_id: UUID, at: datetime) -> bool:
    """End a walk of which everything is picked; say whether it was."""
    left = run(
        session,
        "SELECT 1 FROM picks WHERE site_id = :site AND batch_id = :batch AND quantity_picked < quantity LIMIT 1",
        {"site": site_id, "batch": batch_id},
    )
    if left:
        return False
    picked = drop_left(session, site_id, batch_id)
    _end(session, batch_id, "picked" if picked else "cancelled", at)
    return True


def drop_left(session: Session, site_id: UUID, batch_id: UUID, order_id: UUID | None = None) -> bool:
    """Take what is not picked out of a walk (of one order, or of all); say whether anything picked stays in it.

    An order without picked goods leaves the walk and its tote; one with some keeps the tote.
    """
    parameters = {"site": site_id, "batch": batch_id, "order": order_id}
    run(
        session,
        """
        DELETE FROM picks WHERE site_id = :site AND batch_id = :batch AND quantity_picked = 0
        AND (CAST(:order AS uuid) IS NULL OR order_id = :order)
        """,
        parameters,
    )
    run(
        session,
        """
        UPDATE picks SET quantity = quantity_picked WHERE site_id = :site AND batch_id = :batch AND quantity_picked < quantity
        AND (CAST(:order AS uuid) IS NULL OR order_id = :order)
        """,
        parameters,
    )
    run(
        session,
        """
        DELETE FROM batch_orders n WHERE n.site_id = :site AND n.batch_id = :batch AND (CAST(:order AS uuid) IS NULL OR n.order_id = :order)
          AND NOT EXISTS (SELECT 1 FROM line_balances b WHERE b.site_id = n.site_id AND b.place_id = n.tote_id AND b.quantity > 0)
        """,
        parameters,
    )
    return bool(
        run(
            session,
            "SELECT 1 FROM batch_orders WHERE site_id = :site AND batch_id = :batch LIMIT 1",
            {"site": site_id, "batch": batch_id},
        )
    )


def lock_batch(session: Session, site_id: UUID, batch_id: UUID) -> None:
    """Lock an open walk for the rest of the transaction; `NotFoundError` when the site has no such open walk."""
    found = run(
        session,
        "SELECT 1 FROM batches WHERE site_id = :site AND id = :batch AND state = 'picking' FOR UPDATE",
        {"site": site_id, "batch": batch_id},
    )
    if not found:
        raise NotFoundError("This walk has ended already.")


def _end(session: Session, batch_id: UUID, state: str, at: datetime) -> None:
    session.execute(update(Batch).where(Batch.id == batch_id).values(state=state, finished_at=at))


def free_tote(session: Session, *, site_id: UUID, order_id: UUID, at: datetime) -> None:
    """Give the tote of an order back to the next walk, once everything in it is packed. Nothing happens while goods are in it."""
    run(
        session,
        """
        UPDATE batch_orders n SET tote_free_at = :at WHERE n.site_id = :site AND n.order_id = :order AND n.tote_free_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM balances b WHERE b.site_id = n.site_id AND b.place_id = n.tote_id AND b.quantity > 0)
        """,
        {"site": site_id, "order": order_id, "at": at},
    )
