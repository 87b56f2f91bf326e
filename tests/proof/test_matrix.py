"""T1: every route × method × role × own and others' ids. No answer leaks, none is a 5xx, nothing of others changes; the own ones work."""

from __future__ import annotations

import itertools
import re
import uuid
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import g
from sqlalchemy import create_engine, text

from portal import create_app
from portal.config import Config, built_in_urls
from portal.domain.orders.queries import get_order
from portal.kernel.db import Database
from portal.kernel.scopes import AsOffice
from portal.web.access import permit
from portal.web.principal import PERMISSIONS
from tests import people
from tests.proof.calls import ANYBODY, CALLS, PUBLIC, SCANS, Call
from tests.proof.world import FAR, RIVAL, World, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from portal.embedded import Servers
    from tests.proof.world import Side

ROLES = ("nobody", "owner", "member", "viewer", "token", "worker", "lead", "far worker", "clerk", "admin")
DOORS = {"owner": "merchants", "member": "merchants", "viewer": "merchants", "token": "api", "worker": "warehouse", "lead": "warehouse",
         "far worker": "warehouse", "clerk": "office", "admin": "office"}  # fmt: skip
MERCHANT_ROLES = ("owner", "member", "viewer", "token")
REFUSED = (301, 303, 401, 403, 404, 405)
_TABLES = (
    "orders", "order_lines", "recipients", "holds", "order_events", "skus", "barcodes", "movements", "balances", "imports", "staged_orders", "memberships",
    "api_tokens", "parcels", "documents", "messages", "batches", "picks", "devices", "places", "credentials",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, World, Path]]:
    """The world, built once, as a template that every test gets a copy of."""
    name = f"world_{uuid.uuid4().hex[:12]}"
    var = tmp_path_factory.mktemp("world") / "var"
    admin = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    config = _config(servers, name, var)
    db = Database.from_config(config)
    world = build(db, config)
    db.dispose()
    yield name, world, var
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def _config(servers: Servers, name: str, var: Path) -> Config:
    return Config(
        var=var, **built_in_urls(servers, name), redis_url=servers.redis_url, redis_prefix=f"{name}:", secret_key="a key for tests only",
        base_url="http://127.0.0.1:8000", testing=True,
    )  # fmt: skip


