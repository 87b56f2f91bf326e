"""Stock down to the single movement, SKUs and their barcodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from portal.domain.catalog.commands import add_draft_skus
from portal.kernel.db import run
from portal.kernel.scopes import AsMerchant, AsOffice
from tests import make, people
from tests.merchants.shop import Shop, shop, take
from tests.merchants.test_orders import post, words
from tests.people import signed_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database


@pytest.fixture
def here(db: Database) -> Shop:
    return shop(db)


def codes(client: FlaskClient, path: str) -> list[str]:
    return re.findall(
        r'class="main" href="/m/stock/[^"]+">([^<]+)</a>', client.get(path).get_data(as_text=True)
    )


def test_levels_are_told_apart(app: Flask, here: Shop) -> None:
    take(here, "one", {"TEA-EARL-250": 3})
    client = signed_in(app, here.viewer)
    text = words(client, "/m/stock")
    assert "TEA-EARL-250 Earl Grey, loose leaf, 250 g 37 3 0 40 In stock" in text
    assert "POT-GLASS-1L Glass teapot with a strainer, 1 l 0 0 0 0 Nothing to sell" in text
    assert "Add a SKU" not in text, "a viewer may not"
    assert codes(client, "/m/stock?view=low") == ["POT-GLASS-1L"]
    assert codes(client, "/m/stock?search=tea") == ["POT-GLASS-1L", "TEA-EARL-250", "TEA-SENCHA-100"], (
        "code or name"
    )
    assert codes(client, "/m/stock?search=tea-s") == ["TEA-SENCHA-100"]
    assert codes(client, "/m/stock?search=%25") == []
    assert "No SKU fits" in words(client, "/m/stock?search=nothing")


def test_the_movements_of_a_sku_are_its_history(app: Flask, here: Shop) -> None:
    take(here, "one", {"TEA-EARL-250": 3})
    text = words(signed_in(app, here.viewer), f"/m/stock/{here.skus['TEA-EARL-250']}")
    assert "To sell 37 Allocated 3 On its way out 0 On hand 40" in text
    assert "3 A-01-1 to sell A-01-1 allocated Allocate #JT1001" in text
    assert "40 Supplier A-01-1 to sell Receive" in text
    assert "A-01-1 allocated 3 A-01-1 to sell 37" in text
    assert "5012345000000 one each" in text


def test_add_a_sku(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    answer = post(client, "/m/stock/new", "/m/stock/new", code="", name="", weight_g="heavy")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for sentence in ("Enter the SKU&#39;s code.", "Enter the SKU&#39;s name.", "whole number of grams"):
        assert page.count(sentence) == 2, sentence
    assert 'value="heavy"' in page, "what was typed stays"
    taken = post(client, "/m/stock/new", "/m/stock/new", code="TEA-EARL-250", name="Again")
    assert taken.status_code == 422
    assert "There is a SKU TEA-EARL-250 already." in taken.get_data(as_text=True)
    used = post(
        client, "/m/stock/new", "/m/stock/new", code="NEW", name="New", barcode="5012345000000", weight_g=""
    )
    assert used.status_code == 422
    assert 'href="#barcode">The barcode 5012345000000 is in use' in used.get_data(as_text=True)
    bare = post(client, "/m/stock/new", "/m/stock/new", code="BARE", name="Bare", barcode="", weight_g="")
    assert bare.status_code == 303, "the weight is optional"
    made = post(client, "/m/stock/new", "/m/stock/new", code="CUP", name="Cup", barcode="400", weight_g="120")
    assert made.status_code == 303
    assert "SKU CUP is in the catalogue." in words(client, made.location)
    with db.transaction(AsOffice(), read_only=True) as session:
        rows = run(
            session,
            "SELECT s.state, s.weight_g, b.code, b.quantity FROM skus s JOIN barcodes b ON b.sku_id = s.id WHERE s.code = 'CUP'",
        )
    assert [tuple(row) for row in rows] == [("active", 120, "400", 1)]


def test_a_draft_becomes_active_by_a_word_or_by_a_barcode(db: Database, app: Flask, here: Shop) -> None:
    with db.transaction(AsMerchant(here.id)) as session:
        drafts = add_draft_skus(session, merchant_id=here.id, names_by_code={"D1": "First", "D2": "Second"})
    client = signed_in(app, here.member)
    first, second = (f"/m/stock/{drafts[code]}" for code in ("D1", "D2"))
    assert "This SKU is a draft." in words(client, first)
    assert post(client, f"{first}/activate", first).status_code == 303
    assert "This SKU is a draft." not in words(client, first)
    assert post(client, f"{second}/barcodes", second, code="777", quantity="12").status_code == 303
    text = words(client, second)
    assert "777 12 eaches" in text
    assert "This SKU is a draft." not in text


def test_a_barcode_stands_for_one_sku(app: Flask, here: Shop) -> None:
    client, path = signed_in(app, here.member), f"/m/stock/{here.skus['POT-GLASS-1L']}"
    taken = post(client, f"{path}/barcodes", path, code="5012345000000", quantity="1")
    assert taken.status_code == 422
    assert "in use for another SKU or quantity" in taken.get_data(as_text=True)
    assert post(client, f"{path}/barcodes", path, code="1", quantity="none").status_code == 422
    assert "5012345000000" not in words(client, path).partition("Where it lies")[2].partition("Barcodes")[0]


def test_viewers_and_rivals(db: Database, app: Flask, here: Shop) -> None:
    path = f"/m/stock/{here.skus['TEA-EARL-250']}"
    viewer = signed_in(app, here.viewer)
    assert viewer.get(path).get_data(as_text=True).count("<form") == 2, "only the search and the sign-out"
    assert viewer.get("/m/stock/new").status_code == 403
    rival = signed_in(app, people.member(db, here.rival))
    assert rival.get(path).status_code == 404
    for who, status in ((viewer, 403), (rival, 404)):
        assert post(who, f"{path}/barcodes", "/m/stock", code="9", quantity="1").status_code == status
        assert post(who, f"{path}/activate", "/m/stock").status_code == status
    assert post(viewer, "/m/stock/new", "/m/stock", code="X", name="X").status_code == 403
    assert codes(rival, "/m/stock") == []
    make.sku(db, here.rival, "TEA-EARL-250")
    assert codes(rival, "/m/stock") == ["TEA-EARL-250"], "codes are unique for a merchant, not in the house"
