"""Reads of places and balances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.stock.models import Place
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place as screens need it."""

    id: UUID
    site_id: UUID
    code: str
    kind: str
    walk_order: int


@dataclass(frozen=True, slots=True)
class StockRow:
    """A SKU's stock in eaches: available to sell, allocated to orders, on its way out (in totes and parcels)."""

    sku_id: UUID
    sku_code: str
    sku_name: str
    sku_state: str
    available: int
    allocated: int
    picked: int

    @property
    def on_hand(self) -> int:
        """Everything that is physically here."""
        return self.available + self.allocated + self.picked


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement of a SKU's history."""

    id: UUID
    at: datetime
    because: str
    quantity: int
    from_code: str
    from_condition: str
    to_code: str
    to_condition: str
    order_number: str | None
    note: str
    by_name: str | None


@dataclass(frozen=True, slots=True)
class PlaceStockRow:
    """What lies in a place: one SKU in one condition."""

    merchant_name: str
    sku_id: UUID
    sku_code: str
    sku_name: str
    place_code: str
    condition: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FullPlaceRow:
    """A place in the office's list, with how much lies in it."""

    id: UUID
    code: str
    kind: str
    skus: int
    units: int
    merchants: str


def find_place(session: Session, site_id: UUID, code: str) -> PlaceRow | None:
    """Return the site's place with this code (as scanned, in any case), or None."""
    columns = select(Place.id, Place.site_id, Place.code, Place.kind, Place.walk_order)
    row = session.execute(
        columns.where(Place.site_id == site_id, Place.code == code.strip().upper())
    ).one_or_none()
    return PlaceRow(*row) if row else None


