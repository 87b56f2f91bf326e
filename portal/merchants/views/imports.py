"""Order files: upload, preview, mend, confirm. Nothing becomes an order before the merchant confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for

from portal.domain.intake.commands import confirm_import, discard_import, mend_order, preview_import
from portal.domain.intake.queries import get_preview, get_staged_order, list_imports
from portal.domain.intake.rules import UnreadableFile
from portal.kernel import clock
from portal.merchants.door import merchants
from portal.merchants.forms import UploadForm
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

ADDRESS_FIELDS = (
    ("name", "Name"), ("company", "Company"), ("address1", "Address"), ("address2", "Address, second line"), ("city", "Town"),
    ("region", "State or region"), ("postcode", "Postcode"), ("country", "Country (two letters)"), ("phone", "Phone"),
)  # fmt: skip
MOST_BYTES = 50 * 1024 * 1024


@merchants.get("/imports")
@permit("orders.read")
def imports() -> str:
    """Show the upload form and the history of imports."""
    return _imports_page(UploadForm(formdata=None), None)


def _imports_page(form: UploadForm, unreadable: UnreadableFile | None) -> str:
    page = Page.from_request()
    with transaction(read_only=True) as session:
        rows = list_imports(session, g.principal.merchant_id, limit=page.size + 1, offset=page.offset)
        return render_template(
            "merchants/imports.html",
            rows=rows[: page.size],
            page=page.with_more(len(rows) > page.size),
            form=form,
            unreadable=unreadable,
        )


@merchants.post("/imports")
@permit("orders.write")
def upload() -> Response | tuple[str, int]:
    """Read a file and show what its orders would become."""
    form = UploadForm()
    sent = request.files.get("file")
    if not form.validate_on_submit():
        return _imports_page(form, None), 422
    if sent is None or not sent.filename:
        return _imports_page(
            form,
            UnreadableFile(
                "no_file",
                "No file was chosen.",
                "A file of orders.",
                "Choose the file that your shop exports and upload it.",
            ),
        ), 422
    try:
        with transaction() as session:
            import_id = preview_import(
                session,
                merchant_id=g.principal.merchant_id,
                file_name=sent.filename,
                data=sent.read(),
                by=g.principal.user_id,
                at=clock.now(),
            )
    except UnreadableFile as unreadable:
        return _imports_page(form, unreadable), 422
    return redirect(url_for("merchants.preview", import_id=import_id), 303)


@merchants.get("/imports/<uuid:import_id>")
@permit("orders.read")
def preview(import_id: UUID) -> str:
    """Show what a file's orders would become, all problems at once."""
    with transaction() as session:
        return render_template(
            "merchants/preview.html",
            preview=get_preview(session, g.principal.merchant_id, import_id),
            import_id=import_id,
            fields=ADDRESS_FIELDS,
        )


@merchants.post("/imports/<uuid:import_id>/orders/<uuid:staged_id>")
@permit("orders.write")
def mend(import_id: UUID, staged_id: UUID) -> Response:
    """Put what was typed into an order that needs attention."""
    changes = {name: request.form.get(name, "")[:200].replace("\0", "") for name, _ in ADDRESS_FIELDS}
    skus = [text[:100].replace("\0", "") for text in request.form.getlist("sku")[:500]]
    with transaction() as session:
        found, _ = get_staged_order(session, g.principal.merchant_id, staged_id)
        verdict = mend_order(
            session, merchant_id=g.principal.merchant_id, staged_id=staged_id, changes=changes, skus=skus
        )
    if verdict == "ship":
        flash("Mended. The order can ship; it is made when you import.", "ok")
    else:
        flash("Saved. Something is still missing; see the order below.", "warn")
    return redirect(url_for("merchants.preview", import_id=found, _anchor=f"order-{staged_id}"), 303)


@merchants.post("/imports/<uuid:import_id>/confirm")
@permit("orders.write")
def confirm(import_id: UUID) -> Response:
    """Make orders of everything that can ship."""
    with transaction() as session:
        done = confirm_import(
            session, merchant_id=g.principal.merchant_id, import_id=import_id, unknown_skus=request.form.get("unknown_skus", "leave"),
            by=g.principal.user_id, at=clock.now(),
        )  # fmt: skip
    orders = "1 order" if done.accepted == 1 else f"{done.accepted} orders"
    units = "1 unit" if done.units == 1 else f"{done.units} units"
    sentence = (
        f"Imported {orders} with {units}."
        if done.accepted
        else "There was nothing left to import; nothing has changed."
    )
    if done.draft_skus:
        sentence += (
            " 1 new SKU is a draft." if done.draft_skus == 1 else f" {done.draft_skus} new SKUs are drafts."
        )
    if done.left_with_unknown_sku:
        sentence += f" {done.left_with_unknown_sku} left for their unknown SKUs."
    flash(sentence, "ok")
    return redirect(url_for("merchants.preview", import_id=import_id), 303)


@merchants.post("/imports/<uuid:import_id>/discard")
@permit("orders.write")
def discard(import_id: UUID) -> Response:
    """Give a preview up."""
    with transaction() as session:
        discard_import(session, merchant_id=g.principal.merchant_id, import_id=import_id)
    flash("The file was put aside. No order was made of it.", "ok")
    return redirect(url_for("merchants.imports"), 303)
