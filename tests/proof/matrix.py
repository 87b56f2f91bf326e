"""Calling a route in the matrix as one of its roles, and the hash of what must not change meanwhile."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text

from portal.web.principal import PERMISSIONS
from tests import people
from tests.proof.calls import ANYBODY, CALLS, PUBLIC, SCANS, Call
from tests.proof.world import FAR, RIVAL

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from portal.config import Config
    from tests.proof.world import Side, World

BASE = "http://127.0.0.1:8000"
ROLES = ("nobody", "owner", "member", "viewer", "token", "worker", "lead", "far worker", "clerk", "admin")
DOORS = {"owner": "merchants", "member": "merchants", "viewer": "merchants", "token": "api", "worker": "warehouse", "lead": "warehouse",
         "far worker": "warehouse", "clerk": "office", "admin": "office"}  # fmt: skip
MERCHANT_ROLES = ("owner", "member", "viewer", "token")
REFUSED = (301, 303, 401, 403, 404, 405)
_TABLES = (
    "orders", "order_lines", "recipients", "holds", "order_events", "skus", "barcodes", "movements", "balances", "imports", "staged_orders", "memberships",
    "api_tokens", "parcels", "documents", "messages", "batches", "picks", "devices", "places", "credentials",
)  # fmt: skip


def sign_in(app: Flask, world: World, role: str) -> FlaskClient:
    """Return a browser in which this role is signed in."""
    client = app.test_client()
    if role in ("nobody", "token"):
        return client
    if role in ("worker", "lead"):
        client.set_cookie("device", world.device_secret, domain="127.0.0.1")
    if role == "far worker":
        client.set_cookie("device", world.far_device_secret, domain="127.0.0.1")
    if role in ("worker", "far worker"):
        badge = "NEAR-BADGE" if role == "worker" else "FAR-BADGE"
        answer = client.post("/s/sign-in/badge", data={"code": badge}, base_url=BASE)
    else:
        form = {"email": world.people[role].email, "password": people.PASSWORD}
        answer = client.post("/sign-in", data=form, base_url=BASE)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Return every route with each of its methods."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def variants(rule: Rule, app: Flask) -> list[tuple[str, Call]]:
    """Return what a route is called with: one call, or one for each step of the floor's scans."""
    if rule.endpoint == "warehouse.scan":
        return [(step, replace(call, extra={"step": step})) for step, call in SCANS.items()]
    assert rule.endpoint in CALLS, f"Say in tests/proof/calls.py how {rule.endpoint} is called."
    return [("", CALLS[rule.endpoint])]


def ids_for(rule: Rule, call: Call, world: World, side: Side) -> dict[str, str]:
    """Return what stands in a route's address when it is about one side's things."""
    known = side.ids | call.extra | {"outbox_id": str(world.stuck_id)}
    missing = sorted(set(rule.arguments) - set(known))
    assert not missing, f"The world of the matrix has no {', '.join(missing)} for {rule.endpoint}."
    if rule.endpoint in ("office.worker", "office.give_badge", "office.give_pin"):
        known["user_id"] = str(world.people["worker"].id)
    return {name: known[name] for name in rule.arguments}


def call_route(
    client: FlaskClient,
    app: Flask,
    rule: Rule,
    method: str,
    ids: dict[str, str],
    form: dict[str, Any],
    role: str,
    token: str,
) -> TestResponse:
    """Send a call as a role, with the token where the role is a machine."""
    with app.test_request_context(base_url=BASE):
        path = app.url_map.bind("127.0.0.1:8000").build(rule.endpoint, ids, method=method)
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    if role == "token":
        headers["Authorization"] = f"Bearer {token}"
    options: dict[str, Any] = {"json": form["json"]} if "json" in form else {"data": form}
    return client.open(
        path,
        method=method,
        headers=headers,
        base_url=BASE,
        **(options if method != "GET" else {}),
    )


def is_allowed(role: str, app: Flask, endpoint: str) -> bool:
    """Say whether a role holds what a route asks for."""
    needed = app.view_functions[endpoint].permissions  # type: ignore[attr-defined]  # a view carries what it needs
    if not endpoint.startswith(f"{DOORS.get(role, 'none')}."):
        return False
    if role == "token":
        return any(permission in people.SCOPES for permission in needed)
    kind = "merchant" if role in MERCHANT_ROLES else "staff"
    held = PERMISSIONS[(kind, role.removeprefix("far "))]
    return any(permission in held for permission in needed)


def leak_in(role: str, answer: TestResponse) -> str | None:
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


def fingerprints(config: Config, sides: list[Side]) -> dict[str, str]:
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


def first_allowed(app: Flask, endpoint: str) -> str | None:
    """Return the least role that a route is for; None where it is for everybody."""
    if endpoint in PUBLIC | ANYBODY:
        return None
    return next(
        role for role in ("token", "owner", "worker", "lead", "admin") if is_allowed(role, app, endpoint)
    )
