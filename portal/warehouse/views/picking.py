"""The walk: one pick per screen, the proof of a short place, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, g, redirect, render_template, url_for

from portal.domain.devices.rules import Answer
from portal.domain.picking.commands import (
    finish_batch,
    give_back_batch,
    report_short,
    scan_pick,
    start_batch,
)
from portal.domain.picking.queries import count_ready, find_open_batch, next_pick, stopped_orders
from portal.domain.picking.rules import DONE, SCAN_EACH_UP_TO, SHORT
from portal.kernel import clock
from portal.warehouse.door import warehouse
from portal.warehouse.steps import Screen, step
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from portal.domain.devices.rules import ScanIn


def pick_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the next pick; without a walk the way to begin one, at the end of one what was stopped."""
    site_id = g.principal.site_id
    batch = find_open_batch(session, site_id, g.principal.user_id)
    if batch is None:
        return Screen("warehouse/pick_start.html", {"ready": count_ready(session, site_id)})
    pick = next_pick(session, site_id, batch.id)
    if pick is None:
        stopped = stopped_orders(session, site_id, batch.id)
        return Screen("warehouse/pick_end.html", {"batch": batch, "stopped": stopped})
    tap_all = pick.place_scanned and pick.quantity > SCAN_EACH_UP_TO and pick.quantity_picked > 0
    return Screen("warehouse/pick.html", {"pick": pick, "tap_all": tap_all})


def after_pick(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Stay on the walk until it has ended."""
    if answer.outcome == "applied" and scan.code.upper() == SHORT:
        return url_for("warehouse.short")
    walking = find_open_batch(session, scan.site_id, scan.user_id) is not None
    return url_for("warehouse.pick" if walking else "warehouse.next_task")


@step("pick", screen=pick_screen, leads_to=after_pick)
def work_pick(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Carry out a scan of the walk. DONE begins a walk where there is none, and ends one of which only stopped orders are left."""
    code = scan.code.upper()
    batch = find_open_batch(session, scan.site_id, scan.user_id)
    if code == DONE and batch is None:
        start_batch(session, site_id=scan.site_id, user_id=scan.user_id, at=scan.at)
        return Answer(verdict="applied", headline="Walk begun")
    if code == DONE and batch is not None:
        finish_batch(session, site_id=scan.site_id, batch_id=batch.id, at=scan.at)
        return Answer(verdict="applied", headline="Walk finished", completed="batch")
    if code == SHORT and batch is not None:
        return Answer(verdict="applied", headline="Scan the place")
    return scan_pick(session, scan)


def short_screen(session: Session, about: Mapping[str, str]) -> Screen:
    """Return the request for the proof of a short place."""
    batch = find_open_batch(session, g.principal.site_id, g.principal.user_id)
    pick = next_pick(session, g.principal.site_id, batch.id) if batch else None
    return Screen("warehouse/pick_short.html", {"pick": pick}) if pick else pick_screen(session, about)


def after_short(session: Session, scan: ScanIn, about: Mapping[str, str], answer: Answer) -> str:
    """Go on with the walk, or ask again for the proof."""
    if answer.outcome == "rejected":
        return url_for("warehouse.short")
    return after_pick(session, scan, about, answer)


@step("short", screen=short_screen, leads_to=after_short)
def work_short(session: Session, scan: ScanIn, about: Mapping[str, str]) -> Answer:
    """Put the order on hold after the proof; DONE goes back to the pick."""
    if scan.code.upper() == DONE:
        return Answer(verdict="applied", headline="Go on")
    return report_short(session, scan)


@warehouse.get("/pick")
@permit("floor.work")
def pick() -> str:
    """Show the next pick of the open walk."""
    return _show(pick_screen)


@warehouse.get("/pick/short")
@permit("floor.work")
def short() -> str:
    """Ask for the proof that a place has too few."""
    return _show(short_screen)


def _show(make: Callable[[Session, Mapping[str, str]], Screen]) -> str:
    with transaction() as session:
        screen = make(session, {})
        return render_template(screen.template, **screen.values)


@warehouse.get("/pick/more")
@permit("floor.work")
def pick_more() -> str:
    """Show what else can be done with a walk."""
    with transaction() as session:
        batch = find_open_batch(session, g.principal.site_id, g.principal.user_id)
        return render_template("warehouse/pick_more.html", batch=batch)


@warehouse.post("/pick/give-back")
@permit("floor.work")
def give_back() -> Response:
    """End the own walk early; asked for again, nothing happens."""
    with transaction() as session:
        batch = find_open_batch(session, g.principal.site_id, g.principal.user_id)
        if batch is not None:
            give_back_batch(session, site_id=g.principal.site_id, batch_id=batch.id, at=clock.now())
            flash(f"Walk {batch.number} is given back. What was picked stays in its totes.", "ok")
    return redirect(url_for("warehouse.next_task"), 303)
