"""Reads of many orders: lists with filters and pages, and counts. Prices are not in them, so every audience may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.kernel.db import run

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

SORTS = ("placed_at", "promised_on", "number")
VIEWS = ("open", "stuck", "urgent", "late", "due", "held", "ours", "shipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What a list of orders is narrowed to. Empty values narrow nothing.

    `view`: '' all · 'open' not shipped nor cancelled · 'held' with an open hold · 'ours' with one that the operator has to end ·
    'late' promised before today · 'due' promised for today · 'stuck' late, on hold or waiting for stock · 'shipped'.
    Today is `today` or, where sites differ, the day that it is at `now` in the order's own site.
    `search`: an order number (prefix), an external id, a recipient's name (prefix), or an e-mail address.
    """

    merchant_id: UUID | None = None
    progress: str = ""
    stages: tuple[str, ...] = ()
    view: str = ""
    search: str = ""
    site_id: UUID | None = None
    today: date | None = None
    now: datetime | None = None
    sort: str = "placed_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of a list of orders."""

    merchant_id: UUID
    merchant_name: str
    id: UUID
    number: str
    channel: str
    external_id: str
    state: str
    progress: str
    held: bool
    placed_at: datetime
    promised_on: date
    shipped_at: datetime | None
    recipient_name: str
    town: str
    country: str
    units: int
    lines: int


_ROWS = """
WITH page AS (
  SELECT o.merchant_id, o.id, o.number, o.channel, o.external_id, o.state, o.progress, o.placed_at, o.promised_on, o.shipped_at,
         EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = o.merchant_id AND h.order_id = o.id AND h.released_at IS NULL) AS held
  FROM orders o
  WHERE {where}
  ORDER BY {order} LIMIT :limit OFFSET :offset
)
SELECT p.merchant_id, m.name, p.id, p.number, p.channel, p.external_id, p.state, p.progress, p.held, p.placed_at, p.promised_on, p.shipped_at,
       coalesce(r.name, ''), coalesce(r.city, ''), coalesce(r.country, ''),
       coalesce(l.units, 0)::int, coalesce(l.lines, 0)::int
FROM page p JOIN merchants m ON m.id = p.merchant_id
LEFT JOIN recipients r ON r.merchant_id = p.merchant_id AND r.order_id = p.id
LEFT JOIN LATERAL (SELECT sum(quantity - quantity_cancelled) FILTER (WHERE requires_shipping) AS units, count(*) AS lines
                   FROM order_lines l WHERE l.merchant_id = p.merchant_id AND l.order_id = p.id) l ON true
ORDER BY {outer}
"""

_TODAY = """
coalesce(CAST(:today AS date), (CAST(:now AS timestamptz) AT TIME ZONE (SELECT s.timezone FROM sites s WHERE s.id = o.site_id))::date)
"""
# Each part can be answered by an index, and only by comparisons that PostgreSQL knows not to leak: it puts them before the
# policy. A prefix is a range of code points, up to `:beyond`.
_FOUND = """
  SELECT merchant_id, id FROM orders WHERE {mine} AND number >= :search AND number < :beyond
  UNION ALL SELECT merchant_id, id FROM orders WHERE {mine} AND external_id = :search
  UNION ALL SELECT merchant_id, order_id FROM recipients WHERE {mine}
    AND name_key >= {search_key} AND name_key < {beyond_key}
  UNION ALL SELECT merchant_id, order_id FROM recipients WHERE {mine} AND email_key = {search_key}
"""


def _found_in(mine: str) -> str:
    key = 'lower(CAST(:{} AS text) COLLATE pg_c_utf8) COLLATE "C"'
    ids = _FOUND.format(mine=mine, search_key=key.format("search"), beyond_key=key.format("beyond"))
    return f"(o.merchant_id, o.id) IN ({ids})"


