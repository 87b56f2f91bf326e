"""Receiving: item by scan or code, how many, where to. What came can be taken back until an order has it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import g, redirect, render_template, request, url_for

from portal.domain.accounts.queries import get_merchant
from portal.domain.catalog.queries import find_scanned, get_sku
from portal.domain.devices.commands import answer_scan
from portal.domain.devices.rules import Answer, wrong
from portal.domain.picking.rules import DONE, UNDO, said
from portal.domain.stock.commands import receive_stock, take_back_receipt
from portal.domain.stock.queries import find_place, received_lately
from portal.kernel import clock
from portal.kernel.errors import FieldProblem, NotFoundError, UnprocessableError
from portal.warehouse.door import warehouse
from portal.warehouse.forms import ReceiveForm, put_problems
from portal.warehouse.steps import Screen, step
from portal.warehouse.views.scans import read_scan, say
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from portal.domain.catalog.queries import SkuRow
    from portal.domain.devices.rules import ScanIn

DOCK = "DOCK-1"
UNDO_FOR = timedelta(minutes=30)


def receive_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the request for an item; with an item the form, with a code that several merchants use the choice."""
    sku = _sku(session, about)
    if sku is not None:
        form = ReceiveForm(
            formdata=None,
            merchant=str(sku.merchant_id),
            sku=str(sku.id),
            place=about.get("place", DOCK),
            quantity=_eaches(about),
        )
        return _form_screen(session, sku, form)
    code = about.get("code_was", "")
    choice = [
        (row, eaches, get_merchant(session, row.merchant_id).name)
        for row, eaches in (find_scanned(session, code) if code else [])
    ]
    return Screen("warehouse/receive.html", {"choice": choice, "code": code, "lately": _lately(session)})


def _form_screen(session: Session, sku: SkuRow, form: ReceiveForm) -> Screen:
    merchant = get_merchant(session, sku.merchant_id)
    return Screen("warehouse/receive_form.html", {"sku": sku, "merchant": merchant, "form": form})


def _lately(session: Session) -> list[object]:
    since = clock.now() - UNDO_FOR
    return list(received_lately(session, g.principal.site_id, g.principal.user_id, since=since))


