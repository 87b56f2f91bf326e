"""T1: every route × method × role × own and others' ids. No answer leaks, none is a 5xx, nothing of others changes; the own ones work."""

from __future__ import annotations

import itertools
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import g
from sqlalchemy import create_engine, text

from portal import create_app
from portal.config import Config, built_in_urls
from portal.domain.orders.queries import get_order
from portal.kernel.db import Database
from portal.kernel.scopes import AsOffice
from portal.web.access import permit
from tests.proof.calls import ANYBODY, PUBLIC
from tests.proof.matrix import (
    DOORS,
    REFUSED,
    ROLES,
    call_route,
    fingerprints,
    first_allowed,
    ids_for,
    is_allowed,
    leak_in,
    routes,
    sign_in,
    variants,
)
from tests.proof.world import FAR, RIVAL, World, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from portal.embedded import Servers


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


def strangers(app: Flask, config: Config, world: World, roles: tuple[str, ...] = ROLES) -> list[str]:
    """Call every route as every role with ids that are not theirs, alone and mixed with their own; return what went wrong."""
    wrong: list[str] = []
    for role in roles:
        client = sign_in(app, world, role)
        own = world.far if role == "far worker" else world.acme
        others = (
            [world.acme, world.rival]
            if role == "far worker"
            else [world.far]
            if role in ("worker", "lead")
            else [world.rival, world.far]
        )
        before = fingerprints(config, others)
        for rule, method in routes(app):
            endpoint = rule.endpoint
            if (
                endpoint in ANYBODY
                or (endpoint in PUBLIC and not endpoint.startswith("tracking."))
                or (role in ("clerk", "admin") and is_allowed(role, app, endpoint))
            ):
                continue
            if endpoint.startswith("tracking."):
                continue
            for (variant, call), other in itertools.product(variants(rule, app), others):
                own_ids, other_ids = ids_for(rule, call, world, own), ids_for(rule, call, world, other)
                foreign = [name for name in own_ids if own_ids[name] != other_ids[name]]
                mixes = [foreign, *([name] for name in foreign if len(foreign) > 1)] if foreign else [[]]
                for mix in mixes:
                    ids = own_ids | {name: other_ids[name] for name in mix}
                    answer = call_route(
                        client, app, rule, method, ids, call.form(world, other), role, world.token
                    )
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
                        and is_allowed(role, app, endpoint)
                        and answer.status_code not in (404, 303 if role == "nobody" else 404)
                    ):
                        wrong.append(f"{what}: 404 was expected")
                    if (leak := leak_in(role, answer)) is not None:
                        wrong.append(f"{what}: shows {leak!r}")
        after = fingerprints(config, others)
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
            client = sign_in(app, world, role)
            own = world.far if role == "far worker" else world.acme
            for rule, method in routes(app):
                if rule.endpoint in PUBLIC | ANYBODY or is_allowed(role, app, rule.endpoint):
                    continue
                for variant, call in variants(rule, app):
                    answer = call_route(
                        client,
                        app,
                        rule,
                        method,
                        ids_for(rule, call, world, own),
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
        rules = routes(app)
        readers = {role: sign_in(app, world, role) for role in ("owner", "token", "worker", "lead", "admin")}
        for rule, method in rules:
            role = first_allowed(app, rule.endpoint)
            if role is None or method != "GET":
                continue
            for variant, call in variants(rule, app):
                answer = call_route(
                    readers[role],
                    app,
                    rule,
                    method,
                    ids_for(rule, call, world, world.acme),
                    {},
                    role,
                    world.token,
                )
                reached.add(rule.endpoint)
                if answer.status_code not in call.good:
                    wrong.append(f"{role}: GET {rule.rule} {variant} → {answer.status_code}")
    for rule, method in rules:
        role = first_allowed(app, rule.endpoint)
        if role is None or method == "GET":
            continue
        for variant, call in variants(rule, app):
            with _copy(servers, built) as (fresh, _):
                client = sign_in(fresh, world, role)
                answer = call_route(
                    client,
                    fresh,
                    rule,
                    method,
                    ids_for(rule, call, world, world.acme),
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
        rule = next(rule for rule, _ in routes(app) if rule.endpoint == "merchants.order")
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
        before = fingerprints(config, [world.rival])
        engine = create_engine(config.migration_database_url)
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE holds SET reason = 'changed' WHERE id = :id"), {"id": world.rival.ids["hold_id"]}
            )
        engine.dispose()
        after = fingerprints(config, [world.rival])
    assert [name.split()[0] for name in before if before[name] != after[name]] == ["holds"]
