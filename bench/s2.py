"""S2: `POST /api/v1/orders` of three lines, against a bare Flask view that inserts every row that we write in one transaction."""

from __future__ import annotations

import itertools
import json
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask, request

from bench.measure import Result, cpu, database
from portal import create_app
from portal.kernel.ids import new_id
from tests import make, people

POSTS, ROUNDS = 200, 5
_MOVE = "(%s, %s, %s, %s, %s, 'available', %s, 'allocated', 'allocate', '', %s, now())"


def run() -> Result:
    """Measure and print."""
    with database() as (db, config):
        here = make.site(db)
        acme = make.merchant(db, here)
        for code in ("A", "B", "C"):
            make.stock(db, here, acme, make.sku(db, acme, code), 100_000)
        token = people.token(db, acme)
        app = create_app(config)
        ours = app.test_client()
        numbers = itertools.count(1)

        def post() -> None:
            for _ in range(POSTS):
                n = next(numbers)
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{n}"}
                answer = ours.post(
                    "/api/v1/orders", data=body(n), content_type="application/json", headers=headers
                )
                assert answer.status_code == 201, answer.data

        with psycopg.connect(
            config.migration_database_url.replace("postgresql+psycopg://", "postgresql://")
        ) as connection:
            bare = bare_app(connection, acme, here.id).test_client()

            def post_bare() -> None:
                for _ in range(POSTS):
                    assert (
                        bare.post(
                            "/orders", data=body(next(numbers)), content_type="application/json"
                        ).status_code
                        == 201
                    )

            post()
            post_bare()
            # In turns, so that a noisy neighbour disturbs both.
            spent: dict[str, list[float]] = {"ours": [], "postgres": [], "bare": []}
            for _ in range(ROUNDS):
                with cpu(config) as one:
                    post()
                spent["ours"].append(one.total_s)
                spent["postgres"].append(one.postgres_s)
                with cpu(config) as other:
                    post_bare()
                spent["bare"].append(other.total_s)
        app.extensions["database"].dispose()
    mine, in_postgres, theirs = (sorted(values)[ROUNDS // 2] / POSTS * 1000 for values in spent.values())
    print(f"S2  a post {mine:.2f} CPU ms ({in_postgres:.2f} in PostgreSQL), the bare view {theirs:.2f}")
    return Result(
        "S2",
        "POST of an order with three lines against a bare view that inserts the same rows",
        mine / theirs,
        3,
        at_most=True,
    )


def body(n: int) -> bytes:
    """Return the nth order."""
    recipient = {
        "name": "Ada Cole",
        "address1": "12 Park Row",
        "city": "Leeds",
        "postcode": "LS1 4AP",
        "country": "GB",
        "email": "ada@example.com",
    }
    lines = [{"sku": code, "quantity": 1, "unit_price_minor": 850} for code in ("A", "B", "C")]
    return json.dumps(
        {
            "external_id": f"B-{n}",
            "number": f"B-{n}",
            "currency": "GBP",
            "recipient": recipient,
            "lines": lines,
        }
    ).encode()


def bare_app(connection: psycopg.Connection, merchant: UUID, site: UUID) -> Flask:
    """Return a Flask application that believes everything and checks nothing, with the fewest statements that write the same rows."""
    app = Flask("bare")
    skus = dict(connection.execute("SELECT code, id FROM skus").fetchall())
    places = dict(
        connection.execute(
            "SELECT sku_id, place_id FROM balances WHERE condition = 'available' AND quantity > 0 AND physical"
        ).fetchall()
    )
    connection.commit()

    @app.post("/orders")
    def post() -> tuple[dict[str, str], int]:
        sent: dict[str, Any] = request.get_json()
        order, lines = new_id(), [(new_id(), line) for line in sent["lines"]]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders (merchant_id, id, site_id, channel, external_id, number, fingerprint, progress, currency, placed_at, promised_on) "
                "VALUES (%s, %s, %s, 'bare', %s, %s, 'x', 'ready', 'GBP', now(), current_date)",
                (merchant, order, site, sent["external_id"], sent["number"]),
            )
            to = sent["recipient"]
            cursor.execute(
                "INSERT INTO recipients (merchant_id, order_id, site_id, name, address1, city, postcode, country, email) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    merchant,
                    order,
                    site,
                    to["name"],
                    to["address1"],
                    to["city"],
                    to["postcode"],
                    to["country"],
                    to["email"],
                ),
            )
            rows = [
                (
                    merchant,
                    line_id,
                    order,
                    site,
                    position,
                    skus[line["sku"]],
                    line["sku"],
                    line["sku"],
                    line["quantity"],
                    850,
                    True,
                )
                for position, (line_id, line) in enumerate(lines, start=1)
            ]
            cursor.execute(
                _with_rows(
                    "INSERT INTO order_lines (merchant_id, id, order_id, site_id, position, sku_id, sku_code, name, quantity, unit_price_minor, "
                    "requires_shipping)",
                    "(" + ", ".join(["%s"] * 11) + ")",
                    len(rows),
                ),
                [value for row in rows for value in row],
            )
            cursor.execute(
                "INSERT INTO order_events (merchant_id, id, order_id, site_id, kind, sentence, at) "
                "VALUES (%s, %s, %s, %s, 'accepted', 'Order received.', now())",
                (merchant, new_id(), order, site),
            )
            payload = json.dumps({"order_id": str(order), "merchant_id": str(merchant)})
            cursor.execute(
                "INSERT INTO outbox (event, payload, scope_kind, scope_id) VALUES ('OrderAccepted', %s, 'merchant', %s)",
                (payload, merchant),
            )
            moves = [
                (
                    merchant,
                    site,
                    skus[line["sku"]],
                    line["quantity"],
                    places[skus[line["sku"]]],
                    places[skus[line["sku"]]],
                    line_id,
                )
                for line_id, line in lines
            ]
            cursor.execute(
                _with_rows(
                    "INSERT INTO movements (merchant_id, site_id, sku_id, quantity, from_place_id, from_condition, to_place_id, to_condition, "
                    "because, note, order_line_id, at)",
                    _MOVE,
                    len(moves),
                ),
                [value for row in moves for value in row],
            )
            answer = {"id": str(order)}
            cursor.execute(
                "INSERT INTO idempotency_keys (merchant_id, principal, key, request_sha256, status, body) VALUES (%s, 'bare', %s, 'x', 201, %s)",
                (merchant, sent["external_id"], json.dumps(answer).encode()),
            )
        return answer, 201

    return app


def _with_rows(insert: str, row: str, count: int) -> bytes:
    """Return one INSERT of so many rows."""
    return f"{insert} VALUES {', '.join([row] * count)}".encode()
