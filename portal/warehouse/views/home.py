"""What to do next, and looking things up. Whatever is scanned here leads to where it is worked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import g, render_template, request, url_for

from portal.domain.catalog.queries import find_scanned
from portal.domain.devices.rules import Answer, wrong
from portal.domain.picking.commands import start_batch
from portal.domain.picking.queries import order_in_tote, what_next
from portal.domain.picking.rules import DONE, said
from portal.domain.shipping.commands import scan_label
from portal.domain.shipping.queries import find_parcel, parcels_waiting
from portal.domain.stock.queries import find_place, places_of_sku, stock_in_place
from portal.warehouse.door import warehouse
from portal.warehouse.steps import Screen, step
from portal.warehouse.views.packing import begin, parcel_of_tote
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from portal.domain.catalog.queries import SkuRow
    from portal.domain.devices.rules import ScanIn


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The one task that is suggested: its screen, how many of what, and in which words."""

    endpoint: str
    verb: str
    count: int
    noun: str
    detail: str


def suggest(session: Session) -> tuple[Suggestion, dict[str, int]]:
    """Return the task that comes first and the count on each tile: finish what is begun before anything new is."""
    site_id, user_id = g.principal.site_id, g.principal.user_id
    ahead = what_next(session, site_id, user_id)
    labels = len(parcels_waiting(session, site_id))
    left = ahead.batch.picks - ahead.batch.done if ahead.batch else 0
    counts = {"pick": ahead.ready, "pack": ahead.totes, "ship": labels}
    if ahead.batch is not None:
        return Suggestion(
            "warehouse.pick", "Go on picking", left, "pick", f"Walk {ahead.batch.number}"
        ), counts
    if ahead.totes:
        return Suggestion("warehouse.pack", "Pack", ahead.totes, "tote", "Scan a tote to begin."), counts
    if labels:
        return Suggestion("warehouse.ship", "Ship", labels, "parcel", "Scan the label on each."), counts
    if ahead.ready:
        return Suggestion("warehouse.pick", "Pick", ahead.ready, "order", "A new walk begins."), counts
    return Suggestion(
        "warehouse.receive", "Receive", 0, "delivery", "Nothing waits to be picked or packed."
    ), counts


def home_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the first screen."""
    first, counts = suggest(session)
    return Screen("warehouse/home.html", {"first": first, "counts": counts})


def after_home(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Lead to where the scanned thing is worked on."""
    if answer.outcome != "applied":
        return url_for("warehouse.next_task")
    if scan.code.upper() == DONE:
        return url_for(suggest(session)[0].endpoint)
    number = parcel_of_tote(session, scan.site_id, scan.code)
    if number is not None:
        return url_for("warehouse.parcel", number=number)
    if find_parcel(session, scan.site_id, scan.code) is not None:
        return url_for("warehouse.next_task")
    return url_for("warehouse.look_up", code=scan.code)


@step("home", screen=home_screen, leads_to=after_home)
def scan_home(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Begin the suggested task, open a tote's parcel, ship a label, or look a place or item up."""
    if scan.code.upper() == DONE:
        first, _ = suggest(session)
        if first.verb == "Pick":
            start_batch(session, site_id=scan.site_id, user_id=scan.user_id, at=scan.at)
            return Answer(verdict="applied", headline="Walk begun")
        return Answer(verdict="applied", headline=first.verb)
    place = find_place(session, scan.site_id, scan.code)
    if place is not None and place.kind == "tote" and order_in_tote(session, scan.site_id, place.id):
        return begin(session, scan)
    # A parcel is a place too; on the first screen its label ships it.
    if (place is None or place.kind == "parcel") and find_parcel(
        session, scan.site_id, scan.code
    ) is not None:
        return scan_label(session, scan)
    if place is not None or _skus(session, scan.code):
        return Answer(verdict="applied", headline=scan.code)
    return wrong("Unknown code", f"{said(scan.code)} is no tote, label, place or item here.")


def _skus(session: Session, code: str) -> list[SkuRow]:
    return [sku for sku, _ in find_scanned(session, code)] if code else []


@warehouse.get("/")
@permit("floor.work")
def next_task() -> str:
    """Show the one task that is suggested, and the others as tiles."""
    with transaction() as session:
        screen = home_screen(session, {})
        return render_template(screen.template, **screen.values)


def look_up_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return what lies in a place, or where an item lies."""
    code = about.get("code_was", "")
    place = find_place(session, g.principal.site_id, code) if code else None
    skus = [] if place else _skus(session, code)
    rows = (
        stock_in_place(session, place.id)
        if place
        else [row for sku in skus for row in places_of_sku(session, sku.id)]
    )
    return Screen("warehouse/look_up.html", {"code": code, "place": place, "skus": skus, "rows": rows})


def after_look_up(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Stay, with what was scanned."""
    return url_for(
        "warehouse.next_task" if scan.code.upper() == DONE else "warehouse.look_up", code=scan.code
    )


@step("look-up", screen=look_up_screen, leads_to=after_look_up)
def scan_look_up(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Look a place or an item up; nothing changes."""
    if scan.code.upper() == DONE:
        return Answer(verdict="applied", headline="Done")
    if find_place(session, scan.site_id, scan.code) or _skus(session, scan.code):
        return Answer(verdict="applied", headline=scan.code)
    return wrong("Unknown code", f"{said(scan.code)} is no place or item here.")


@warehouse.get("/look-up")
@permit("floor.work")
def look_up() -> str:
    """Show what lies in a place, or where an item lies."""
    code = request.args.get("code", "")[:200].replace("\0", "")
    with transaction() as session:
        screen = look_up_screen(session, {"code_was": code})
        return render_template(screen.template, **screen.values)
