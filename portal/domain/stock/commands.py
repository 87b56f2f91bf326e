"""The only writers of the ledger and of places. Balances follow by the database's own trigger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal.domain.accounts.queries import get_merchant
from portal.domain.stock.events import StockReceived
from portal.domain.stock.models import PHYSICAL_KINDS, VIRTUAL_KINDS, Movement, Place
from portal.domain.stock.queries import get_place, virtual_place
from portal.domain.stock.rules import read_codes
from portal.kernel.db import run
from portal.kernel.errors import (
    DuplicateError,
    FieldProblem,
    NotEnoughError,
    NotFoundError,
    UnprocessableError,
)
from portal.kernel.ids import new_id
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

MAX_QUANTITY = 1_000_000
"""More eaches than one movement may carry: a slip of the keyboard, not a delivery."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,29}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMovement:
    """A movement to be written; fields are the columns of `movements`."""

    merchant_id: UUID
    site_id: UUID
    sku_id: UUID
    quantity: int
    from_place_id: UUID
    from_condition: str
    to_place_id: UUID
    to_condition: str
    because: str
    by_user_id: UUID | None
    at: datetime
    lot_id: UUID | None = None
    note: str = ""
    order_line_id: UUID | None = None
    reverses_id: UUID | None = None
    scan_id: UUID | None = None


def record_movements(session: Session, movements: Sequence[NewMovement]) -> list[UUID]:
    """Move goods: one statement for all, in the order given; return the movements' ids.

    Raises `NotEnoughError` when a physical place, or the share of an order line, would fall below zero: then nothing moved.
    """
    if not movements:
        return []
    ids = [new_id() for _ in movements]
    try:
        with session.begin_nested():
            session.execute(
                insert(Movement),
                [_row(movement_id, movement) for movement_id, movement in zip(ids, movements, strict=True)],
            )
    except IntegrityError as error:
        raise_if_not_enough(error)
        raise
    return ids


