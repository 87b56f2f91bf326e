"""From tote to carrier: packing by scan, label and slip, the scan of the label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response as FlaskResponse
from flask import g, redirect, render_template, url_for

from portal.domain.devices.rules import Answer, wrong
from portal.domain.picking.queries import order_in_tote, totes_to_pack
from portal.domain.picking.rules import DONE, NEXT_BOX, UNDO, said
from portal.domain.shipping.commands import (
    close_parcel,
    open_parcel,
    scan_label,
    scan_pack,
    unpack_last,
    use_carrier,
)
from portal.domain.shipping.queries import (
    ParcelRow,
    find_parcel,
    get_parcel,
    packing_state,
    parcels_of_order,
    parcels_waiting,
    read_paper,
)
from portal.domain.shipping.rules.carriers import carrier_name
from portal.domain.stock.queries import find_place
from portal.kernel import clock
from portal.kernel.barcodes import code128
from portal.kernel.errors import NotFoundError, UnprocessableError
from portal.warehouse.door import warehouse
from portal.warehouse.forms import CarrierForm, put_problems
from portal.warehouse.sheet import data_uri
from portal.warehouse.steps import Screen, documents, step
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from portal.domain.devices.rules import ScanIn

PAPER_CSP = "default-src 'self'; object-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
"""What a browser's own viewer of PDF needs, so that a page of ours may hold and print the paper."""


def totes_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the totes that wait, and the request to scan one."""
    return Screen("warehouse/pack.html", {"totes": totes_to_pack(session, g.principal.site_id)})


def after_totes(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Lead to the parcel of the tote's order."""
    number = parcel_of_tote(session, scan.site_id, scan.code) if answer.outcome == "applied" else None
    if number is not None:
        return url_for("warehouse.parcel", number=number)
    return url_for("warehouse.next_task" if scan.code.upper() == DONE else "warehouse.pack")


