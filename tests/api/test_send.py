"""Sending an order by machine: strict in what it takes, the same once and twice."""

from __future__ import annotations

import json
import threading

from sqlalchemy import text

from tests import people
from tests.api.conftest import Machine, an_order, problem


def count(superuser, table="orders"):
    superuser.rollback()
    return superuser.execute(text(f"SELECT count(*) FROM {table}")).scalar()


def nothing_kept(superuser):
    return [
        count(superuser, table)
        for table in ("orders", "order_lines", "recipients", "idempotency_keys", "skus")
    ] == [0, 0, 0, 0, 1]


def test_an_order_is_accepted_and_given_its_stock(acme):
    answer = acme.post(
        an_order(
            placed_at="2026-11-20T10:00:00+01:00",
            note="Gift.\nWrap it.",
            total_minor=3_000_000_000,
            service="Express",
        )
    )
    assert (answer.status_code, answer.content_type) == (201, "application/json")
    body = answer.get_json()
    assert body["progress"] == "ready"
    assert body["channel"] == "api"
    assert (body["placed_at"], body["note"], body["total_minor"], body["service"]) == (
        "2026-11-20T09:00:00Z",
        "Gift.\nWrap it.",
        3_000_000_000,
        "Express",
    )
    assert [(line["sku"], line["quantity"], line["quantity_allocated"]) for line in body["lines"]] == [
        ("TEA", 2, 2)
    ]
    assert body["recipient"]["name"] == "Ada Cole"
    assert body["why_not_shipped"]["code"] == "waiting_for_pick"
    assert acme.get(f"orders/{body['id']}").get_json() == body


def test_the_same_key_and_body_give_the_same_bytes(acme, superuser):
    first = acme.post(an_order(), key="k1")
    again = acme.post(an_order(), key="k1")
    assert (again.status_code, again.data, again.content_type) == (
        first.status_code,
        first.data,
        first.content_type,
    )
    assert (
        count(superuser),
        count(superuser, "idempotency_keys"),
        count(superuser, "movements WHERE because = 'allocate'"),
    ) == (1, 1, 1)


def test_the_answer_is_kept_even_when_the_order_has_moved_on(acme, superuser):
    first = acme.post(an_order(), key="k1")
    superuser.execute(text("UPDATE orders SET note = 'changed since'"))
    superuser.commit()
    assert acme.post(an_order(), key="k1").data == first.data


def test_the_same_key_with_another_body_is_refused(acme, superuser):
    acme.post(an_order(), key="k1")
    problem(acme.post(an_order(external_id="A-2"), key="k1"), 422, "idempotency_key_reused")
    problem(acme.post(b"{", key="k1"), 422, "idempotency_key_reused")
    # The same values in other bytes are another body: a machine that repeats a request repeats its bytes.
    problem(acme.post(json.dumps(an_order(), indent=1).encode(), key="k1"), 422, "idempotency_key_reused")
    assert count(superuser) == 1


def test_another_merchant_or_token_may_use_the_same_key(acme, rival, db):
    assert acme.post(an_order(), key="k1").status_code == 201
    assert rival.post(an_order(unknown_skus="create"), key="k1").status_code == 201
    other = Machine(acme.app, acme.merchant_id, people.token(db, acme.merchant_id))
    assert other.post(an_order(external_id="A-2"), key="k1").status_code == 201


def test_the_same_order_under_another_key_is_the_same_order(acme, superuser):
    first = acme.post(an_order()).get_json()
    again = acme.post(an_order())
    assert (again.status_code, again.get_json()["id"]) == (200, first["id"])
    assert count(superuser) == 1


def test_the_same_external_id_with_other_content_is_never_overwritten(acme, superuser):
    acme.post(an_order())
    problem(acme.post(an_order(number="A-2"), key="k2"), 409, "changed_order")
    assert superuser.execute(text("SELECT number FROM orders")).scalars().all() == ["A-1"]
    assert count(superuser, "idempotency_keys") == 1


def test_a_refused_request_does_not_use_up_its_key(acme, superuser):
    problem(acme.post(an_order(lines=[{"sku": "COFFEE", "quantity": 1}]), key="k1"), 422, "unknown_sku")
    assert count(superuser, "idempotency_keys") == 0
    assert acme.post(an_order(), key="k1").status_code == 201