def get_place(session: Session, place_id: UUID) -> PlaceRow:
    """Return a place; `NotFoundError` when the scope sees none with this id."""
    columns = select(Place.id, Place.site_id, Place.code, Place.kind, Place.walk_order)
    row = session.execute(columns.where(Place.id == place_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such place here.")
    return PlaceRow(*row)


def virtual_place(session: Session, site_id: UUID, kind: str) -> UUID:
    """Return the id of a site's supplier, recipient, lost, found or scrap place."""
    place_id = session.execute(select(Place.id).where(Place.site_id == site_id, Place.kind == kind)).scalar()
    if place_id is None:
        raise NotFoundError(f"This site has no {kind} place; `portal db upgrade` opens sites completely.")
    return place_id


def stock_levels(
    session: Session,
    merchant_id: UUID,
    *,
    search: str = "",
    only_low: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[StockRow], int]:
    """Return one page of a merchant's SKUs with their stock, by code, and how many there are in all.

    `search` is a prefix of the code, compared without case; `only_low` keeps SKUs with nothing to sell.
    """
    rows = run(
        session,
        """
        WITH levels AS (
          SELECT s.id, s.code, s.name, s.state,
                 coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'available'), 0)::int AS available,
                 coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'allocated'), 0)::int AS allocated,
                 coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'picked'), 0)::int AS picked
          FROM skus s LEFT JOIN balances b ON b.merchant_id = s.merchant_id AND b.sku_id = s.id AND b.physical
          WHERE s.merchant_id = :merchant AND (:search = '' OR upper(s.code) LIKE :prefix OR upper(s.name) LIKE :anywhere)
          GROUP BY s.id, s.code, s.name, s.state
        )
        SELECT id, code, name, state, available, allocated, picked, count(*) OVER () AS total
        FROM levels WHERE NOT :only_low OR available <= 0
        ORDER BY code LIMIT :limit OFFSET :offset
        """,
        {
            "merchant": merchant_id, "search": search.strip(), "prefix": _like(search) + "%", "anywhere": "%" + _like(search) + "%",
            "only_low": only_low, "limit": limit, "offset": offset,
        },
    )  # fmt: skip
    return [StockRow(*row[:7]) for row in rows], rows[0].total if rows else 0


def level_of_sku(session: Session, merchant_id: UUID, sku_id: UUID) -> StockRow:
    """Return one SKU's stock; `NotFoundError` when the merchant has no such SKU."""
    rows = run(
        session,
        """
        SELECT s.id, s.code, s.name, s.state,
               coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'available'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'allocated'), 0)::int,
               coalesce(sum(b.quantity) FILTER (WHERE b.condition = 'picked'), 0)::int
        FROM skus s LEFT JOIN balances b ON b.merchant_id = s.merchant_id AND b.sku_id = s.id AND b.physical
        WHERE s.merchant_id = :merchant AND s.id = :sku
        GROUP BY s.id, s.code, s.name, s.state
        """,
        {"merchant": merchant_id, "sku": sku_id},
    )
    if not rows:
        raise NotFoundError("There is no such SKU.")
    return StockRow(*rows[0])


def _like(text: str) -> str:
    return text.strip().upper().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def movements_of(
    session: Session, merchant_id: UUID, sku_id: UUID, *, limit: int = 50, offset: int = 0
) -> list[MovementRow]:
    """Return a SKU's movements, newest first."""
    rows = run(
        session,
        """
        SELECT m.id, m.at, m.because, m.quantity, coalesce(f.code, 'tote or parcel'), m.from_condition,
               coalesce(t.code, 'tote or parcel'), m.to_condition, o.number, m.note, u.display_name
        FROM movements m
        LEFT JOIN places f ON f.id = m.from_place_id LEFT JOIN places t ON t.id = m.to_place_id
        LEFT JOIN order_lines l ON l.merchant_id = m.merchant_id AND l.id = m.order_line_id
        LEFT JOIN orders o ON o.merchant_id = l.merchant_id AND o.id = l.order_id
        LEFT JOIN users u ON u.id = m.by_user_id
        WHERE m.merchant_id = :merchant AND m.sku_id = :sku
        ORDER BY m.at DESC, m.id DESC LIMIT :limit OFFSET :offset
        """,
        {"merchant": merchant_id, "sku": sku_id, "limit": limit, "offset": offset},
    )
    return [MovementRow(*row) for row in rows]


def stock_in_place(session: Session, place_id: UUID) -> list[PlaceStockRow]:
    """Return what lies in a place, by merchant and SKU code."""
    return [PlaceStockRow(*row) for row in run(session, _IN_PLACE, {"id": place_id})]


def places_of_sku(session: Session, sku_id: UUID) -> list[PlaceStockRow]:
    """Return where a SKU lies, by place code."""
    return [PlaceStockRow(*row) for row in run(session, _OF_SKU, {"id": sku_id})]


_IN_PLACE = """
SELECT m.name, s.id, s.code, s.name, p.code, b.condition, b.quantity FROM balances b
JOIN skus s ON s.merchant_id = b.merchant_id AND s.id = b.sku_id JOIN merchants m ON m.id = b.merchant_id JOIN places p ON p.id = b.place_id
WHERE b.physical AND b.quantity > 0 AND b.place_id = :id ORDER BY m.name, s.code, b.condition
"""

_OF_SKU = """
SELECT m.name, s.id, s.code, s.name, p.code, b.condition, b.quantity FROM balances b
JOIN skus s ON s.merchant_id = b.merchant_id AND s.id = b.sku_id JOIN merchants m ON m.id = b.merchant_id JOIN places p ON p.id = b.place_id
WHERE b.physical AND b.quantity > 0 AND b.sku_id = :id ORDER BY p.code, b.condition
"""


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """Something that a worker received: what, how many, where to."""

    movement_id: UUID
    merchant_name: str
    sku_code: str
    sku_name: str
    quantity: int
    place_code: str
    at: datetime


def received_lately(session: Session, site_id: UUID, user_id: UUID, *, since: datetime) -> list[ReceiptRow]:
    """Return what a worker received at a site since an instant and nobody has taken back, newest first."""
    rows = run(
        session,
        """
        SELECT v.id, m.name, s.code, s.name, v.quantity, p.code, v.at FROM movements v
        JOIN merchants m ON m.id = v.merchant_id JOIN skus s ON s.merchant_id = v.merchant_id AND s.id = v.sku_id
        JOIN places p ON p.id = v.to_place_id
        WHERE v.site_id = :site AND v.by_user_id = :worker AND v.because = 'receive' AND v.reverses_id IS NULL AND v.at > :since
          AND NOT EXISTS (SELECT 1 FROM movements r WHERE r.merchant_id = v.merchant_id AND r.reverses_id = v.id)
        ORDER BY v.at DESC, v.id DESC LIMIT 20
        """,
        {"site": site_id, "worker": user_id, "since": since},
    )
    return [ReceiptRow(*row) for row in rows]


def list_places(session: Session, site_id: UUID, kinds: Sequence[str]) -> list[PlaceRow]:
    """Return a site's places of the given kinds, along the walk."""
    columns = select(Place.id, Place.site_id, Place.code, Place.kind, Place.walk_order)
    rows = session.execute(
        columns.where(Place.site_id == site_id, Place.kind.in_(kinds)).order_by(Place.walk_order, Place.code)
    )
    return [PlaceRow(*row) for row in rows]


_FULL = """
SELECT p.id, p.code, p.kind, coalesce(l.skus, 0)::int, coalesce(l.units, 0)::int, coalesce(l.merchants, ''), count(*) OVER ()
FROM places p
LEFT JOIN LATERAL (
  SELECT count(DISTINCT (b.merchant_id, b.sku_id)) AS skus, sum(b.quantity) AS units, string_agg(DISTINCT m.name, ', ' ORDER BY m.name) AS merchants
  FROM balances b JOIN merchants m ON m.id = b.merchant_id
  WHERE b.site_id = p.site_id AND b.place_id = p.id AND b.physical AND b.quantity > 0
) l ON true
WHERE p.site_id = :site AND p.physical AND (:kind = '' OR p.kind = :kind) AND p.code LIKE :prefix
  AND (NOT :filled AND p.kind <> 'parcel' OR l.units > 0)
ORDER BY p.walk_order = 0, p.walk_order, p.code LIMIT :limit OFFSET :offset
"""


def list_full_places(
    session: Session,
    site_id: UUID,
    *,
    kind: str = "",
    search: str = "",
    only_filled: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[FullPlaceRow], int]:
    """Return one page of a site's physical places, with what lies in them, and how many there are in all.

    Storage comes first, along the walk; empty parcels are left out. `search` is a prefix of the code.
    """
    rows = run(
        session,
        _FULL,
        {
            "site": site_id,
            "kind": kind,
            "prefix": _like(search) + "%",
            "filled": only_filled,
            "limit": limit,
            "offset": offset,
        },
    )
    return [FullPlaceRow(*row[:6]) for row in rows], rows[0][6] if rows else 0


def count_places(session: Session, site_id: UUID) -> dict[str, int]:
    """Return how many physical places of each kind a site has."""
    rows = run(
        session,
        "SELECT kind, count(*) FROM places WHERE site_id = :site AND physical GROUP BY kind",
        {"site": site_id},
    )
    return {row[0]: row[1] for row in rows}
