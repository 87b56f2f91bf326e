"""The frame around every page: headers, limits, errors for people and for machines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from portal.web.factory import CSP
from tests import make, people
from tests.people import csrf, signed_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database


@pytest.fixture
def owner(db: Database) -> people.Person:
    return people.member(db, make.merchant(db, make.site(db)))


@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/m/", "/api/v1/orders", "/healthz"])
def test_headers_on_every_answer(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])
    assert "Strict-Transport-Security" not in headers, "the base address is http on loopback"


def test_scripts_and_styles_come_from_files_alone(app: Flask, owner: people.Person) -> None:
    assert "'unsafe-inline'" not in CSP
    assert "'unsafe-eval'" not in CSP
    page = signed_in(app, owner).get("/m/").get_data(as_text=True)
    assert not re.search(r"<style|<script(?! src=)| style=| on[a-z]+=", page)


def test_static_files_are_kept_by_their_content(client: FlaskClient) -> None:
    href = re.findall(r'href="(/static/[^"]+\.css)"', client.get("/sign-in").get_data(as_text=True))[0]
    fresh = client.get(href)
    assert (fresh.status_code, fresh.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    stale = client.get("/static/000000000000/parcelyard.css")
    assert (stale.status_code, stale.headers["Cache-Control"]) == (200, "no-cache")
    assert "Set-Cookie" not in fresh.headers
    for answer in (fresh, stale):
        answer.close()


@pytest.mark.parametrize("name", ["../factory.py", "%2e%2e/factory.py", "..%2f..%2fconfig.py", "nothing.css"])
def test_nothing_but_static_files_is_static(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/000000000000/{name}").status_code == 404


def test_an_error_is_a_page_for_people(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    page = answer.get_data(as_text=True)
    assert "<h1>Not found</h1>" in page
    assert "There is nothing at this address." in page
    assert "Traceback" not in page


def test_an_error_is_a_problem_for_machines(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    problem = json.loads(answer.get_data())
    assert problem["status"] == 404
    assert problem["type"].startswith("urn:parcelyard:problem:")
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    refused = client.get("/api/v1/orders")
    assert (refused.status_code, refused.mimetype) == (401, "application/problem+json")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="parcelyard"'


def test_a_bug_tells_a_number_and_nothing_of_what_is_inside(app: Flask, owner: people.Person) -> None:
    def broken() -> str:
        raise ValueError("a secret inside")

    client = signed_in(app, owner)
    broken.permissions = ("orders.read",)  # type: ignore[attr-defined]  # a view carries what it needs
    app.view_functions["merchants.team"] = broken
    answer = client.get("/m/team")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in page
    assert "secret" not in page
    assert "ValueError" not in page


def test_head_is_get_without_a_body(app: Flask, owner: people.Person) -> None:
    client = signed_in(app, owner)
    answer = client.head("/m/orders")
    assert (answer.status_code, answer.get_data()) == (200, b"")


@pytest.mark.parametrize(
    ("path", "method"),
    [("/m/orders", "DELETE"), ("/sign-in", "PUT"), ("/sign-out", "GET"), ("/m/stock/new", "PATCH")],
)
def test_a_method_that_is_not_there(app: Flask, owner: people.Person, path: str, method: str) -> None:
    answer = signed_in(app, owner).open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert "This address cannot be used in this way." in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000"])
def test_a_foreign_host_name_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/forgot", headers={"Host": host})
    assert answer.status_code == 400
    assert host not in answer.get_data(as_text=True)


def test_what_a_client_says_of_proxies_is_not_believed(client: FlaskClient) -> None:
    answer = client.get("/m/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert answer.location == "/sign-in?next=merchants.home"


def test_a_form_needs_its_token(app: Flask, owner: people.Person) -> None:
    client = signed_in(app, owner)
    for data in ({}, {"csrf_token": "made up"}):
        answer = client.post("/m/stock/new", data={"code": "X", "name": "X"} | data)
        assert answer.status_code == 400
        assert "nothing was changed" in answer.get_data(as_text=True)
    stranger = app.test_client()
    borrowed = client.post(
        "/m/stock/new", data={"code": "X", "name": "X", "csrf_token": csrf(stranger, "/sign-in")}
    )
    assert borrowed.status_code == 400, "another browser's token"
    assert ">X</a>" not in client.get("/m/stock").get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=99999999999999999999",
        "page=%00",
        "search=%00",
        "search=" + "x" * 5000,
        "sort=;drop&order=;",
        "view=%F0%28",
    ],
)
def test_odd_addresses_are_lists_too(app: Flask, owner: people.Person, query: str) -> None:
    client = signed_in(app, owner)
    for path in ("/m/orders", "/m/stock", "/m/imports"):
        assert client.get(f"{path}?{query}").status_code == 200, path


def test_ids_are_shapes_before_they_are_rows(app: Flask, owner: people.Person) -> None:
    client = signed_in(app, owner)
    for part in ("1", "' OR 1=1", str(UUID(int=0))):
        for path in ("/m/orders/", "/m/imports/", "/m/stock/"):
            assert client.get(path + part).status_code == 404


def test_the_words_that_never_appear(app: Flask) -> None:
    folder = Path(app.root_path).parent / "templates"
    found = {
        (path.name, word)
        for path in folder.rglob("*.html")
        for word in re.findall(r"\b(please|sorry|oops|error occurred)\b", path.read_text(), re.IGNORECASE)
    }
    assert found == set()
