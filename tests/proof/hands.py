"""Hands that work through HTTP while things break: a shop's machine, a merchant at a browser, a picker with a scanner.

Each asks again with the same key, file or scan id until it is answered, as a shop, a person and a tablet do.
"""

from __future__ import annotations

import http.client
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy.exc import DBAPIError

from portal.domain.picking.queries import find_open_batch, next_pick, totes_to_pack
from portal.domain.shipping.queries import packing_state, parcels_of_order, parcels_waiting
from portal.kernel.db import run
from portal.kernel.scopes import AsFloor
from tests import people

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.kernel.db import Database

PATIENCE_S = 180
TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
"""Answers after which the same request is sent again. A 500 is one: the database threw everybody out in the middle."""


@dataclass(slots=True)
class Browser:
    """A keeper of cookies that does not give up when the server is gone."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict[str, str])
    repeats: int = 0

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Send until there is an answer that is one; return status, where it leads, and the body."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = self._once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is not None and answer[0] not in TRY_AGAIN:
                return answer
            self.repeats += 1
            time.sleep(0.1)
        raise AssertionError(f"{method} {path} had no answer for {PATIENCE_S} s")

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body or None, {"Cookie": cookie, **headers})
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = header.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.headers.get("Location", ""), answer.read()
        finally:
            connection.close()

    def post_form(self, path: str, page: str, values: dict[str, str]) -> tuple[int, str, bytes]:
        """Open a page for its form's token, then post the values."""
        _, _, html = self.ask("GET", page)
        token = html.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
        body = urlencode(values | {"csrf_token": token}).encode()
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})


def post_orders(port: int, token: str, orders: list[dict[str, Any]]) -> Browser:
    """Send orders by API, one after another, each under its own key until it is accepted."""
    machine = Browser(port)
    for order in orders:
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": uuid.uuid4().hex,
            "Content-Type": "application/json",
        }
        status, _, body = machine.ask("POST", "/api/v1/orders", json.dumps(order).encode(), headers)
        assert status in (200, 201), body
    return machine


def import_file(port: int, email: str, data: bytes) -> Browser:
    """Sign in as a merchant, upload a file and confirm it, and confirm it again."""
    merchant = Browser(port)
    status, _, page = merchant.post_form(
        "/sign-in", "/sign-in", {"email": email, "password": people.PASSWORD}
    )
    assert status == 303, page
    _, _, html = merchant.ask("GET", "/m/imports")
    token = html.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    mark = uuid.uuid4().hex
    part = f"--{mark}\r\nContent-Disposition: form-data; name="
    parts = f'{part}"csrf_token"\r\n\r\n{token}\r\n{part}"file"; filename="o.csv"\r\n\r\n'
    body = parts.encode() + data + f"\r\n--{mark}--\r\n".encode()
    status, where, page = merchant.ask(
        "POST", "/m/imports", body, {"Content-Type": f"multipart/form-data; boundary={mark}"}
    )
    assert status == 303, page
    preview = where.removeprefix(f"http://127.0.0.1:{port}")
    for _ in range(2):
        status, _, page = merchant.post_form(f"{preview}/confirm", preview, {"unknown_skus": "leave"})
        assert status == 303, page
    return merchant


@dataclass(slots=True)
class Picker:
    """A worker on a tablet. Looks at the screen through the database's own queries, acts by scans alone."""

    port: int
    db: Database
    site_id: UUID
    worker_id: UUID
    codes: dict[UUID, str]
    """The barcode of each SKU."""
    tablet: Browser
    form_token: str = ""

    def come_in(self, device_secret: str, badge: str) -> None:
        """Scan the badge on the enrolled tablet."""
        self.tablet.cookies["device"] = device_secret
        status, _, page = self.tablet.post_form("/s/sign-in/badge", "/s/sign-in", {"code": badge})
        assert status == 303, page

    def _see(self, look: Callable[[Session], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with self.db.transaction(AsFloor(self.site_id, self.worker_id), read_only=True) as session:
                    return look(session)
            except DBAPIError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def scan(self, step: str, code: str, **about: str) -> dict[str, Any]:
        """Send a scan until it is answered; the same id each time."""
        body = json.dumps({"id": str(uuid.uuid4()), "code": code, **about}).encode()
        if not self.form_token:
            _, _, html = self.tablet.ask("GET", "/s/set-up")
            self.form_token = html.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-CSRFToken": self.form_token,
        }
        _, _, answer = self.tablet.ask("POST", f"/s/scan/{step}", body, headers)
        return json.loads(answer)

    def work(self) -> bool:
        """Do one thing: a scan of the open walk, a parcel, a label, or the start of a walk. False when there is nothing to do."""
        batch = self._see(lambda session: find_open_batch(session, self.site_id, self.worker_id))
        if batch is not None:
            pick = self._see(lambda session: next_pick(session, self.site_id, batch.id))
            if pick is not None:
                self.scan("pick", self.codes[pick.sku_id] if pick.place_scanned else pick.place_code)
            return True
        totes = self._see(lambda session: totes_to_pack(session, self.site_id))
        if totes:
            self._pack(totes[0])
            return True
        waiting = self._see(lambda session: parcels_waiting(session, self.site_id))
        if waiting:
            self.scan("ship", waiting[0].number)
            return True
        ready = self._see(
            lambda session: run(
                session, "SELECT count(*) FROM orders WHERE state = 'open' AND progress = 'ready'"
            )
        )
        if ready[0][0]:
            self.scan("pick", "CMD-DONE")
            return True
        return False

    def _pack(self, tote: Any) -> None:
        self.scan("totes", tote.code)
        parcels = self._see(lambda session: parcels_of_order(session, tote.merchant_id, tote.order_id))
        for parcel in parcels:
            if parcel.state == "packing":
                state = self._see(
                    lambda session, parcel=parcel: packing_state(session, tote.merchant_id, parcel.id)
                )
                for line in state.lines:
                    if line.missing:
                        self.scan("pack", self.codes[line.sku_id], parcel=parcel.number)
                        return
