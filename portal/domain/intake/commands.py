"""From a file to orders: preview, mend, confirm. Nothing becomes an order before the merchant confirms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from portal.domain.catalog.commands import add_draft_skus
from portal.domain.catalog.queries import sku_ids
from portal.domain.intake.events import ImportConfirmed
from portal.domain.intake.models import Import, StagedOrder
from portal.domain.intake.queries import get_import, match_skus
from portal.domain.intake.rules import Address, fingerprint, from_json, read_order_file, recheck, to_json
from portal.domain.orders.commands.accept import (
    NewLine,
    NewOrder,
    NewRecipient,
    accept_orders,
    known_numbers,
    known_orders,
)
from portal.domain.orders.commands.allocation import allocate
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError, UnprocessableError, WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.intake.rules import StagedOrder as ReadOrder

UNKNOWN_SKU_CHOICES = ("create", "match", "leave")
PIECE = 1_000
"""Orders of a file that are written at once."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation did."""

    accepted: int
    units: int
    draft_skus: int
    left_with_unknown_sku: int


def preview_import(
    session: Session, *, merchant_id: UUID, file_name: str, data: bytes, by: UUID | None, at: datetime
) -> UUID:
    """Read a file and keep what each of its orders would become; return the import's id. No order is made.

    Raises `intake.rules.UnreadableFile` when the file as a whole cannot be read.
    """
    parsed = read_order_file(data, file_name)
    import_id = new_id()
    session.execute(
        insert(Import).values(
            merchant_id=merchant_id, id=import_id, file_name=_shown(file_name), file_sha256=hashlib.sha256(data).hexdigest(),
            file_bytes=len(data), format=parsed.format, encoding=parsed.encoding, delimiter=parsed.delimiter, row_count=parsed.row_count,
            problems=[_problem_json(problem) for problem in parsed.problems], created_by=by, created_at=at,
        )
    )  # fmt: skip
    known = _find_known(
        session, merchant_id, parsed.format, [(order.external_id, order.number) for order in parsed.orders]
    )
    # In pieces, so that a large file is not held a second time as rows.
    for start in range(0, len(parsed.orders), PIECE):
        rows = [
            {"merchant_id": merchant_id, "id": new_id(), "import_id": import_id, "position": position}
            | _staged_row(order, known.get(order.external_id))
            for position, order in enumerate(parsed.orders[start : start + PIECE], start=start + 1)
        ]
        session.execute(insert(StagedOrder), rows)
    return import_id


def _shown(file_name: str) -> str:
    """Return a file's name as it can be kept and shown, whatever a browser sent."""
    plain = file_name.encode("utf-8", "replace").decode().rpartition("/")[2].rpartition("\\")[2]
    return "".join(letter for letter in plain if letter.isprintable())[:200] or "unnamed"


def _staged_row(order: ReadOrder, known: tuple[UUID, str] | None) -> dict[str, Any]:
    print_ = fingerprint(order)
    row = _judged(order) | {
        "number": order.number,
        "external_id": order.external_id,
        "fingerprint": print_,
        "order_id": None,
    }
    if known is not None:
        # An order that the shop has cancelled or shipped since then differs too; the reason says so.
        order_id, before = known
        same = before == print_
        row |= {"verdict": "same" if same else "changed", "order_id": order_id}
        row |= {"reason": ""} if same else {}
    return row


def _judged(order: ReadOrder) -> dict[str, Any]:
    return {
        "verdict": order.verdict,
        "reason": order.reason,
        "units": order.units_to_ship,
        "payload": to_json(order),
    }


def _find_known(
    session: Session, merchant_id: UUID, channel: str, orders: Sequence[tuple[str, str]]
) -> dict[str, tuple[UUID, str]]:
    """Return, by external id, the id and fingerprint of those orders (external id, number) that are ours already.

    A file that a spreadsheet has saved again has lost the shop's ids, and its orders go by their numbers. An order that
    came with an id and comes again without one, or the other way round, is therefore found by its number: doubling it
    would be worse than asking.
    """
    known = known_orders(session, merchant_id, channel, [external_id for external_id, _ in orders])
    by_number = known_numbers(
        session, merchant_id, channel, [number for external_id, number in orders if external_id not in known]
    )
    for external_id, number in orders:
        if external_id not in known and number in by_number:
            order_id, before, stored_id = by_number[number]
            if number in (external_id, stored_id):
                known[external_id] = (order_id, before)
    return known