def raise_if_not_enough(error: IntegrityError) -> None:
    """Turn the ledger's own refusal into a sentence; anything else stays what it is."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if constraint in (
        "ck_balances_physical_stock_is_not_negative",
        "ck_line_balances_line_stock_is_not_negative",
    ):
        raise NotEnoughError(
            "There are not that many there any more. Look the place up and try again."
        ) from error
    if constraint == "uq_movements_merchant_id_reverses_id":
        raise DuplicateError("This has been undone already.") from error


def _row(movement_id: UUID, movement: NewMovement) -> dict[str, Any]:
    return {"id": movement_id} | {name: getattr(movement, name) for name in NewMovement.__slots__}


def receive_stock(
    session: Session,
    *,
    merchant_id: UUID,
    site_id: UUID,
    sku_id: UUID,
    place_id: UUID,
    quantity: int,
    note: str = "",
    by: UUID | None,
    at: datetime,
) -> UUID:
    """Take eaches of a SKU in from the supplier to a dock or bin of the site, ready to be sold; return the movement's id.

    Raises `UnprocessableError` for a quantity outside 1 to 1,000,000, a place that holds no stock, or a merchant of another site.
    """
    if not 1 <= quantity <= MAX_QUANTITY:
        sentence = f"The quantity is {quantity}; it has to be a whole number from 1 to {MAX_QUANTITY:,}."
        raise UnprocessableError(sentence, problems=(FieldProblem("quantity", "out_of_range", sentence),))
    place = get_place(session, place_id)
    if place.kind not in ("dock", "storage") or place.site_id != site_id:
        sentence = f"{place.code} is a {place.kind} place. Goods are received at a dock or into storage of this site."
        raise UnprocessableError(sentence, problems=(FieldProblem("place", "wrong_kind", sentence),))
    merchant = get_merchant(session, merchant_id)
    if merchant.site_id != site_id:
        sentence = f"The goods of {merchant.name} are kept at another site. Send them on, or ask the office."
        raise UnprocessableError(sentence, problems=(FieldProblem("merchant", "other_site", sentence),))
    supplier = virtual_place(session, site_id, "supplier")
    [movement_id] = record_movements(
        session,
        [
            NewMovement(
                merchant_id=merchant_id, site_id=site_id, sku_id=sku_id, quantity=quantity, from_place_id=supplier,
                from_condition="available", to_place_id=place_id, to_condition="available", because="receive", note=note,
                by_user_id=by, at=at,
            )
        ],
    )  # fmt: skip
    record(session, StockReceived(merchant_id=merchant_id, sku_id=sku_id))
    return movement_id


def take_back_receipt(
    session: Session, *, movement_id: UUID, by: UUID | None, at: datetime, scan_id: UUID | None = None
) -> None:
    """Undo a receipt: the eaches go back to the supplier by a movement that names what it reverses.

    Raises `NotFoundError` for anything else than a receipt, `NotEnoughError` when an order has them already, and
    `DuplicateError` when it was undone before.
    """
    m = Movement
    row = session.execute(
        select(
            m.merchant_id, m.site_id, m.sku_id, m.lot_id, m.quantity, m.from_place_id, m.to_place_id
        ).where(m.id == movement_id, m.because == "receive", m.reverses_id.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such receipt here.")
    record_movements(
        session,
        [
            NewMovement(
                merchant_id=row.merchant_id, site_id=row.site_id, sku_id=row.sku_id, lot_id=row.lot_id, quantity=row.quantity,
                from_place_id=row.to_place_id, from_condition="available", to_place_id=row.from_place_id, to_condition="available",
                because="receive", note="taken back", reverses_id=movement_id, scan_id=scan_id, by_user_id=by, at=at,
            )
        ],
    )  # fmt: skip


def add_places(session: Session, *, site_id: UUID, places: Sequence[tuple[str, str, int]]) -> int:
    """Add places given as (code, kind, walk order) to a site; return how many were new. Codes that exist stay as they are.

    Raises `UnprocessableError` for a code that is not capital letters, digits and dashes, or a kind that does not exist.
    """
    for code, kind, _ in places:
        if not _CODE.fullmatch(code):
            raise UnprocessableError(
                f"{code!r} cannot be a place's code: use up to 30 capital letters, digits and dashes."
            )
        if kind not in PHYSICAL_KINDS + VIRTUAL_KINDS:
            raise UnprocessableError(
                f"{kind!r} is no kind of place. Known kinds: {', '.join(PHYSICAL_KINDS)}."
            )
    known = {
        row.code for row in run(session, "SELECT code FROM places WHERE site_id = :site", {"site": site_id})
    }
    rows = [
        {
            "id": new_id(),
            "site_id": site_id,
            "code": code,
            "kind": kind,
            "physical": kind in PHYSICAL_KINDS,
            "walk_order": walk_order,
        }
        for code, kind, walk_order in places
        if code not in known
    ]
    if rows:
        session.execute(insert(Place), rows)
    return len(rows)


def add_place_range(session: Session, *, site_id: UUID, kind: str, text: str) -> tuple[int, int]:
    """Add the places that codes and ranges such as `A-01-1..A-10-4` stand for, behind the site's last place of the walk.

    Returns (how many are new, how many were there already). Raises `UnprocessableError` naming every entry that does not fit;
    then none is added.
    """
    read = read_codes(text)
    if read.problems:
        problems = tuple(FieldProblem("codes", "shape", sentence) for sentence in read.problems)
        raise UnprocessableError(read.problems[0], problems=problems)
    # Two people who add at the same time come one after the other.
    rows = run(session, "SELECT id FROM sites WHERE id = :site FOR UPDATE", {"site": site_id})
    if not rows:
        raise NotFoundError("There is no such site.")
    [last] = run(
        session, "SELECT coalesce(max(walk_order), 0) FROM places WHERE site_id = :site", {"site": site_id}
    )
    start = last[0] + 1 if kind == "storage" else 0
    places = [(code, kind, start + i if start else 0) for i, code in enumerate(read.codes)]
    added = add_places(session, site_id=site_id, places=places)
    return added, len(places) - added


def open_place(session: Session, *, site_id: UUID, code: str, kind: str) -> UUID:
    """Add one place that goods are about to be put into, such as a parcel; return its id."""
    place_id = new_id()
    session.execute(
        insert(Place).values(
            id=place_id, site_id=site_id, code=code, kind=kind, physical=kind in PHYSICAL_KINDS
        )
    )
    return place_id


def open_site(session: Session, *, site_id: UUID) -> None:
    """Give a new site its virtual places and one dock, so that goods can be received."""
    virtual = [(kind.upper(), kind, 0) for kind in VIRTUAL_KINDS]
    add_places(session, site_id=site_id, places=[*virtual, ("DOCK-1", "dock", 0)])
