"""Giving parcels a carrier, and shipping them: the server accepts the scan of the label, and the goods are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.domain.accounts.queries import get_site
from portal.domain.devices.rules import Answer, stopped, wrong
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.commands.progress import refresh_progress
from portal.domain.shipping.commands.locks import lock_parcel
from portal.domain.shipping.events import ParcelShipped
from portal.domain.shipping.queries import find_parcel, what_stops
from portal.domain.shipping.rules.carriers import (
    CARRIERS,
    carrier_name,
    clean_number,
    estimate_arrival,
    number_problem,
)
from portal.domain.stock.commands import NewMovement, record_movements
from portal.domain.stock.queries import virtual_place
from portal.kernel.db import run
from portal.kernel.errors import FieldProblem, UnprocessableError, WrongStateError
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.devices.rules import ScanIn
    from portal.domain.orders.queries import LockedOrder
    from portal.domain.shipping.models import Parcel

_INSIDE = """
SELECT order_line_id, sku_id, lot_id, condition, quantity FROM line_balances
WHERE merchant_id = :merchant AND site_id = :site AND place_id = :place AND quantity > 0 ORDER BY order_line_id, lot_id
"""

LONGEST_SERVICE = 60
"""Characters of a service's name: what fits on a label."""


def use_carrier(
    session: Session, *, merchant_id: UUID, parcel_id: UUID, carrier: str, tracking_number: str, service: str,
    by: UUID | None, at: datetime,
) -> None:  # fmt: skip
    """Say which carrier takes a parcel that has not shipped, by a number typed from the carrier's label; the same again changes nothing.

    Raises `UnprocessableError` naming the field when the carrier is unknown or the number cannot be one of its numbers, and
    `WrongStateError` once the parcel has shipped.
    """
    number, service = clean_number(carrier, tracking_number), " ".join(service.split())
    problems: list[FieldProblem] = []
    if carrier not in CARRIERS:
        names = ", ".join(carrier_name(code) for code in CARRIERS)
        problems.append(FieldProblem("carrier", "unknown", f"Choose one of these carriers: {names}."))
    elif (sentence := number_problem(carrier, number)) is not None:
        problems.append(FieldProblem("tracking_number", "wrong_shape" if number else "missing", sentence))
    if len(service) > LONGEST_SERVICE:
        problems.append(
            FieldProblem(
                "service",
                "too_long",
                f"The service has {len(service)} characters; {LONGEST_SERVICE} fit on a label.",
            )
        )
    if problems:
        raise UnprocessableError(problems[0].sentence, problems=tuple(problems))
    order, parcel = lock_parcel(session, merchant_id, parcel_id)
    if parcel.state not in ("packing", "packed"):
        raise WrongStateError(
            f"Parcel {parcel.number} is {parcel.state}; its carrier cannot be changed any more."
        )
    wanted = (carrier, number or None, service or parcel.service)
    if wanted == (parcel.carrier, parcel.tracking_number, parcel.service):
        return
    if carrier == "own" and parcel.state == "packed" and wanted[2] != parcel.service:
        sentence = f"The label of parcel {parcel.number} says {parcel.service or 'Standard'}; its service is fixed now that it is packed."
        raise UnprocessableError(sentence, problems=(FieldProblem("service", "printed", sentence),))
    parcel.carrier, parcel.tracking_number, parcel.service = wanted
    session.flush()
    add_event(
        session, merchant_id=merchant_id, order_id=order.id, site_id=order.site_id, kind="carrier_chosen",
        sentence=f"Parcel {parcel.number} goes with {_with(parcel)}.", by=by, at=at,
    )  # fmt: skip


