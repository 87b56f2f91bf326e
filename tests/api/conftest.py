"""Acme and her machine, a rival and hers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests import make, people

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

_keys = count(1)


@dataclass(frozen=True)
class Machine:
    """A merchant's machine with a token."""

    app: Flask
    merchant_id: UUID
    token: str

    def post(self, body: Any, *, key: str | None = None, **headers: str) -> TestResponse:
        """Send an order; bytes go as they are, anything else as JSON. A key is made unless one is given ('' sends none)."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        key = f"key-{next(_keys)}" if key is None else key
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        } | headers
        return self.app.test_client().post(
            "/api/v1/orders", data=raw, headers={name: value for name, value in sent.items() if value}
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        """Ask."""
        return self.app.test_client().get(
            f"/api/v1/{path}", query_string=query, headers={"Authorization": f"Bearer {self.token}"}
        )


@pytest.fixture
def here(db):
    return make.site(db)


@pytest.fixture
def acme(app, db, here) -> Machine:
    merchant_id = make.merchant(db, here)
    make.stock(db, here, merchant_id, make.sku(db, merchant_id, "TEA"), 10)
    return Machine(app, merchant_id, people.token(db, merchant_id))


@pytest.fixture
def rival(app, db, here) -> Machine:
    merchant_id = make.merchant(db, here, code="RIVAL")
    return Machine(app, merchant_id, people.token(db, merchant_id))


def an_order(**changes: Any) -> dict[str, Any]:
    """Return an order of two teas to Ada in Leeds; a change of None takes the field out."""
    body = {
        "external_id": "A-1", "number": "A-1", "currency": "GBP",
        "recipient": {"name": "Ada Cole", "address1": "12 Park Row", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB", "email": "ada@example.com"},
        "lines": [{"sku": "TEA", "quantity": 2}],
    } | changes  # fmt: skip
    return {name: value for name, value in body.items() if value is not None}


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Return a refusal after checking its form."""
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.get_data(
        as_text=True
    )
    body = answer.get_json(force=True)
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:parcelyard:problem:{code}")
    assert body["title"]
    assert body["detail"]
    assert len(body["request_id"]) == 32
    return body