_CONDITIONS = {
    "merchant": "o.merchant_id = :merchant",
    "site": "o.site_id = :site",
    "progress": "o.progress = :progress",
    "stages": "o.progress = ANY (:stages)",
    "open": "o.state = 'open' AND o.progress <> 'shipped'",
    "late": f"o.state = 'open' AND o.progress <> 'shipped' AND o.promised_on < {_TODAY}",
    "due": f"o.state = 'open' AND o.progress <> 'shipped' AND o.promised_on = {_TODAY}",
    "stuck": (
        f"o.state = 'open' AND o.progress <> 'shipped' AND (o.promised_on < {_TODAY} OR o.progress = 'waiting_for_stock' "  # noqa: S608 (constants)
        "OR EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = o.merchant_id AND h.order_id = o.id AND h.released_at IS NULL))"
    ),
    "urgent": f"o.state = 'open' AND o.progress <> 'shipped' AND o.promised_on <= {_TODAY}",
    "shipped": "o.progress = 'shipped'",
    "held": "EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = o.merchant_id AND h.order_id = o.id AND h.released_at IS NULL)",
    "ours": """o.state = 'open' AND EXISTS (SELECT 1 FROM holds h WHERE h.merchant_id = o.merchant_id AND h.order_id = o.id AND h.released_at IS NULL
                       AND h.owner = 'operator')""",
    "search": _found_in("true"),
    "search of a merchant": _found_in("merchant_id = :merchant"),
}
_ORDERS = {
    ("placed_at", True): ("o.placed_at DESC, o.id DESC", "p.placed_at DESC, p.id DESC"),
    ("placed_at", False): ("o.placed_at, o.id", "p.placed_at, p.id"),
    ("promised_on", True): ("o.promised_on DESC, o.id DESC", "p.promised_on DESC, p.id DESC"),
    ("promised_on", False): ("o.promised_on, o.id", "p.promised_on, p.id"),
    ("number", True): ("o.number DESC, o.id DESC", "p.number DESC, p.id DESC"),
    ("number", False): ("o.number, o.id", "p.number, p.id"),
}


def list_orders(
    session: Session, wanted: OrderFilter, *, limit: int = 50, offset: int = 0
) -> tuple[list[OrderRow], int]:
    """Return one page of the orders that the scope sees and the filter keeps, and how many there are in all."""
    where, parameters = _where(wanted)
    order, outer = _ORDERS[(wanted.sort if wanted.sort in SORTS else "placed_at", wanted.descending)]
    # The pieces are constants of this module; what a person typed is bound.
    statement = _ROWS.format(where=where, order=order, outer=outer)
    rows = run(session, statement, parameters | {"limit": limit, "offset": offset})
    return [OrderRow(*row) for row in rows], _count(session, wanted)


def _count(session: Session, wanted: OrderFilter) -> int:
    where, parameters = _where(wanted)
    [row] = run(
        session,
        f"SELECT count(*) FROM orders o WHERE {where}",  # noqa: S608 (constants of this module)
        parameters,
    )
    return row[0]


def _where(wanted: OrderFilter) -> tuple[str, dict[str, object]]:
    conditions = ["true"]
    parameters: dict[str, object] = {}
    if wanted.merchant_id is not None:
        conditions.append(_CONDITIONS["merchant"])
        parameters["merchant"] = wanted.merchant_id
    if wanted.stages:
        conditions.append(_CONDITIONS["stages"])
        parameters["stages"] = list(wanted.stages)
    if wanted.progress:
        conditions.append(_CONDITIONS["progress"])
        parameters["progress"] = wanted.progress
    if wanted.site_id is not None:
        conditions.append(_CONDITIONS["site"])
        parameters["site"] = wanted.site_id
    if wanted.view in VIEWS:
        conditions.append(_CONDITIONS[wanted.view])
        if wanted.view in ("late", "due", "stuck", "urgent"):
            parameters |= {"today": wanted.today, "now": wanted.now}
    if wanted.search.strip():
        conditions.append(_CONDITIONS["search" if wanted.merchant_id is None else "search of a merchant"])
        text = wanted.search.strip()
        # U+10FFFF is no character: whatever begins with the text comes before it.
        parameters |= {"search": text, "beyond": text + "\U0010ffff"}
    return " AND ".join(conditions), parameters


def count_by_progress(session: Session, merchant_id: UUID | None = None) -> dict[str, int]:
    """Return how many orders of the scope (or of one merchant in it) there are in each progress."""
    rows = run(
        session,
        "SELECT progress, count(*) FROM orders WHERE CAST(:merchant AS uuid) IS NULL OR merchant_id = :merchant GROUP BY progress",
        {"merchant": merchant_id},
    )
    return {row[0]: row[1] for row in rows}
