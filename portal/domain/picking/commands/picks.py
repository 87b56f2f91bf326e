"""Carrying out the scans of a walk: place, then item, into the order's tote. A wrong scan changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.domain.catalog.queries import find_barcodes, get_sku
from portal.domain.devices.rules import Answer, stopped, wrong
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.commands.holds import place_hold
from portal.domain.orders.commands.progress import refresh_progress
from portal.domain.orders.queries import lock_order
from portal.domain.picking.commands.batches import close_if_done, drop_left, lock_batch
from portal.domain.picking.queries import PickRow, find_open_batch, next_pick, stopped_orders
from portal.domain.picking.rules import ALL, SCAN_EACH_UP_TO, UNDO, said
from portal.domain.stock.commands import NewMovement, record_movements
from portal.domain.stock.queries import find_place
from portal.kernel.db import run

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.devices.rules import ScanIn

WALK_DONE = "The walk is done: bring the totes to the bench."
UNDO_FOR = timedelta(minutes=10)
"""How long the last pick of a walk that has ended can be undone."""

_NO_WALK = stopped("No walk is open", "Start one from the first screen.")


def scan_pick(session: Session, scan: ScanIn) -> Answer:
    """Carry out one scan of a worker's walk: the place, the item (or a command), and say what it came to.

    An item scan moves eaches from the place, where they are allocated, into the tote, where they are picked.
    """
    if scan.code.upper() == UNDO:
        return undo_pick(session, scan)
    batch = find_open_batch(session, scan.site_id, scan.user_id)
    if batch is None:
        return _NO_WALK
    lock_batch(session, scan.site_id, batch.id)
    pick = _lock_pick(session, scan.site_id, batch.id)
    if pick is not None:
        answer = _at_place(session, scan, pick) if pick.place_scanned else _to_place(session, scan, pick)
        if answer.verdict == "applied":
            return answer
        return _put_back(session, scan, batch.id, pick) or answer
    return _put_back(session, scan, batch.id, None) or _NO_WALK


def _lock_pick(session: Session, site_id: UUID, batch_id: UUID) -> PickRow | None:
    """Return the next pick with its order locked, so that no hold comes between looking and taking."""
    pick = next_pick(session, site_id, batch_id)
    while pick is not None:
        lock_order(session, pick.merchant_id, pick.order_id)
        again = next_pick(session, site_id, batch_id)
        if again is not None and again.id == pick.id:
            return again
        pick = again
    return None


def _to_place(session: Session, scan: ScanIn, pick: PickRow) -> Answer:
    if scan.code.upper() == pick.place_code:
        # The next picks of this walk at the same place need no second scan of it.
        run(
            session,
            "UPDATE picks SET place_scanned_at = :at WHERE site_id = :site AND batch_id = :batch AND place_id = :place",
            {"at": scan.at, "site": scan.site_id, "batch": pick.batch_id, "place": pick.place_id},
        )
        return Answer(
            verdict="applied",
            headline=pick.place_code,
            sentence=f"Now scan {pick.sku_name}.",
            completed="place",
        )
    need = f"Go to {pick.place_code} and scan it."
    if scan.code.upper() == ALL:
        return wrong("Scan the place first", need)
    if _eaches(session, pick, scan.code):
        return wrong("Scan the place first", f"Right item. {need}")
    return _wrong(session, scan, pick, need)


def _at_place(session: Session, scan: ScanIn, pick: PickRow) -> Answer:
    code = scan.code.upper()
    if code == ALL:
        if pick.quantity <= SCAN_EACH_UP_TO or pick.quantity_picked == 0:
            return wrong("Scan each one", f"Scan {pick.sku_name}.")
        return _take(session, scan, pick, pick.left)
    if code in (pick.place_code, pick.tote_code):
        return Answer(
            verdict="applied", headline=code, sentence=f"Now scan {pick.sku_name}.", completed="place"
        )
    eaches = _eaches(session, pick, scan.code)
    if eaches == 0:
        return _wrong(session, scan, pick, f"Need {pick.sku_name}.")
    if eaches > pick.left:
        return wrong("Too many", f"That code stands for {eaches}. Only {pick.left} more: scan single units.")
    return _take(session, scan, pick, eaches)


def _take(session: Session, scan: ScanIn, pick: PickRow, eaches: int) -> Answer:
    record_movements(
        session,
        [
            NewMovement(
                merchant_id=pick.merchant_id, site_id=scan.site_id, sku_id=pick.sku_id, lot_id=pick.lot_id, quantity=eaches,
                from_place_id=pick.place_id, from_condition="allocated", to_place_id=pick.tote_id, to_condition="picked", because="pick",
                order_line_id=pick.order_line_id, scan_id=scan.id, by_user_id=scan.user_id, at=scan.at,
            )
        ],
    )  # fmt: skip
    _count(session, scan.site_id, pick.id, eaches)
    _note_progress(session, scan, pick)
    if eaches < pick.left:
        return Answer(
            verdict="applied", headline=f"{pick.quantity_picked + eaches} of {pick.quantity}", sentence=f"Into tote {pick.tote_code}."
        )  # fmt: skip
    ended = close_if_done(session, site_id=scan.site_id, batch_id=pick.batch_id, at=scan.at)
    return Answer(
        verdict="applied",
        headline=f"{pick.quantity} × {pick.sku_name}",
        sentence=f"Into tote {pick.tote_code}." + (f" {WALK_DONE}" if ended else ""),
        completed="batch" if ended else "line",
    )


def _count(session: Session, site_id: UUID, pick_id: UUID, eaches: int) -> None:
    run(
        session,
        "UPDATE picks SET quantity_picked = quantity_picked + :eaches WHERE site_id = :site AND id = :id",
        {"eaches": eaches, "site": site_id, "id": pick_id},
    )


def _note_progress(session: Session, scan: ScanIn, pick: PickRow) -> None:
    changed = refresh_progress(
        session, merchant_id=pick.merchant_id, order_ids=[pick.order_id], at=scan.at
    ).get(pick.order_id)
    sentence = {
        "picking": f"Picking began in walk {pick.batch_number}.",
        "picked": f"Picked completely; it waits in tote {pick.tote_code}.",
    }.get(changed or "")
    if sentence:
        add_event(
            session,
            merchant_id=pick.merchant_id,
            order_id=pick.order_id,
            site_id=scan.site_id,
            kind=changed or "",
            sentence=sentence,
            by=scan.user_id,
            at=scan.at,
        )


def _eaches(session: Session, pick: PickRow, code: str) -> int:
    """Return how many eaches of the pick's SKU a code stands for; 0 when it is another thing's. The SKU's own code is one."""
    if code.strip().upper() == pick.sku_code.upper():
        return 1
    fitting = [
        row.quantity
        for row in find_barcodes(session, code)
        if row.merchant_id == pick.merchant_id and row.sku_id == pick.sku_id
    ]
    return fitting[0] if fitting else 0


