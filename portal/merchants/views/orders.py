"""A merchant's orders: the list, one order, and what may be done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, flash, g, redirect, render_template, request, url_for

from portal.domain.messages.commands import end_details_links
from portal.domain.messages.links import tracking_url
from portal.domain.messages.queries import messages_of_order
from portal.domain.messages.rules import said_of_ended_links
from portal.domain.orders.commands.holds import cancel_order, place_hold, release_hold
from portal.domain.orders.queries import OrderFilter, OrderPage, count_by_progress, get_order, list_orders
from portal.domain.orders.states import PROGRESS
from portal.domain.shipping.queries import parcels_of_order
from portal.domain.shipping.rules.carriers import carrier_name, tracking_link
from portal.kernel import clock
from portal.merchants.door import merchants
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.forms import HoldForm
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

VIEWS = (
    ("", "All"), ("stuck", "Late or stuck"), ("due", "Today"), ("late", "Late"), ("held", "On hold"), ("open", "Open"), ("shipped", "Shipped"),
)  # fmt: skip


@merchants.get("/orders")
@permit("orders.read")
def orders() -> str | Response:
    """List orders; every filter is in the address, so that a list can be sent as a link."""
    merchant_id = g.principal.merchant_id
    progress = request.args.get("progress", "")
    wanted = OrderFilter(
        merchant_id=merchant_id,
        progress=progress if progress in PROGRESS else "",
        view=request.args.get("view", ""),
        search=request.args.get("search", "")[:200].replace("\0", ""),
        today=clock.today(g.principal.site_timezone),
        sort=request.args.get("sort", "placed_at"),
        descending=request.args.get("order", "desc") != "asc",
    )
    page = Page.from_request()
    with transaction() as session:
        rows, total = list_orders(session, wanted, limit=page.size, offset=page.offset)
        if total == 1 and "open" in request.args and not (wanted.view or wanted.progress):
            return redirect(url_for("merchants.order", order_id=rows[0].id), 303)
        counts = count_by_progress(session, merchant_id)
        return render_template(
            "merchants/orders.html", rows=rows, page=page.of(total), wanted=wanted, views=VIEWS, progress=PROGRESS, counts=counts,
            all_total=sum(counts.values()), narrowed=bool(wanted.view or wanted.progress or wanted.search.strip()),
        )  # fmt: skip


@merchants.get("/orders/<uuid:order_id>")
@permit("orders.read")
def order(order_id: UUID) -> str:
    """Show one order with its timeline, and why it has not shipped."""
    return _order_page(order_id, HoldForm(formdata=None))


def _order_page(order_id: UUID, form: HoldForm) -> str:
    merchant_id = g.principal.merchant_id
    with transaction(read_only=True) as session:
        shown, messages = (
            get_order(session, merchant_id, order_id),
            messages_of_order(session, merchant_id, order_id),
        )
        # The recipient's link works from the first mail that carries it.
        reachable = any(message.kind == "order_confirmation" for message in messages)
        return render_template(
            "merchants/order.html",
            order=shown,
            open_holds=[hold for hold in shown.holds if hold.released_at is None],
            parcels=[
                (parcel, tracking_link(parcel.carrier or "own", parcel.tracking_number or ""))
                for parcel in parcels_of_order(session, merchant_id, order_id)
            ],
            stages=_stages(shown),
            carrier_name=carrier_name,
            messages=messages,
            tracking=tracking_url(current_app.extensions["config"], order_id) if reachable else "",
            may_cancel=shown.state == "open" and shown.progress in ("received", "waiting_for_stock", "ready"),
            may_hold=shown.state == "open" and shown.progress != "shipped",
            late=shown.state == "open"
            and shown.progress != "shipped"
            and shown.promised_on < clock.today(g.principal.site_timezone),
            form=form,
        )


def _stages(order: OrderPage) -> list[tuple[str, int]]:
    """Return how many eaches have come at least as far as each stage."""
    words = ("Allocated", "Picked", "Packed", "Shipped")
    counts = [(line.allocated, line.picked, line.packed, line.shipped) for line in order.lines]
    return [(word, sum(sum(line[stage:]) for line in counts)) for stage, word in enumerate(words)]


@merchants.post("/orders/<uuid:order_id>/hold")
@permit("orders.write")
def hold_order(order_id: UUID) -> Response | tuple[str, int]:
    """Stop an order that has not shipped."""
    form = HoldForm()
    if not form.validate_on_submit():
        return _order_page(order_id, form), 422
    with transaction() as session:
        place_hold(
            session, merchant_id=g.principal.merchant_id, order_id=order_id, kind="merchant", reason=str(form.reason.data), owner="merchant",
            next_step="Release the hold when it can go.", by=g.principal.user_id, at=clock.now(),
        )  # fmt: skip
    flash("The order is on hold. Nothing of it will be picked, packed or shipped until you release it.", "ok")
    return redirect(url_for("merchants.order", order_id=order_id), 303)


@merchants.post("/holds/<uuid:hold_id>/release")
@permit("orders.write")
def release(hold_id: UUID) -> Response:
    """End a hold that is the merchant's own to end; the warehouse's are ended by the warehouse."""
    with transaction() as session:
        order_id = release_hold(
            session,
            merchant_id=g.principal.merchant_id,
            hold_id=hold_id,
            by=g.principal.user_id,
            at=clock.now(),
            owners=("merchant",),
        )
    flash("The hold is released.", "ok")
    return redirect(url_for("merchants.order", order_id=order_id), 303)


@merchants.post("/orders/<uuid:order_id>/cancel")
@permit("orders.write")
def cancel(order_id: UUID) -> Response:
    """Cancel an order that nobody has begun to pick."""
    with transaction() as session:
        cancel_order(
            session,
            merchant_id=g.principal.merchant_id,
            order_id=order_id,
            by=g.principal.user_id,
            at=clock.now(),
        )
    flash("The order is cancelled and its stock is free again.", "ok")
    return redirect(url_for("merchants.order", order_id=order_id), 303)


@merchants.post("/orders/<uuid:order_id>/end-links")
@permit("orders.write")
def end_links(order_id: UUID) -> Response:
    """End the mailed links to an order's address and prices."""
    with transaction() as session:
        ended = end_details_links(
            session,
            merchant_id=g.principal.merchant_id,
            order_id=order_id,
            by=g.principal.user_id,
            at=clock.now(),
        )
    flash(said_of_ended_links(ended), "ok")
    return redirect(url_for("merchants.order", order_id=order_id), 303)
