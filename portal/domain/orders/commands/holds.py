"""Stopping and cancelling orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from portal.domain.orders.commands.allocation import release_stock
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.events import OrderCancelled
from portal.domain.orders.models import Hold, Order
from portal.domain.orders.queries import lock_order
from portal.domain.orders.states import ORDER_MOVES
from portal.kernel.errors import NotFoundError, UnprocessableError, WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


def place_hold(
    session: Session,
    *,
    merchant_id: UUID,
    order_id: UUID,
    kind: str,
    reason: str,
    owner: str,
    next_step: str,
    by: UUID | None,
    at: datetime,
) -> UUID:
    """Stop an order that has not shipped, for a reason; it cannot be picked, packed or shipped until the hold is released.

    `owner` is `merchant` or `operator`: who has to act. Raises `WrongStateError` for an order that has shipped.
    """
    if not reason.strip() or not next_step.strip():
        raise UnprocessableError("A hold needs a reason and a next step, so that somebody can end it.")
    order = lock_order(session, merchant_id, order_id)
    if order.progress == "shipped" or order.state != "open":
        raise WrongStateError(
            f"Order {order.number} is {order.progress if order.state == 'open' else order.state}; it cannot be held any more."
        )
    hold_id = new_id()
    session.execute(
        insert(Hold).values(
            merchant_id=merchant_id, id=hold_id, order_id=order_id, site_id=order.site_id, kind=kind, reason=reason.strip(),
            owner=owner, next_step=next_step.strip(), placed_at=at, placed_by=by,
        )
    )  # fmt: skip
    add_event(
        session,
        merchant_id=merchant_id,
        order_id=order_id,
        site_id=order.site_id,
        kind="held",
        sentence=f"Put on hold: {reason.strip()}",
        by=by,
        at=at,
    )
    return hold_id


def release_hold(
    session: Session,
    *,
    merchant_id: UUID,
    hold_id: UUID,
    by: UUID | None,
    at: datetime,
    owners: tuple[str, ...] = ("merchant", "operator"),
) -> UUID:
    """End a hold; return its order's id. `owners`: whose holds the caller may end.

    Raises `NotFoundError` when the merchant has no such open hold of these owners.
    """
    row = session.execute(
        update(Hold)
        .where(
            Hold.merchant_id == merchant_id,
            Hold.id == hold_id,
            Hold.released_at.is_(None),
            Hold.owner.in_(owners),
        )
        .values(released_at=at, released_by=by)
        .returning(Hold.order_id, Hold.site_id, Hold.reason)
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such open hold.")
    add_event(
        session,
        merchant_id=merchant_id,
        order_id=row.order_id,
        site_id=row.site_id,
        kind="released",
        sentence=f"Hold released: {row.reason}",
        by=by,
        at=at,
    )
    return row.order_id


def cancel_order(
    session: Session, *, merchant_id: UUID, order_id: UUID, by: UUID | None, at: datetime
) -> None:
    """Cancel an order of which nothing has been picked, and free its stock; by `OrderCancelled` it goes to whoever waits for it.

    Raises `WrongStateError` once picking has begun: then the floor has to put goods back first.
    """
    order = lock_order(session, merchant_id, order_id)
    target = ORDER_MOVES.target("cancel", order.state)
    if order.progress not in ("received", "waiting_for_stock", "ready"):
        raise WrongStateError(
            f"Order {order.number} is {order.progress} already. Put it on hold, so that the floor stops and puts the goods back."
        )
    release_stock(
        session, merchant_id=merchant_id, order_id=order_id, because="order cancelled", by=by, at=at
    )
    session.execute(
        update(Order)
        .where(Order.merchant_id == merchant_id, Order.id == order_id)
        .values(state=target, progress="cancelled", cancelled_at=at)
    )
    add_event(
        session,
        merchant_id=merchant_id,
        order_id=order_id,
        site_id=order.site_id,
        kind="cancelled",
        sentence="Order cancelled.",
        by=by,
        at=at,
    )
    record(session, OrderCancelled(merchant_id=merchant_id, order_id=order_id))
