"""The blueprint: clerks and admins only, the office's scope over all merchants, the menu by right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from portal.domain.accounts.commands.audit import note_audit
from portal.kernel import clock
from portal.kernel.scopes import AsOffice
from portal.web.access import require_kind
from portal.web.database import database
from portal.web.principal import may

if TYPE_CHECKING:
    from uuid import UUID

    from werkzeug.wrappers import Response

office = Blueprint("office", __name__)

MENU = (
    ("office.home", "Board", "home", "office.read"), ("office.orders", "Orders", "orders", "office.read"),
    ("office.messages", "Messages", "mail", "office.read"), ("office.queue", "News", "queue", "office.read"),
    ("office.places", "Places", "stock", "office.read"), ("office.merchants", "Merchants", "shop", "office.read"),
    ("office.staff", "Staff", "team", "office.admin"), ("office.devices", "Tablets", "device", "office.admin"),
)  # fmt: skip
FAMILY = {
    "order": "orders", "hold_order": "orders", "carrier": "orders", "type_carrier": "orders", "message": "messages", "place": "places",
    "create_places": "places",
    "merchant": "merchants", "new_merchant": "merchants", "create_merchant": "merchants", "invite_member": "merchants",
    "invite_staff": "staff", "worker": "staff", "give_badge": "staff", "give_pin": "staff",
}  # fmt: skip


@office.before_request
def office_only() -> Response | None:
    """Keep the door for clerks and admins, and take the office's scope."""
    refused = require_kind("staff", "clerk", "admin")
    if refused is None:
        g.scope = AsOffice(g.principal.user_id)
    return refused


def read_personal(action: str, subject: str, merchant_id: UUID | None) -> None:
    """Have it noted after the answer that this person read somebody's personal data."""
    g.personal_read = (action, subject, merchant_id)


@office.teardown_request
def note_reading(error: BaseException | None) -> None:
    """Write what was read into the audit: a second transaction, because reading itself is read-only."""
    if error is None and "personal_read" in g:
        action, subject, merchant_id = g.pop("personal_read")
        with database().transaction(g.scope) as session:
            note_audit(
                session,
                action,
                subject=subject,
                merchant_id=merchant_id,
                by=g.principal.user_id,
                at=clock.now(),
            )


@office.context_processor
def menu() -> dict[str, Any]:
    """Give every page the menu of what this person may open, with where it is; the page that refuses a stranger has none."""
    if "principal" not in g:
        return {}
    name = (request.endpoint or "").removeprefix("office.")
    here = f"office.{FAMILY.get(name, name)}"
    items = [
        {"endpoint": endpoint, "label": label, "icon": icon, "current": endpoint == here}
        for endpoint, label, icon, permission in MENU
        if may(g.principal, permission)
    ]
    return {"nav": items}


# The views are imported for the routes that they register.
# pyright: reportUnusedImport=false
from portal.office.views import (
    devices,
    home,
    merchants,
    messages,
    orders,
    parcels,
    places,
    queue,
    staff,
)
