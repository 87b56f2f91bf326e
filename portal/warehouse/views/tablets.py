"""What leads do with tablets and walks, and what a tablet keeps for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for

from portal.domain.devices.commands import enrol_device, revoke_device, unlock_device
from portal.domain.devices.queries import list_devices
from portal.domain.picking.commands import give_back_batch
from portal.domain.picking.queries import open_batches
from portal.kernel import clock
from portal.kernel.errors import UnprocessableError
from portal.warehouse.door import warehouse
from portal.warehouse.forms import EnrolForm, put_problems
from portal.warehouse.sheet import command_sheet
from portal.warehouse.tablet import keep_printing, keep_secret
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@warehouse.get("/enrol")
@permit("floor.lead")
def enrol() -> str:
    """Show the form that makes this browser a tablet."""
    return render_template("warehouse/enrol.html", form=EnrolForm(formdata=None))


@warehouse.post("/enrol")
@permit("floor.lead")
def enrol_this() -> Response | tuple[str, int]:
    """Make this browser one of the site's tablets."""
    form = EnrolForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                _, secret = enrol_device(
                    session,
                    site_id=g.principal.site_id,
                    name=str(form.name.data),
                    by=g.principal.user_id,
                    at=clock.now(),
                )
        except UnprocessableError as error:
            put_problems(form, error)
        else:
            flash("This tablet is enrolled. Sign out, and workers can sign in on it.", "ok")
            response = redirect(url_for("warehouse.set_up"), 303)
            keep_secret(response, secret)
            return response
    return render_template("warehouse/enrol.html", form=form), 422


@warehouse.get("/tablets")
@permit("floor.lead")
def tablets() -> str:
    """List the site's tablets and the walks under way."""
    with transaction() as session:
        return render_template(
            "warehouse/tablets.html",
            devices=list_devices(session),
            batches=open_batches(session, g.principal.site_id),
        )


@warehouse.post("/tablets/<uuid:device_id>/revoke")
@permit("floor.lead")
def revoke(device_id: UUID) -> Response:
    """Make a tablet a stranger again."""
    with transaction() as session:
        revoke_device(session, device_id=device_id, by=g.principal.user_id, at=clock.now())
    flash("The tablet is revoked. Nobody signs in on it any more.", "ok")
    return redirect(url_for("warehouse.tablets"), 303)


@warehouse.post("/tablets/<uuid:device_id>/unlock")
@permit("floor.lead")
def unlock(device_id: UUID) -> Response:
    """Let people sign in again on a tablet that locked itself."""
    with transaction() as session:
        unlock_device(session, device_id=device_id, by=g.principal.user_id, at=clock.now())
    flash("The tablet is unlocked.", "ok")
    return redirect(url_for("warehouse.tablets"), 303)


@warehouse.post("/walks/<uuid:batch_id>/give-back")
@permit("floor.lead")
def give_back_walk(batch_id: UUID) -> Response:
    """End a walk of somebody who cannot go on with it."""
    with transaction() as session:
        give_back_batch(session, site_id=g.principal.site_id, batch_id=batch_id, at=clock.now())
    flash("The walk is given back. What was picked stays in its totes.", "ok")
    return redirect(url_for("warehouse.tablets"), 303)


@warehouse.get("/set-up")
@permit("floor.work")
def set_up() -> str:
    """Show what this tablet keeps for itself, with a test of scanner and sound."""
    return render_template("warehouse/set_up.html")


@warehouse.post("/set-up")
@permit("floor.work")
def change_set_up() -> Response:
    """Turn printing by itself on or off."""
    response = redirect(url_for("warehouse.set_up"), 303)
    keep_printing(response, on=request.form.get("printing") == "on")
    return response


@warehouse.get("/commands")
@permit("floor.work")
def commands() -> str:
    """Show the sheet of command barcodes, made for printing."""
    return render_template("warehouse/commands.html", sheet=command_sheet())
