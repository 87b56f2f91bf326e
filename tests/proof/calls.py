"""How each route is called in the matrix (T1): what a form holds, and which answers its owner may get.

A route that stands in no table here makes the matrix fail: whoever adds a route says how it is called.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portal.kernel.ids import new_id
from tests.proof.world import FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proof.world import Side, World

SEEN = (200,)
DONE = (200, 201, 303)
PUBLIC = frozenset({
    "healthz", "readyz", "favicon", "static_file", "sign_in.front", "sign_in.show", "sign_in.enter", "sign_in.leave", "sign_in.forgot", "sign_in.send_reset",
    "sign_in.link", "sign_in.use_link", "warehouse.tiles", "warehouse.pad", "warehouse.enter_badge", "warehouse.enter_pin", "tracking.page", "tracking.details",
})  # fmt: skip
"""Routes for everybody: called by all with somebody else's secrets, and read for leaks."""
ANYBODY = frozenset({
    "sign_in.choose", "sign_in.chosen", "sign_in.profile", "sign_in.new_password", "sign_in.leave_everywhere", "sign_in.end_session",
})  # fmt: skip
"""Routes for whoever is signed in, about themselves."""


@dataclass(frozen=True, slots=True)
class Call:
    """A route's form (made for the side whose ids are used) and the answers that its owner gets."""

    form: Callable[[World, Side], dict[str, Any]] = lambda world, side: {}
    good: tuple[int, ...] = DONE
    extra: dict[str, str] = field(default_factory=dict[str, str])
    """URL arguments that are no ids."""


def _upload(world: World, side: Side) -> dict[str, Any]:
    return {"file": (io.BytesIO(FILE.replace("{mark}", "NEW").encode()), "new.csv")}


def _scan(code: str, **about: str) -> Callable[[World, Side], dict[str, Any]]:
    return lambda world, side: (
        {"id": str(new_id()), "code": code} | {name: side.ids[key] for name, key in about.items()}
    )


_ORDER = {
    "external_id": "X-1", "number": "X-1",
    "recipient": {"name": "Ada", "address1": "1 Row", "city": "Leeds", "country": "GB", "postcode": "LS1 4AP"},
    "lines": [{"sku": "ACME-TEA", "quantity": 1}],
}  # fmt: skip

SCANS: dict[str, Call] = {
    "home": Call(_scan("NS-NOWHERE"), (422,)),
    "look-up": Call(_scan("A-01-1")),
    "totes": Call(_scan("T-05"), (422, 409)),
    "pack": Call(_scan("ACME-BC", parcel="number"), (409,)),
    "ship": Call(lambda world, side: {"id": str(new_id()), "code": side.ids["number"]}),
    "pick": Call(_scan("NS-NOWHERE"), (422,)),
    "short": Call(_scan("NS-NOWHERE"), (422,)),
    "receive": Call(_scan("ACME-BC")),
}

