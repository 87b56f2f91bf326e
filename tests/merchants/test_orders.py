"""Orders: the list that is its own address, the page that answers why, and stopping one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from portal.kernel import clock
from portal.kernel.db import run
from portal.kernel.scopes import AsOffice
from tests import people
from tests.merchants.shop import Shop, busy, confirm_by_mail, hold, shop, take
from tests.people import csrf, signed_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.config import Config
    from portal.kernel.db import Database


def numbers(client: FlaskClient, path: str) -> list[str]:
    """Return the order numbers of a list, from top to bottom."""
    answer = client.get(path)
    assert answer.status_code == 200
    return re.findall(r'class="main" href="/m/orders/[^"]+">([^<]+)</a>', answer.get_data(as_text=True))


def words(client: FlaskClient, path: str) -> str:
    """Return a page's text as it is read, with single spaces."""
    html = client.get(path).get_data(as_text=True)
    body = html.partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("&#34;", '"').replace("&#39;", "'")


def post(client: FlaskClient, path: str, page: str, **data: Any) -> Any:
    """Send a form of a page."""
    return client.post(path, data=data | {"csrf_token": csrf(client, page)})


def state_of(db: Database, order_id: object) -> tuple[str, str, int]:
    with db.transaction(AsOffice(), read_only=True) as session:
        [row] = run(
            session,
            "SELECT state, progress, (SELECT count(*) FROM holds h WHERE h.order_id = o.id AND h.released_at IS NULL)::int FROM orders o WHERE id = :id",
            {"id": order_id},
        )
    return (row[0], row[1], row[2])


def test_views_search_sort_and_pages_are_in_the_address(db: Database, app: Flask) -> None:
    here = shop(db)
    old = clock.now() - timedelta(days=6)
    take(here, "late", {"TEA-EARL-250": 1}, at=old, person=1)
    take(here, "held", {"TEA-EARL-250": 1}, at=clock.now() - timedelta(minutes=3))
    hold(here, "held", "Wait.")
    take(here, "waiting", {"POT-GLASS-1L": 1}, at=clock.now() - timedelta(minutes=2), person=3)
    take(here, "ready", {"TEA-SENCHA-100": 1}, at=clock.now() - timedelta(minutes=1))
    client = signed_in(app, here.owner)
    late, held, waiting, ready = "#JT1001", "#JT1002", "#JT1003", "#JT1004"
    assert numbers(client, "/m/orders") == [ready, waiting, held, late]
    assert numbers(client, "/m/orders?sort=number&order=asc") == [late, held, waiting, ready]
    assert numbers(client, "/m/orders?view=stuck") == [waiting, held, late]
    assert numbers(client, "/m/orders?view=late") == [late]
    assert numbers(client, "/m/orders?view=held") == [held]
    assert numbers(client, "/m/orders?view=shipped") == []
    assert numbers(client, "/m/orders?progress=waiting_for_stock") == [waiting]
    assert numbers(client, "/m/orders?search=%23JT1004") == [ready]
    assert numbers(client, "/m/orders?search=j%C3%BCrgen") == [waiting]
    found = client.get("/m/orders?open=1&search=%23JT1004")
    assert (found.status_code, found.location) == (303, f"/m/orders/{here.orders['ready']}")
    assert numbers(client, "/m/orders?open=1&search=%23JT") == [ready, waiting, held, late]
    assert numbers(client, "/m/orders?search=ADA@mail.example&view=late") == [late]
    assert numbers(client, "/m/orders?search=%25") == []
    assert numbers(client, "/m/orders?view=nonsense&sort=nonsense&progress=nonsense&page=nonsense") == [
        ready,
        waiting,
        held,
        late,
    ]
    assert "No order fits" in words(client, "/m/orders?search=nobody")
    assert "Nothing on this page" in words(client, "/m/orders?page=7")


def test_links_of_a_list_keep_its_filters(db: Database, app: Flask) -> None:
    here = shop(db)
    for n in range(52):
        take(here, f"order {n}", {"TEA-EARL-250": 1}, at=clock.now() - timedelta(minutes=60 - n))
    client = signed_in(app, here.owner)
    html = client.get("/m/orders?search=%23JT&page=1").get_data(as_text=True)
    assert "1 to 50 of 52" in html
    assert 'rel="next" href="/m/orders?search=%23JT&amp;page=2"' in html
    assert 'aria-sort="descending"><a href="/m/orders?search=%23JT&amp;sort=placed_at&amp;order=asc"' in html
    assert '<a href="/m/orders?search=%23JT&amp;view=late"' in html
    assert numbers(client, "/m/orders?search=%23JT&page=2") == ["#JT1002", "#JT1001"]


