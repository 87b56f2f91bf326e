"""A small 3PL with everything in it twice: two merchants at one site, a third at another, people for every role.

What belongs to the rival says ZZRIVAL, and what belongs to the far site says ZZFAR, so that a leak can be read off any answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from portal.demo.floor import Floor
from portal.demo.opening import Opened
from portal.domain.accounts.commands.tokens import create_api_token
from portal.domain.catalog.commands import NewSku, add_sku
from portal.domain.devices.commands import enrol_device
from portal.domain.intake.commands import preview_import
from portal.domain.messages.links import details_url, tracking_url
from portal.domain.orders.commands.accept import NewLine, NewOrder, NewRecipient, accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.commands.holds import place_hold
from portal.domain.picking.queries import find_open_batch
from portal.jobs import Courier
from portal.kernel.db import run
from portal.kernel.files import Files
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice
from tests import make, people

if TYPE_CHECKING:
    from portal.config import Config
    from portal.kernel.db import Database

RIVAL, FAR = "ZZRIVAL", "ZZFAR"
MARKS = {"ACME": "ACME", "RIVAL": RIVAL, "FARAWAY": FAR}

FILE = """Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem sku,Lineitem price,Lineitem requires shipping,\
Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Id
#{mark}F1,ada@mail.example,paid,USD,10.00,2026-11-20 10:00:00 +0000,1,{mark} tea,{mark}-TEA,10.00,true,,,,,,91
#{mark}F2,ada@mail.example,paid,USD,10.00,2026-11-20 10:00:00 +0000,1,{mark} tea,{mark}-TEA,10.00,true,Ada {mark},1 Row,Leeds,LS1 4AP,GB,92
"""


@dataclass(slots=True)
class Side:
    """One merchant with one of each thing, by the names that URLs give to their ids."""

    ids: dict[str, str]
    tracking_path: str = ""
    details_path: str = ""


@dataclass(slots=True)
class World:
    """Both merchants, the far one, and who may come in."""

    acme: Side
    rival: Side
    far: Side
    people: dict[str, people.Person]
    token: str
    device_secret: str
    far_device_secret: str
    stuck_id: UUID
    colleague_id: UUID
    site: make.Site3PL


def build(db: Database, config: Config) -> World:
    """Build it by the product's own commands."""
    here, there = make.site(db, code="NS"), make.site(db, code=FAR)
    staff = {
        "lead": people.staff(db, "lead", here, email="lead@operator.example"),
        "worker": people.staff(
            db, "worker", here, email="worker@operator.example", badge="NEAR-BADGE", pin="2580"
        ),
        "far worker": people.staff(
            db, "worker", there, email="far@operator.example", badge="FAR-BADGE", pin="2581"
        ),
        "clerk": people.staff(db, "clerk"),
        "admin": people.staff(db, "admin"),
    }
    devices: dict[UUID, tuple[UUID, str]] = {}
    for site in (here, there):
        with db.transaction(AsFloor(site.id)) as session:
            devices[site.id] = enrol_device(
                session,
                site_id=site.id,
                name=f"Tablet {FAR if site is there else 'NS'}",
                by=None,
                at=make.NOW,
            )
    sites = {"ACME": here, "RIVAL": here, "FARAWAY": there}
    workers = {here.id: staff["worker"].id, there.id: staff["far worker"].id}
    begun = {code: _begin(db, site, code, MARKS[code]) for code, site in sites.items()}
    # All merchants' orders go through the floor in step, so that each is left in the state that it stands for.
    for number in ("SHIPPED", "PACKED", "WALKED"):
        for code in sites:
            begun[code].order(db, number)
        for site_id, worker_id in workers.items():
            opened = Opened(site_id, [worker_id], worker_id, [])
            floor = Floor(db, opened, Files(config.var / "documents"), random.Random(1), make.NOW)
            _work(floor, worker_id, number)
    for code in sites:
        begun[code].order(db, "READY")
        begun[code].order(db, "HELD")
    acme, rival, far = (
        _finish(db, config, begun[code], site, workers[site.id], devices[site.id][0])
        for code, site in sites.items()
    )
    owner_merchant = UUID(acme.ids["merchant_id"])
    members = {
        role: people.member(db, owner_merchant, role, email=f"{role}@acme.example")
        for role in ("owner", "member", "viewer")
    }
    colleague = people.member(db, owner_merchant, "member", email="colleague@acme.example")
    token = people.token(db, owner_merchant)
    with db.transaction(AsOffice()) as session:
        [stuck] = run(
            session,
            "INSERT INTO outbox (id, event, payload, scope_kind) VALUES (uuidv7(), 'PasswordResetAsked', '{}', 'operator') RETURNING id",
        )
        run(
            session,
            "UPDATE outbox SET failed_at = now(), error = 'It was planted.' WHERE id = :id",
            {"id": stuck.id},
        )
    return World(
        acme,
        rival,
        far,
        staff | members,
        token,
        devices[here.id][1],
        devices[there.id][1],
        stuck.id,
        colleague.id,
        here,
    )


