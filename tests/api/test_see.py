"""Looking at orders by machine, and who may."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests import people
from tests.api.conftest import Machine, an_order, problem


def send(machine, *numbers):
    return [
        machine.post(
            an_order(external_id=number, number=number, lines=[{"sku": "TEA", "quantity": 3}])
        ).get_json()["id"]
        for number in numbers
    ]


def test_orders_come_in_pages_newest_first(acme):
    ids = send(acme, "A-1", "A-2", "A-3", "A-4", "A-5")
    first = acme.get("orders", per_page=2).get_json()
    assert (first["page"], first["per_page"], first["total"], first["next_page"]) == (1, 2, 5, 2)
    assert [row["id"] for row in first["data"]] == [ids[4], ids[3]]
    last = acme.get("orders", per_page=2, page=3).get_json()
    assert [row["id"] for row in last["data"]] == [ids[0]]
    assert last["next_page"] is None
    assert acme.get("orders", page=9).get_json()["data"] == []


def test_a_row_says_how_far_an_order_has_come(acme):
    send(acme, "A-1", "A-2", "A-3", "A-4")
    rows = {row["number"]: row for row in acme.get("orders").get_json()["data"]}
    assert {number: row["progress"] for number, row in rows.items()} == {
        "A-1": "ready",
        "A-2": "ready",
        "A-3": "ready",
        "A-4": "waiting_for_stock",
    }
    assert set(rows["A-1"]) == {
        "id", "number", "channel", "external_id", "state", "progress", "on_hold", "placed_at", "promised_on", "shipped_at", "units",
    }  # fmt: skip
    assert (rows["A-1"]["units"], rows["A-1"]["on_hold"], rows["A-1"]["shipped_at"]) == (3, False, None)
    assert [row["number"] for row in acme.get("orders", progress="waiting_for_stock").get_json()["data"]] == [
        "A-4"
    ]


def test_orders_are_found_by_number(acme):
    send(acme, "A-1", "A-2")
    assert [row["number"] for row in acme.get("orders", search="A-2").get_json()["data"]] == ["A-2"]
    assert acme.get("orders", search="%").get_json()["data"] == []


def test_an_order_that_waits_says_why(acme):
    [*_, waiting] = send(acme, "A-1", "A-2", "A-3", "A-4")
    why = acme.get(f"orders/{waiting}").get_json()["why_not_shipped"]
    assert (why["code"], why["owner"]) == ("waiting_for_stock", "merchant")
    assert "TEA" in why["reason"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": 0}, "page"), ({"page": "one"}, "page"), ({"page": 10**30}, "page"), ({"per_page": 251}, "per_page"), ({"per_page": "-1"}, "per_page"),
        ({"progress": "lost"}, "progress"), ({"search": "\0"}, "search"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_named(acme, query, field):
    body = problem(acme.get("orders", **query), 422, "unprocessable")
    assert [e["field"] for e in body["errors"]] == [field]


def test_a_rivals_order_is_not_there(acme, rival):
    [order_id] = send(acme, "A-1")
    theirs = problem(rival.get(f"orders/{order_id}"), 404, "not_found")
    nobodys = problem(rival.get(f"orders/{uuid4()}"), 404, "not_found")
    assert {**theirs, "request_id": ""} == {**nobodys, "request_id": ""}
    assert rival.get("orders").get_json()["total"] == 0
    assert rival.get("orders", search="A-1").get_json()["data"] == []


@pytest.mark.parametrize(
    "path", ["orders/1", "orders/%00", "orders/..%2F", f"orders/{'9' * 500}", "nothing", "orders/"]
)
def test_what_is_not_there_is_404(acme, path):
    problem(acme.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"), ("", "token_missing"), ("Basic YTpi", "token_missing"), ("Bearer", "token_missing"), ("Bearer hello", "token_unknown"),
        ("Bearer pyd_live_00000000000000000000000000000000_00000000", "token_unknown"), ("Bearer é\x01", "token_unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_good_token_nobody_comes_in(app, acme, header, code, method):
    call = getattr(app.test_client(), method)
    answer = call("/api/v1/orders", headers={} if header is None else {"Authorization": header})
    problem(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="parcelyard"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_with_one_letter_changed_is_unknown(app, acme):
    wrong = Machine(app, acme.merchant_id, acme.token[:-1] + ("0" if acme.token[-1] != "0" else "1"))
    problem(wrong.get("orders"), 401, "token_unknown")


def test_a_token_can_do_what_it_was_made_for_and_no_more(app, acme, db):
    [order_id] = send(acme, "A-1")
    reader = Machine(app, acme.merchant_id, people.token(db, acme.merchant_id, ["orders.read"]))
    writer = Machine(app, acme.merchant_id, people.token(db, acme.merchant_id, ["orders.write"]))
    assert reader.get(f"orders/{order_id}").status_code == 200
    problem(reader.post(an_order(external_id="A-2")), 403, "not_allowed")
    assert writer.post(an_order(external_id="A-3")).status_code == 201
    problem(writer.get("orders"), 403, "not_allowed")
    problem(writer.get(f"orders/{order_id}"), 403, "not_allowed")
    assert acme.get("orders").get_json()["total"] == 2


def test_a_person_signed_in_is_no_machine(app, db, acme):
    browser = people.signed_in(app, people.member(db, acme.merchant_id))
    problem(browser.get("/api/v1/orders"), 401, "token_missing")


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", "orders"), ("delete", "orders"), ("patch", f"orders/{uuid4()}"), ("post", f"orders/{uuid4()}")],
)
def test_other_methods_are_refused(app, acme, method, path):
    answer = getattr(app.test_client(), method)(
        f"/api/v1/{path}", headers={"Authorization": f"Bearer {acme.token}"}
    )
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
