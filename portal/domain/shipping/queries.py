"""Reads of parcels and their papers. Nothing here shows a price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import select

from portal.domain.accounts.queries import get_merchant, get_site
from portal.domain.devices.rules import Answer, stopped
from portal.domain.orders.queries import find_recipient, open_holds
from portal.domain.shipping.models import Document
from portal.domain.shipping.rules.carriers import clean_number, tracking_link
from portal.domain.shipping.rules.papers import ParcelPapers, Sender, SlipLine
from portal.domain.shipping.states import PARCEL_MOVES
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.domain.orders.queries import RecipientRow
    from portal.kernel.files import Files

DOCUMENT_KINDS = ("label_pdf", "label_zpl", "slip_a4", "slip_4x6")


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


@dataclass(frozen=True, slots=True)
class Paper:
    """A document ready to be sent: bytes, media type and a name for saving it."""

    data: bytes
    media_type: str
    file_name: str


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


def packing_state(session: Session, merchant_id: UUID, parcel_id: UUID) -> PackingState:
    """Return how far the packing of a parcel has come; `NotFoundError` when the scope sees no such parcel."""
    head = _head(session, merchant_id, parcel_id)
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


def documents_of(session: Session, merchant_id: UUID, parcel_id: UUID) -> list[DocumentRow]:
    """Return the papers of a parcel, by kind."""
    d = Document
    rows = session.execute(
        select(d.kind, d.media_type, d.sha256, d.created_at)
        .where(d.merchant_id == merchant_id, d.parcel_id == parcel_id)
        .order_by(d.kind)
    )
    return [DocumentRow(*row) for row in rows]


def document(session: Session, merchant_id: UUID, parcel_id: UUID, kind: str) -> DocumentRow:
    """Return one paper of a parcel; `NotFoundError` when there is none of this kind (yet)."""
    for row in documents_of(session, merchant_id, parcel_id):
        if row.kind == kind:
            return row
    raise NotFoundError("There is no such paper. Labels and packing slips are made when a parcel is packed.")


def read_paper(session: Session, files: Files, merchant_id: UUID, parcel_id: UUID, kind: str) -> Paper:
    """Return a paper with its bytes, ready to be sent to a browser or printer; `NotFoundError` when there is none."""
    row = document(session, merchant_id, parcel_id, kind)
    [number] = run(
        session,
        "SELECT number FROM parcels WHERE merchant_id = :m AND id = :p",
        {"m": merchant_id, "p": parcel_id},
    )
    ending = "zpl" if kind == "label_zpl" else "pdf"
    return Paper(files.read(row.sha256), row.media_type, f"{number[0]}-{kind.replace('_', '-')}.{ending}")


def parcel_papers(session: Session, merchant_id: UUID, parcel_id: UUID) -> ParcelPapers:
    """Return what stands on a packed parcel's label and slip; `NotFoundError` when the scope sees no such parcel.

    How many parcels the order takes is known as soon as every unit of it is in one.
    """
    head = _head(session, merchant_id, parcel_id)
    lines = packing_lines(session, merchant_id, parcel_id)
    merchant = get_merchant(session, merchant_id)
    site = get_site(session, head.site_id)
    zone = ZoneInfo(site.timezone)
    recipient = find_recipient(session, merchant_id, head.order_id)
    if recipient is None:
        raise NotFoundError(f"Order {head.order_number} has no recipient.")
    return ParcelPapers(
        number=head.number,
        piece=head.piece,
        pieces=head.pieces if all(line.missing == 0 for line in lines) else None,
        service=head.service,
        weight_g=head.weight_g,
        order_number=head.order_number,
        placed_on=head.placed_at.astimezone(zone).date(),
        packed_on=head.packed_at.astimezone(zone).date(),
        sender=Sender(
            merchant.name, merchant.brand_colour, merchant.support_email, merchant.support_phone, merchant.shop_url,
            merchant.return_policy, merchant.return_days,
        ),
        site_lines=tuple(site.address_lines),
        name=recipient.name,
        company=recipient.company,
        street=tuple(line for line in (recipient.address1, recipient.address2) if line),
        city=" ".join(part for part in (recipient.city, recipient.region) if part),
        postcode=recipient.postcode,
        country=country_name(recipient.country),
        lines=tuple(
            SlipLine(line.sku_code, line.name, line.attributes, line.packed, line.elsewhere, line.missing) for line in lines
        ),
    )  # fmt: skip


def country_name(code: str) -> str:
    """Return the English name of a country by its ISO 3166 code, from the Unicode CLDR; the code itself when unknown."""
    names = cast("Mapping[str, str]", Locale("en").territories)
    return names.get(code.upper(), code)


def _head(session: Session, merchant_id: UUID, parcel_id: UUID) -> Row[*tuple[Any, ...]]:
    rows = run(session, _HEAD, {"merchant": merchant_id, "parcel": parcel_id})
    if not rows:
        raise NotFoundError("There is no such parcel.")
    return rows[0]


def _rows(session: Session, sql: str, parameters: dict[str, object]) -> list[ParcelRow]:
    found: list[ParcelRow] = []
    for row in run(session, sql, parameters):
        values: list[Any] = list(row)
        values[12] = tuple((quantity, code, name) for quantity, code, name in values[12])
        found.append(ParcelRow(*values))
    return found
