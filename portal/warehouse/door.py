"""The blueprint of the floor: who is asking and on which tablet, the scope of the site, and what every screen is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, redirect, request, url_for

from portal.kernel.errors import NotSignedInError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor
from portal.warehouse.tablet import find_tablet, prints_by_itself
from portal.web.access import require_kind

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

warehouse = Blueprint("warehouse", __name__)

BEFORE_SIGN_IN = frozenset(
    {"warehouse.tiles", "warehouse.enter_badge", "warehouse.pad", "warehouse.enter_pin"}
)


@warehouse.before_request
def floor_only() -> Response | None:
    """Keep the door for workers on a tablet of their own site, and for leads; take the site's scope.

    A session that was opened on a tablet ends where it is shown from another, or when the tablet was revoked.
    """
    g.device = find_tablet()
    if request.endpoint in BEFORE_SIGN_IN:
        return None
    principal = g.get("principal")
    if principal is None:
        # A browser that is no tablet yet goes there too: that page says how it becomes one.
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("warehouse.tiles"), 303)
        raise NotSignedInError("Your session has ended. Scan your badge and go on: nothing is lost.")
    refused = require_kind("staff", "worker", "lead")
    if refused is not None:
        return refused
    here = g.device is not None and g.device.site_id == principal.site_id
    shown = g.device.id if g.device is not None else None
    strange = principal.device_id is not None and (not here or shown != principal.device_id)
    if strange or (principal.role == "worker" and not here):
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("warehouse.tiles"), 303)
        raise NotSignedInError("This is no tablet of your site any more. Ask a lead to enrol it.")
    g.device = g.device if here else None
    g.scope = AsFloor(principal.site_id, principal.user_id)
    return None


@warehouse.context_processor
def every_screen() -> dict[str, Any]:
    """Give every screen a maker of scan ids, the tablet, and whether it prints by itself."""
    return {"new_scan": new_id, "device": g.get("device"), "prints": prints_by_itself()}


# The views are imported for the routes that they register.
# pyright: reportUnusedImport=false
from portal.warehouse.views import (
    entry,
    home,
    packing,
    picking,
    receiving,
    scans,
    tablets,
)