def _eaches(about: Mapping[str, str]) -> int | None:
    """Return the count that the form carries, or None; digits are those of a keyboard."""
    text = about.get("quantity", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _sku(session: Session, about: Mapping[str, str]) -> SkuRow | None:
    if not about.get("merchant") or not about.get("sku"):
        return None
    try:
        return get_sku(session, UUID(about["merchant"]), UUID(about["sku"]))
    except ValueError as error:
        raise NotFoundError("There is no such SKU.") from error


def after_receive(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Lead to the form of the scanned item; a place that is scanned there becomes its place."""
    chosen: dict[str, Any] = {
        name: about[name] for name in ("merchant", "sku", "place", "quantity") if name in about
    }
    if scan.code.upper() in (DONE, UNDO):
        if answer.outcome != "applied" and "sku" in chosen:
            return url_for("warehouse.receive", **chosen)
        return url_for(
            "warehouse.receive" if about.get("sku") or scan.code.upper() == UNDO else "warehouse.next_task"
        )
    if answer.outcome != "applied":
        return url_for("warehouse.receive", **chosen)
    place = find_place(session, scan.site_id, scan.code)
    if place is not None:
        chosen["place"] = place.code
        return url_for("warehouse.receive", **chosen)
    found = find_scanned(session, scan.code)
    if len(found) != 1:
        return url_for("warehouse.receive", code=scan.code)
    [(sku, eaches)] = found
    quantity = eaches + ((_eaches(about) or 0) if about.get("sku") == str(sku.id) else 0)
    return url_for(
        "warehouse.receive",
        merchant=sku.merchant_id,
        sku=sku.id,
        quantity=quantity,
        place=about.get("place", DOCK),
    )


@step("receive", screen=receive_screen, leads_to=after_receive)
def work_receive(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Find the scanned item or place; DONE receives what the form says, UNDO takes the last receipt of this worker back."""
    code = scan.code.upper()
    if code == UNDO:
        return _undo(session, scan)
    sku = _sku(session, about)
    if code == DONE:
        if sku is None:
            return Answer(verdict="applied", headline="Done")
        return _receive(session, scan, sku, about.get("place", DOCK), _eaches(about) or 0)
    place = find_place(session, scan.site_id, scan.code)
    if place is not None:
        if sku is None:
            return wrong("Scan the item first", f"Then {place.code}.")
        if place.kind not in ("dock", "storage"):
            return wrong("Wrong place", f"{place.code} is a {place.kind}. Scan a dock or a bin.")
        return Answer(verdict="applied", headline=place.code, completed="place")
    if find_scanned(session, scan.code):
        return Answer(verdict="applied", headline="Item found")
    return wrong("Unknown code", f"{said(scan.code)} is no item of any merchant here. Ask a lead.")


def _receive(session: Session, scan: ScanIn, sku: SkuRow, place_code: str, quantity: int) -> Answer:
    place = find_place(session, scan.site_id, place_code)
    if place is None:
        sentence = f"There is no place {said(place_code)} here. Scan its label."
        raise UnprocessableError(sentence, problems=(FieldProblem("place", "unknown", sentence),))
    receive_stock(
        session, merchant_id=sku.merchant_id, site_id=scan.site_id, sku_id=sku.id, place_id=place.id, quantity=quantity,
        by=scan.user_id, at=scan.at,
    )  # fmt: skip
    return Answer(
        verdict="applied",
        headline=f"{quantity} × {sku.name}",
        sentence=f"Received at {place.code}.",
        completed="line",
    )


def _undo(session: Session, scan: ScanIn) -> Answer:
    lately = received_lately(session, scan.site_id, scan.user_id, since=scan.at - UNDO_FOR)
    if not lately:
        return wrong("Nothing to undo", "Nothing was received on this tablet lately.")
    last = lately[0]
    take_back_receipt(session, movement_id=last.movement_id, by=scan.user_id, at=scan.at, scan_id=scan.id)
    return Answer(
        verdict="applied",
        headline=f"Undone: {last.quantity} × {last.sku_name}",
        sentence=f"Take it out of {last.place_code}.",
    )


@warehouse.get("/receive")
@permit("floor.work")
def receive() -> str:
    """Ask for an item, or show the form of one."""
    about = {
        name: request.args.get(name, "")[:200].replace("\0", "")
        for name in ("merchant", "sku", "place", "quantity")
    }
    about = {name: value for name, value in about.items() if value}
    about["code_was"] = request.args.get("code", "")[:200].replace("\0", "")
    with transaction() as session:
        screen = receive_screen(session, about)
        return render_template(screen.template, **screen.values)


@warehouse.post("/receive")
@permit("floor.work")
def take_in() -> Response | tuple[str, int]:
    """Receive what the form says; the same form sent twice receives once."""
    form = ReceiveForm()
    about = {"merchant": str(form.merchant.data or ""), "sku": str(form.sku.data or "")}
    with transaction() as session:
        sku = _sku(session, about)
        if sku is None:
            raise NotFoundError("There is no such SKU.")
        if form.validate_on_submit():
            place, quantity = str(form.place.data).upper(), int(form.quantity.data or 0)
            incoming = read_scan({"id": form.id.data, "code": f"{quantity} x {sku.code} to {place}"})
            problems: list[UnprocessableError] = []

            def work(inner: Session, scan: ScanIn) -> Answer:
                try:
                    return _receive(inner, scan, sku, place, quantity)
                except UnprocessableError as error:
                    problems.append(error)
                    raise

            answer = answer_scan(session, incoming, step="receive", work=work)
            if answer.outcome == "applied":
                say(answer)
                return redirect(url_for("warehouse.receive"), 303)
            put_problems(form, problems[0] if problems else UnprocessableError(answer.sentence))
        screen = _form_screen(session, sku, form)
        return render_template(screen.template, **screen.values), 422