def mend_order(
    session: Session, *, merchant_id: UUID, staged_id: UUID, changes: Mapping[str, str], skus: Sequence[str]
) -> str:
    """Put what a person typed into an order that needs attention and judge it again; return the new verdict.

    `changes` are fields of the address by name; `skus` are the lines' SKU codes in their order. Blank values change nothing.
    """
    import_id = session.execute(
        select(StagedOrder.import_id).where(
            StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id
        )
    ).scalar()
    if import_id is None:
        raise NotFoundError("There is no such order in this import.")
    # The import is locked first, as confirming does, so that an order is not mended while it is being made.
    page = get_import(session, merchant_id, import_id, lock=True)
    row = session.execute(
        select(StagedOrder.payload, StagedOrder.verdict, StagedOrder.order_id).where(
            StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id
        )
    ).one()
    if page.state == "discarded" or row.order_id is not None or row.verdict not in ("attention", "ship"):
        raise WrongStateError("This order does not wait for a fix any more.")
    order = from_json(row.payload)
    typed = {name: text for name, value in changes.items() if (text := _typed(value))}
    address = order.ship_to
    if typed:
        if "country" in typed:
            typed["country"] = typed["country"].upper()
        address = replace(address or Address(email=order.email), **typed)
    codes = [_typed(code) for code in skus]
    lines = tuple(
        replace(line, sku_code=codes[index]) if index < len(codes) and codes[index] else line
        for index, line in enumerate(order.lines)
    )
    judged = recheck(replace(order, ship_to=address, lines=lines))
    session.execute(
        update(StagedOrder)
        .where(StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id)
        .values(**_judged(judged))
    )
    return judged.verdict


