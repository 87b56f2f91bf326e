"""Reads of a parcel while it is packed: what is in it, what is missing, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.domain.devices.rules import Answer, stopped
from portal.domain.orders.queries import open_holds
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class PackingLine:
    """A line while its parcel is packed: eaches that this parcel should get, that it has, and that wait in the tote."""

    line_id: UUID
    sku_id: UUID
    sku_code: str
    name: str
    attributes: str
    ordered: int
    packed: int
    elsewhere: int
    waiting: int

    @property
    def wanted(self) -> int:
        """Return the eaches that are in no other parcel."""
        return self.ordered - self.elsewhere

    @property
    def missing(self) -> int:
        """Return the eaches that still have to go in."""
        return self.wanted - self.packed


@dataclass(frozen=True, slots=True)
class PackingState:
    """How far the packing of a parcel has come, and what stops it (None: nothing)."""

    merchant_id: UUID
    order_id: UUID
    parcel_id: UUID
    site_id: UUID
    merchant_name: str
    order_number: str
    number: str
    piece: int
    state: str
    lines: tuple[PackingLine, ...]
    totes: tuple[str, ...]
    stop: Answer | None

    @property
    def packed(self) -> int:
        """Return the eaches in this parcel."""
        return sum(line.packed for line in self.lines)

    @property
    def wanted(self) -> int:
        """Return the eaches that this parcel should get."""
        return sum(line.wanted for line in self.lines)

    @property
    def complete(self) -> bool:
        """Say whether every unit of the order is in a parcel."""
        return all(line.missing == 0 for line in self.lines)


_LINES = """
SELECT l.id, l.sku_id, l.sku_code, l.name, l.attributes, l.quantity - l.quantity_cancelled, coalesce(here.quantity, 0)::int,
       (coalesce(gone.packed, 0) - coalesce(here.quantity, 0))::int, coalesce(gone.picked, 0)::int
FROM parcels p JOIN order_lines l ON l.merchant_id = p.merchant_id AND l.order_id = p.order_id AND l.requires_shipping
LEFT JOIN LATERAL (
  SELECT sum(v.quantity) AS quantity FROM movements v
  WHERE v.site_id = p.site_id AND v.to_place_id = p.place_id AND v.because = 'pack' AND v.order_line_id = l.id
    AND NOT EXISTS (SELECT 1 FROM movements u WHERE u.merchant_id = v.merchant_id AND u.reverses_id = v.id)
) here ON true
LEFT JOIN LATERAL (
  SELECT sum(b.quantity) FILTER (WHERE b.stage IN ('packed', 'shipped')) AS packed, sum(b.quantity) FILTER (WHERE b.stage = 'picked') AS picked
  FROM line_balances b WHERE b.merchant_id = l.merchant_id AND b.order_line_id = l.id
) gone ON true
WHERE p.merchant_id = :merchant AND p.id = :parcel
ORDER BY l.position
"""


_HEAD = """
SELECT p.order_id, p.site_id, m.name AS merchant_name, o.number AS order_number, o.state AS order_state, o.placed_at, p.number, p.piece,
       p.state, p.service, p.weight_g, p.packed_at, p.place_id,
       (SELECT max(x.piece) FROM parcels x WHERE x.merchant_id = p.merchant_id AND x.order_id = p.order_id AND x.state <> 'cancelled') AS pieces
FROM parcels p JOIN orders o ON o.merchant_id = p.merchant_id AND o.id = p.order_id JOIN merchants m ON m.id = p.merchant_id
WHERE p.merchant_id = :merchant AND p.id = :parcel
"""


_TOTES = """
SELECT DISTINCT t.code FROM line_balances b JOIN order_lines l ON l.merchant_id = b.merchant_id AND l.id = b.order_line_id
JOIN places t ON t.site_id = b.site_id AND t.id = b.place_id
WHERE b.merchant_id = :merchant AND l.order_id = :order AND b.stage = 'picked' AND b.quantity > 0 ORDER BY t.code
"""


def packing_state(session: Session, merchant_id: UUID, parcel_id: UUID) -> PackingState:
    """Return how far the packing of a parcel has come; `NotFoundError` when the scope sees no such parcel."""
    head = parcel_head(session, merchant_id, parcel_id)
    totes = run(session, _TOTES, {"merchant": merchant_id, "order": head.order_id})
    return PackingState(
        merchant_id=merchant_id,
        order_id=head.order_id,
        parcel_id=parcel_id,
        site_id=head.site_id,
        merchant_name=head.merchant_name,
        order_number=head.order_number,
        number=head.number,
        piece=head.piece,
        state=head.state,
        lines=packing_lines(session, merchant_id, parcel_id),
        totes=tuple(row[0] for row in totes),
        stop=what_stops(session, head.order_id, head.order_number, head.order_state),
    )


def packing_lines(session: Session, merchant_id: UUID, parcel_id: UUID) -> tuple[PackingLine, ...]:
    """Return the lines of a parcel's order, with what is in this parcel, in others, and in the tote."""
    rows = run(session, _LINES, {"merchant": merchant_id, "parcel": parcel_id})
    return tuple(PackingLine(*row) for row in rows)


def what_stops(session: Session, order_id: UUID, number: str, state: str) -> Answer | None:
    """Return the answer that a box must not go on: the order is cancelled or has an open hold; None when nothing stops it."""
    if state == "cancel_requested":
        return stopped(
            "Cancel asked for",
            f"The merchant wants order {number} cancelled. Put the box aside and ask the lead.",
        )
    if state != "open":
        return stopped(
            f"Order {state}", f"Order {number} is {state}. Put the goods back; nothing of it may ship."
        )
    holds = open_holds(session, [order_id])
    if holds:
        return stopped(
            "On hold", f"Order {number} is on hold: {holds[0].reason} Next step: {holds[0].next_step}"
        )
    return None


def parcel_head(session: Session, merchant_id: UUID, parcel_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return a parcel with its order's number, state and number of parcels; `NotFoundError` when the scope sees none."""
    rows = run(session, _HEAD, {"merchant": merchant_id, "parcel": parcel_id})
    if not rows:
        raise NotFoundError("There is no such parcel.")
    return rows[0]
