"""Files beyond the limit, through the real server: a page comes back, and the server's memory stays where it was."""

from __future__ import annotations

import http.client
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from portal.kernel.db import run
from portal.kernel.scopes import AsOffice
from tests.merchants.shop import COLUMNS, shop
from tests.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.kernel.db import Database
    from tests.browser import Live

pytestmark = pytest.mark.slow
MB = 1024 * 1024


class Visitor:
    """A browser that keeps cookies and can send a body piece by piece."""

    def __init__(self, live: Live) -> None:
        self.host, self.cookies = live.base_url.removeprefix("http://"), dict[str, str]()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, headers | {"Cookie": cookies})  # type: ignore[arg-type]  # any iterable of bytes is sent in chunks
        answer = connection.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, answer.headers.get("Location", ""), page

    def token(self, path: str) -> str:
        return re.findall(r'name="csrf_token" value="([^"]+)"', self.ask("GET", path)[2])[0]

    def sign_in(self, email: str) -> None:
        form = urlencode({"email": email, "password": PASSWORD, "csrf_token": self.token("/sign-in")})
        status, _, page = self.ask(
            "POST", "/sign-in", form, **{"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert status == 303, page

    def upload(self, size: int, *, chunked: bool = False) -> tuple[int, str, float]:
        """Send a file of so many bytes without holding it; return the status, the page and the seconds it took."""
        head = (
            f'--part\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token("/m/imports")}\r\n'
            f'--part\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\n\r\n{",".join(COLUMNS)}\n'
        ).encode()
        tail = b"\r\n--part--\r\n"

        def pieces() -> Iterator[bytes]:
            yield head
            line = b"x," * (MB // 2)
            for _ in range(size // MB):
                yield line
            yield tail

        headers = {"Content-Type": "multipart/form-data; boundary=part"}
        if not chunked:
            headers["Content-Length"] = str(len(head) + size // MB * MB + len(tail))
        begun = time.monotonic()
        status, _, page = self.ask("POST", "/m/imports", pieces(), **headers)
        return status, page, time.monotonic() - begun


def peak_mb(pid: int) -> int:
    """Return the most memory that any process of a server has held, in MB."""
    peaks: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
        except OSError:
            continue
        if folder.name == str(pid) or f"PPid:\t{pid}\n" in status:
            peaks += [int(found) // 1024 for found in re.findall(r"VmHWM:\s+(\d+) kB", status)]
    return max(peaks)


def test_a_file_of_200_mb_gets_its_page_and_costs_no_memory(live: Live, db: Database) -> None:
    here = shop(db)
    visitor = Visitor(live)
    visitor.sign_in(here.owner.email)
    visitor.ask("GET", "/m/")
    before = peak_mb(live.pid)
    for chunked in (False, True):
        status, page, seconds = visitor.upload(200 * MB, chunked=chunked)
        assert status == 413
        assert "<h1>Too large</h1>" in page
        assert "files up to 50 MB for orders" in page
        assert seconds < 30
    assert peak_mb(live.pid) - before < 70, "less than one allowed file"
    assert visitor.ask("GET", "/m/imports")[0] == 200
    with db.transaction(AsOffice(), read_only=True) as session:
        assert run(session, "SELECT count(*) FROM imports")[0][0] == 0


def test_a_file_of_30_mb_is_read_and_refused_for_what_it_is(live: Live, db: Database) -> None:
    here = shop(db)
    visitor = Visitor(live)
    visitor.sign_in(here.owner.email)
    status, page, _ = visitor.upload(30 * MB)
    assert status == 422
    assert "There is a problem with this file" in page


def test_strangers_may_not_send_as_much(live: Live) -> None:
    visitor = Visitor(live)
    visitor.token("/sign-in")
    body = b"x" * (11 * MB)
    assert (
        visitor.ask("POST", "/m/imports", body, **{"Content-Type": "multipart/form-data; boundary=part"})[0]
        == 413
    )
