"""Reads of one order: everything its page shows, and why it has not shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.domain.accounts.queries import merchant_calendar
from portal.domain.orders.models import Hold, Order, Recipient
from portal.domain.orders.rules import MANY_AHEAD, Missing, Quantities, Situation, Why
from portal.domain.orders.rules import why_not_shipped as say_why
from portal.kernel import clock
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """What commands need of an order that they hold locked."""

    merchant_id: UUID
    id: UUID
    site_id: UUID
    number: str
    state: str
    progress: str
    service: str
    promised_on: date


@dataclass(frozen=True, slots=True)
class LineQuantities:
    """An order's state and its eaches by stage."""

    order_id: UUID
    state: str
    progress: str
    quantities: Quantities


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of an order with how far its eaches have come."""

    id: UUID
    position: int
    sku_id: UUID | None
    sku_code: str
    name: str
    attributes: str
    quantity: int
    quantity_cancelled: int
    unit_price_minor: int | None
    requires_shipping: bool
    allocated: int
    picked: int
    packed: int
    shipped: int


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold, open while `released_at` is None."""

    merchant_id: UUID
    order_id: UUID
    id: UUID
    kind: str
    reason: str
    owner: str
    next_step: str
    placed_at: datetime
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """A line of the timeline."""

    at: datetime
    kind: str
    sentence: str
    by_name: str | None


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """Who gets the order, and where."""

    name: str
    company: str
    address1: str
    address2: str
    city: str
    region: str
    postcode: str
    country: str
    email: str
    phone: str

    @property
    def address_lines(self) -> tuple[str, ...]:
        """Return the address as it is written on paper, without the blank lines."""
        town = " ".join(part for part in (self.city, self.region, self.postcode) if part)
        return tuple(
            line
            for line in (self.name, self.company, self.address1, self.address2, town, self.country)
            if line
        )


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Everything that an order's page shows of the order itself."""

    merchant_id: UUID
    id: UUID
    site_id: UUID
    channel: str
    external_id: str
    number: str
    state: str
    progress: str
    priority: int
    service: str
    currency: str
    total_minor: int | None
    note: str
    placed_at: datetime
    promised_on: date
    created_at: datetime
    shipped_at: datetime | None
    cancelled_at: datetime | None
    recipient: RecipientRow | None
    lines: tuple[LineRow, ...]
    holds: tuple[HoldRow, ...]
    timeline: tuple[EventRow, ...]
    why: Why

    @property
    def units(self) -> int:
        """Return how many eaches have to ship."""
        return sum(line.quantity - line.quantity_cancelled for line in self.lines if line.requires_shipping)


