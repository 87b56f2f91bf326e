"""Order files: upload, preview, mend, confirm. Nothing becomes an order before the merchant confirms."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from portal.kernel.db import run
from portal.kernel.scopes import AsOffice
from tests import people
from tests.merchants.shop import COLUMNS, Shop, export, mixed_file, no_address, row, shop
from tests.merchants.test_orders import numbers, post, words
from tests.people import csrf, signed_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database


def upload(client: FlaskClient, data: bytes, name: str = "orders_export.csv") -> Any:
    """Send a file by the form. The body is written here: the test client would leave a large one in a temporary file."""
    parts = (("csrf_token", "", csrf(client, "/m/imports").encode()), ("file", f'; filename="{name}"', data))
    body = b"".join(
        f'--part\r\nContent-Disposition: form-data; name="{field}"{extra}\r\n\r\n'.encode() + value + b"\r\n"
        for field, extra, value in parts
    )
    return client.post(
        "/m/imports", data=body + b"--part--\r\n", content_type="multipart/form-data; boundary=part"
    )


def preview(client: FlaskClient, data: bytes) -> str:
    """Upload a file that can be read and return the address of its preview."""
    answer = upload(client, data)
    assert answer.status_code == 303, words(client, "/m/imports")
    return answer.location


def count(db: Database, table: str) -> int:
    with db.transaction(AsOffice(), read_only=True) as session:
        return run(session, f"SELECT count(*) FROM {table}")[0][0]


def forms(client: FlaskClient, path: str) -> list[str]:
    """Return where the forms of a page that mend orders lead."""
    return re.findall(r'action="(/m/imports/[^"]+/orders/[^"]+)"', client.get(path).get_data(as_text=True))


@pytest.fixture
def here(db: Database) -> Shop:
    return shop(db)


def test_the_preview_says_exactly_what_would_happen_and_makes_no_order(
    db: Database, app: Flask, here: Shop
) -> None:
    client = signed_in(app, here.member)
    path = preview(client, mixed_file())
    text = words(client, path)
    assert "Shopify orders export · UTF-8 · separated by commas · 6 rows, 6 orders" in text
    assert "2 will become orders 3 units" in text
    assert "2 need attention Can be mended here" in text
    assert "2 not to ship Says the shop" in text
    assert "0 same as before" in text
    assert "1 SKU is not in your catalogue." in text
    assert "TEA-WHITE-50 White tea 50 g 1 Nothing" in text
    assert "Make 2 orders with 3 units and add 1 draft SKU" in text
    assert "Make 1 order with 2 units" in text, "what leaving would do"
    assert (count(db, "orders"), count(db, "skus")) == (0, 4)


def test_all_problems_are_told_at_once_by_kind(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    text = words(client, preview(client, mixed_file()))
    assert (
        "1 row No shipping address Row Order Column Found Expected What to do 6 #5 Shipping Address1 No shipping address."
        in text
    )
    assert "1 row SKU is blank Row Order Column Found Expected What to do 7 #6 Lineitem sku" in text
    reasons = words(client, preview(client, mixed_file()) + "?show=not_to_ship")
    assert "Cancelled in the shop" in reasons
    assert "Refunded in the shop" in reasons


def test_confirming_makes_the_orders_and_the_drafts(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, mixed_file())
    assert post(client, f"{path}/confirm", path, unknown_skus="create").status_code == 303
    text = words(client, path)
    assert "Imported 2 orders with 3 units. 1 new SKU is a draft." in text
    assert "2 became orders" in text
    assert (count(db, "orders"), count(db, "skus")) == (2, 5)
    assert sorted(numbers(client, "/m/orders")) == ["#1", "#2"]
    again = post(client, f"{path}/confirm", path, unknown_skus="create")
    assert again.status_code == 303
    assert "There was nothing left to import; nothing has changed." in words(client, path)
    assert count(db, "orders") == 2


def test_leaving_unknown_skus_imports_the_others(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, mixed_file())
    post(client, f"{path}/confirm", path, unknown_skus="leave")
    assert "Imported 1 order with 2 units. 1 order waits for its unknown SKU." in words(client, path)
    assert (count(db, "orders"), count(db, "skus")) == (1, 4)


def test_unknown_skus_can_be_taken_as_what_they_look_like(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(
        client, export([row("#1", Lineitem_sku="tea-sencha 100"), row("#2", Lineitem_sku="501234500002")])
    )
    text = words(client, path)
    assert "Take what they look like" in text or "Nothing" in text
    path = preview(client, export([row("#1", Lineitem_sku="tea-sencha-100")]))
    html = client.get(path).get_data(as_text=True)
    assert re.search(r'value="match" checked', html), (
        "every unknown SKU has a match, so it is the first answer"
    )
    assert "TEA-SENCHA-100 Sencha, first flush, 100 g" in words(client, path)
    post(client, f"{path}/confirm", path, unknown_skus="match")
    assert (count(db, "orders"), count(db, "skus")) == (1, 4)


def test_an_order_without_an_address_is_mended_in_the_page(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, export([no_address("#5")]))
    [form] = forms(client, path)
    assert post(client, form, path, name="Bo Ek", city="Ystad").status_code == 303
    text = words(client, path)
    assert "Saved. Order #5 still lacks something; see below." in text
    assert "The street is blank." in text
    assert 'value="Bo Ek"' in client.get(path).get_data(as_text=True), "what was typed stays"
    post(client, form, path, address1="Storgatan 1", postcode="27141", country="se")
    text = words(client, path)
    assert "Order #5 is mended. It will be made when you import." in text
    assert "1 will become an order" in text
    assert count(db, "orders") == 0
    post(client, f"{path}/confirm", path, unknown_skus="leave")
    [found] = re.findall(r'href="(/m/orders/[0-9a-f-]{36})"', client.get(path).get_data(as_text=True))
    assert "Bo Ek Storgatan 1 Ystad 27141 SE" in words(client, found)


def test_a_blank_sku_is_mended_in_the_page(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, export([row("#6", Lineitem_sku="")]))
    [form] = forms(client, path)
    answer = post(client, form, path, **{"sku[]": "POT-GLASS-1L"})
    assert answer.location.endswith("?show=ship"), "nothing is left to mend: the mended order is shown"
    post(client, f"{path}/confirm", path, unknown_skus="leave")
    assert count(db, "orders") == 1


def test_the_same_file_again_says_so_and_changes_nothing(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    data = export([row("#1"), row("#2")])
    first = preview(client, data)
    post(client, f"{first}/confirm", first, unknown_skus="leave")
    second = preview(client, data)
    text = words(client, second)
    assert "You have imported this very file before" in text
    assert "Nothing in it is new, so importing it again changes nothing." in text
    assert "2 same as before Imported earlier" in text
    assert "Nothing to import" in text
    assert "Nothing is imported yet" not in text
    assert "2 0 0 Nothing new in it" in words(client, "/m/imports")
    post(client, f"{second}/confirm", "/m/imports", unknown_skus="create")
    assert count(db, "orders") == 2


def test_an_order_that_changed_in_the_shop_is_shown_and_not_touched(
    db: Database, app: Flask, here: Shop
) -> None:
    client = signed_in(app, here.member)
    first = preview(client, export([row("#1")]))
    post(client, f"{first}/confirm", first, unknown_skus="leave")
    second = preview(client, export([row("#1", Lineitem_quantity="9")]))
    text = words(client, second)
    assert "1 changed since Not touched by this import" in text
    assert "An import changes no order" in text
    post(client, f"{second}/confirm", "/m/imports", unknown_skus="leave")
    with db.transaction(AsOffice(), read_only=True) as session:
        assert [tuple(found) for found in run(session, "SELECT quantity FROM order_lines")] == [(1,)]


def test_a_preview_can_be_put_aside(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, mixed_file())
    assert post(client, f"{path}/discard", path).status_code == 303
    assert "Put aside" in words(client, "/m/imports")
    assert forms(client, path) == []
    assert post(client, f"{path}/confirm", "/m/imports", unknown_skus="create").status_code == 409
    assert count(db, "orders") == 0


def test_history_counts_what_became_of_each_file(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, mixed_file())
    assert re.search(
        r"orders_export.csv \w+ \d+ \w+, [\d:]+ Member Person 6 0 2 Waits for you",
        words(client, "/m/imports"),
    )
    post(client, f"{path}/confirm", path, unknown_skus="create")
    assert re.search(r"Member Person 6 2 2 Imported", words(client, "/m/imports"))


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orders.csv", b"0" * 30_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "The file is empty."),
        (b"\x00\x01\x02\x03" * 400, "control bytes"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (zip_bomb(), "It was not opened."),
        (b"sku,quantity\nTEA,1\n", "Missing: Name"),
        (export([]), "no orders"),
        (export([row("#1")])[:-40], "cut off|ends in the middle"),
    ],
    ids=["empty", "binary", "pdf", "zip bomb", "wrong header", "no rows", "truncated"],
)
def test_a_file_that_cannot_be_read_gets_three_sentences_and_makes_nothing(
    db: Database, app: Flask, here: Shop, data: bytes, found: str
) -> None:
    client = signed_in(app, here.member)
    answer = upload(client, data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error: Imports" in page
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(found, text), text
    for part in (
        "There is a problem with this file",
        "Found",
        "Expected",
        "What to do",
        "No order was made, and nothing was changed.",
    ):
        assert part in text
    assert (count(db, "imports"), count(db, "orders")) == (0, 0)


def test_no_file_chosen(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    answer = client.post("/m/imports", data={"csrf_token": csrf(client, "/m/imports")})
    assert answer.status_code == 422
    assert "No file was chosen." in answer.get_data(as_text=True)


def test_rows_of_no_order_are_apart_from_what_is_wrong(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    text = words(client, preview(client, export([row("#1"), row("", Id="")])))
    assert "Left out 1 row belongs to no order. Nothing else is held up by them." in text
    assert "What is wrong, by kind" not in text


def test_a_problem_that_no_form_mends_says_where_to_mend_it(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, export([row("#1", Lineitem_quantity="many")]))
    assert "This cannot be mended here. Correct it in the shop or the file" in words(client, path)
    assert forms(client, path) == []


def test_a_large_file_comes_in_pages(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(
        client,
        export([*(no_address(f"#{n}") for n in range(1, 31)), *(row(f"#{n}") for n in range(100, 180))]),
    )
    assert len(forms(client, path)) == 10
    assert len(forms(client, f"{path}?show=attention&page=3")) == 10
    page = client.get(f"{path}?show=ship").get_data(as_text=True)
    assert "1 to 50 of 80" in page
    assert f'href="{path}?show=ship&amp;page=2"' in page
    text = words(client, path)
    assert "30 rows No shipping address" in text
    assert "And 18 more rows of this kind." in text


@pytest.mark.slow
def test_ten_thousand_orders_stay_a_page(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(client, export(row(f"#{n}") if n % 4 else no_address(f"#{n}") for n in range(1, 10_001)))
    answer = client.get(path)
    assert answer.status_code == 200
    assert len(answer.get_data()) < 120_000
    assert "2,500 need attention" in words(client, path)


def test_markup_in_a_file_is_text(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    path = preview(
        client,
        export(
            [
                row(
                    "#1",
                    Lineitem_name="<script>alert(1)</script>",
                    Lineitem_sku="<b>X</b>",
                    Shipping_Name="{{ 7*7 }}",
                )
            ]
        ),
    )
    for shown in (path, f"{path}?show=ship"):
        html = client.get(shown).get_data(as_text=True)
        assert "<script>alert" not in html
        assert "<b>X</b>" not in html
    assert "{{ 7*7 }}" in words(client, f"{path}?show=ship")


def test_a_viewer_may_look_and_not_touch(db: Database, app: Flask, here: Shop) -> None:
    path = preview(signed_in(app, here.member), mixed_file())
    client = signed_in(app, here.viewer)
    html = client.get(path).get_data(as_text=True)
    assert html.count("<form") == 2, "only the search and the sign-out"
    assert 'type="file"' not in client.get("/m/imports").get_data(as_text=True)
    [form] = forms(signed_in(app, here.member), path)[:1]
    for target in (f"{path}/confirm", f"{path}/discard", form):
        assert post(client, target, path, unknown_skus="create").status_code == 403
    refused = upload(client, mixed_file())
    assert refused.status_code == 403
    assert (count(db, "orders"), count(db, "imports")) == (0, 1)


def test_a_rival_finds_nothing(db: Database, app: Flask, here: Shop) -> None:
    mine = signed_in(app, here.member)
    path = preview(mine, mixed_file())
    [form, _] = forms(mine, path)
    rival = signed_in(app, people.member(db, here.rival))
    assert rival.get(path).status_code == 404
    for target in (f"{path}/confirm", f"{path}/discard", form):
        assert post(rival, target, "/m/imports", unknown_skus="create", name="Eve").status_code == 404
    assert "orders_export.csv" not in words(rival, "/m/imports")
    assert forms(mine, path)[0] == form
    assert count(db, "orders") == 0


def test_a_header_in_other_letters_is_the_same_header(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.member)
    header, _, rest = export([row("#1")]).partition(b"\n")
    data = header.upper().replace(b" ", b"_") + b"\n" + rest
    assert COLUMNS[0].upper().encode() in data
    assert "1 will become an order" in words(client, preview(client, data))
