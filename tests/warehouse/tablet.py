"""A tablet of the tests: enrolled by a lead, signed in on by badge, sending scans as forms or as its script does."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from portal.kernel.ids import new_id
from tests import make, people

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from portal.kernel.db import Database

BADGE, PIN = "BADGE-000001", "4071"


@dataclass(slots=True)
class Tablet:
    """A browser on the floor. `page` is what it shows."""

    client: FlaskClient
    page: str = ""
    status: int = 0
    path: str = ""
    sent: list[UUID] = field(default_factory=list[UUID])

    def get(self, path: str) -> str:
        """Open a page, following redirects."""
        return self._keep(self.client.get(path, follow_redirects=True))

    def _keep(self, answer: TestResponse) -> str:
        self.page, self.status, self.path = (
            answer.get_data(as_text=True),
            answer.status_code,
            answer.request.path,
        )
        return self.page

    def scan(self, code: str, scan_id: UUID | None = None) -> str:
        """Type a code into the screen's scan field and press Enter, without JavaScript."""
        form = self.page.partition('id="scan"')[2].partition("</form>")[0]
        assert form, f"{self.path} has no scan field"
        fields = hidden(form) | {"code": code}
        if scan_id is not None:
            fields["id"] = str(scan_id)
        action = html.unescape(form.partition('action="')[2].partition('"')[0])
        return self._keep(self.client.post(action, data=fields, follow_redirects=True))

    def press(self, word: str) -> str:
        """Press the button with this word on it."""
        for form in re.findall(r"<form.*?</form>", self.page, re.DOTALL):
            if re.search(rf"<button[^>]*>\s*(<[^>]*>)*\s*{re.escape(word)}", form):
                action = html.unescape(form.partition('action="')[2].partition('"')[0]) or self.path
                return self._keep(self.client.post(action, data=hidden(form), follow_redirects=True))
        raise AssertionError(f"{self.path} has no button {word!r}")

    def send(
        self, step: str, code: str, scan_id: UUID | None = None, **about: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a scan as the tablet's script does; return status and answer."""
        token = self.page.partition('name="csrf_token" value="')[2].partition('"')[0]
        body = {"id": str(scan_id or new_id()), "code": code, **about}
        answer = self.client.post(f"/s/scan/{step}", json=body, headers={"X-CSRFToken": token})
        return answer.status_code, answer.get_json()

    @property
    def datum(self) -> str:
        """What the screen says hugest."""
        found = re.search(
            r'class="(?:datum|datum words|pack-what|times|number)"[^>]*>\s*(.*?)\s*<', self.page, re.DOTALL
        )
        return html.unescape(found.group(1)) if found else ""


def hidden(form: str) -> dict[str, str]:
    """Return the hidden fields of a form."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if 'type="hidden"' in tag and name:
            found[name.group(1)] = html.unescape(value.group(1)) if value else ""
    return found


def enrolled(app: Flask, db: Database, site: make.Site3PL, *, email: str = "lead@operator.example") -> Tablet:
    """Let a lead enrol a tablet and sign out."""
    lead = people.staff(db, "lead", site, email=email)
    tablet = Tablet(people.signed_in(app, lead))
    tablet.get("/s/enrol")
    form = hidden(tablet.page.partition('id="typed"')[2].partition("</form>")[0]) | {"name": "Cart tablet 1"}
    tablet._keep(tablet.client.post("/s/enrol", data=form, follow_redirects=True))
    assert "This tablet is enrolled" in tablet.page, tablet.page
    tablet.get("/s/")
    tablet.press("Sign out")
    assert tablet.path == "/s/sign-in"
    return tablet


def at_work(app: Flask, db: Database, site: make.Site3PL) -> tuple[Tablet, people.Person]:
    """Return an enrolled tablet on which a worker has signed in by badge."""
    worker = people.staff(db, "worker", site, badge=BADGE, pin=PIN)
    tablet = enrolled(app, db, site)
    tablet.scan(BADGE)
    assert tablet.path == "/s/", tablet.page
    return tablet, worker
