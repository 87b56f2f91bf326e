"""R5: many posts with the same key at the same time make one order each, through a real server; another body is refused."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

import portal.api.views.orders as views
from tests import make, people
from tests.proof import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = 100 if FULL else 25
TIMES = 12
"""Posts of each key: 1,200 in all at full size, 300 at smoke size."""


@pytest.fixture
def server(app) -> Iterator[str]:
    """The application behind a real HTTP server with a thread for each connection."""
    from werkzeug.serving import make_server

    serving = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join(20)
    serving.server_close()


@pytest.fixture
def token(db) -> str:
    here = make.site(db)
    acme = make.merchant(db, here)
    make.stock(db, here, acme, make.sku(db, acme, "TEA"), KEYS)
    return people.token(db, acme)


def body(n: int, *, external_id: str = "") -> bytes:
    """Return the order of a key; each has its own shop id only if asked, so that nothing but the key can hold them apart."""
    recipient = {
        "name": "Ada Cole",
        "address1": "12 Park Row",
        "city": "Leeds",
        "postcode": "LS1 4AP",
        "country": "GB",
    }
    order = {
        "external_id": external_id or f"R5-{n}",
        "number": f"R5-{n}",
        "recipient": recipient,
        "lines": [{"sku": "TEA", "quantity": 1}],
    }
    return json.dumps(order).encode()


def storm(server: str, token: str, bodies: list[tuple[str, bytes]]) -> list[tuple[str, int, bytes]]:
    """Post everything from twelve machines at once; return (key, status, answer) of each."""
    address = urlsplit(server)
    local = threading.local()

    def post(sent: tuple[str, bytes]) -> tuple[str, int, bytes]:
        key, raw = sent
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        local.connection.request("POST", "/api/v1/orders", body=raw, headers=headers)
        answer = local.connection.getresponse()
        return key, answer.status, answer.read()

    with ThreadPoolExecutor(TIMES) as machines:
        return list(machines.map(post, bodies))


def check(answers: list[tuple[str, int, bytes]], superuser) -> None:
    """Every post was answered 201, all posts of a key with the same bytes, and there is one order and one unit for each key."""
    assert Counter(status for _, status, _ in answers) == {201: KEYS * TIMES}
    bytes_of: dict[str, set[bytes]] = {}
    for key, _, answer in answers:
        bytes_of.setdefault(key, set()).add(answer)
    assert {key: len(different) for key, different in bytes_of.items()} == {
        f"key-{n}": 1 for n in range(KEYS)
    }
    counts = superuser.execute(
        text(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_lines), (SELECT count(*) FROM idempotency_keys), "
            "(SELECT sum(quantity) FROM movements WHERE because = 'allocate'), (SELECT count(*) FROM outbox WHERE event = 'OrderAccepted')"
        )
    ).one()
    assert tuple(counts) == (KEYS, KEYS, KEYS, KEYS, KEYS)


@pytest.mark.slow
def test_same_key_same_order(server, token, superuser):
    check(storm(server, token, [(f"key-{n}", body(n)) for n in range(KEYS) for _ in range(TIMES)]), superuser)
    others = storm(server, token, [(f"key-{n}", body(n, external_id=f"other-{n}")) for n in range(KEYS)])
    assert {status for _, status, _ in others} == {422}
    assert {json.loads(answer)["code"] for *_, answer in others} == {"idempotency_key_reused"}
    superuser.rollback()
    assert superuser.execute(text("SELECT count(*) FROM orders")).scalar() == KEYS


def test_negative_control_a_door_that_forgets_keys_is_caught(server, token, superuser, monkeypatch):
    monkeypatch.setattr(views, "claim_key", lambda session, **claim: None)
    answers = storm(server, token, [(f"key-{n}", body(n)) for n in range(KEYS) for _ in range(TIMES)])
    with pytest.raises(AssertionError):
        check(answers, superuser)