@dataclass(slots=True)
class Begun:
    """A merchant while its world is being built."""

    mark: str
    merchant_id: UUID
    sku_id: UUID
    orders: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def order(self, db: Database, number: str) -> None:
        """Accept an order with this number after the merchant's mark, and give it its stock."""
        mark = self.mark
        order = NewOrder(
            channel="test", external_id=f"{mark}-{number}", number=f"{mark}-{number}", placed_at=make.NOW, currency="GBP",
            recipient=NewRecipient(
                name=f"Ada {mark}surname", address1=f"12 {mark} Row", city="Leeds", postcode="LS1 4AP", country="GB",
                email=f"{mark.lower()}@mail.example",
            ),
            lines=(NewLine(sku_id=self.sku_id, sku_code=f"{mark}-TEA", name=f"{mark} tea", quantity=2, unit_price_minor=500),),
            note=f"{mark} note",
        )  # fmt: skip
        mine = self.merchant_id
        with db.transaction(AsMerchant(mine)) as session:
            accept_orders(session, merchant_id=mine, orders=[order], source="by a test", by=None, at=make.NOW)
            allocate(session, merchant_id=mine, order_ids=[order.id], by=None, at=make.NOW)
        self.orders[number] = order.id


def _begin(db: Database, site: make.Site3PL, code: str, mark: str) -> Begun:
    merchant_id = make.merchant(db, site, code=code)
    with db.transaction(AsMerchant(merchant_id)) as session:
        new = NewSku(code=f"{mark}-TEA", name=f"{mark} tea", barcode=f"{mark}-BC")
        sku_id = add_sku(session, merchant_id=merchant_id, sku=new)
    make.stock(db, site, merchant_id, sku_id, 50, bin_number=list(MARKS).index(code))
    return Begun(mark, merchant_id, sku_id)


def _work(floor: Floor, worker_id: UUID, number: str) -> None:
    floor.pick(worker_id, most_scans=1 if number == "WALKED" else 100)
    if number in ("SHIPPED", "PACKED"):
        floor.pack(worker_id, most=10)
    if number == "SHIPPED":
        floor.ship(worker_id)


def _finish(
    db: Database, config: Config, begun: Begun, site: make.Site3PL, worker_id: UUID, device_id: UUID
) -> Side:
    mark, mine, orders = begun.mark, begun.merchant_id, begun.orders
    viewer = people.member(db, mine, "viewer", email=f"{mark.lower()}-viewer@shop.example")
    with db.transaction(AsMerchant(mine)) as session:
        scopes = ["orders.read"]
        token_id, _ = create_api_token(
            session, merchant_id=mine, name=f"{mark} machine", scopes=scopes, allowed=scopes, by=None, at=make.NOW
        )  # fmt: skip
        hold_id = place_hold(
            session, merchant_id=mine, order_id=orders["HELD"], kind="merchant", reason=f"{mark} waits", owner="merchant",
            next_step=f"{mark} decides", by=None, at=make.NOW,
        )  # fmt: skip
        data = FILE.replace("{mark}", mark).encode()
        import_id = preview_import(
            session, merchant_id=mine, file_name=f"{mark}.csv", data=data, by=None, at=make.NOW
        )
        staged_sql = "SELECT id FROM staged_orders WHERE import_id = :i AND verdict = 'attention'"
        [staged] = run(session, staged_sql, {"i": import_id})
    Courier(db, config).deliver_due()
    with db.transaction(AsOffice()) as session:
        mails = "SELECT id FROM messages WHERE order_id = :o AND kind = 'shipping_confirmation'"
        [message] = run(session, mails, {"o": orders["SHIPPED"]})
        parcels = "SELECT id, number FROM parcels WHERE order_id = :o"
        [packed] = run(session, parcels, {"o": orders["PACKED"]})
    with db.transaction(AsFloor(site.id)) as session:
        batch = find_open_batch(session, site.id, worker_id)
    assert batch is not None
    ids = {
        "merchant_id": mine, "order_id": orders["READY"], "hold_id": hold_id, "sku_id": begun.sku_id, "import_id": import_id,
        "staged_id": staged.id, "user_id": viewer.id, "token_id": token_id, "parcel_id": packed.id, "message_id": message.id,
        "site_id": site.id, "place_id": site.bins[0], "device_id": device_id, "batch_id": batch.id, "number": packed.number,
    }  # fmt: skip
    return Side(
        {name: str(value) for name, value in ids.items()},
        tracking_url(config, orders["SHIPPED"]).removeprefix(config.base_url),
        details_url(config, message.id).removeprefix(config.base_url),
    )
