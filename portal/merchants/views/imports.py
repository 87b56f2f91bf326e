"""Order files: upload, preview, mend, confirm. Nothing becomes an order before the merchant confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for

from portal.domain.intake.commands import (
    Confirmed,
    confirm_import,
    discard_import,
    mend_order,
    preview_import,
)
from portal.domain.intake.queries import get_preview, get_staged_order, list_imports
from portal.domain.intake.rules import UnreadableFile
from portal.kernel import clock
from portal.kernel.errors import NotFoundError
from portal.merchants.door import merchants
from portal.merchants.forms import UploadForm
from portal.merchants.preview import (
    REASONS,
    choose_view,
    default_choice,
    group_problems,
    kind,
    outcomes,
    rows_of,
)
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.filters import plural
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

ADDRESS_FIELDS = (
    ("name", "Name"), ("company", "Company"), ("address1", "Address"), ("address2", "Address, second line"), ("city", "Town"),
    ("region", "State or region"), ("postcode", "Postcode"), ("country", "Country (two letters)"), ("phone", "Phone"), ("email", "E-mail"),
)  # fmt: skip
FORMS_PER_PAGE, ROWS_OF_STRAYS, SKUS_LISTED = 10, 20, 100
"""How much of a large file one page shows."""


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
    """Show what a file's orders would become, all problems at once; orders come in pages, so that a large file stays quick."""
    with transaction() as session:
        shown = get_preview(session, g.principal.merchant_id, import_id)
        view = choose_view(shown, request.args.get("show", ""))
        rows = rows_of(shown, view)
        page = Page.from_request(FORMS_PER_PAGE if view == "attention" else 50).of(len(rows))
        return render_template(
            "merchants/preview.html", preview=shown, file=shown.file, import_id=import_id, fields=ADDRESS_FIELDS, view=view,
            rows=rows[page.offset : page.offset + page.size], page=page, groups=group_problems(shown.staged), kind=kind, reasons=REASONS,
            outcomes=outcomes(shown), choice=default_choice(shown), listed=ROWS_OF_STRAYS, skus_listed=SKUS_LISTED,
        )  # fmt: skip


@merchants.post("/imports/<uuid:import_id>/orders/<uuid:staged_id>")
@permit("orders.write")
def mend(import_id: UUID, staged_id: UUID) -> Response:
    """Put what was typed into an order that needs attention."""
    changes = {name: request.form.get(name, "")[:200].replace("\0", "") for name, _ in ADDRESS_FIELDS}
    skus = [text[:100].replace("\0", "") for text in request.form.getlist("sku[]")[:500]]
    with transaction() as session:
        found, row = get_staged_order(session, g.principal.merchant_id, staged_id)
        if found != import_id:
            raise NotFoundError("There is no such order in this import.")
        number = row.order.number
        verdict = mend_order(
            session, merchant_id=g.principal.merchant_id, staged_id=staged_id, changes=changes, skus=skus
        )
        left = get_preview(session, g.principal.merchant_id, import_id).counts["attention"]
    if verdict == "ship":
        flash(f"Order {number} is mended. It will be made when you import.", "ok")
        return redirect(
            url_for("merchants.preview", import_id=found, show="attention" if left else "ship"), 303
        )
    # No anchor: the sentence stands at the top of the page, and an anchor would scroll past it.
    flash(f"Saved. Order {number} still lacks something; see below.", "warn")
    return redirect(url_for("merchants.preview", import_id=found, show="attention"), 303)


@merchants.post("/imports/<uuid:import_id>/confirm")
@permit("orders.write")
def confirm(import_id: UUID) -> Response:
    """Make orders of everything that can ship."""
    with transaction() as session:
        done = confirm_import(
            session, merchant_id=g.principal.merchant_id, import_id=import_id, unknown_skus=request.form.get("unknown_skus", "leave"),
            by=g.principal.user_id, at=clock.now(),
        )  # fmt: skip
    flash(_say_confirmed(done), "ok" if done.accepted else "warn")
    return redirect(url_for("merchants.preview", import_id=import_id), 303)


def _say_confirmed(done: Confirmed) -> str:
    sentences: list[str] = []
    if done.accepted:
        sentences.append(f"Imported {plural(done.accepted, 'order')} with {plural(done.units, 'unit')}.")
    elif not done.left_with_unknown_sku:
        sentences.append("There was nothing left to import; nothing has changed.")
    if done.draft_skus:
        sentences.append(plural(done.draft_skus, "new SKU is a draft.", "new SKUs are drafts."))
    if done.left_with_unknown_sku:
        sentences.append(
            plural(
                done.left_with_unknown_sku,
                "order waits for its unknown SKU.",
                "orders wait for their unknown SKUs.",
            )
        )
    return " ".join(sentences)


@merchants.post("/imports/<uuid:import_id>/discard")
@permit("orders.write")
def discard(import_id: UUID) -> Response:
    """Give a preview up."""
    with transaction() as session:
        discard_import(session, merchant_id=g.principal.merchant_id, import_id=import_id)
    flash("The file was put aside. No order was made of it.", "ok")
    return redirect(url_for("merchants.imports"), 303)