@step("totes", screen=totes_screen, leads_to=after_totes)
def work_totes(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Open the parcel of the tote that was scanned."""
    if scan.code.upper() == DONE:
        return Answer(verdict="applied", headline="Done")
    return begin(session, scan)


def begin(session: Session, scan: ScanIn) -> Answer:
    """Open the parcel of the order in a tote, or go on with the one that is open."""
    place = find_place(session, scan.site_id, scan.code)
    if place is None or place.kind != "tote":
        return wrong("Scan a tote", f"{said(scan.code)} is no tote.")
    order = order_in_tote(session, scan.site_id, place.id)
    if order is None:
        return wrong("Empty tote", f"Nothing of an order is in {place.code}.")
    merchant_id, order_id = order
    open_parcel(session, merchant_id=merchant_id, order_id=order_id, by=scan.user_id, at=scan.at)
    return Answer(verdict="applied", headline=place.code)


def parcel_of_tote(session: Session, site_id: UUID, code: str) -> str | None:
    """Return the number of the open parcel of the order in a tote, or None."""
    place = find_place(session, site_id, code)
    order = order_in_tote(session, site_id, place.id) if place and place.kind == "tote" else None
    if order is None:
        return None
    parcels = parcels_of_order(session, *order)
    return next((parcel.number for parcel in parcels if parcel.state == "packing"), None)


def _parcel(session: Session, number: str) -> ParcelRow:
    parcel = find_parcel(session, g.principal.site_id, number) if number.isprintable() else None
    if parcel is None:
        raise NotFoundError("There is no such parcel here.")
    return parcel


def parcel_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the packing of a parcel; once it is packed, its label and the request to scan it."""
    parcel = _parcel(session, about.get("parcel", ""))
    if parcel.state == "packing":
        state = packing_state(session, parcel.merchant_id, parcel.id)
        first = next((line for line in state.lines if line.missing), None)
        return Screen("warehouse/packing.html", {"state": state, "first": first, "parcel": parcel})
    page = get_parcel(session, parcel.merchant_id, parcel.id)
    drawing = data_uri(code128(parcel.number, module_mm=0.5, height_mm=14).svg)
    values: dict[str, Any] = {
        "parcel": parcel,
        "page": page,
        "drawing": drawing,
        "carrier": carrier_name(parcel.carrier or "own"),
        "kinds": [document.kind for document in page.documents],
    }
    return Screen("warehouse/parcel.html", values)


def after_parcel(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Stay with the parcel; DONE leaves it as it is."""
    if scan.code.upper() == DONE:
        return url_for("warehouse.next_task")
    return url_for("warehouse.parcel", number=about.get("parcel", ""))


@step("pack", screen=parcel_screen, leads_to=after_parcel)
def work_pack(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Put the scanned item into the parcel; UNDO takes the last one out, NEXT BOX closes the parcel with what is in it."""
    parcel = _parcel(session, about.get("parcel", ""))
    code = scan.code.upper()
    if code == DONE:
        return Answer(verdict="applied", headline="Put aside")
    if code == UNDO:
        return unpack_last(
            session,
            merchant_id=parcel.merchant_id,
            parcel_id=parcel.id,
            by=scan.user_id,
            at=scan.at,
            scan_id=scan.id,
        )
    if code == NEXT_BOX:
        close_parcel(
            session,
            merchant_id=parcel.merchant_id,
            parcel_id=parcel.id,
            files=documents(),
            by=scan.user_id,
            at=scan.at,
        )
        return Answer(
            verdict="applied",
            headline="Box closed",
            sentence="The rest goes into the next one.",
            completed="parcel",
        )
    return scan_pack(session, scan, merchant_id=parcel.merchant_id, parcel_id=parcel.id, files=documents())


def ship_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the parcels that wait for the scan of their label; beside a parcel, that parcel."""
    if about.get("parcel"):
        return parcel_screen(session, about)
    return Screen("warehouse/ship.html", {"parcels": parcels_waiting(session, g.principal.site_id)})


def after_ship(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Go on shipping; beside a parcel go on packing while totes wait."""
    if scan.code.upper() == DONE:
        return url_for("warehouse.next_task")
    if not about.get("parcel"):
        return url_for("warehouse.ship")
    if answer.outcome != "applied":
        return url_for("warehouse.parcel", number=about["parcel"])
    waiting = any(not tote.held for tote in totes_to_pack(session, scan.site_id))
    return url_for("warehouse.pack" if waiting else "warehouse.next_task")


@step("ship", screen=ship_screen, leads_to=after_ship)
def work_ship(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Ship the parcel whose label was scanned."""
    if scan.code.upper() == DONE:
        return Answer(verdict="applied", headline="Done")
    return scan_label(session, scan)


@warehouse.get("/pack")
@permit("floor.work")
def pack() -> str:
    """Show the totes that wait to be packed."""
    with transaction() as session:
        screen = totes_screen(session, {})
        return render_template(screen.template, **screen.values)


@warehouse.get("/ship")
@permit("floor.work")
def ship() -> str:
    """Show the parcels that wait for the scan of their label."""
    with transaction() as session:
        screen = ship_screen(session, {})
        return render_template(screen.template, **screen.values)


@warehouse.get("/parcels/<number>")
@permit("floor.work")
def parcel(number: str) -> str:
    """Show a parcel: what is missing in it, or its label."""
    with transaction() as session:
        screen = parcel_screen(session, {"parcel": number})
        return render_template(screen.template, **screen.values)


@warehouse.get("/parcels/<number>/documents/<kind>")
@permit("floor.work")
def paper(number: str, kind: str) -> FlaskResponse:
    """Send a label or packing slip, for the screen or the printer."""
    with transaction() as session:
        row = _parcel(session, number)
        found = read_paper(session, documents(), row.merchant_id, row.id, kind)
    response = FlaskResponse(found.data, mimetype=found.media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{found.file_name}"'
    response.headers["Content-Security-Policy"] = PAPER_CSP
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@warehouse.get("/parcels/<number>/carrier")
@permit("floor.work")
def carrier(number: str) -> str:
    """Show the form for a carrier's own label."""
    with transaction() as session:
        row = _parcel(session, number)
        form = CarrierForm(
            formdata=None, carrier=row.carrier, tracking_number=row.tracking_number, service=row.service
        )
        return _carrier_page(row, form)


@warehouse.post("/parcels/<number>/carrier")
@permit("floor.work")
def choose_carrier(number: str) -> Response | tuple[str, int]:
    """Say which carrier takes the parcel, by the number on its label."""
    form = CarrierForm()
    try:
        with transaction() as session:
            row = _parcel(session, number)
            if not form.validate_on_submit():
                return _carrier_page(row, form), 422
            use_carrier(
                session, merchant_id=row.merchant_id, parcel_id=row.id, carrier=form.carrier.data or "",
                tracking_number=form.tracking_number.data or "", service=form.service.data or "", by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except UnprocessableError as error:
        put_problems(form, error)
        with transaction(read_only=True) as session:
            return _carrier_page(_parcel(session, number), form), 422
    return redirect(url_for("warehouse.parcel", number=number), 303)


def _carrier_page(row: ParcelRow, form: CarrierForm) -> str:
    return render_template("warehouse/carrier.html", parcel=row, form=form)
