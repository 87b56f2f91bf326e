"""Tablets of all sites: when each was last seen, which are locked, and ending or unlocking one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, url_for

from portal.domain.accounts.queries import list_sites
from portal.domain.devices.commands import revoke_device, unlock_device
from portal.domain.devices.queries import list_devices
from portal.kernel import clock
from portal.office.door import office
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@office.get("/tablets")
@permit("office.admin")
def devices() -> str:
    """List the tablets."""
    with transaction() as session:
        return render_template(
            "office/devices.html",
            devices=list_devices(session),
            sites={site.id: site for site in list_sites(session)},
        )


@office.post("/tablets/<uuid:device_id>/revoke")
@permit("office.admin")
def revoke(device_id: UUID) -> Response:
    """End a tablet: nobody can sign in on it any more."""
    with transaction() as session:
        revoke_device(session, device_id=device_id, by=g.principal.user_id, at=clock.now())
    flash("The tablet is revoked. A lead has to enrol it anew before it can be used.", "ok")
    return redirect(url_for("office.devices"), 303)


@office.post("/tablets/<uuid:device_id>/unlock")
@permit("office.admin")
def unlock(device_id: UUID) -> Response:
    """Let people sign in on a tablet that locked itself after failed tries."""
    with transaction() as session:
        unlock_device(session, device_id=device_id, by=g.principal.user_id, at=clock.now())
    flash("The tablet is unlocked.", "ok")
    return redirect(url_for("office.devices"), 303)