def test_unknown_skus_are_refused_by_name_or_made_as_drafts(acme, superuser):
    lines = [{"sku": "TEA", "quantity": 1}, {"sku": "COFFEE", "quantity": 1, "name": "Coffee 1 kg"}]
    body = problem(acme.post(an_order(lines=lines)), 422, "unknown_sku")
    assert [(e["field"], e["code"]) for e in body["errors"]] == [("lines.1.sku", "unknown_sku")]
    assert count(superuser, "skus") == 1
    assert acme.post(an_order(lines=lines, unknown_skus="create")).status_code == 201
    assert superuser.execute(text("SELECT name, state FROM skus WHERE code = 'COFFEE'")).all() == [
        ("Coffee 1 kg", "draft")
    ]


BAD_KEYS = ["", "with space", "é", "k" * 256]


def test_a_key_is_needed(acme, superuser):
    for key in BAD_KEYS:
        body = problem(acme.post(an_order(), key=key), 422, "idempotency_key_missing")
        assert body["errors"][0]["field"] == "Idempotency-Key"
    assert nothing_kept(superuser)


BAD_FIELDS = [
    ({"colour": "red"}, "colour", "extra_forbidden"),
    ({"external_id": None}, "external_id", "missing"),
    ({"external_id": " "}, "external_id", "string_too_short"),
    ({"external_id": "x" * 81}, "external_id", "string_too_long"),
    ({"number": 7}, "number", "string_type"),
    ({"number": "A\x001"}, "number", "control_character"),
    ({"number": "A\n1"}, "number", "control_character"),
    ({"note": "a\x00b"}, "note", "control_character"),
    ({"note": "n" * 2001}, "note", "string_too_long"),
    ({"currency": "gbp"}, "currency", "string_pattern_mismatch"),
    ({"placed_at": "2026-11-20T10:00:00"}, "placed_at", "timezone_aware"),
    ({"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at", "out_of_range"),
    ({"placed_at": "9999-12-31T23:59:59-14:00"}, "placed_at", "out_of_range"),
    ({"placed_at": 10**25}, "placed_at", "datetime_parsing"),
    ({"total_minor": -1}, "total_minor", "greater_than_equal"),
    ({"total_minor": 10**20}, "total_minor", "less_than_equal"),
    ({"total_minor": 1.5}, "total_minor", "int_type"),
    ({"total_minor": "5"}, "total_minor", "int_type"),
    ({"lines": []}, "lines", "too_short"),
    ({"lines": [{"sku": "TEA", "quantity": 1}] * 201}, "lines", "too_long"),
    ({"lines": {}}, "lines", "list_type"),
    ({"lines": [{"sku": "TEA", "quantity": 0}]}, "lines.0.quantity", "greater_than_equal"),
    ({"lines": [{"sku": "TEA", "quantity": 100_001}]}, "lines.0.quantity", "less_than_equal"),
    ({"lines": [{"sku": "TEA", "quantity": True}]}, "lines.0.quantity", "int_type"),
    ({"lines": [{"sku": "TEA", "quantity": 10**29}]}, "lines.0.quantity", "less_than_equal"),
    ({"lines": [{"sku": "TEA", "quantity": 1, "price": 3}]}, "lines.0.price", "extra_forbidden"),
    ({"lines": [{"sku": "T\x00", "quantity": 1}]}, "lines.0.sku", "control_character"),
    ({"recipient": None}, "recipient", "missing"),
    ({"recipient": "Ada"}, "recipient", "model_type"),
    ({"unknown_skus": "guess"}, "unknown_skus", "literal_error"),
    ({"merchant_id": "00000000-0000-0000-0000-000000000000"}, "merchant_id", "extra_forbidden"),
]


def test_a_field_that_does_not_fit_is_named(acme, superuser):
    for change, field, code in BAD_FIELDS:
        body = problem(acme.post(an_order(**change)), 422, "fields")
        assert [(e["field"], e["code"]) for e in body["errors"]] == [(field, code)]
    assert nothing_kept(superuser)


BAD_ADDRESSES = [
    ({"country": "ZZ"}, "recipient", "unknown_country"),
    ({"country": "gb"}, "recipient.country", "string_pattern_mismatch"),
    ({"postcode": ""}, "recipient", "postcode_missing"),
    ({"name": "  "}, "recipient.name", "string_too_short"),
    ({"city": "Leeds\r\nBcc: x"}, "recipient.city", "control_character"),
    ({"email": "ada@example.com\nBcc: x@y.example"}, "recipient.email", "string_pattern_mismatch"),
    ({"email": "ada"}, "recipient.email", "string_pattern_mismatch"),
    ({"nickname": "A"}, "recipient.nickname", "extra_forbidden"),
]


def test_an_address_is_asked_what_the_importer_asks(acme, superuser):
    for change, field, code in BAD_ADDRESSES:
        body = problem(acme.post(an_order(recipient=an_order()["recipient"] | change)), 422, "fields")
        assert [(e["field"], e["code"]) for e in body["errors"]] == [(field, code)]
    assert nothing_kept(superuser)


def test_all_fields_are_named_at_once_and_nothing_sent_is_repeated(acme):
    answer = acme.post(an_order(number="", currency="secret", colour="secret"))
    body = problem(answer, 422, "fields")
    assert sorted(e["field"] for e in body["errors"]) == ["colour", "currency", "number"]
    assert "secret" not in answer.get_data(as_text=True)


BAD_JSON = [
    (b"", "malformed_json"),
    (b"{", "malformed_json"),
    (b"\xff\xfe{}", "malformed_json"),
    (b'{"number": "\xc3"}', "malformed_json"),
    (b"[" * 100_000, "malformed_json"),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "malformed_json"),
    (b'{"total_minor": NaN}', "malformed_json"),
    (b'{"total_minor": ' + b"9" * 5_000 + b"}", "malformed_json"),
    (b'{"number": "a", "number": "b"}', "duplicate_name"),
    (b'{"lines": [{"sku": "A", "sku": "B"}]}', "duplicate_name"),
    (b"{} {}", "malformed_json"),
    (b"<order/>", "malformed_json"),
    (b"\xef\xbb\xbf{}", "malformed_json"),
]