CALLS: dict[str, Call] = {
    "api.get_order": Call(good=SEEN),
    "api.get_orders": Call(good=SEEN),
    "api.post_order": Call(lambda world, side: {"json": _ORDER}, (201,)),
    **dict.fromkeys(
        ("merchants.home", "merchants.imports", "merchants.new_sku", "merchants.order", "merchants.orders", "merchants.preview", "merchants.sku",
         "merchants.stock", "merchants.team", "merchants.tokens"),
        Call(good=SEEN),
    ),
    "merchants.activate": Call(),
    "merchants.cancel": Call(),
    "merchants.confirm": Call(lambda world, side: {"unknown_skus": "create"}),
    "merchants.create_barcode": Call(lambda world, side: {"code": "4006381333931", "quantity": "12"}),
    "merchants.create_sku": Call(lambda world, side: {"code": "NEW", "name": "New thing", "barcode": "NEW-BC"}),
    "merchants.create_token": Call(lambda world, side: {"name": "Robot", "scopes[]": ["orders.read"]}),
    "merchants.discard": Call(),
    "merchants.end_links": Call(),
    "merchants.hold_order": Call(lambda world, side: {"reason": "Wait for the customer."}),
    "merchants.invite": Call(lambda world, side: {"name": "New Person", "email": "new@acme.example", "role": "viewer"}),
    "merchants.mend": Call(lambda world, side: {"name": "Ada", "address1": "1 Row", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}),
    "merchants.release": Call(),
    "merchants.remove": Call(),
    "merchants.revoke_token": Call(),
    "merchants.role": Call(lambda world, side: {"role": "member"}),
    "merchants.upload": Call(_upload),
    **dict.fromkeys(
        ("office.carrier", "office.devices", "office.home", "office.mail", "office.merchant", "office.merchants", "office.message", "office.messages",
         "office.new_merchant", "office.order", "office.orders", "office.place", "office.places", "office.queue", "office.staff", "office.worker"),
        Call(good=SEEN),
    ),
    "office.parcel_document": Call(good=SEEN, extra={"kind": "label_pdf"}),
    "office.cancel": Call(),
    "office.create_merchant": Call(
        lambda world, side: {
            "name": "Newcomer", "code": "NEWCOMER", "site": str(world.site.id), "owner_name": "Nia", "owner_email": "nia@new.example",
            "support_email": "help@new.example", "return_days": "30", "brand_colour": "#1f4b99", "currency": "GBP", "handling_days": "1",
        }
    ),
    "office.create_places": Call(lambda world, side: {"kind": "storage", "codes": "Z-01-1..Z-02-2"}),
    "office.end_links": Call(),
    "office.give_badge": Call(lambda world, side: {"code": "NEW-BADGE-7"}),
    "office.give_pin": Call(lambda world, side: {"pin": "8642"}),
    "office.hold_order": Call(lambda world, side: {"reason": "Checked by hand.", "next_step": "Release it."}),
    "office.invite_member": Call(lambda world, side: {"name": "New Person", "email": "member@new.example", "role": "owner"}),
    "office.invite_staff": Call(lambda world, side: {"name": "New Clerk", "email": "clerk2@operator.example", "role": "clerk", "site": ""}),
    "office.release": Call(),
    "office.revoke": Call(),
    # No mail server is set in the matrix, so a message cannot go out again: the owner is told so.
    "office.send_again": Call(good=(409,)),
    "office.try_again": Call(),
    "office.type_carrier": Call(lambda world, side: {"carrier": "ups", "tracking_number": "1Z999AA10123456784", "service": "Ground"}),
    "office.unlock": Call(),
    **dict.fromkeys(
        ("warehouse.carrier", "warehouse.commands", "warehouse.enrol", "warehouse.look_up", "warehouse.next_task", "warehouse.pack", "warehouse.parcel",
         "warehouse.pick", "warehouse.pick_more", "warehouse.receive", "warehouse.set_up", "warehouse.ship", "warehouse.short", "warehouse.tablets"),
        Call(good=SEEN),
    ),
    "warehouse.paper": Call(good=SEEN, extra={"kind": "slip_a4"}),
    "warehouse.change_set_up": Call(lambda world, side: {"prints": "off"}),
    "warehouse.choose_carrier": Call(lambda world, side: {"carrier": "ups", "tracking_number": "1Z999AA10123456784", "service": "Ground"}),
    "warehouse.enrol_this": Call(lambda world, side: {"name": "Second tablet"}),
    "warehouse.give_back": Call(),
    "warehouse.give_back_walk": Call(),
    "warehouse.revoke": Call(),
    "warehouse.take_in": Call(
        lambda world, side: {
            "id": str(new_id()), "merchant": side.ids["merchant_id"], "sku": side.ids["sku_id"], "place": "DOCK-1", "quantity": "5",
        }
    ),
    "warehouse.unlock": Call(),
}  # fmt: skip