def test_an_empty_list_says_how_to_begin(db: Database, app: Flask) -> None:
    here = shop(db)
    assert "No orders yet" in words(signed_in(app, here.owner), "/m/orders")
    assert "Import orders" not in words(signed_in(app, here.viewer), "/m/orders")


def test_the_page_answers_first_why_it_has_not_shipped(db: Database, app: Flask) -> None:
    here = shop(db)
    take(here, "waiting", {"POT-GLASS-1L": 3, "TEA-EARL-250": 2})
    text = words(signed_in(app, here.owner), f"/m/orders/{here.orders['waiting']}")
    assert "Why has this not shipped? It waits for stock: 3 × POT-GLASS-1L (0 available)." in text
    assert "Who acts You Next Send stock; it is allocated by itself when it is received." in text
    assert "2 of 5 Allocated 0 of 5 Picked 0 of 5 Packed 0 of 5 Shipped" in text
    assert text.index("Why has this not shipped?") < text.index("2 lines") < text.index("Timeline")
    assert "Ada Lindqvist 12 Park Row Leeds LS1 4AP GB" in text


def test_a_shipped_order_shows_parcels_messages_and_the_recipients_link(
    db: Database, app: Flask, config: Config
) -> None:
    here = busy(db, config)
    client = signed_in(app, here.owner)
    path = f"/m/orders/{here.orders['shipped']}"
    html, text = client.get(path).get_data(as_text=True), words(client, path)
    assert "Where it stands It has shipped." in text
    assert 'href="https://www.ups.com/track?tracknum=1Z999AA10123456784"' in html
    assert "2 × TEA-EARL-250, 1 × MUG-STONE-BLUE" in text
    assert re.search(r"3 ✓ Allocated 3 ✓ Picked 3 ✓ Packed 3 ✓ Shipped", text)
    assert text.count("Order confirmation") == 1
    assert text.count("Shipping confirmation") == 1
    assert re.search(r"http://127\.0\.0\.1:8000/t/[0-9A-Za-z]{27}", text)
    assert "Put on hold" not in text
    assert "Cancel the order" not in text


def test_the_tracking_link_appears_with_the_first_message(db: Database, app: Flask, config: Config) -> None:
    here = shop(db)
    take(here, "new", {"TEA-EARL-250": 1})
    client = signed_in(app, here.viewer)
    path = f"/m/orders/{here.orders['new']}"
    assert "/t/" not in words(client, path)
    confirm_by_mail(here, config, "new")
    [link] = re.findall(r"http://127\.0\.0\.1:8000(/t/[0-9A-Za-z]{27})", words(client, path))
    assert app.test_client().get(link).status_code == 200


def test_mailed_links_to_address_and_prices_are_ended(db: Database, app: Flask, config: Config) -> None:
    here = shop(db)
    take(here, "new", {"TEA-EARL-250": 1})
    client = signed_in(app, here.owner)
    path = f"/m/orders/{here.orders['new']}"
    assert "End the links" not in words(client, path), "no mail has carried one yet"
    confirm_by_mail(here, config, "new")
    with db.transaction(AsOffice(), read_only=True) as session:
        [(mail,)] = run(session, "SELECT text FROM messages")
    [details] = re.findall(r"http://127\.0\.0\.1:8000(/t/details/[0-9A-Za-z]{27})", mail)
    [tracking] = set(re.findall(r"http://127\.0\.0\.1:8000(/t/[0-9A-Za-z]{27})\b", mail))
    assert app.test_client().get(details).status_code == 200
    assert post(signed_in(app, here.viewer), f"{path}/end-links", "/profile").status_code == 403
    assert app.test_client().get(details).status_code == 200
    assert post(client, f"{path}/end-links", path).status_code == 303
    text = words(client, path)
    assert "The links to address and prices no longer work." in text
    assert text.count("The links to address and prices in the mails sent so far were ended.") == 1
    assert app.test_client().get(details).status_code == 404
    assert app.test_client().get(tracking).status_code == 200
    post(client, f"{path}/end-links", path)
    text = words(client, path)
    assert "No link to address and prices was open; nothing has changed." in text
    assert text.count("The links to address and prices in the mails sent so far were ended.") == 1


