"""A day on the floor through HTTP, without JavaScript: from the enrolment of a tablet to a shipped parcel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portal.kernel.db import run
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsOffice
from tests import make
from tests.warehouse.tablet import at_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from portal.kernel.db import Database


def ask(db: Database, sql: str) -> list[tuple[object, ...]]:
    with db.transaction(AsOffice(), read_only=True) as session:
        return [tuple(row) for row in run(session, sql)]


def goods(db: Database) -> tuple[make.Site3PL, UUID, UUID, UUID]:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea, mug = make.sku(db, acme, "TEA"), make.sku(db, acme, "MUG")
    make.stock(db, here, acme, tea, 20)
    make.stock(db, here, acme, mug, 10, bin_number=1)
    return here, acme, tea, mug


def test_pick_pack_and_ship_an_order(app: Flask, db: Database) -> None:
    here, acme, tea, mug = goods(db)
    order = make.order(db, acme, {tea: 2, mug: 1}, number="#1001")
    tablet, _ = at_work(app, db, here)
    assert tablet.datum == "Pick"
    tablet.press("Pick")
    assert (tablet.path, tablet.datum) == ("/s/pick", "A-01-1")

    tablet.scan("A-02-1")
    assert (tablet.status, tablet.datum) == (422, "Wrong place")
    assert "That is A-02-1. Go to A-01-1 and scan it." in tablet.page
    assert "is-wrong" in tablet.page
    assert ask(db, "SELECT count(*) FROM movements WHERE because = 'pick'") == [(0,)]

    tablet.scan("A-01-1")
    assert (tablet.status, tablet.datum) == (200, "× 2")
    tablet.scan("TEA-BC")
    tablet.scan("TEA-BC")
    assert tablet.datum == "A-02-1"
    tablet.scan("a-02-1")
    tablet.scan("MUG-BC")
    assert (tablet.path, tablet.datum) == ("/s/", "Pack")
    assert ask(db, f"SELECT progress FROM orders WHERE id = '{order}'") == [("picked",)]

    tablet.press("Pack")
    assert (tablet.path, tablet.datum) == ("/s/pack", "T-01")
    tablet.scan("T-01")
    assert tablet.path.startswith("/s/parcels/PY")
    assert tablet.datum == "Tea thing"
    tablet.scan("MUG-BC")
    tablet.scan("TEA-BC")
    tablet.scan("MUG-BC")
    assert tablet.status == 422
    assert ask(db, "SELECT sum(quantity) FROM movements WHERE because = 'pack'") == [(2,)]
    tablet.scan("TEA-BC")
    number = tablet.path.rpartition("/")[2]
    assert tablet.datum == number
    assert ask(db, "SELECT state, number FROM parcels") == [("packed", number)]

    for kind, start in (
        ("label_pdf", b"%PDF"),
        ("slip_4x6", b"%PDF"),
        ("slip_a4", b"%PDF"),
        ("label_zpl", b"^XA"),
    ):
        paper = tablet.client.get(f"/s/parcels/{number}/documents/{kind}")
        assert paper.status_code == 200, kind
        assert paper.data.startswith(start), kind
        assert paper.headers["X-Frame-Options"] == "SAMEORIGIN"

    tablet.scan(number)
    assert (tablet.status, tablet.path) == (200, "/s/")
    assert "Shipped" in tablet.page
    assert ask(db, f"SELECT progress, shipped_at IS NOT NULL FROM orders WHERE id = '{order}'") == [
        ("shipped", True)
    ]
    assert ask(db, "SELECT because, sum(quantity) FROM movements WHERE because NOT IN ('receive', 'allocate') GROUP BY 1 ORDER BY 1") == [
        ("pack", 3), ("pick", 3), ("ship", 3),
    ]  # fmt: skip


def test_the_same_scan_sent_again_moves_nothing_and_gets_the_same_answer(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 2})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    assert tablet.send("pick", "A-01-1")[1]["verdict"] == "applied"
    scan_id = new_id()
    first = tablet.send("pick", "TEA-BC", scan_id)
    again = tablet.send("pick", "TEA-BC", scan_id)
    assert first == (
        200,
        {"id": str(scan_id), "verdict": "applied", "first": "", "headline": "1 of 2", "sentence": "Into tote T-01.", "completed": "", "next": "/s/pick"},
    )  # fmt: skip
    assert again == (200, first[1] | {"verdict": "duplicate", "first": "applied"})
    assert ask(db, "SELECT sum(quantity) FROM movements WHERE because = 'pick'") == [(1,)]


def test_answers_of_refused_scans(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 2})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    status, answer = tablet.send("pick", "nonsense")
    assert (status, answer["verdict"], answer["headline"], answer["next"]) == (
        422,
        "rejected",
        "Unknown code",
        "/s/pick",
    )
    status, answer = tablet.send("ship", "T-99")
    assert (status, answer["verdict"]) == (422, "rejected")
    token = tablet.page.partition('name="csrf_token" value="')[2].partition('"')[0]
    for body in (
        {"id": "no uuid", "code": "x"},
        {"code": "x"},
        ["x"],
        {"id": str(new_id()), "code": "x" * 201},
    ):
        answered = tablet.client.post("/s/scan/pick", json=body, headers={"X-CSRFToken": token})
        assert answered.status_code == 422, body
    assert tablet.client.post("/s/scan/nothing", json={}, headers={"X-CSRFToken": token}).status_code == 404
    assert ask(db, "SELECT count(*) FROM movements WHERE because = 'pick'") == [(0,)]


def test_whatever_is_scanned_on_the_first_screen_leads_on(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    tablet, _ = at_work(app, db, here)
    tablet.scan("A-01-1")
    assert (tablet.path, tablet.datum) == ("/s/look-up", "A-01-1")
    assert "Tea thing" in tablet.page
    tablet.get("/s/")
    tablet.scan("MUG-BC")
    assert tablet.path == "/s/look-up"
    assert "A-02-1" in tablet.page
    tablet.get("/s/")
    tablet.scan("what is this")
    assert (tablet.status, tablet.datum) == (422, "Unknown code")
    tablet.scan("cmd-done")
    assert tablet.path == "/s/pick"
    for code in ("A-01-1", "TEA-BC"):
        tablet.scan(code)
    assert tablet.path == "/s/"
    tablet.scan("T-01")
    assert tablet.path.startswith("/s/parcels/PY")
    tablet.scan("TEA-BC")
    number = tablet.path.rpartition("/")[2]
    tablet.get("/s/")
    tablet.scan(number)
    assert ask(db, "SELECT state FROM parcels") == [("shipped",)]


def test_short_undo_and_give_back_by_command_barcodes(app: Flask, db: Database) -> None:
    here, acme, tea, mug = goods(db)
    make.order(db, acme, {tea: 1, mug: 1}, number="#1")
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    tablet.scan("A-01-1")
    tablet.scan("TEA-BC")
    tablet.scan("CMD-UNDO")
    assert ask(db, "SELECT because FROM movements WHERE because IN ('pick', 'unpick') ORDER BY at, id") == [
        ("pick",),
        ("unpick",),
    ]
    tablet.scan("CMD-SHORT")
    assert tablet.path == "/s/pick/short"
    tablet.scan("A-02-1")
    assert (tablet.status, tablet.datum) == (422, "Scan the place")
    tablet.scan("A-01-1")
    assert tablet.path == "/s/"
    assert ask(db, "SELECT kind, owner FROM holds") == [("short", "operator")]
    assert ask(db, "SELECT state FROM batches") == [("cancelled",)]


def test_a_second_box_takes_the_rest(app: Flask, db: Database) -> None:
    here, acme, tea, mug = goods(db)
    make.order(db, acme, {tea: 1, mug: 1})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    for code in ("A-01-1", "TEA-BC", "A-02-1", "MUG-BC"):
        tablet.scan(code)
    tablet.scan("T-01")
    tablet.scan("TEA-BC")
    tablet.press("Next box")
    first = tablet.path.rpartition("/")[2]
    assert tablet.datum == first
    tablet.scan(first)
    assert tablet.path == "/s/pack"
    tablet.scan("T-01")
    tablet.scan("MUG-BC")
    second = tablet.path.rpartition("/")[2]
    tablet.scan(second)
    assert ask(db, "SELECT piece, state FROM parcels ORDER BY piece") == [(1, "shipped"), (2, "shipped")]
    assert ask(db, "SELECT progress FROM orders") == [("shipped",)]


def test_a_typed_in_number_ships_too(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    for code in ("A-01-1", "TEA-BC", "T-01", "TEA-BC"):
        tablet.scan(code)
    number = tablet.path.rpartition("/")[2]
    page = tablet.get(f"/s/parcels/{number}/carrier")
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)
    assert token is not None
    form = {"csrf_token": token.group(1), "carrier": "ups", "tracking_number": "1Z", "service": "Ground"}
    wrong = tablet.client.post(f"/s/parcels/{number}/carrier", data=form)
    assert wrong.status_code == 422
    assert "There is a problem" in wrong.get_data(as_text=True)
    form["tracking_number"] = "1Z999AA10123456784"
    assert tablet.client.post(f"/s/parcels/{number}/carrier", data=form).status_code == 303
    tablet.get("/s/ship")
    tablet.scan("1Z999AA10123456784")
    assert ask(db, "SELECT state, carrier, tracking_number FROM parcels") == [
        ("shipped", "ups", "1Z999AA10123456784")
    ]


def test_a_hold_is_a_conflict_and_ships_nothing(app: Flask, db: Database) -> None:
    from tests.picking.walk import hold

    here, acme, tea, _ = goods(db)
    order = make.order(db, acme, {tea: 1}, number="#H")
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    for code in ("A-01-1", "TEA-BC", "T-01", "TEA-BC"):
        tablet.scan(code)
    number = tablet.path.rpartition("/")[2]
    hold(db, acme, order)
    tablet.scan(number)
    assert tablet.status == 409
    assert "The recipient has moved." in tablet.page
    assert ask(db, "SELECT count(*) FROM movements WHERE because = 'ship'") == [(0,)]
    assert ask(db, "SELECT state FROM parcels") == [("packed",)]


def test_receiving_counts_scans_puts_it_into_a_bin_and_can_be_undone(app: Flask, db: Database) -> None:
    here, _, _, _ = goods(db)
    tablet, worker = at_work(app, db, here)
    tablet.get("/s/receive")
    tablet.scan("TEA-BC")
    assert "Tea thing" in tablet.page
    tablet.scan("TEA-BC")
    tablet.scan("A-03-1")
    assert 'value="A-03-1"' in tablet.page
    tablet.scan("CMD-DONE")
    assert tablet.path == "/s/receive"
    received = f"SELECT m.quantity, p.code FROM movements m JOIN places p ON p.id = m.to_place_id WHERE m.by_user_id = '{worker.id}' ORDER BY m.at, m.id"
    assert ask(db, received) == [(2, "A-03-1")]
    tablet.press("Undo the last")
    assert ask(db, received) == [(2, "A-03-1"), (2, "SUPPLIER")]
    assert ask(
        db, "SELECT b.quantity FROM balances b JOIN places p ON p.id = b.place_id WHERE p.code = 'A-03-1'"
    ) == [(0,)]
    tablet.get("/s/receive")
    tablet.scan("CMD-UNDO")
    assert (tablet.status, tablet.datum) == (422, "Nothing to undo")


def test_the_form_of_receiving_is_kept_once_and_says_what_does_not_fit(app: Flask, db: Database) -> None:
    here, _, _, _ = goods(db)
    tablet, worker = at_work(app, db, here)
    tablet.get("/s/receive")
    tablet.scan("TEA")
    form = tablet.page.partition('id="typed"')[2].partition("</form>")[0]
    from tests.warehouse.tablet import hidden

    fields = hidden(form)
    for quantity, place, words in (
        ("0", "DOCK-1", "whole number from 1 to 1,000,000"),
        ("", "DOCK-1", "Type how many came."),
        ("3", "Z-99", "There is no place Z-99 here."),
        ("3", "T-01", "T-01 is a tote place."),
    ):
        answer = tablet.client.post(
            "/s/receive", data=fields | {"quantity": quantity, "place": place, "id": str(new_id())}
        )
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True), (quantity, place)
    count = f"SELECT count(*), sum(quantity) FROM movements WHERE by_user_id = '{worker.id}'"
    assert ask(db, count) == [(0, None)]
    good = fields | {"quantity": "12", "place": "dock-1"}
    assert [tablet.client.post("/s/receive", data=good).status_code for _ in range(2)] == [303, 303]
    assert ask(db, count) == [(1, 12)]


def test_a_draft_sku_without_a_barcode_goes_through_by_its_own_code(app: Flask, db: Database) -> None:
    from portal.domain.catalog.commands import add_draft_skus
    from portal.kernel.scopes import AsMerchant

    here, acme, _, _ = goods(db)
    with db.transaction(AsMerchant(acme)) as session:
        draft = add_draft_skus(session, merchant_id=acme, names_by_code={"NEW-1": "New thing"})["NEW-1"]
    make.stock(db, here, acme, draft, 1, bin_number=2)
    make.order(db, acme, {draft: 1})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    for code in ("A-03-1", "NEW-1", "T-01", "NEW-1"):
        tablet.scan(code)
    tablet.scan(tablet.path.rpartition("/")[2])
    assert ask(db, "SELECT state FROM parcels") == [("shipped",)]
