"""Reads of parcels: what is in them, who carries them, which papers they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.accounts.queries import get_merchant
from portal.domain.orders.queries import find_recipient
from portal.domain.shipping.models import Document
from portal.domain.shipping.rules.carriers import clean_number, tracking_link
from portal.domain.shipping.states import PARCEL_MOVES
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.orders.queries import RecipientRow


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A parcel as lists and messages need it; `contents` are (eaches, SKU code, name), in the order's order."""

    id: UUID
    number: str
    piece: int
    state: str
    carrier: str | None
    service: str
    tracking_number: str | None
    weight_g: int | None
    packed_at: datetime | None
    shipped_at: datetime | None
    expected_from: date | None
    expected_until: date | None
    contents: tuple[tuple[int, str, str], ...]
    merchant_id: UUID
    order_id: UUID
    site_id: UUID
    order_number: str

    @property
    def units(self) -> int:
        """Return how many eaches are in it."""
        return sum(quantity for quantity, _, _ in self.contents)

    @property
    def link(self) -> str | None:
        """Return the carrier's own tracking page of this parcel, or None."""
        return tracking_link(self.carrier or "", self.tracking_number or "")

    @property
    def actions(self) -> tuple[str, ...]:
        """Return the moves that its state allows."""
        return PARCEL_MOVES.allowed(self.state)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A paper of a parcel: under which hash it is kept, and what it is."""

    kind: str
    media_type: str
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ParcelPage:
    """Everything that a parcel's page shows."""

    parcel: ParcelRow
    merchant_name: str
    recipient: RecipientRow | None
    documents: tuple[DocumentRow, ...]


_PARCELS = """
SELECT p.id, p.number, p.piece, p.state, p.carrier, p.service, p.tracking_number, p.weight_g, p.packed_at, p.shipped_at,
       p.expected_from, p.expected_until, inside.contents, p.merchant_id, p.order_id, p.site_id, o.number AS order_number
FROM parcels p JOIN orders o ON o.merchant_id = p.merchant_id AND o.id = p.order_id
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(jsonb_build_array(c.quantity, c.sku_code, c.name) ORDER BY c.position), '[]') AS contents
  FROM (SELECT l.position, l.sku_code, l.name, sum(v.quantity) AS quantity
        FROM movements v JOIN order_lines l ON l.merchant_id = v.merchant_id AND l.id = v.order_line_id
        WHERE v.site_id = p.site_id AND v.to_place_id = p.place_id AND v.because = 'pack'
          AND NOT EXISTS (SELECT 1 FROM movements u WHERE u.merchant_id = v.merchant_id AND u.reverses_id = v.id)
        GROUP BY l.position, l.sku_code, l.name) c
) inside
"""


def parcels_of_order(session: Session, merchant_id: UUID, order_id: UUID) -> list[ParcelRow]:
    """Return an order's parcels with what is in them, in the order in which they were opened; cancelled ones are left out."""
    return _rows(
        session,
        _PARCELS
        + "WHERE p.merchant_id = :merchant AND p.order_id = :order AND p.state <> 'cancelled' ORDER BY p.piece",
        {"merchant": merchant_id, "order": order_id},
    )


def parcels_waiting(session: Session, site_id: UUID) -> list[ParcelRow]:
    """Return a site's parcels that are packed and wait for the scan of their label, oldest first."""
    return _rows(
        session,
        _PARCELS + "WHERE p.site_id = :site AND p.state = 'packed' ORDER BY p.packed_at, p.number",
        {"site": site_id},
    )


def find_parcel(session: Session, site_id: UUID, code: str) -> ParcelRow | None:
    """Return the site's parcel with this number (as our label's barcode says) or tracking number, or None.

    None also when several parcels have the same typed-in tracking number: then only our own number tells them apart.
    """
    text = code.strip()
    numbers = sorted({text, clean_number("ups", text)})
    found = _rows(
        session,
        _PARCELS + "WHERE p.site_id = :site AND p.number = :number",
        {"site": site_id, "number": text.upper()},
    ) or _rows(
        session,
        _PARCELS
        + "WHERE p.site_id = :site AND p.tracking_number = ANY (:numbers) AND p.state <> 'cancelled' LIMIT 2",
        {"site": site_id, "numbers": numbers},
    )
    return found[0] if len(found) == 1 else None


def get_parcel(session: Session, merchant_id: UUID, parcel_id: UUID) -> ParcelPage:
    """Return everything that a parcel's page shows; `NotFoundError` when the scope sees no such parcel."""
    found = _rows(
        session,
        _PARCELS + "WHERE p.merchant_id = :merchant AND p.id = :parcel",
        {"merchant": merchant_id, "parcel": parcel_id},
    )
    if not found:
        raise NotFoundError("There is no such parcel.")
    return ParcelPage(
        parcel=found[0],
        merchant_name=get_merchant(session, merchant_id).name,
        recipient=find_recipient(session, merchant_id, found[0].order_id),
        documents=tuple(documents_of(session, merchant_id, parcel_id)),
    )


def documents_of(session: Session, merchant_id: UUID, parcel_id: UUID) -> list[DocumentRow]:
    """Return the papers of a parcel, by kind."""
    d = Document
    rows = session.execute(
        select(d.kind, d.media_type, d.sha256, d.created_at)
        .where(d.merchant_id == merchant_id, d.parcel_id == parcel_id)
        .order_by(d.kind)
    )
    return [DocumentRow(*row) for row in rows]


def _rows(session: Session, sql: str, parameters: dict[str, object]) -> list[ParcelRow]:
    found: list[ParcelRow] = []
    for row in run(session, sql, parameters):
        values: list[Any] = list(row)
        values[12] = tuple((quantity, code, name) for quantity, code, name in values[12])
        found.append(ParcelRow(*values))
    return found
