"""Merchants: the list, one merchant with figures and people, and taking a new one on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, url_for

from portal.domain.accounts.commands.people import NewMerchant, add_merchant
from portal.domain.accounts.commands.people import invite_member as invite
from portal.domain.accounts.queries import (
    get_merchant,
    list_members,
    list_merchants,
    list_sites,
    merchant_calendar,
)
from portal.domain.orders.queries import board, count_by_progress
from portal.domain.orders.states import PROGRESS
from portal.domain.stock.queries import stock_levels
from portal.kernel import clock
from portal.kernel.errors import DuplicateError, UnprocessableError
from portal.office.door import office
from portal.office.forms import MemberForm, MerchantForm, show_problems
from portal.office.words import asked
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.forms import choices
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@office.get("/merchants")
@permit("office.read")
def merchants() -> str:
    """List the merchants with what is late and due."""
    with transaction() as session:
        return render_template(
            "office/merchants.html",
            merchants=list_merchants(session),
            day={row.merchant_id: row for row in board(session, now=clock.now())},
            sites={site.id: site.name for site in list_sites(session)},
        )


@office.get("/merchants/new")
@permit("office.admin")
def new_merchant() -> str:
    """Show the form for a merchant."""
    return _new_page(None)


def _new_page(form: MerchantForm | None) -> str:
    with transaction(read_only=True) as session:
        sites = [(str(site.id), site.name) for site in list_sites(session)]
    form = form or MerchantForm(formdata=None)
    form.site.choices = choices(sites)
    return render_template("office/merchant_new.html", form=form, sites=sites)


@office.post("/merchants/new")
@permit("office.admin")
def create_merchant() -> Response | tuple[str, int]:
    """Take a merchant on, and let the first owner be invited by mail."""
    form = MerchantForm()
    with transaction(read_only=True) as session:
        form.site.choices = choices((str(site.id), site.name) for site in list_sites(session))
    if not form.validate_on_submit():
        return _new_page(form), 422
    names = {"email": "support_email"}
    try:
        with transaction() as session:
            merchant_id = add_merchant(session, new=_typed(form), by=g.principal.user_id, at=clock.now())
            names = {"email": "owner_email", "name": "owner_name"}
            invite(
                session, merchant_id=merchant_id, email=str(form.owner_email.data), name=str(form.owner_name.data), role="owner",
                by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="code", names=names)
        return _new_page(form), 422
    flash(f"{form.name.data} is taken on. An invitation is on its way to {form.owner_email.data}.", "ok")
    return redirect(url_for("office.merchant", merchant_id=merchant_id), 303)


def _typed(form: MerchantForm) -> NewMerchant:
    return NewMerchant(
        code=str(form.code.data), name=str(form.name.data), site_id=UUID(str(form.site.data)), support_email=str(form.support_email.data),
        brand_colour=str(form.brand_colour.data), support_phone=form.support_phone.data or "", shop_url=form.shop_url.data or "",
        postal_identity=form.postal_identity.data or "", return_policy=form.return_policy.data or "",
        return_days=form.return_days.data or 0, currency=str(form.currency.data), handling_days=form.handling_days.data or 0,
    )  # fmt: skip


@office.get("/merchants/<uuid:merchant_id>")
@permit("office.read")
def merchant(merchant_id: UUID) -> str:
    """Show a merchant: figures, stock, brand, people."""
    return _merchant_page(merchant_id, MemberForm(formdata=None))


def _merchant_page(merchant_id: UUID, form: MemberForm) -> str:
    page, search = Page.from_request(25), asked("search")
    with transaction(read_only=True) as session:
        shown = get_merchant(session, merchant_id)
        stock, total = stock_levels(session, merchant_id, search=search, limit=page.size, offset=page.offset)
        day = next((row for row in board(session, now=clock.now()) if row.merchant_id == merchant_id), None)
        site = next(site for site in list_sites(session) if site.id == shown.site_id)
        return render_template(
            "office/merchant.html",
            merchant=shown,
            calendar=merchant_calendar(session, merchant_id),
            site=site,
            day=day,
            counts=count_by_progress(session, merchant_id),
            progress=PROGRESS,
            members=list_members(session, merchant_id),
            stock=stock,
            page=page.of(total),
            search=search,
            form=form,
            zone=site.timezone,
        )


@office.post("/merchants/<uuid:merchant_id>/people")
@permit("office.admin")
def invite_member(merchant_id: UUID) -> Response | tuple[str, int]:
    """Invite somebody to a merchant's team."""
    form = MemberForm()
    if not form.validate_on_submit():
        return _merchant_page(merchant_id, form), 422
    try:
        with transaction() as session:
            get_merchant(session, merchant_id)
            invite(
                session, merchant_id=merchant_id, email=str(form.email.data), name=str(form.name.data), role=str(form.role.data),
                by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="email")
        return _merchant_page(merchant_id, form), 422
    flash(f"An invitation is on its way to {form.email.data}.", "ok")
    return redirect(url_for("office.merchant", merchant_id=merchant_id), 303)
