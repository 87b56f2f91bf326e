"""What an attacker tried once and got through with. Each test was red before its wall stood."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.api.reading import BadJsonError, read_json
from portal.api.views import orders as api_orders
from portal.domain.accounts.commands.passwords import issue_link, set_password_by_link
from portal.domain.accounts.commands.people import invite_member
from portal.domain.orders.commands.holds import place_hold
from portal.kernel import clock
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice, AtGate
from portal.merchants.views import orders
from tests import make, people
from tests.warehouse.tablet import Tablet, at_work

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.config import Config
    from portal.kernel.db import Database


def test_an_invitation_does_not_move_a_session_to_another_merchant(app: Flask, db: Database) -> None:
    here = make.site(db)
    zebra, acme = make.merchant(db, here, code="ZEBRA"), make.merchant(db, here, code="ACME")
    member = people.member(db, zebra, email="z@zebra.example")
    browser = people.signed_in(app, member)
    assert "Zebra Goods" in browser.get("/m/").get_data(as_text=True)
    with db.transaction(AsMerchant(acme)) as session:
        invite_member(
            session, merchant_id=acme, email=member.email, name="Z", role="member", by=None, at=make.NOW
        )
    assert "Zebra Goods" in browser.get("/m/").get_data(as_text=True)
    form = {"csrf_token": people.csrf(browser, "/m/stock/new"), "code": "MINE", "name": "Mine"}
    assert browser.post("/m/stock/new", data=form).status_code == 303
    with db.transaction(AsOffice()) as session:
        assert [row.merchant_id for row in run(session, "SELECT merchant_id FROM skus")] == [zebra]


def test_a_session_without_a_choice_among_merchants_is_asked_for_one(
    app: Flask, db: Database, superuser: Any
) -> None:
    here = make.site(db)
    zebra, acme = make.merchant(db, here, code="ZEBRA"), make.merchant(db, here, code="ACME")
    member = people.member(db, zebra, email="z@zebra.example")
    browser = people.signed_in(app, member)
    token = people.csrf(browser, "/m/stock/new")
    with db.transaction(AsOffice()) as session:
        invite_member(
            session, merchant_id=acme, email=member.email, name="Z", role="member", by=None, at=make.NOW
        )
    superuser.execute(text("UPDATE credentials SET merchant_id = NULL WHERE kind = 'session'"))
    superuser.commit()
    answer = browser.get("/m/orders")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/choose")
    refused = browser.post("/m/stock/new", data={"csrf_token": token, "code": "MINE", "name": "Mine"})
    assert refused.status_code == 409
    with db.transaction(AsOffice()) as session:
        assert run(session, "SELECT id FROM skus") == []
    chosen = browser.post(f"/choose/{zebra}", data={"csrf_token": people.csrf(browser, "/choose")})
    assert chosen.headers["Location"] == "/m/"
    assert "Zebra Goods" in browser.get("/m/").get_data(as_text=True)


def test_a_link_that_two_use_at_once_works_for_one(db: Database, config: Config) -> None:
    acme = make.merchant(db, make.site(db))
    member = people.member(db, acme)
    with db.transaction(AtGate()) as session:
        secret = issue_link(session, kind="reset", user_id=member.id, merchant_id=None, at=clock.now())
    together = Barrier(4)

    def use(number: int) -> str:
        together.wait(10)
        try:
            with db.transaction(AtGate()) as session:
                set_password_by_link(
                    session, kind="reset", secret=secret, password=f"a long password {number}"
                )
        except NotFoundError:
            return "too late"
        return "set"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(use, range(4)))
    assert outcomes == ["set", "too late", "too late", "too late"]


def test_a_new_password_ends_the_links_that_still_lie_in_mailboxes(db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    member = people.member(db, acme)
    with db.transaction(AsMerchant(acme)) as session:
        old = issue_link(session, kind="invitation", user_id=member.id, merchant_id=acme, at=clock.now())
    with db.transaction(AtGate()) as session:
        new = issue_link(session, kind="reset", user_id=member.id, merchant_id=None, at=clock.now())
    with db.transaction(AtGate()) as session:
        set_password_by_link(session, kind="reset", secret=new, password="four other words here")
    with db.transaction(AtGate()) as session, pytest.raises(Exception, match="used already"):
        set_password_by_link(session, kind="invitation", secret=old, password="the intruder's words")


def test_a_merchant_does_not_release_what_the_warehouse_holds(app: Flask, db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    order = make.order(db, acme, {make.sku(db, acme): 1})
    owner = people.signed_in(app, people.member(db, acme))
    holds = {}
    with db.transaction(AsOffice()) as session:
        for who in ("operator", "merchant"):
            holds[who] = place_hold(
                session, merchant_id=acme, order_id=order, kind=who, reason="Count the shelf.", owner=who, next_step="Wait.",
                by=None, at=make.NOW,
            )  # fmt: skip
    form = {"csrf_token": people.csrf(owner, f"/m/orders/{order}")}
    assert owner.post(f"/m/holds/{holds['operator']}/release", data=form).status_code == 404
    assert owner.post(f"/m/holds/{holds['merchant']}/release", data=form).status_code == 303
    with db.transaction(AsOffice()) as session:
        assert [row.owner for row in run(session, "SELECT owner FROM holds WHERE released_at IS NULL")] == [
            "operator"
        ]


@pytest.mark.parametrize("step", ["home", "look-up", "pick", "short", "totes", "pack", "ship", "receive"])
def test_a_scan_of_nonsense_is_refused_and_never_a_bug(app: Flask, db: Database, step: str) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    tablet = _at_work(app, db, here)
    about = {"merchant": str(acme), "sku": str(tea)}
    for code, more in (
        ("\ud800", {}), ("a\0b", {}), ("CMD-DONE", {**about, "quantity": "²"}), ("TEA-BC", {**about, "quantity": "²"}),
        ("CMD-DONE", {**about, "quantity": "1", "place": "\0"}), ("CMD-DONE", {**about, "quantity": "9" * 30, "place": "DOCK-1"}),
        ("CMD-DONE", {"parcel": "\0"}), ("CMD-DONE", {"parcel": "\ud800"}), ("x", {"parcel": "a\0", "code_was": "\0"}),
    ):  # fmt: skip
        body = json.dumps({"id": str(uuid.uuid4()), "code": code, **more})
        status = _post_json(tablet, f"/s/scan/{step}", body)
        assert status < 500, (step, code, more)
    for body in ("[" * 50_000, '{"a":' * 50_000, "9" * 5_000):
        assert _post_json(tablet, f"/s/scan/{step}", body) in (400, 422)
    with db.transaction(AsFloor(here.id)) as session:
        assert run(session, "SELECT id FROM movements") == []


@pytest.mark.parametrize(
    "path",
    [
        "/s/parcels/%00", "/s/parcels/%00/carrier", "/s/parcels/x/documents/%00", "/s/receive?quantity=%C2%B2&merchant={m}&sku={s}",
        "/s/receive?place=%00&merchant={m}&sku={s}",
    ],
)  # fmt: skip
def test_an_address_of_nonsense_on_the_floor_is_never_a_bug(app: Flask, db: Database, path: str) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    tablet = _at_work(app, db, here)
    assert tablet.client.get(path.format(m=acme, s=tea)).status_code in (200, 404)


def _at_work(app: Flask, db: Database, here: make.Site3PL) -> Tablet:
    return at_work(app, db, here)[0]


def _post_json(tablet: Tablet, path: str, body: str) -> int:
    token = tablet.page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = tablet.client.post(
        path, data=body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    return answer.status_code


def test_a_form_from_another_site_is_refused_even_with_a_token(app: Flask, db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    owner = people.signed_in(app, people.member(db, acme))
    form = {"csrf_token": people.csrf(owner, "/m/stock/new"), "code": "X", "name": "X"}
    for origin in ("https://evil.example", "null", "http://127.0.0.1:8000.evil.example"):
        assert owner.post("/m/stock/new", data=form, headers={"Origin": origin}).status_code == 400
    with db.transaction(AsOffice()) as session:
        assert run(session, "SELECT id FROM skus") == []
    for number, origin in enumerate(("http://127.0.0.1:8000", "http://localhost")):
        given = form | {"code": f"X{number}"}
        assert owner.post("/m/stock/new", data=given, headers={"Origin": origin}).status_code == 303


def test_the_same_sku_added_twice_at_once_is_told_and_not_a_bug(app: Flask, db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    owner = people.member(db, acme)
    together = Barrier(6)

    def add(browser: FlaskClient, token: str) -> int:
        together.wait(30)
        form = {"csrf_token": token, "code": "TWIN", "name": "Twin", "barcode": "TWIN-BC"}
        return browser.post("/m/stock/new", data=form).status_code

    browsers = [people.signed_in(app, owner) for _ in range(6)]
    tokens = [people.csrf(browser, "/m/stock/new") for browser in browsers]
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(add, browsers, tokens))
    assert statuses[0] == 303
    assert set(statuses[1:]) <= {409, 422}


def test_a_body_of_many_names_is_read_in_a_moment() -> None:
    many = ",".join(f'"k{number}":1' for number in range(100_000))
    with pytest.raises(BadJsonError, match="'k99999' comes twice"):
        # 10^10 comparisons, if each name were looked for among all.
        read_json(f'{{{many},"k99999":2}}'.encode())


def test_a_body_of_nonsense_does_not_come_back_larger(app: Flask, db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    headers = {"Authorization": f"Bearer {people.token(db, acme)}", "Idempotency-Key": "k"}
    body = {f"field{number}": 1 for number in range(5_000)}
    answer = app.test_client().post("/api/v1/orders", json=body, headers=headers)
    assert answer.status_code == 422
    told = answer.get_json()
    assert len(told["errors"]) == 100
    assert told["detail"].startswith("5004 fields do not fit. See the first 100")


def test_the_log_keeps_no_secret_of_a_link_that_leads_nowhere(app: Flask) -> None:
    secret = "S" * 32
    with structlog.testing.capture_logs() as lines:
        for path in (f"/reset/{secret}", f"/reset/{secret}/x", f"/t/details/{secret}/", f"/x/{secret}."):
            app.test_client().get(path)
    assert len(lines) >= 4
    assert secret not in repr(lines)


def test_the_log_keeps_no_row_that_the_database_refused(db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    member = people.member(db, acme, email="ada@shop.example")
    values = {"id": member.id, "email": "ada@shop.example", "name": "Ada Cole"}
    for email in ("ada@shop.example", "Ada@Shop.example"):
        with pytest.raises(IntegrityError) as caught, db.transaction(AsOffice()) as session:
            run(
                session,
                "INSERT INTO users (id, email, display_name) VALUES (:id, :email, :name)",
                values | {"email": email},
            )
        trace = "".join(traceback.format_exception(caught.value))
        assert "constraint" in trace
        assert "shop.example" not in trace.casefold()
        assert "Cole" not in trace


def test_a_server_that_loads_wsgi_writes_no_local_variables(config: Config) -> None:
    program = (
        "import structlog, sys\n"
        "import wsgi\n"
        "def break_down(password):\n    raise RuntimeError('broken')\n"
        "try:\n    break_down('walk-pick-pack-ship-secret')\n"
        "except RuntimeError as error:\n    structlog.get_logger('x').error('bug', exc_info=error)\n"
    )
    environment = {
        "PATH": "", "PARCELYARD_VAR": str(config.var), "DATABASE_URL": config.database_url, "TRACKING_DATABASE_URL": config.tracking_database_url,
        "DISPATCH_DATABASE_URL": config.dispatch_database_url, "MIGRATION_DATABASE_URL": config.migration_database_url, "REDIS_URL": config.redis_url,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    written = done.stdout + done.stderr
    assert "RuntimeError" in written
    assert "walk-pick-pack-ship-secret" not in written.replace("break_down('walk", "")


@pytest.mark.parametrize("kind", ["pin", "badge"])
def test_the_floor_of_one_site_gives_no_way_in_to_people_of_another(
    db: Database, superuser: Any, kind: str
) -> None:
    here, far = make.site(db), make.site(db, code="FAR")
    worker = people.staff(db, "worker", here, badge="BADGE-000001", pin="4071")
    clerk = people.staff(db, "clerk")
    stored = text("SELECT kind, lookup, secret_hash FROM credentials ORDER BY 1, 2")
    before = superuser.execute(stored).all()
    superuser.rollback()
    put = "SELECT credential_put(:kind, :lookup, 'h', :user, NULL, :site, NULL, NULL, NULL)"
    for person in (worker, clerk):
        given = {"kind": kind, "lookup": str(person.id), "user": person.id, "site": far.id}
        with pytest.raises(DBAPIError, match="outside the floor"), db.transaction(AsFloor(far.id)) as session:
            run(session, put, given)
    assert superuser.execute(stored).all() == before


def test_a_merchant_reads_no_mail_that_lets_its_reader_in(db: Database) -> None:
    acme = make.merchant(db, make.site(db))
    for column in ("html", "text"):
        with (
            pytest.raises(DBAPIError, match="permission denied for table messages"),
            db.transaction(AsMerchant(acme)) as session,
        ):
            run(session, {"html": "SELECT html FROM messages", "text": "SELECT text FROM messages"}[column])


@pytest.fixture
def cut_off(app: Flask, superuser: Any) -> Any:
    """Throw every connection of the application out, as a restart of PostgreSQL does."""

    def cut() -> None:
        superuser.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        superuser.commit()

    return cut


def test_a_database_that_goes_away_is_a_moment_and_not_a_bug(
    app: Flask, db: Database, cut_off: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = make.merchant(db, make.site(db))
    owner = people.signed_in(app, people.member(db, acme))
    headers = {"Authorization": f"Bearer {people.token(db, acme)}"}
    real = orders.list_orders

    def cut_and_list(session: Any, *given: Any, **more: Any) -> Any:
        cut_off()
        return real(session, *given, **more)

    monkeypatch.setattr(orders, "list_orders", cut_and_list)
    monkeypatch.setattr(api_orders, "list_orders", cut_and_list)
    page = owner.get("/m/orders")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "away for a moment" in page.get_data(as_text=True)
    told = app.test_client().get("/api/v1/orders", headers=headers)
    assert (told.status_code, told.headers["Retry-After"], told.get_json()["code"]) == (503, "5", "away")


def test_an_answer_stands_when_the_database_goes_away_after_it(
    app: Flask, db: Database, cut_off: Any, superuser: Any
) -> None:
    acme = make.merchant(db, make.site(db))
    owner = people.signed_in(app, people.member(db, acme))
    app.after_request_funcs.setdefault(None, []).append(lambda response: (cut_off(), response)[1])
    superuser.execute(text("UPDATE credentials SET used_at = NULL WHERE kind = 'session'"))
    superuser.commit()
    assert owner.get("/m/orders").status_code == 200
