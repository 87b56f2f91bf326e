"""The blueprint: members only, scope of the chosen merchant, the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, redirect, request, url_for

from portal.kernel.errors import WrongStateError
from portal.kernel.scopes import AsMerchant
from portal.web.access import require_kind

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

merchants = Blueprint("merchants", __name__)

MENU = (
    ("merchants.home", "Home", "home"), ("merchants.orders", "Orders", "orders"), ("merchants.imports", "Imports", "import"),
    ("merchants.stock", "Stock", "stock"), ("merchants.team", "Team", "team"), ("merchants.tokens", "Developers", "key"),
)  # fmt: skip
FAMILY = {
    "order": "orders", "hold_order": "orders", "preview": "imports", "upload": "imports", "sku": "stock", "new_sku": "stock", "create_sku": "stock",
    "create_barcode": "stock", "invite": "team", "create_token": "tokens",
}  # fmt: skip


@merchants.before_request
def members_only() -> Response | None:
    """Keep the door for members, and take their merchant's scope."""
    refused = require_kind("merchant")
    if refused is None and not g.principal.chosen:
        # Anybody's merchant may invite anybody: an invitation must never decide whose orders the next click is about.
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("sign_in.choose"), 303)
        raise WrongStateError(
            "You belong to several merchants. Choose for which one you work, then do this again: nothing was changed."
        )
    if refused is None:
        g.scope = AsMerchant(g.principal.merchant_id, g.principal.user_id)
    return refused


@merchants.context_processor
def menu() -> dict[str, Any]:
    """Give every page the menu, with where it is; the page that refuses a stranger has none."""
    if "principal" not in g:
        return {}
    name = (request.endpoint or "").removeprefix("merchants.")
    here = f"merchants.{FAMILY.get(name, name)}"
    items = [
        {"endpoint": endpoint, "label": label, "icon": icon, "current": endpoint == here}
        for endpoint, label, icon in MENU
    ]
    return {"nav": items, "zone": g.principal.site_timezone}


from portal.merchants.views import home, imports, orders, stock, team, tokens  # pyright: ignore[reportUnusedImport] (registers the routes)