@contextmanager
def _copy(servers: Servers, built: tuple[str, World, Path]) -> Iterator[tuple[Flask, Config]]:
    source, _, var = built
    name = f"matrix_{uuid.uuid4().hex[:12]}"
    admin = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
    config = _config(servers, name, var)
    app = create_app(config)
    # The forms' own token is proved elsewhere; here nothing else may stand in a stranger's way.
    app.config["WTF_CSRF_ENABLED"] = False
    try:
        yield app, config
    finally:
        app.extensions["database"].dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def _client(app: Flask, world: World, role: str) -> FlaskClient:
    client = app.test_client()
    if role in ("nobody", "token"):
        return client
    if role in ("worker", "lead"):
        client.set_cookie("device", world.device_secret, domain="127.0.0.1")
    if role == "far worker":
        client.set_cookie("device", world.far_device_secret, domain="127.0.0.1")
    if role in ("worker", "far worker"):
        badge = "NEAR-BADGE" if role == "worker" else "FAR-BADGE"
        answer = client.post("/s/sign-in/badge", data={"code": badge}, base_url="http://127.0.0.1:8000")
    else:
        form = {"email": world.people[role].email, "password": people.PASSWORD}
        answer = client.post("/sign-in", data=form, base_url="http://127.0.0.1:8000")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def _rules(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _variants(rule: Rule, app: Flask) -> list[tuple[str, Call]]:
    """Return what a route is called with: one call, or one for each step of the floor's scans."""
    if rule.endpoint == "warehouse.scan":
        return [(step, replace(call, extra={"step": step})) for step, call in SCANS.items()]
    assert rule.endpoint in CALLS, f"Say in tests/proof/calls.py how {rule.endpoint} is called."
    return [("", CALLS[rule.endpoint])]


def _ids(rule: Rule, call: Call, world: World, side: Side) -> dict[str, str]:
    known = side.ids | call.extra | {"outbox_id": str(world.stuck_id)}
    missing = sorted(set(rule.arguments) - set(known))
    assert not missing, f"The world of the matrix has no {', '.join(missing)} for {rule.endpoint}."
    if rule.endpoint in ("office.worker", "office.give_badge", "office.give_pin"):
        known["user_id"] = str(world.people["worker"].id)
    return {name: known[name] for name in rule.arguments}


def _send(
    client: FlaskClient,
    app: Flask,
    rule: Rule,
    method: str,
    ids: dict[str, str],
    form: dict[str, Any],
    role: str,
    token: str,
) -> TestResponse:
    with app.test_request_context(base_url="http://127.0.0.1:8000"):
        path = app.url_map.bind("127.0.0.1:8000").build(rule.endpoint, ids, method=method)
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    if role == "token":
        headers["Authorization"] = f"Bearer {token}"
    options: dict[str, Any] = {"json": form["json"]} if "json" in form else {"data": form}
    return client.open(
        path,
        method=method,
        headers=headers,
        base_url="http://127.0.0.1:8000",
        **(options if method != "GET" else {}),
    )


def _may(role: str, app: Flask, endpoint: str) -> bool:
    needed = app.view_functions[endpoint].permissions  # type: ignore[attr-defined]
    if not endpoint.startswith(f"{DOORS.get(role, 'none')}."):
        return False
    if role == "token":
        return any(permission in people.SCOPES for permission in needed)
    kind = "merchant" if role in MERCHANT_ROLES else "staff"
    held = PERMISSIONS[(kind, role.removeprefix("far "))]
    return any(permission in held for permission in needed)


def _leak(role: str, answer: TestResponse) -> str | None:
    """Return what an answer gives away that this role must not see."""
    body = answer.get_data(as_text=True)
    if role in ("clerk", "admin"):
        return None
    if role in (*MERCHANT_ROLES, "nobody"):
        found = re.search(rf"({RIVAL}|{FAR})[^<]{{0,40}}", body, re.IGNORECASE)
        return found.group(0) if found else None
    # The floor may know every merchant's SKUs, but no order, place or person of another site.
    other = FAR if role in ("worker", "lead") else "ACME"
    found = re.search(rf"{other}(-(SHIPPED|PACKED|WALKED|READY|HELD)|surname| Row| warehouse)", body)
    return found.group(0) if found else None


def _fingerprints(config: Config, sides: list[Side]) -> dict[str, str]:
    """Return a hash of every table's rows that belong to these merchants or, for the far one, lie at its site."""
    engine = create_engine(config.migration_database_url)
    found: dict[str, str] = {}
    with engine.connect() as connection:
        for side in sides:
            for table in _TABLES:
                columns = {
                    row[0]
                    for row in connection.execute(
                        text("SELECT column_name FROM information_schema.columns WHERE table_name = :t"),
                        {"t": table},
                    )
                }
                column = "merchant_id" if "merchant_id" in columns else "site_id"
                row_hash = text(
                    f"SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {table} t WHERE {column} = :id"
                )
                # A session that was looked up notes that it was used; that is the asker's own row.
                if table == "credentials":
                    row_hash = text(
                        "SELECT md5(coalesce(string_agg(md5(concat_ws('|', kind, lookup, revoked_at, user_id)), '' ORDER BY lookup), '')) "
                        "FROM credentials WHERE merchant_id = :id AND kind <> 'session'"
                    )
                found[f"{table} of {side.ids['order_id']}"] = (
                    connection.execute(row_hash, {"id": side.ids[column]}).scalar() or ""
                )
    engine.dispose()
    return found


def strangers(app: Flask, config: Config, world: World, roles: tuple[str, ...] = ROLES) -> list[str]:
    """Call every route as every role with ids that are not theirs, alone and mixed with their own; return what went wrong."""
    wrong: list[str] = []
    for role in roles:
        client = _client(app, world, role)
        own = world.far if role == "far worker" else world.acme
        others = (
            [world.acme, world.rival]
            if role == "far worker"
            else [world.far]
            if role in ("worker", "lead")
            else [world.rival, world.far]
        )
        before = _fingerprints(config, others)
        for rule, method in _rules(app):
            endpoint = rule.endpoint
            if (
                endpoint in ANYBODY
                or (endpoint in PUBLIC and not endpoint.startswith("tracking."))
                or (role in ("clerk", "admin") and _may(role, app, endpoint))
            ):
                continue
            if endpoint.startswith("tracking."):
                continue
            for (variant, call), other in itertools.product(_variants(rule, app), others):
                own_ids, other_ids = _ids(rule, call, world, own), _ids(rule, call, world, other)
                foreign = [name for name in own_ids if own_ids[name] != other_ids[name]]
                mixes = [foreign, *([name] for name in foreign if len(foreign) > 1)] if foreign else [[]]
                for mix in mixes:
                    ids = own_ids | {name: other_ids[name] for name in mix}
                    answer = _send(client, app, rule, method, ids, call.form(world, other), role, world.token)
                    what = f"{role}: {method} {rule.rule} {variant} with others' {', '.join(mix) or 'form'} → {answer.status_code}"
                    if answer.status_code >= 500:
                        wrong.append(f"{what}: a bug")
                    if (
                        mix
                        and answer.status_code not in REFUSED
                        and not (variant and answer.status_code in (409, 422))
                    ):
                        wrong.append(f"{what}: not refused")
                    if (
                        mix
                        and _may(role, app, endpoint)
                        and answer.status_code not in (404, 303 if role == "nobody" else 404)
                    ):
                        wrong.append(f"{what}: 404 was expected")
                    if (leak := _leak(role, answer)) is not None:
                        wrong.append(f"{what}: shows {leak!r}")
        after = _fingerprints(config, others)
        wrong += [f"{role} changed: {name}" for name in before if before[name] != after[name]]
    return wrong


def test_nobody_gets_at_what_is_not_theirs(servers: Servers, built: tuple[str, World, Path]) -> None:
    with _copy(servers, built) as (app, config):
        wrong = strangers(app, config, built[1])
    assert wrong == [], "\n".join(wrong)


def test_every_role_is_kept_out_of_what_its_role_does_not_include(
    servers: Servers, built: tuple[str, World, Path]
) -> None:
    world = built[1]
    wrong: list[str] = []
    with _copy(servers, built) as (app, _):
        for role in ROLES:
            client = _client(app, world, role)
            own = world.far if role == "far worker" else world.acme
            for rule, method in _rules(app):
                if rule.endpoint in PUBLIC | ANYBODY or _may(role, app, rule.endpoint):
                    continue
                for variant, call in _variants(rule, app):
                    answer = _send(
                        client,
                        app,
                        rule,
                        method,
                        _ids(rule, call, world, own),
                        call.form(world, own),
                        role,
                        world.token,
                    )
                    same_door = rule.endpoint.startswith(f"{DOORS.get(role, 'none')}.")
                    expected = (
                        (403,)
                        if same_door
                        else (303, 401)
                        if role in ("nobody", "token") or rule.endpoint.startswith("api.")
                        else (404,)
                    )
                    if answer.status_code not in expected:
                        wrong.append(
                            f"{role}: {method} {rule.rule} {variant} → {answer.status_code}, expected {expected}"
                        )
    assert wrong == [], "\n".join(wrong)


def test_everybody_gets_at_their_own(servers: Servers, built: tuple[str, World, Path]) -> None:
    """The positive control: with their own ids every route works, each call on a world that no call has changed before."""
    world = built[1]
    wrong: list[str] = []
    reached: set[str] = set()
    with _copy(servers, built) as (app, _):
        rules = _rules(app)
        readers = {role: _client(app, world, role) for role in ("owner", "token", "worker", "lead", "admin")}
        for rule, method in rules:
            role = _owner_of(app, rule.endpoint)
            if role is None or method != "GET":
                continue
            for variant, call in _variants(rule, app):
                answer = _send(
                    readers[role],
                    app,
                    rule,
                    method,
                    _ids(rule, call, world, world.acme),
                    {},
                    role,
                    world.token,
                )
                reached.add(rule.endpoint)
                if answer.status_code not in call.good:
                    wrong.append(f"{role}: GET {rule.rule} {variant} → {answer.status_code}")
    for rule, method in rules:
        role = _owner_of(app, rule.endpoint)
        if role is None or method == "GET":
            continue
        for variant, call in _variants(rule, app):
            with _copy(servers, built) as (fresh, _):
                client = _client(fresh, world, role)
                answer = _send(
                    client,
                    fresh,
                    rule,
                    method,
                    _ids(rule, call, world, world.acme),
                    call.form(world, world.acme),
                    role,
                    world.token,
                )
                reached.add(rule.endpoint)
                if answer.status_code not in call.good:
                    text_ = re.sub(r"<[^>]+>|\s+", " ", answer.get_data(as_text=True))[:200]
                    wrong.append(f"{role}: {method} {rule.rule} {variant} → {answer.status_code} {text_}")
    assert wrong == [], "\n".join(wrong)
    assert reached == {rule.endpoint for rule, _ in rules} - PUBLIC - ANYBODY


def _owner_of(app: Flask, endpoint: str) -> str | None:
    if endpoint in PUBLIC | ANYBODY:
        return None
    return next(role for role in ("token", "owner", "worker", "lead", "admin") if _may(role, app, endpoint))


def test_a_link_shows_its_own_order_and_no_other(servers: Servers, built: tuple[str, World, Path]) -> None:
    world = built[1]
    with _copy(servers, built) as (app, _):
        client = app.test_client()
        for side, mark in ((world.acme, "ACME"), (world.rival, RIVAL)):
            others = {"ACME", RIVAL, FAR} - {mark}
            for path in (side.tracking_path, side.details_path):
                answer = client.get(path, base_url="http://127.0.0.1:8000")
                body = answer.get_data(as_text=True)
                assert answer.status_code == 200
                assert f"{mark}-SHIPPED" in body
                assert not [other for other in others if other in body]
            assert f"{mark}surname" not in client.get(
                side.tracking_path, base_url="http://127.0.0.1:8000"
            ).get_data(as_text=True)


def test_the_matrix_sees_a_leak(servers: Servers, built: tuple[str, World, Path]) -> None:
    """The negative control: a view that forgets whose order it is asked for, and one that reads as the office."""
    world = built[1]
    with _copy(servers, built) as (app, config):
        rule = next(rule for rule, _ in _rules(app) if rule.endpoint == "merchants.order")
        honest = app.view_functions["merchants.order"]

        @permit("orders.read")
        def careless(order_id: uuid.UUID) -> str:
            g.scope = AsOffice()
            with app.extensions["database"].transaction(g.scope) as session:
                for side in (world.acme, world.rival, world.far):
                    if str(order_id) == side.ids["order_id"]:
                        return get_order(session, uuid.UUID(side.ids["merchant_id"]), order_id).number
            return ""

        app.view_functions["merchants.order"] = careless
        found = strangers(app, config, world, roles=("viewer",))
        app.view_functions["merchants.order"] = honest
    assert any(rule.rule in line and "not refused" in line for line in found)
    assert any(f"shows '{RIVAL}-READY'" in line for line in found)


def test_the_matrix_sees_a_change(servers: Servers, built: tuple[str, World, Path]) -> None:
    """The negative control of the fingerprints: one word changed in the rival's rows is seen."""
    world = built[1]
    with _copy(servers, built) as (_, config):
        before = _fingerprints(config, [world.rival])
        engine = create_engine(config.migration_database_url)
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE holds SET reason = 'changed' WHERE id = :id"), {"id": world.rival.ids["hold_id"]}
            )
        engine.dispose()
        after = _fingerprints(config, [world.rival])
    assert [name.split()[0] for name in before if before[name] != after[name]] == ["holds"]
