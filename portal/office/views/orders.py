"""Orders of all merchants: the list, one order, and what the office may do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, flash, g, redirect, render_template, url_for

from portal.domain.accounts.queries import get_merchant, list_merchants, list_sites, merchant_calendar
from portal.domain.messages.commands import end_details_links
from portal.domain.messages.links import tracking_url
from portal.domain.messages.queries import messages_of_order
from portal.domain.messages.rules import KIND_WORDS, said_of_ended_links
from portal.domain.orders.commands.holds import cancel_order, place_hold, release_hold
from portal.domain.orders.queries import OrderFilter, get_order, list_orders
from portal.domain.orders.states import PROGRESS
from portal.domain.shipping.queries import parcels_of_order
from portal.domain.shipping.rules.carriers import carrier_name
from portal.kernel import clock
from portal.office.door import office, read_personal
from portal.office.forms import OfficeHoldForm
from portal.office.words import (
    ACTORS,
    DOCUMENTS,
    MESSAGE_STATES,
    PARCEL_STATES,
    asked,
    asked_id,
)
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

VIEWS = (
    ("", "All"),
    ("open", "Open"),
    ("urgent", "To leave today"),
    ("late", "Late"),
    ("due", "Due today"),
    ("held", "On hold"),
    ("ours", "Held by us"),
)


@office.get("/orders")
@permit("office.read")
def orders() -> str | Response:
    """List orders of all merchants; every filter is in the address, so that a list can be sent as a link."""
    progress, page = asked("progress"), Page.from_request()
    wanted = OrderFilter(
        merchant_id=asked_id("merchant"),
        site_id=asked_id("site"),
        progress=progress if progress in PROGRESS else "",
        stages=tuple(stage for stage in asked("stages").split(",") if stage in PROGRESS),
        view=asked("view"),
        search=asked("search"),
        now=clock.now(),
        sort=asked("sort") or "placed_at",
        descending=asked("order") != "asc",
    )
    with transaction() as session:
        rows, total = list_orders(session, wanted, limit=page.size, offset=page.offset)
        if total == 1 and asked("open") and not (wanted.view or wanted.progress):
            return redirect(
                url_for("office.order", merchant_id=rows[0].merchant_id, order_id=rows[0].id), 303
            )
        sites, merchants = list_sites(session), list_merchants(session)
        zones = {site.id: site.timezone for site in sites}
        return render_template(
            "office/orders.html",
            rows=rows,
            page=page.of(total),
            wanted=wanted,
            views=VIEWS,
            progress=PROGRESS,
            merchants=merchants,
            today={row.id: clock.today(zones[row.site_id]) for row in merchants},
            sites=sites,
            zone=sites[0].timezone if sites else "UTC",
        )


@office.get("/orders/<uuid:merchant_id>/<uuid:order_id>")
@permit("office.read")
def order(merchant_id: UUID, order_id: UUID) -> str:
    """Show one order with recipient, parcels, messages and timeline, and why it has not shipped."""
    return _order_page(merchant_id, order_id, OfficeHoldForm(formdata=None))


def _order_page(merchant_id: UUID, order_id: UUID, form: OfficeHoldForm) -> str:
    with transaction(read_only=True) as session:
        shown = get_order(session, merchant_id, order_id)
        if shown.recipient is not None:
            read_personal("recipient read", f"order {shown.number}", merchant_id)
        zone = merchant_calendar(session, merchant_id).timezone
        return render_template(
            "office/order.html", order=shown, merchant=get_merchant(session, merchant_id), zone=zone,
            parcels=parcels_of_order(session, merchant_id, order_id), messages=messages_of_order(session, merchant_id, order_id), form=form,
            late=shown.state == "open" and shown.progress != "shipped" and shown.promised_on < clock.today(zone),
            tracking=tracking_url(current_app.extensions["config"], order_id), documents=DOCUMENTS, parcel_words=PARCEL_STATES,
            message_words=MESSAGE_STATES, kinds=KIND_WORDS, actors=ACTORS, carrier_name=carrier_name,
        )  # fmt: skip


@office.post("/orders/<uuid:merchant_id>/<uuid:order_id>/hold")
@permit("office.write")
def hold_order(merchant_id: UUID, order_id: UUID) -> Response | tuple[str, int]:
    """Stop an order that has not shipped."""
    form = OfficeHoldForm()
    if not form.validate_on_submit():
        return _order_page(merchant_id, order_id, form), 422
    with transaction() as session:
        place_hold(
            session, merchant_id=merchant_id, order_id=order_id, kind="operator", reason=str(form.reason.data), owner="operator",
            next_step=str(form.next_step.data), by=g.principal.user_id, at=clock.now(),
        )  # fmt: skip
    flash("The order is on hold. The floor will not pick, pack or ship it until the hold is released.", "ok")
    return redirect(url_for("office.order", merchant_id=merchant_id, order_id=order_id), 303)


@office.post("/orders/<uuid:merchant_id>/holds/<uuid:hold_id>/release")
@permit("office.write")
def release(merchant_id: UUID, hold_id: UUID) -> Response:
    """End a hold."""
    with transaction() as session:
        order_id = release_hold(
            session, merchant_id=merchant_id, hold_id=hold_id, by=g.principal.user_id, at=clock.now()
        )
    flash("The hold is released.", "ok")
    return redirect(url_for("office.order", merchant_id=merchant_id, order_id=order_id), 303)


@office.post("/orders/<uuid:merchant_id>/<uuid:order_id>/cancel")
@permit("office.write")
def cancel(merchant_id: UUID, order_id: UUID) -> Response:
    """Cancel an order that nobody has begun to pick."""
    with transaction() as session:
        cancel_order(
            session, merchant_id=merchant_id, order_id=order_id, by=g.principal.user_id, at=clock.now()
        )
    flash("The order is cancelled and its stock is free again.", "ok")
    return redirect(url_for("office.order", merchant_id=merchant_id, order_id=order_id), 303)


@office.post("/orders/<uuid:merchant_id>/<uuid:order_id>/end-links")
@permit("office.write")
def end_links(merchant_id: UUID, order_id: UUID) -> Response:
    """End the mailed links to an order's address and prices."""
    with transaction() as session:
        ended = end_details_links(
            session, merchant_id=merchant_id, order_id=order_id, by=g.principal.user_id, at=clock.now()
        )
    flash(said_of_ended_links(ended), "ok")
    return redirect(url_for("office.order", merchant_id=merchant_id, order_id=order_id), 303)