def _wrong(session: Session, scan: ScanIn, pick: PickRow, need: str) -> Answer:
    place = find_place(session, scan.site_id, scan.code)
    if place is not None:
        what = "tote" if place.kind == "tote" else "place"
        return wrong(f"Wrong {what}", f"That is {place.code}. {need}")
    for row in find_barcodes(session, scan.code):
        if row.merchant_id != pick.merchant_id:
            return wrong("Wrong item", f"It belongs to another merchant. {need}")
        return wrong("Wrong item", f"That is {get_sku(session, row.merchant_id, row.sku_id).name}. {need}")
    return wrong("Unknown code", f"{said(scan.code)} is no code of this site. {need}")


def _put_back(session: Session, scan: ScanIn, batch_id: UUID, live: PickRow | None) -> Answer | None:
    """Answer a scan that fits an order which was held or cancelled meanwhile; None when it fits none."""
    first = next_pick(session, scan.site_id, batch_id, stopped_too=True)
    if first is None or (live is not None and first.id == live.id):
        return None
    fits = scan.code.upper() == first.place_code or _eaches(session, first, scan.code) > 0
    if live is not None and not fits:
        return None
    reasons = {row.order_id: row.reason for row in stopped_orders(session, scan.site_id, batch_id)}
    return stopped(
        "Put it back", f"Order {first.order_number} is stopped: {reasons.get(first.order_id, 'ask a lead.')}"
    )


