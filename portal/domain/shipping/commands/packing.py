"""Filling parcels by scan and closing them. Goods go from the order's totes into the parcel by the ledger, and back by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.catalog.queries import find_scanned
from portal.domain.devices.rules import Answer, stopped, wrong
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.commands.progress import refresh_progress
from portal.domain.orders.queries import lock_order
from portal.domain.picking.commands import free_tote
from portal.domain.shipping.commands.locks import lock_parcel
from portal.domain.shipping.commands.papers import make_papers
from portal.domain.shipping.events import ParcelPacked
from portal.domain.shipping.models import Parcel
from portal.domain.shipping.queries import packing_lines, what_stops
from portal.domain.stock.commands import NewMovement, open_place, record_movements
from portal.kernel.db import run
from portal.kernel.errors import WrongStateError
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.domain.devices.rules import ScanIn
    from portal.domain.orders.queries import LockedOrder
    from portal.domain.shipping.queries import PackingLine
    from portal.kernel.files import Files

_PICKED = """
SELECT b.order_line_id, b.sku_id, b.lot_id, b.place_id, t.code, b.quantity
FROM line_balances b JOIN order_lines l ON l.merchant_id = b.merchant_id AND l.id = b.order_line_id
JOIN places t ON t.site_id = b.site_id AND t.id = b.place_id
WHERE b.merchant_id = :merchant AND l.order_id = :order AND b.stage = 'picked' AND b.quantity > 0
ORDER BY l.position, t.code, b.lot_id
"""

_LAST = """
WITH standing AS (
  SELECT m.id, m.scan_id FROM movements m
  WHERE m.site_id = :site AND m.merchant_id = :merchant AND m.to_place_id = :place AND m.because = 'pack'
    AND NOT EXISTS (SELECT 1 FROM movements u WHERE u.merchant_id = m.merchant_id AND u.reverses_id = m.id)
),
newest AS (SELECT s.id, s.scan_id FROM standing s JOIN movements m ON m.merchant_id = :merchant AND m.id = s.id ORDER BY m.at DESC, m.id DESC LIMIT 1)
SELECT m.id, m.sku_id, m.lot_id, m.quantity, m.from_place_id, m.order_line_id, t.code, k.code AS sku_code
FROM movements m JOIN standing s ON s.id = m.id JOIN newest n ON m.id = n.id OR m.scan_id = n.scan_id
JOIN places t ON t.site_id = m.site_id AND t.id = m.from_place_id JOIN skus k ON k.merchant_id = m.merchant_id AND k.id = m.sku_id
WHERE m.merchant_id = :merchant
"""

_WEIGHT = """
SELECT CASE WHEN count(*) > 0 AND bool_and(k.weight_g IS NOT NULL) THEN sum(k.weight_g * b.quantity)::int END
FROM line_balances b JOIN skus k ON k.merchant_id = b.merchant_id AND k.id = b.sku_id
WHERE b.merchant_id = :merchant AND b.site_id = :site AND b.place_id = :place AND b.quantity > 0
"""


def open_parcel(
    session: Session, *, merchant_id: UUID, order_id: UUID, by: UUID | None, at: datetime
) -> UUID:
    """Put an empty box on the packing table for an order and return its id; the box that stands there already, if one does.

    The parcel is a place of the site, its code is its number. Raises `WrongStateError` when the order is cancelled or held,
    or when nothing of it lies picked in a tote.
    """
    order = lock_order(session, merchant_id, order_id)
    parcels = session.execute(
        select(Parcel.id, Parcel.state, Parcel.piece).where(
            Parcel.merchant_id == merchant_id, Parcel.order_id == order_id, Parcel.state != "cancelled"
        )
    ).all()
    for parcel in parcels:
        if parcel.state == "packing":
            return parcel.id
    _refuse_if_stopped(session, order)
    if not _picked(session, merchant_id, order_id):
        raise WrongStateError(
            f"Nothing of order {order.number} lies picked in a tote; there is nothing to pack."
        )
    [drawn] = run(session, "SELECT nextval('parcel_numbers')")
    number = f"PY{drawn[0]:09d}"
    parcel = Parcel(
        merchant_id=merchant_id,
        order_id=order_id,
        site_id=order.site_id,
        place_id=open_place(session, site_id=order.site_id, code=number, kind="parcel"),
        number=number,
        piece=max((row.piece for row in parcels), default=0) + 1,
        state="packing",
        service=order.service,
        opened_at=at,
    )
    session.add(parcel)
    session.flush()
    add_event(
        session, merchant_id=merchant_id, order_id=order_id, site_id=order.site_id, kind="packing",
        sentence=f"Packing of parcel {number} began.", by=by, at=at,
    )  # fmt: skip
    return parcel.id


def scan_pack(session: Session, scan: ScanIn, *, merchant_id: UUID, parcel_id: UUID, files: Files) -> Answer:
    """Put what was scanned from the order's tote into the parcel; the order's last unit closes it and makes its papers.

    A case barcode puts in as many eaches as it stands for; where two lines want the same SKU, the upper one is served first.
    An item that is not wanted, or more of it than is missing, is rejected; a held or cancelled order is a conflict.
    """
    order, parcel = lock_parcel(session, merchant_id, parcel_id)
    stop = what_stops(session, order.id, order.number, order.state)
    if stop is not None:
        return stop
    if parcel.state != "packing":
        return stopped(
            f"Already {parcel.state}", f"Parcel {parcel.number} is {parcel.state}. Scan its label to ship it."
        )
    lines = packing_lines(session, merchant_id, parcel_id)
    # A SKU without a barcode is scanned by its own code, as in picking.
    code = next(
        (
            (sku.id, eaches)
            for sku, eaches in find_scanned(session, scan.code)
            if sku.merchant_id == merchant_id
        ),
        None,
    )
    if code is None:
        return wrong(
            "Not this merchant's", f"{scan.code.strip()!r} is no item of this order. {_needed(lines)}"
        )
    sku_id, eaches = code
    wanted = [line for line in lines if line.sku_id == sku_id]
    if not wanted:
        return wrong("Not in this order", f"Put it back where it came from. {_needed(lines)}")
    missing = sum(line.missing for line in wanted)
    in_totes = sum(line.waiting for line in wanted)
    if missing == 0:
        return wrong("One too many", f"All {wanted[0].sku_code} of this order are packed. {_needed(lines)}")
    if eaches > min(missing, in_totes):
        return _too_many(wanted[0], eaches, missing, in_totes)
    picked = [row for row in _picked(session, merchant_id, order.id) if row.sku_id == sku_id]
    movements = _into(order, parcel, picked, eaches, scan)
    record_movements(session, movements)
    lines = _after(lines, movements)
    put = f"{eaches} × {wanted[0].sku_code}"
    if all(line.missing == 0 for line in lines):
        _close(session, order, parcel, files=files, by=scan.user_id, at=scan.at)
        return Answer(
            verdict="applied",
            headline="Parcel complete",
            sentence=f"{put}.",
            completed="parcel",
        )
    if not any(line.waiting for line in lines):
        return Answer(
            verdict="applied",
            headline="Tote empty",
            sentence=f"{put}. Not all of the order is picked: close this parcel, or wait.",
            completed="line",
        )
    done = all(line.missing == 0 for line in lines if line.sku_id == sku_id)
    return Answer(verdict="applied", headline=f"Packed {put}", sentence=_needed(lines), completed="line" if done else "")  # fmt: skip


def unpack_last(
    session: Session,
    *,
    merchant_id: UUID,
    parcel_id: UUID,
    by: UUID | None,
    at: datetime,
    scan_id: UUID | None = None,
) -> Answer:
    """Take what the last scan put in out of an open parcel, back into the tote, by movements that name what they reverse.

    Raises `WrongStateError` when the parcel is packed (its tote may serve another order by then) or empty.
    """
    order, parcel = lock_parcel(session, merchant_id, parcel_id)
    if parcel.state != "packing":
        raise WrongStateError(
            f"Parcel {parcel.number} is {parcel.state}; only what lies in an open parcel can be taken out again."
        )
    last = run(session, _LAST, {"merchant": merchant_id, "site": parcel.site_id, "place": parcel.place_id})
    if not last:
        raise WrongStateError(f"Parcel {parcel.number} is empty; there is nothing to take out.")
    record_movements(
        session,
        [
            NewMovement(
                merchant_id=merchant_id, site_id=parcel.site_id, sku_id=row.sku_id, lot_id=row.lot_id, quantity=row.quantity,
                from_place_id=parcel.place_id, from_condition="picked", to_place_id=row.from_place_id, to_condition="picked",
                because="unpack", order_line_id=row.order_line_id, reverses_id=row.id, scan_id=scan_id, by_user_id=by, at=at,
            )
            for row in last
        ],
    )  # fmt: skip
    refresh_progress(session, merchant_id=merchant_id, order_ids=[order.id], at=at)
    quantity = sum(row.quantity for row in last)
    return Answer(
        verdict="applied",
        headline="Taken out again",
        sentence=f"Put {quantity} × {last[0].sku_code} back into {last[0].code}.",
    )


def close_parcel(
    session: Session, *, merchant_id: UUID, parcel_id: UUID, files: Files, by: UUID | None, at: datetime
) -> None:
    """Close a parcel before everything is in it; the rest of the order goes into the next one.

    Raises `WrongStateError` when it is empty or not open, or when its order is cancelled or held.
    """
    order, parcel = lock_parcel(session, merchant_id, parcel_id)
    _refuse_if_stopped(session, order)
    if not any(line.packed for line in packing_lines(session, merchant_id, parcel_id)):
        raise WrongStateError(f"Parcel {parcel.number} is empty. Scan something into it before you close it.")
    _close(session, order, parcel, files=files, by=by, at=at)


def _close(
    session: Session, order: LockedOrder, parcel: Parcel, *, files: Files, by: UUID | None, at: datetime
) -> None:
    [weight] = run(
        session, _WEIGHT, {"merchant": parcel.merchant_id, "site": parcel.site_id, "place": parcel.place_id}
    )
    parcel.take("pack")
    parcel.weight_g, parcel.packed_at, parcel.packed_by = weight[0], at, by
    session.flush()
    refresh_progress(session, merchant_id=order.merchant_id, order_ids=[order.id], at=at)
    if not _picked(session, order.merchant_id, order.id):
        free_tote(session, site_id=order.site_id, order_id=order.id, at=at)
    units = make_papers(session, files, merchant_id=order.merchant_id, parcel_id=parcel.id, at=at).units
    amount = f"{units:,} {'unit' if units == 1 else 'units'}"
    add_event(
        session, merchant_id=order.merchant_id, order_id=order.id, site_id=order.site_id, kind="packed",
        sentence=f"Parcel {parcel.number} packed: {amount}" + (f", {weight[0]:,} g." if weight[0] else "."), by=by, at=at,
    )  # fmt: skip
    record(session, ParcelPacked(order.merchant_id, order.id, parcel.id))


def _refuse_if_stopped(session: Session, order: LockedOrder) -> None:
    stop = what_stops(session, order.id, order.number, order.state)
    if stop is not None:
        raise WrongStateError(stop.sentence)


def _picked(session: Session, merchant_id: UUID, order_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    return run(session, _PICKED, {"merchant": merchant_id, "order": order_id})


def _into(
    order: LockedOrder, parcel: Parcel, picked: Sequence[Row[*tuple[Any, ...]]], quantity: int, scan: ScanIn
) -> list[NewMovement]:
    """Take `quantity` eaches from what lies picked, upper lines first."""
    movements: list[NewMovement] = []
    for row in picked:
        share = min(quantity, row.quantity)
        if share:
            movements.append(
                NewMovement(
                    merchant_id=order.merchant_id, site_id=order.site_id, sku_id=row.sku_id, lot_id=row.lot_id, quantity=share,
                    from_place_id=row.place_id, from_condition="picked", to_place_id=parcel.place_id, to_condition="picked",
                    because="pack", order_line_id=row.order_line_id, scan_id=scan.id, by_user_id=scan.user_id, at=scan.at,
                )
            )  # fmt: skip
            quantity -= share
    return movements


def _after(lines: Sequence[PackingLine], movements: Sequence[NewMovement]) -> tuple[PackingLine, ...]:
    """Return the lines as they are once the movements are written, without asking again."""
    put: dict[UUID | None, int] = {}
    for movement in movements:
        put[movement.order_line_id] = put.get(movement.order_line_id, 0) + movement.quantity
    return tuple(
        replace(
            line,
            packed=line.packed + put.get(line.line_id, 0),
            waiting=line.waiting - put.get(line.line_id, 0),
        )
        for line in lines
    )


def _too_many(line: PackingLine, scanned: int, missing: int, in_totes: int) -> Answer:
    if in_totes == 0:
        return wrong("Not picked yet", f"{line.sku_code} of this order is not in the tote. Ask the lead.")
    most = min(missing, in_totes)
    return wrong(
        "Too many at once",
        f"This barcode stands for {scanned} × {line.sku_code}; {most} {'is' if most == 1 else 'are'} needed. Scan single units.",
    )


def _needed(lines: Sequence[PackingLine]) -> str:
    """Say what still has to go in, by SKU, at most three of them."""
    by_sku: dict[UUID, tuple[str, int]] = {}
    for line in lines:
        if line.missing:
            code, quantity = by_sku.get(line.sku_id, (line.sku_code, 0))
            by_sku[line.sku_id] = (code, quantity + line.missing)
    wanted = [f"{quantity} × {code}" for code, quantity in by_sku.values()]
    more = f" and {len(wanted) - 3} more" if len(wanted) > 3 else ""
    return f"Needed: {', '.join(wanted[:3])}{more}." if wanted else "Nothing is missing."
