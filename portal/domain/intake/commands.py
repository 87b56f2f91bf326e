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
from portal.domain.orders.commands.accept import NewLine, NewOrder, NewRecipient, accept_orders, known_orders
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

    from portal.domain.intake.rules import ParsedFile
    from portal.domain.intake.rules import StagedOrder as ReadOrder

UNKNOWN_SKU_CHOICES = ("create", "match", "leave")


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
            merchant_id=merchant_id, id=import_id, file_name=file_name[:200], file_sha256=hashlib.sha256(data).hexdigest(),
            file_bytes=len(data), format=parsed.format, encoding=parsed.encoding, delimiter=parsed.delimiter, row_count=parsed.row_count,
            problems=[_problem_json(problem) for problem in parsed.problems], created_by=by, created_at=at,
        )
    )  # fmt: skip
    rows = _staged_rows(session, merchant_id, import_id, parsed)
    if rows:
        session.execute(insert(StagedOrder), rows)
    return import_id


def _staged_rows(
    session: Session, merchant_id: UUID, import_id: UUID, parsed: ParsedFile
) -> list[dict[str, Any]]:
    known = known_orders(session, merchant_id, parsed.format, [order.external_id for order in parsed.orders])
    rows: list[dict[str, Any]] = []
    for position, order in enumerate(parsed.orders, start=1):
        row = {
            "merchant_id": merchant_id,
            "id": new_id(),
            "import_id": import_id,
            "position": position,
        } | _columns(order)
        if order.external_id in known:
            order_id, before = known[order.external_id]
            row |= {
                "verdict": "same" if before == row["fingerprint"] else "changed",
                "reason": "",
                "order_id": order_id,
            }
        else:
            row["order_id"] = None
        rows.append(row)
    return rows


def _columns(order: ReadOrder) -> dict[str, Any]:
    return {
        "number": order.number, "external_id": order.external_id, "fingerprint": fingerprint(order), "verdict": order.verdict,
        "reason": order.reason, "units": order.units_to_ship, "payload": to_json(order),
    }  # fmt: skip


def mend_order(
    session: Session, *, merchant_id: UUID, staged_id: UUID, changes: Mapping[str, str], skus: Sequence[str]
) -> str:
    """Put what a person typed into an order that needs attention and judge it again; return the new verdict.

    `changes` are fields of the address by name; `skus` are the lines' SKU codes in their order. Blank values change nothing.
    """
    row = session.execute(
        select(StagedOrder.payload, StagedOrder.verdict, StagedOrder.order_id)
        .where(StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such order in this import.")
    if row.order_id is not None or row.verdict not in ("attention", "ship"):
        raise WrongStateError("This order does not wait for a fix any more.")
    order = from_json(row.payload)
    address = order.ship_to
    typed = {name: value.strip() for name, value in changes.items() if value.strip()}
    if typed:
        blank = dict.fromkeys(
            (
                "name",
                "company",
                "address1",
                "address2",
                "city",
                "region",
                "postcode",
                "country",
                "phone",
                "email",
            ),
            "",
        )
        before = blank if address is None else {name: getattr(address, name) for name in blank}
        if "country" in typed:
            typed["country"] = typed["country"].upper()
        address = Address(**(before | typed))
    lines = tuple(
        replace(line, sku_code=skus[index].strip()) if index < len(skus) and skus[index].strip() else line
        for index, line in enumerate(order.lines)
    )
    judged = recheck(replace(order, ship_to=address, lines=lines))
    session.execute(
        update(StagedOrder)
        .where(StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id)
        .values(**_columns(judged))
    )
    return judged.verdict


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
        select(StagedOrder.id, StagedOrder.payload)
        .where(
            StagedOrder.merchant_id == merchant_id,
            StagedOrder.import_id == import_id,
            StagedOrder.verdict == "ship",
            StagedOrder.order_id.is_(None),
        )
        .order_by(StagedOrder.position)
    ).all()
    read = {row.id: from_json(row.payload) for row in waiting}
    known = known_orders(session, merchant_id, page.format, [order.external_id for order in read.values()])
    read, met = _split_known(read, known)
    skus, drafts = _skus_for(session, merchant_id, list(read.values()), unknown_skus)
    accepted: dict[UUID, NewOrder] = {}
    left: list[UUID] = []
    for staged_id, order in read.items():
        if all(line.sku_code in skus for line in order.lines if line.requires_shipping):
            accepted[staged_id] = _new_order(order, skus, page.format, import_id)
        else:
            left.append(staged_id)
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
    return Confirmed(len(orders), units, drafts, len(left))


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


def _split_known(
    read: dict[UUID, ReadOrder], known: dict[str, tuple[UUID, str]]
) -> tuple[dict[UUID, ReadOrder], dict[UUID, ReadOrder]]:
    new = {staged_id: order for staged_id, order in read.items() if order.external_id not in known}
    return new, {staged_id: order for staged_id, order in read.items() if staged_id not in new}


def _skus_for(
    session: Session, merchant_id: UUID, orders: Sequence[ReadOrder], unknown_skus: str
) -> tuple[dict[str, UUID], int]:
    wanted = {
        line.sku_code: line.name
        for order in orders
        for line in order.lines
        if line.sku_code and line.requires_shipping
    }
    skus = sku_ids(session, merchant_id, list(wanted))
    missing = {code: name for code, name in wanted.items() if code not in skus}
    if missing and unknown_skus in ("create", "match"):
        matched = match_skus(session, merchant_id, list(missing))
        skus |= {code: row.id for code, row in matched.items()} if unknown_skus == "match" else {}
    if missing and unknown_skus == "create":
        skus |= add_draft_skus(session, merchant_id=merchant_id, names_by_code=missing)
        return skus, len(missing)
    return skus, 0


def _new_order(order: ReadOrder, skus: Mapping[str, UUID], channel: str, import_id: UUID) -> NewOrder:
    address = order.ship_to
    if address is None or order.placed_at is None:
        raise AssertionError("an order without an address or date cannot have the verdict 'ship'")
    notes = [order.note, *(f"{name}: {value}" for name, value in order.attributes)]
    return NewOrder(
        channel=channel, external_id=order.external_id, number=order.number, placed_at=order.placed_at, currency=order.currency,
        service=order.service, note="\n".join(note for note in notes if note), total_minor=order.total_minor,
        fingerprint=fingerprint(order), import_id=import_id,
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
    met: Mapping[UUID, ReadOrder],
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
    for staged_id, order in met.items():
        order_id, before = known[order.external_id]
        verdict = "same" if before == fingerprint(order) else "changed"
        session.execute(
            update(StagedOrder)
            .where(StagedOrder.merchant_id == merchant_id, StagedOrder.id == staged_id)
            .values(verdict=verdict, order_id=order_id)
        )


def _problem_json(problem: Any) -> dict[str, Any]:  # noqa: ANN401 (a Problem; kept as the file said it)
    return {name: getattr(problem, name) for name in ("row", "column", "code", "found", "expected", "fix")}
