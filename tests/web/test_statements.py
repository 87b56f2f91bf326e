"""How many statements the screens cost that people look at all day: few, and as many for a long list as for a short one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from portal.domain.intake.commands import preview_import
from portal.domain.messages.links import tracking_url
from portal.kernel import clock
from portal.kernel.scopes import AsMerchant
from tests import make, people
from tests.merchants.shop import busy, export, hold, no_address, row, take
from tests.statements import statements_of
from tests.warehouse.tablet import at_work

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.merchants.shop import Shop


def _more(here: Shop) -> None:
    """Let there be more of everything that lists show."""
    for n in range(4):
        take(here, f"more held {n}", {"TEA-EARL-250": 1}, person=n)
        hold(here, f"more held {n}", "The recipient asked for another colour.")
        take(here, f"more waiting {n}", {"POT-GLASS-1L": 1}, person=n)
        take(here, f"more ready {n}", {"TEA-SENCHA-100": 1}, person=n)
        sku = make.sku(here.db, here.id, f"MORE-{n}")
        make.stock(here.db, here.site, here.id, sku, 3, bin_number=3 + n)


def _preview(here: Shop, rows: int) -> UUID:
    data = export(
        [row(f"#P{n}", Lineitem_sku="TEA-WHITE-50") if n % 2 else no_address(f"#P{n}") for n in range(rows)]
    )
    with here.db.transaction(AsMerchant(here.id)) as session:
        return preview_import(
            session, merchant_id=here.id, file_name=f"{rows}.csv", data=data, by=here.owner.id, at=clock.now()
        )


def test_the_screens_of_merchants_and_office_cost_few_statements(
    db: Database, app: Flask, config: Config
) -> None:
    here = busy(db, config)
    owner = people.signed_in(app, here.owner)
    admin = people.signed_in(app, people.staff(db, "admin"))
    shipped, waiting = here.orders["shipped"], here.orders["waiting"]
    pages = {
        "/m/": (owner, 19), "/m/orders": (owner, 8), "/m/orders?search=ada": (owner, 8), f"/m/orders/{shipped}": (owner, 13),
        f"/m/orders/{waiting}": (owner, 14), "/m/stock": (owner, 6), "/m/imports": (owner, 6), "/m/team": (owner, 6),
        f"/m/imports/{_preview(here, 4)}": (owner, 12), "/o/": (admin, 11), "/o/orders": (admin, 9),
        f"/o/orders/{here.id}/{shipped}": (admin, 17), "/o/messages": (admin, 10), "/o/merchants": (admin, 8), "/o/places": (admin, 8),
        "/o/staff": (admin, 7), "/o/news": (admin, 7),
    }  # fmt: skip
    for client, path in ((owner, "/m/"), (admin, "/o/")):
        client.get(path)  # the first page of a session notes that it is in use
    most = {path: most for path, (_, most) in pages.items()}
    short = {path: statements_of(app, client, path) for path, (client, _) in pages.items()}
    _more(here)
    long = {path: statements_of(app, client, path) for path, (client, _) in pages.items()}
    assert long == short
    assert {path: count for path, count in short.items() if count > most[path]} == {}
    assert statements_of(app, owner, f"/m/imports/{_preview(here, 40)}") <= 12


def test_the_stations_screens_cost_few_statements(db: Database, app: Flask) -> None:
    site = make.site(db)
    acme = make.merchant(db, site)
    tea = make.sku(db, acme)
    make.stock(db, site, acme, tea, 40)
    make.order(db, acme, {tea: 2})
    tablet, _ = at_work(app, db, site)
    print(
        {
            path: statements_of(app, tablet.client, path)
            for path in ("/s/", "/s/pack", "/s/ship", "/s/receive")
        }
    )


def test_a_tracking_page_costs_one_look(db: Database, app: Flask, config: Config) -> None:
    here = busy(db, config)
    path = tracking_url(config, here.orders["shipped"]).removeprefix(config.base_url)
    assert statements_of(app, app.test_client(), path) == 2, "the scope, and one function"
