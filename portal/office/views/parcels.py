"""Parcels of all merchants: a carrier's number typed in, and labels and slips opened or printed again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, flash, g, make_response, redirect, render_template, url_for

from portal.domain.shipping.commands import use_carrier
from portal.domain.shipping.queries import get_parcel, read_paper
from portal.kernel import clock
from portal.kernel.errors import DuplicateError, NotFoundError, UnprocessableError
from portal.kernel.files import Files
from portal.office.door import office, read_personal
from portal.office.forms import CarrierForm, show_problems
from portal.office.words import DOCUMENTS
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from flask import Response as FlaskResponse
    from werkzeug.wrappers import Response


@office.get("/orders/<uuid:merchant_id>/parcels/<uuid:parcel_id>/carrier")
@permit("office.write")
def carrier(merchant_id: UUID, parcel_id: UUID) -> str:
    """Show the form for a carrier and a number that were got elsewhere."""
    return _carrier_page(merchant_id, parcel_id, None)


def _carrier_page(merchant_id: UUID, parcel_id: UUID, form: CarrierForm | None) -> str:
    with transaction(read_only=True) as session:
        parcel = get_parcel(session, merchant_id, parcel_id)
        fresh = CarrierForm(formdata=None)
        return render_template(
            "office/carrier.html", parcel=parcel, merchant_id=merchant_id, form=form or fresh
        )


@office.post("/orders/<uuid:merchant_id>/parcels/<uuid:parcel_id>/carrier")
@permit("office.write")
def type_carrier(merchant_id: UUID, parcel_id: UUID) -> Response | tuple[str, int]:
    """Write down who carries a parcel, and under which number."""
    form = CarrierForm()
    if not form.validate_on_submit():
        return _carrier_page(merchant_id, parcel_id, form), 422
    try:
        with transaction() as session:
            use_carrier(
                session, merchant_id=merchant_id, parcel_id=parcel_id, carrier=str(form.carrier.data),
                tracking_number=str(form.tracking_number.data), service=str(form.service.data or ""), by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
            order_id = get_parcel(session, merchant_id, parcel_id).parcel.order_id
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="tracking_number")
        return _carrier_page(merchant_id, parcel_id, form), 422
    flash("The carrier and the number are kept. The recipient's page links to the carrier from now on.", "ok")
    return redirect(url_for("office.order", merchant_id=merchant_id, order_id=order_id), 303)


@office.get("/orders/<uuid:merchant_id>/parcels/<uuid:parcel_id>/documents/<kind>")
@permit("office.read")
def parcel_document(merchant_id: UUID, parcel_id: UUID, kind: str) -> FlaskResponse:
    """Hand out a label or packing slip of a parcel, to be opened or printed again."""
    if kind not in DOCUMENTS:
        raise NotFoundError("There is no such document.")
    files = Files(current_app.extensions["config"].var / "documents")
    with transaction() as session:
        paper = read_paper(session, files, merchant_id, parcel_id, kind)
    read_personal("document read", paper.file_name, merchant_id)
    response = make_response(paper.data)
    response.headers["Content-Type"] = paper.media_type
    how = "attachment" if kind == "label_zpl" else "inline"
    response.headers["Content-Disposition"] = f'{how}; filename="{paper.file_name}"'
    return response