def test_hold_release_and_cancel(db: Database, app: Flask) -> None:
    here = shop(db)
    order_id = take(here, "one", {"TEA-EARL-250": 1})
    client, path = signed_in(app, here.member), f"/m/orders/{order_id}"
    refused = post(client, f"{path}/hold", path, reason="  ")
    assert refused.status_code == 422
    assert "<title>Error: Order #JT1001" in refused.get_data(as_text=True)
    assert refused.get_data(as_text=True).count("Say why the order has to stop.") == 2
    assert state_of(db, order_id) == ("open", "ready", 0)
    assert post(client, f"{path}/hold", path, reason="Wrong colour").status_code == 303
    assert state_of(db, order_id) == ("open", "ready", 1)
    text = words(client, path)
    assert "It is on hold: Wrong colour" in text
    [release] = re.findall(r'action="(/m/holds/[^"]+/release)"', client.get(path).get_data(as_text=True))
    assert post(client, release, path).status_code == 303
    assert state_of(db, order_id) == ("open", "ready", 0)
    assert post(client, release, path).status_code == 404
    assert post(client, f"{path}/cancel", path).status_code == 303
    assert state_of(db, order_id) == ("cancelled", "cancelled", 0)
    again = post(client, f"{path}/cancel", "/m/imports")
    assert again.status_code == 409
    assert "The order was cancelled." in words(client, path)


def test_a_shipped_order_cannot_be_held_or_cancelled(db: Database, app: Flask, config: Config) -> None:
    here = busy(db, config)
    client, path = signed_in(app, here.owner), f"/m/orders/{here.orders['shipped']}"
    before = state_of(db, here.orders["shipped"])
    for deed in ("hold", "cancel"):
        answer = post(client, f"{path}/{deed}", "/m/imports", reason="Stop")
        assert answer.status_code == 409
        assert "This cannot be done now" in answer.get_data(as_text=True)
    assert state_of(db, here.orders["shipped"]) == before == ("open", "shipped", 0)


def test_a_viewer_sees_and_changes_nothing(db: Database, app: Flask) -> None:
    here = shop(db)
    order_id = take(here, "one", {"TEA-EARL-250": 1})
    hold_id = hold(here, "one", "Wait.")
    client, path = signed_in(app, here.viewer), f"/m/orders/{order_id}"
    html = client.get(path).get_data(as_text=True)
    assert html.count("<form") == 2, "only the search and the sign-out"
    for target in (f"{path}/hold", f"{path}/cancel", f"/m/holds/{hold_id}/release"):
        answer = post(client, target, path, reason="Stop")
        assert answer.status_code == 403
        assert "As viewer you may not import, hold or cancel orders. Nothing was changed." in answer.get_data(
            as_text=True
        )
    assert state_of(db, order_id) == ("open", "ready", 1)


def test_a_rival_finds_nothing(db: Database, app: Flask) -> None:
    here = shop(db)
    order_id = take(here, "one", {"TEA-EARL-250": 1})
    hold_id = hold(here, "one", "Wait.")
    client = signed_in(app, people.member(db, here.rival))
    path = f"/m/orders/{order_id}"
    assert client.get(path).status_code == 404
    assert client.get(f"/m/orders/{uuid4()}").get_data(as_text=True) == client.get(path).get_data(
        as_text=True
    )
    for target in (f"{path}/hold", f"{path}/cancel", f"/m/holds/{hold_id}/release"):
        assert post(client, target, "/m/imports", reason="Stop").status_code == 404
    assert numbers(client, "/m/orders?search=%23JT1001") == []
    assert state_of(db, order_id) == ("open", "ready", 1)


def without_csrf(shop: Shop, app: Flask, path: str) -> Any:
    return signed_in(app, shop.owner).post(path, data={"reason": "Stop"})


def test_a_form_without_its_token_changes_nothing(db: Database, app: Flask) -> None:
    here = shop(db)
    order_id = take(here, "one", {"TEA-EARL-250": 1})
    answer = without_csrf(here, app, f"/m/orders/{order_id}/hold")
    assert answer.status_code == 400
    assert "nothing was changed" in answer.get_data(as_text=True)
    assert state_of(db, order_id) == ("open", "ready", 0)