def report_short(session: Session, scan: ScanIn) -> Answer:
    """Say that a place has fewer than the pick asks for, proved by the scan of the place; the order is held and the walk goes on.

    What was picked of the order stays in its tote; the rest of its picks leave the walk.
    """
    batch = find_open_batch(session, scan.site_id, scan.user_id)
    if batch is None:
        return _NO_WALK
    lock_batch(session, scan.site_id, batch.id)
    pick = _lock_pick(session, scan.site_id, batch.id)
    if pick is None:
        return _NO_WALK
    if scan.code.upper() != pick.place_code:
        place = find_place(session, scan.site_id, scan.code)
        here = f"That is {place.code}. " if place else ""
        return wrong("Scan the place", f"{here}Scan {pick.place_code}, to prove that you stand there.")
    missing = f"{pick.left} × {pick.sku_code} missing at {pick.place_code}"
    place_hold(
        session,
        merchant_id=pick.merchant_id,
        order_id=pick.order_id,
        kind="short",
        reason=f"{missing} ({pick.quantity_picked} of {pick.quantity} found).",
        owner="operator",
        next_step=f"Count {pick.place_code}, find or replace the {'unit' if pick.left == 1 else 'units'}, then release the hold.",
        by=scan.user_id,
        at=scan.at,
    )
    drop_left(session, scan.site_id, batch.id, pick.order_id)
    ended = close_if_done(session, site_id=scan.site_id, batch_id=batch.id, at=scan.at)
    return Answer(
        verdict="applied",
        headline=f"Order {pick.order_number} is on hold",
        sentence=f"{missing}. {WALK_DONE if ended else 'The walk goes on without it.'}",
        completed="batch" if ended else "line",
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """A pick that can be undone."""

    id: UUID
    merchant_id: UUID
    sku_id: UUID
    lot_id: UUID | None
    quantity: int
    from_place_id: UUID
    to_place_id: UUID
    order_line_id: UUID
    pick_id: UUID
    batch_id: UUID
    order_id: UUID
    place_code: str
    sku_name: str
    ended: bool


_LAST = """
SELECT m.id, m.merchant_id, m.sku_id, m.lot_id, m.quantity, m.from_place_id, m.to_place_id, m.order_line_id, k.id, k.batch_id,
       k.order_id, p.code, s.name, b.state <> 'picking'
FROM batches b
JOIN picks k ON k.site_id = b.site_id AND k.batch_id = b.id
JOIN movements m ON m.merchant_id = k.merchant_id AND m.order_line_id = k.order_line_id AND m.from_place_id = k.place_id
 AND m.lot_id IS NOT DISTINCT FROM k.lot_id AND m.to_place_id = k.tote_id AND m.because = 'pick' AND m.at >= b.started_at
JOIN places p ON p.id = k.place_id JOIN skus s ON s.merchant_id = k.merchant_id AND s.id = k.sku_id
WHERE b.site_id = :site AND b.user_id = :worker AND (b.state = 'picking' OR b.finished_at > :since)
  AND NOT EXISTS (SELECT 1 FROM movements r WHERE r.merchant_id = m.merchant_id AND r.reverses_id = m.id)
ORDER BY b.state = 'picking' DESC, m.at DESC, m.id DESC LIMIT 1
"""


def undo_pick(session: Session, scan: ScanIn) -> Answer:
    """Take the last pick of a worker's walk back: a movement from the tote to the place, which names what it reverses.

    The last pick of a walk that ended within ten minutes opens the walk again.
    """
    batch = find_open_batch(session, scan.site_id, scan.user_id)
    if batch is not None:
        lock_batch(session, scan.site_id, batch.id)
    rows = run(session, _LAST, {"site": scan.site_id, "worker": scan.user_id, "since": scan.at - UNDO_FOR})
    last = _Taken(*rows[0]) if rows else None
    if last is None or (batch is not None and last.batch_id != batch.id):
        return wrong("Nothing to undo", "Nothing was picked on this walk yet.")
    order = lock_order(session, last.merchant_id, last.order_id)
    record_movements(
        session,
        [
            NewMovement(
                merchant_id=last.merchant_id, site_id=scan.site_id, sku_id=last.sku_id, lot_id=last.lot_id, quantity=last.quantity,
                from_place_id=last.to_place_id, from_condition="picked", to_place_id=last.from_place_id, to_condition="allocated",
                because="unpick", order_line_id=last.order_line_id, reverses_id=last.id, scan_id=scan.id, by_user_id=scan.user_id, at=scan.at,
            )
        ],
    )  # fmt: skip
    _count(session, scan.site_id, last.pick_id, -last.quantity)
    if last.ended:
        _open_again(session, scan.site_id, last.batch_id)
    refresh_progress(session, merchant_id=last.merchant_id, order_ids=[order.id], at=scan.at)
    return Answer(
        verdict="applied",
        headline=f"Undone: {last.quantity} × {last.sku_name}",
        sentence=f"Put it back at {last.place_code}.",
    )


def _open_again(session: Session, site_id: UUID, batch_id: UUID) -> None:
    run(
        session,
        "UPDATE batches SET state = 'picking', finished_at = NULL WHERE site_id = :site AND id = :id",
        {"site": site_id, "id": batch_id},
    )