def _typed(text: str) -> str:
    """Return what was typed, on one line and without what no keyboard writes."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300]


def confirm_import(
    session: Session, *, merchant_id: UUID, import_id: UUID, unknown_skus: str, by: UUID | None, at: datetime
) -> Confirmed:
    """Make orders of everything in the import that can ship and is not an order yet, and give them their stock.

    `unknown_skus`: `create` makes drafts of SKUs that the catalogue does not know; `match` takes those that differ from a
    known code or barcode only in case and spaces, and leaves the others in attention; `leave` leaves them all.
    Can be called again after orders were mended; a second click finds nothing left and changes nothing.
    """
    if unknown_skus not in UNKNOWN_SKU_CHOICES:
        raise UnprocessableError(
            f"Say what to do with SKUs that the catalogue does not know: {', '.join(UNKNOWN_SKU_CHOICES)}."
        )
    page = get_import(session, merchant_id, import_id, lock=True)
    if page.state == "discarded":
        raise WrongStateError("This import was discarded. Upload the file again.")
    # One confirmation of a merchant at a time: two previews of the same file must not both find their orders missing.
    run(
        session,
        "SELECT pg_advisory_xact_lock(hashtextextended('intake:' || :merchant, 0))",
        {"merchant": str(merchant_id)},
    )
    waiting = session.execute(
        select(StagedOrder.id, StagedOrder.payload, StagedOrder.fingerprint)
        .where(
            StagedOrder.merchant_id == merchant_id,
            StagedOrder.import_id == import_id,
            StagedOrder.verdict == "ship",
            StagedOrder.order_id.is_(None),
        )
        .order_by(StagedOrder.position)
    ).all()
    staged = [_Staged(row.id, from_json(row.payload), row.fingerprint) for row in waiting]
    known = _find_known(
        session, merchant_id, page.format, [(one.order.external_id, one.order.number) for one in staged]
    )
    met = [one for one in staged if one.order.external_id in known]
    new = [one for one in staged if one.order.external_id not in known]
    skus, drafts = _skus_for(session, merchant_id, [one.order for one in new], unknown_skus)
    accepted = {
        one.id: _new_order(one, skus, page.format, import_id)
        for one in new
        if all(line.sku_code in skus for line in one.order.lines_to_ship)
    }
    orders = list(accepted.values())
    accept_orders(
        session, merchant_id=merchant_id, orders=orders, source=f"in the file {page.file_name}", by=by, at=at
    )
    _note_results(session, merchant_id, accepted, met, known)
    if page.state == "preview":
        session.execute(
            update(Import)
            .where(Import.merchant_id == merchant_id, Import.id == import_id)
            .values(state="confirmed", confirmed_at=at)
        )
        record(session, ImportConfirmed(merchant_id=merchant_id, import_id=import_id))
    if orders:
        allocate(session, merchant_id=merchant_id, order_ids=[order.id for order in orders], by=by, at=at)
    units = sum(line.quantity for order in orders for line in order.lines if line.requires_shipping)
    return Confirmed(len(orders), units, drafts, len(new) - len(orders))


@dataclass(frozen=True, slots=True)
class _Staged:
    """An order of a file that waits to be made, with the fingerprint of what the file itself said of it."""

    id: UUID
    order: ReadOrder
    fingerprint: str


def discard_import(session: Session, *, merchant_id: UUID, import_id: UUID) -> None:
    """Give a preview up. Raises `WrongStateError` when it was confirmed: its orders are cancelled one by one."""
    page = get_import(session, merchant_id, import_id, lock=True)
    if page.state == "confirmed":
        raise WrongStateError(
            "This import was confirmed; its orders exist. Cancel the orders that should not ship."
        )
    session.execute(
        update(Import)
        .where(Import.merchant_id == merchant_id, Import.id == import_id)
        .values(state="discarded")
    )


def _skus_for(
    session: Session, merchant_id: UUID, orders: Sequence[ReadOrder], unknown_skus: str
) -> tuple[dict[str, UUID], int]:
    wanted = {line.sku_code: line.name for order in orders for line in order.lines_to_ship}
    skus = sku_ids(session, merchant_id, list(wanted))
    missing = {code: name for code, name in wanted.items() if code not in skus}
    if missing and unknown_skus == "match":
        matched = match_skus(session, merchant_id, list(missing))
        return skus | {code: row.id for code, row in matched.items()}, 0
    if missing and unknown_skus == "create":
        skus |= add_draft_skus(session, merchant_id=merchant_id, names_by_code=missing)
        return skus, len(missing)
    return skus, 0


def _new_order(staged: _Staged, skus: Mapping[str, UUID], channel: str, import_id: UUID) -> NewOrder:
    order, address = staged.order, staged.order.ship_to
    if address is None or order.placed_at is None:
        raise AssertionError("an order without an address or date cannot have the verdict 'ship'")
    notes = [order.note, *(f"{name}: {value}" for name, value in order.attributes)]
    return NewOrder(
        channel=channel, external_id=order.external_id, number=order.number, placed_at=order.placed_at, currency=order.currency,
        service=order.service, note="\n".join(note for note in notes if note), total_minor=order.total_minor,
        fingerprint=staged.fingerprint, import_id=import_id,
        recipient=NewRecipient(
            name=address.name, company=address.company, address1=address.address1, address2=address.address2, city=address.city,
            region=address.region, postcode=address.postcode, country=address.country, phone=address.phone, email=address.email or order.email,
        ),
        lines=tuple(
            NewLine(
                sku_id=skus.get(line.sku_code) if line.requires_shipping else None, sku_code=line.sku_code, name=line.name,
                quantity=line.quantity, unit_price_minor=line.unit_price_minor, requires_shipping=line.requires_shipping,
                attributes="\n".join(f"{name}: {value}" for name, value in line.attributes),
            )
            for line in order.lines
            if not line.already_shipped
        ),
    )  # fmt: skip


def _note_results(
    session: Session,
    merchant_id: UUID,
    accepted: Mapping[UUID, NewOrder],
    met: Sequence[_Staged],
    known: Mapping[str, tuple[UUID, str]],
) -> None:
    if accepted:
        run(
            session,
            """
            UPDATE staged_orders s SET order_id = n.order_id
            FROM unnest(CAST(:staged AS uuid[]), CAST(:orders AS uuid[])) AS n (staged_id, order_id)
            WHERE s.merchant_id = :merchant AND s.id = n.staged_id
            """,
            {
                "merchant": merchant_id,
                "staged": list(accepted),
                "orders": [order.id for order in accepted.values()],
            },
        )
    for one in met:
        order_id, before = known[one.order.external_id]
        verdict = "same" if before == one.fingerprint else "changed"
        session.execute(
            update(StagedOrder)
            .where(StagedOrder.merchant_id == merchant_id, StagedOrder.id == one.id)
            .values(verdict=verdict, order_id=order_id)
        )


def _problem_json(problem: Any) -> dict[str, Any]:  # noqa: ANN401 (a Problem; kept as the file said it)
    return {name: getattr(problem, name) for name in ("row", "column", "code", "found", "expected", "fix")}