def lock_order(session: Session, merchant_id: UUID, order_id: UUID) -> LockedOrder:
    """Lock an order for the rest of the transaction and return it; `NotFoundError` when the scope sees none."""
    row = session.execute(
        select(
            Order.merchant_id,
            Order.id,
            Order.site_id,
            Order.number,
            Order.state,
            Order.progress,
            Order.service,
            Order.promised_on,
        )
        .where(Order.merchant_id == merchant_id, Order.id == order_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such order.")
    return LockedOrder(*row)


def line_quantities(session: Session, merchant_id: UUID, order_ids: Sequence[UUID]) -> list[LineQuantities]:
    """Return each order's eaches by stage, in one statement."""
    rows = run(
        session,
        """
        SELECT o.id, o.state, o.progress,
               coalesce((SELECT sum(l.quantity - l.quantity_cancelled) FROM order_lines l
                         WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id AND l.requires_shipping), 0)::int AS wanted,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'allocated'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'picked'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'packed'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'shipped'), 0)::int
        FROM orders o
        LEFT JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.id
        LEFT JOIN line_balances b ON b.merchant_id = l.merchant_id AND b.order_line_id = l.id
        WHERE o.merchant_id = :merchant AND o.id = ANY (:orders)
        GROUP BY o.merchant_id, o.id, o.state, o.progress
        """,
        {"merchant": merchant_id, "orders": list(order_ids)},
    )
    return [LineQuantities(row[0], row[1], row[2], Quantities(*row[3:])) for row in rows]


def open_holds(session: Session, order_ids: Sequence[UUID]) -> list[HoldRow]:
    """Return the open holds of some orders, oldest first."""
    statement = (
        _holds()
        .where(Hold.order_id.in_(list(order_ids)), Hold.released_at.is_(None))
        .order_by(Hold.placed_at, Hold.id)
    )
    return [HoldRow(*row) for row in session.execute(statement)]


def whys_not_shipped(session: Session, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, Why]:
    """Say of each of a merchant's orders why it has not shipped: a reason, an owner, a next step.

    Costs as many statements for many orders as for one. Orders that the scope does not see are left out.
    """
    rows = session.execute(
        select(Order.id, Order.state, Order.progress, Order.promised_on).where(
            Order.merchant_id == merchant_id, Order.id.in_(list(order_ids))
        )
    ).all()
    return _whys(session, merchant_id, rows, open_holds(session, order_ids))


def _whys(
    session: Session,
    merchant_id: UUID,
    rows: Sequence[Any],
    holds: Sequence[HoldRow],
) -> dict[UUID, Why]:
    """Say why orders have not shipped, of which rows (of either select) and open holds have been read."""
    progress = {row.id: row.progress for row in rows if row.state == "open"}
    missing = _missing(session, merchant_id, _in(progress, "received", "waiting_for_stock", "picking"))
    ahead = _ahead(session, merchant_id, _in(progress, "ready"))
    picked = _in(progress, "picked")
    quantities = line_quantities(session, merchant_id, picked) if picked else []
    packing = {line.order_id for line in quantities if line.quantities.packed > 0}
    today = clock.today(merchant_calendar(session, merchant_id).timezone)
    return {
        row.id: say_why(
            Situation(
                state=row.state, progress=row.progress, promised_on=row.promised_on, today=today,
                holds=tuple((hold.reason, hold.owner, hold.next_step) for hold in holds if hold.order_id == row.id),
                missing=tuple(missing.get(row.id, ())), ahead=ahead.get(row.id, 0), packing=row.id in packing,
            )
        )
        for row in rows
    }  # fmt: skip


def _in(progress: dict[UUID, str], *stages: str) -> list[UUID]:
    return [order_id for order_id, stage in progress.items() if stage in stages]


def _missing(session: Session, merchant_id: UUID, order_ids: list[UUID]) -> dict[UUID, list[Missing]]:
    found: dict[UUID, list[Missing]] = {}
    if order_ids:
        for order_id, *missing in run(session, _MISSING, {"merchant": merchant_id, "orders": order_ids}):
            found.setdefault(order_id, []).append(Missing(*missing))
    return found


def _ahead(session: Session, merchant_id: UUID, order_ids: list[UUID]) -> dict[UUID, int]:
    if not order_ids:
        return {}
    asked = {"merchant": merchant_id, "orders": order_ids, "most": MANY_AHEAD}
    return {row[0]: row[1] for row in run(session, _AHEAD, asked)}


_MISSING = """
SELECT l.order_id, l.sku_code, (l.quantity - l.quantity_cancelled - coalesce(got.quantity, 0))::int AS needed,
       coalesce(free.quantity, 0)::int, s.state = 'draft'
FROM order_lines l JOIN skus s ON s.merchant_id = l.merchant_id AND s.id = l.sku_id
LEFT JOIN LATERAL (SELECT sum(b.quantity) AS quantity FROM line_balances b
                   WHERE b.merchant_id = l.merchant_id AND b.order_line_id = l.id) got ON true
LEFT JOIN LATERAL (SELECT sum(b.quantity) AS quantity FROM balances b
                   WHERE b.merchant_id = l.merchant_id AND b.sku_id = l.sku_id AND b.condition = 'available' AND b.physical) free ON true
WHERE l.merchant_id = :merchant AND l.order_id = ANY (:orders) AND l.requires_shipping
  AND l.quantity - l.quantity_cancelled > coalesce(got.quantity, 0)
ORDER BY l.order_id, l.position
"""

_AHEAD = """
SELECT o.id, (SELECT count(*) FROM (
  SELECT 1 FROM orders a
  WHERE a.site_id = o.site_id AND a.progress = 'ready' AND (-a.priority, a.promised_on, a.placed_at) < (-o.priority, o.promised_on, o.placed_at)
  LIMIT :most) AS before_it)
FROM orders o WHERE o.merchant_id = :merchant AND o.id = ANY (:orders)
"""


def get_order(session: Session, merchant_id: UUID, order_id: UUID) -> OrderPage:
    """Return everything that an order's page shows; `NotFoundError` when the scope sees no such order.

    Not for the floor, which may not read prices.
    """
    row = session.execute(
        select(
            Order.merchant_id, Order.id, Order.site_id, Order.channel, Order.external_id, Order.number, Order.state, Order.progress,
            Order.priority, Order.service, Order.currency, Order.total_minor, Order.note, Order.placed_at, Order.promised_on,
            Order.created_at, Order.shipped_at, Order.cancelled_at,
        ).where(Order.merchant_id == merchant_id, Order.id == order_id)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFoundError("There is no such order.")
    holds = tuple(
        HoldRow(*hold)
        for hold in session.execute(
            _holds()
            .where(Hold.merchant_id == merchant_id, Hold.order_id == order_id)
            .order_by(Hold.placed_at, Hold.id)
        )
    )
    return OrderPage(
        *row,
        recipient=find_recipient(session, merchant_id, order_id),
        lines=_lines(session, merchant_id, order_id),
        holds=holds,
        timeline=_timeline(session, merchant_id, order_id),
        why=_whys(session, merchant_id, [row], [hold for hold in holds if hold.released_at is None])[
            order_id
        ],
    )


def find_recipient(session: Session, merchant_id: UUID, order_id: UUID) -> RecipientRow | None:
    """Return who gets an order, and where; None when the scope sees nobody."""
    r = Recipient
    row = session.execute(
        select(
            r.name,
            r.company,
            r.address1,
            r.address2,
            r.city,
            r.region,
            r.postcode,
            r.country,
            r.email,
            r.phone,
        ).where(r.merchant_id == merchant_id, r.order_id == order_id)
    ).one_or_none()
    return RecipientRow(*row) if row else None


def _lines(session: Session, merchant_id: UUID, order_id: UUID) -> tuple[LineRow, ...]:
    rows = run(
        session,
        """
        SELECT l.id, l.position, l.sku_id, l.sku_code, l.name, l.attributes, l.quantity, l.quantity_cancelled, l.unit_price_minor,
               l.requires_shipping,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'allocated'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'picked'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'packed'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.stage = 'shipped'), 0)::int
        FROM order_lines l LEFT JOIN line_balances b ON b.merchant_id = l.merchant_id AND b.order_line_id = l.id
        WHERE l.merchant_id = :merchant AND l.order_id = :order
        GROUP BY l.merchant_id, l.id ORDER BY l.position
        """,
        {"merchant": merchant_id, "order": order_id},
    )
    return tuple(LineRow(*row) for row in rows)


def _timeline(session: Session, merchant_id: UUID, order_id: UUID) -> tuple[EventRow, ...]:
    rows = run(
        session,
        """
        SELECT e.at, e.kind, e.sentence, u.display_name FROM order_events e LEFT JOIN users u ON u.id = e.by_user_id
        WHERE e.merchant_id = :merchant AND e.order_id = :order ORDER BY e.at, e.id
        """,
        {"merchant": merchant_id, "order": order_id},
    )
    return tuple(EventRow(*row) for row in rows)


def _holds():  # noqa: ANN202 (the select's full type is longer than its use)
    h = Hold
    return select(
        h.merchant_id, h.order_id, h.id, h.kind, h.reason, h.owner, h.next_step, h.placed_at, h.released_at
    )