def test_what_can_be_read_in_two_ways_or_none_is_refused(acme, superuser):
    for raw, code in BAD_JSON:
        problem(acme.post(raw), 400, code)
    assert nothing_kept(superuser)


NO_ORDERS = [
    b"null",
    b"[]",
    b'"order"',
    b"17",
    b"1e999",
    b'{"number": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"number": "\\u0000"}',
]


def test_json_that_is_no_order_is_refused(acme, superuser):
    for raw in NO_ORDERS:
        problem(acme.post(raw), 422, "fields")
    assert nothing_kept(superuser)


OTHER_TYPES = ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", ""]


def test_another_content_type_is_refused(acme, superuser):
    for kind in OTHER_TYPES:
        problem(acme.post(an_order(), **{"Content-Type": kind}), 415, "unsupported_media_type")
    assert nothing_kept(superuser)


def test_a_charset_may_be_named(acme):
    assert acme.post(an_order(), **{"Content-Type": "application/json; charset=utf-8"}).status_code == 201


def test_a_body_that_is_too_large_is_refused(acme, superuser):
    problem(acme.post(b'{"note": "' + b"n" * 4_200_000 + b'"}'), 413, "request_entity_too_large")
    assert nothing_kept(superuser)


def test_the_largest_order_fits(acme):
    lines = [
        {"sku": f"S-{n}", "quantity": 1, "name": "é" * 100, "attributes": "é" * 1000} for n in range(200)
    ]
    assert acme.post(an_order(lines=lines, unknown_skus="create", note="é" * 2000)).status_code == 201


def test_many_machines_with_the_same_key_make_one_order(acme, superuser):
    together, answers = threading.Barrier(12), []

    def one():
        together.wait(20)
        answer = acme.post(an_order(), key="same")
        answers.append((answer.status_code, answer.data))

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 12
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert (count(superuser), count(superuser, "order_lines"), count(superuser, "idempotency_keys")) == (
        1,
        1,
        1,
    )


def test_many_machines_with_the_same_order_and_other_keys_make_one_order(acme, superuser):
    together, answers = threading.Barrier(8), []

    def one():
        together.wait(20)
        answers.append(acme.post(an_order()).status_code)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] * 7 + [201]
    assert (count(superuser), count(superuser, "movements WHERE because = 'allocate'")) == (1, 1)