def scan_label(session: Session, scan: ScanIn) -> Answer:
    """Ship the packed parcel whose label was scanned (our own number, or the typed-in tracking number).

    A code that is on no parcel is rejected; a parcel that is still open or has shipped, and an order that is held or
    cancelled, are conflicts. Then nothing changed.
    """
    found = find_parcel(session, scan.site_id, scan.code)
    if found is None:
        return wrong(
            "No such label",
            f"No parcel here has the label {scan.code.strip()!r}. Scan the barcode that starts with PY.",
        )
    order, parcel = lock_parcel(session, found.merchant_id, found.id)
    stop = what_stops(session, order.id, order.number, order.state)
    if parcel.state == "shipped":
        return stopped("Shipped already", f"Parcel {parcel.number} was shipped before. Nothing was changed.")
    if stop is not None:
        return stop
    if parcel.state != "packed":
        return stopped(
            "Not packed yet", f"Parcel {parcel.number} is still open. Scan every unit into it first."
        )
    _ship(session, order, parcel, scan_id=scan.id, by=scan.user_id, at=scan.at)
    return Answer(
        verdict="applied",
        headline="Shipped",
        sentence=f"Parcel {parcel.number} of order {order.number}: {_with(parcel)}.",
        completed="shipped",
    )


def ship_parcel(
    session: Session,
    *,
    merchant_id: UUID,
    parcel_id: UUID,
    scan_id: UUID | None,
    by: UUID | None,
    at: datetime,
) -> None:
    """Ship a packed parcel: its goods move to the recipient, and the recipient can be told.

    Raises `WrongStateError` when it is not packed, has shipped, or its order is cancelled or held; then nothing changed.
    """
    order, parcel = lock_parcel(session, merchant_id, parcel_id)
    stop = what_stops(session, order.id, order.number, order.state)
    if stop is not None and parcel.state != "shipped":
        raise WrongStateError(stop.sentence)
    _ship(session, order, parcel, scan_id=scan_id, by=by, at=at)


def _ship(
    session: Session,
    order: LockedOrder,
    parcel: Parcel,
    *,
    scan_id: UUID | None,
    by: UUID | None,
    at: datetime,
) -> None:
    # Nothing is asked of the database between the move and its evidence: both are written in one statement.
    shipped_on = at.astimezone(ZoneInfo(get_site(session, parcel.site_id).timezone)).date()
    parcel.take("ship")
    parcel.carrier = parcel.carrier or "own"
    parcel.shipped_at, parcel.shipped_by = at, by
    parcel.expected_from, parcel.expected_until = estimate_arrival(shipped_on, parcel.service)
    session.flush()
    recipient = virtual_place(session, parcel.site_id, "recipient")
    inside = run(
        session, _INSIDE, {"merchant": parcel.merchant_id, "site": parcel.site_id, "place": parcel.place_id}
    )
    record_movements(
        session,
        [
            NewMovement(
                merchant_id=parcel.merchant_id, site_id=parcel.site_id, sku_id=row.sku_id, lot_id=row.lot_id, quantity=row.quantity,
                from_place_id=parcel.place_id, from_condition=row.condition, to_place_id=recipient, to_condition="picked",
                because="ship", order_line_id=row.order_line_id, scan_id=scan_id, by_user_id=by, at=at,
            )
            for row in inside
        ],
    )  # fmt: skip
    refresh_progress(session, merchant_id=order.merchant_id, order_ids=[order.id], at=at)
    add_event(
        session, merchant_id=order.merchant_id, order_id=order.id, site_id=order.site_id, kind="shipped",
        sentence=f"Parcel {parcel.number} shipped with {_with(parcel)}.", by=by, at=at,
    )  # fmt: skip
    record(session, ParcelShipped(order.merchant_id, order.id, parcel.id))


def _with(parcel: Parcel) -> str:
    """Name the carrier, and the number where one was typed in."""
    name = carrier_name(parcel.carrier or "own")
    name = name if parcel.carrier not in ("own", "other", None) else name[0].lower() + name[1:]
    return f"{name}, number {parcel.tracking_number}" if parcel.tracking_number else name
