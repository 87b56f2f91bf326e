"""A merchant's SKUs and their stock, down to the single movement."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for

from portal.domain.catalog.commands import NewSku, activate_sku, add_barcode, add_sku
from portal.domain.catalog.queries import barcodes_of, get_sku
from portal.domain.stock.queries import level_of_sku, movements_of, places_of_sku, stock_levels
from portal.kernel.errors import DuplicateError
from portal.merchants.door import merchants
from portal.merchants.forms import BarcodeForm, SkuForm
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@merchants.get("/stock")
@permit("stock.read")
def stock() -> str:
    """List SKUs with what is available, allocated and on its way out."""
    page, search = Page.from_request(), request.args.get("search", "")[:200].replace("\0", "")
    only_low = request.args.get("view") == "low"
    with transaction() as session:
        rows, total = stock_levels(
            session,
            g.principal.merchant_id,
            search=search,
            only_low=only_low,
            limit=page.size,
            offset=page.offset,
        )
        return render_template(
            "merchants/stock.html", rows=rows, page=page.of(total), search=search, only_low=only_low
        )


@merchants.get("/stock/new")
@permit("catalog.write")
def new_sku() -> str:
    """Show the form for a SKU."""
    return render_template("merchants/sku_new.html", form=SkuForm(formdata=None))


@merchants.post("/stock/new")
@permit("catalog.write")
def create_sku() -> Response | tuple[str, int]:
    """Add a SKU."""
    form = SkuForm()
    if not form.validate_on_submit():
        return render_template("merchants/sku_new.html", form=form), 422
    new = NewSku(
        code=str(form.code.data),
        name=str(form.name.data),
        barcode=form.barcode.data or "",
        weight_g=form.weight_g.data,
    )
    try:
        with transaction() as session:
            sku_id = add_sku(session, merchant_id=g.principal.merchant_id, sku=new)
    except DuplicateError as error:
        about = form.barcode if error.code == "duplicate_barcode" else form.code
        about.errors = [error.sentence]
        return render_template("merchants/sku_new.html", form=form), 422
    flash(f"SKU {new.code} is in the catalogue.", "ok")
    return redirect(url_for("merchants.sku", sku_id=sku_id), 303)


@merchants.get("/stock/<uuid:sku_id>")
@permit("stock.read")
def sku(sku_id: UUID) -> str:
    """Show a SKU: barcodes, where it lies, every movement."""
    return _sku_page(sku_id, BarcodeForm(formdata=None))


def _sku_page(sku_id: UUID, form: BarcodeForm) -> str:
    merchant_id, page = g.principal.merchant_id, Page.from_request()
    with transaction(read_only=True) as session:
        moved = movements_of(session, merchant_id, sku_id, limit=page.size + 1, offset=page.offset)
        return render_template(
            "merchants/sku.html", sku=get_sku(session, merchant_id, sku_id), barcodes=barcodes_of(session, merchant_id, sku_id),
            level=level_of_sku(session, merchant_id, sku_id), places=places_of_sku(session, sku_id),
            movements=moved[: page.size], page=page.with_more(len(moved) > page.size), form=form,
        )  # fmt: skip


@merchants.post("/stock/<uuid:sku_id>/barcodes")
@permit("catalog.write")
def create_barcode(sku_id: UUID) -> Response | tuple[str, int]:
    """Say that a barcode stands for a SKU."""
    form = BarcodeForm()
    if not form.validate_on_submit():
        return _sku_page(sku_id, form), 422
    try:
        with transaction() as session:
            get_sku(session, g.principal.merchant_id, sku_id)
            add_barcode(
                session,
                merchant_id=g.principal.merchant_id,
                sku_id=sku_id,
                code=str(form.code.data),
                quantity=form.quantity.data or 1,
            )
    except DuplicateError as error:
        form.code.errors = [error.sentence]
        return _sku_page(sku_id, form), 422
    flash("The barcode is known from now on.", "ok")
    return redirect(url_for("merchants.sku", sku_id=sku_id), 303)


@merchants.post("/stock/<uuid:sku_id>/activate")
@permit("catalog.write")
def activate(sku_id: UUID) -> Response:
    """Make a draft SKU an active one."""
    with transaction() as session:
        activate_sku(session, merchant_id=g.principal.merchant_id, sku_id=sku_id)
    flash("The SKU is active.", "ok")
    return redirect(url_for("merchants.sku", sku_id=sku_id), 303)
