"""T2: the catalogue shows no hole in the walls, and the same questions find one that is planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from portal.kernel.db import run
from portal.kernel.scopes import AsFloor, AsMerchant, AsTracking, AtGate
from tests import make
from tests.architecture.catalogue import RULES, breaches

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.config import Config
    from portal.kernel.db import Database

PLANTED = {
    "every table has row-level security, forced": (
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
        ["orders"],
    ),
    "policies for merchants and their jobs name the merchant": (
        "CREATE POLICY leak ON recipients TO portal_merchant USING (true)",
        ["recipients portal_merchant"],
    ),
    "merchant_id leads the keys of owned tables": (
        "CREATE TABLE leak (id uuid PRIMARY KEY, merchant_id uuid NOT NULL)",
        ["leak"],
    ),
    "keys between owned rows carry the merchant": (
        "ALTER TABLE holds ADD CONSTRAINT leak FOREIGN KEY (site_id, order_id) REFERENCES leak_target (site_id, id)",
        ["leak"],
    ),
    "views run as their caller": ("CREATE VIEW leak AS SELECT * FROM orders", ["leak"]),
    "portal_owner owns every table": ("ALTER TABLE skus OWNER TO portal_app", ["skus"]),
    "nobody may truncate": ("GRANT ALL ON orders TO portal_office", ["portal_office orders"]),
    "no role passes the walls": ("CREATE ROLE portal_leak BYPASSRLS", ["portal_leak"]),
    "definer functions have a fixed search path and named callers": (
        "CREATE FUNCTION leak() RETURNS integer LANGUAGE sql SECURITY DEFINER RETURN 1",
        ["leak"],
    ),
    "history cannot be changed": ("ALTER TABLE movements DISABLE TRIGGER refuse_change", ["movements"]),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds(superuser: Connection, rule: str) -> None:
    assert breaches(superuser, rule) == []


@pytest.mark.parametrize("rule", RULES)
def test_rule_goes_red_on_a_planted_hole(superuser: Connection, rule: str) -> None:
    statement, found = PLANTED[rule]
    if "leak_target" in statement:
        superuser.execute(
            text(
                "CREATE TABLE leak_target (site_id uuid, id uuid, merchant_id uuid NOT NULL, UNIQUE (site_id, id))"
            )
        )
    superuser.execute(text(statement))
    assert breaches(superuser, rule) == found
    superuser.rollback()


def test_login_without_a_role_is_refused(config: Config, db: Database) -> None:
    make.merchant(db, make.site(db))
    engine = create_engine(config.database_url)
    with (
        engine.connect() as connection,
        pytest.raises(ProgrammingError, match="permission denied for table merchants"),
    ):
        connection.execute(text("SELECT * FROM merchants"))
    engine.dispose()


@pytest.mark.parametrize(
    "table",
    [
        "merchants",
        "orders",
        "skus",
        "movements",
        "balances",
        "recipients",
        "order_lines",
        "imports",
        "messages",
    ],
)
def test_role_without_its_scope_sees_nothing(config: Config, db: Database, table: str) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 5)
    make.order(db, acme, {tea: 1})
    engine = create_engine(config.database_url)
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('role', 'portal_merchant', true)"))
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608 (names from this test)
    engine.dispose()


def test_role_and_scope_end_with_the_transaction(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    with db.transaction(AsMerchant(acme)) as session:
        [row] = run(session, "SELECT pg_backend_pid() AS pid, current_setting('role') AS role")
        assert row.role == "portal_merchant"
    with db._app.connect() as connection:  # noqa: SLF001 (the same pooled connection, before anybody enters a scope)
        after = connection.execute(
            text(
                "SELECT pg_backend_pid() AS pid, current_setting('role') AS role, current_setting('portal.merchant_id') AS id"
            )
        ).one()
    assert tuple(after) == (row.pid, "none", "")


def test_rival_sees_and_changes_nothing(db: Database) -> None:
    here = make.site(db)
    acme, rival = make.merchant(db, here), make.merchant(db, here, code="RIVAL")
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 5)
    order_id = make.order(db, acme, {tea: 1})
    with db.transaction(AsMerchant(rival)) as session:
        assert run(session, "SELECT id FROM orders") == []
        assert run(session, "UPDATE orders SET note = 'mine' RETURNING id") == []
        assert run(session, "SELECT id FROM movements") == []
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        db.transaction(AsMerchant(rival)) as session,
    ):
        run(
            session,
            "INSERT INTO skus (merchant_id, id, code, name) VALUES (:m, uuidv7(), 'X', 'X')",
            {"m": acme},
        )
    with db.transaction(AsMerchant(acme)) as session:
        assert [
            row.note for row in run(session, "SELECT note FROM orders WHERE id = :id", {"id": order_id})
        ] == [""]


def test_floor_reads_no_prices(db: Database) -> None:
    here = make.site(db)
    make.merchant(db, here)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.transaction(AsFloor(here.id)) as session,
    ):
        run(session, "SELECT unit_price_minor FROM order_lines")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.transaction(AsFloor(here.id)) as session,
    ):
        run(session, "SELECT total_minor FROM orders")


def test_gate_and_tracking_touch_no_table(db: Database) -> None:
    for scope, table in (
        (AtGate(), "credentials"),
        (AtGate(), "users"),
        (AsTracking(), "orders"),
        (AsTracking(), "recipients"),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), db.transaction(scope) as session:
            run(session, f"SELECT * FROM {table}")  # noqa: S608 (names from this test)


def test_tracking_login_becomes_nobody_else(config: Config) -> None:
    for url in (config.tracking_database_url, config.dispatch_database_url):
        engine = create_engine(url)
        for role in (
            "portal_merchant",
            "portal_office",
            "portal_floor",
            "portal_system",
            "portal_maintenance",
            "portal_owner",
        ):
            with (
                engine.connect() as connection,
                pytest.raises(ProgrammingError, match="permission denied to set role"),
            ):
                connection.execute(text("SELECT set_config('role', :role, true)"), {"role": role})
        engine.dispose()
