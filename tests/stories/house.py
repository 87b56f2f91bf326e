"""The house that the stories are played in: an operator, Acme, their people, and everything that runs behind the screens.

Web server, dispatcher, worker and mail server are processes of their own, on this test's database.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pytest

from portal.cli.checking import compare_all
from portal.kernel.db import run
from portal.kernel.scopes import AsDispatch, AsOffice
from tests import make, people
from tests.browser import ROOT, serving
from tests.doubles import smtp_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.browser import Live

BARCODES = {"TEA-EG": "5012345000015", "MUG-BL": "5012345000022", "TWL-BATH": "5012345000039"}
"""Acme's goods; tea and mugs are in stock, bath towels are not."""
BADGE = "NS-BADGE-0007"


@dataclass(frozen=True, slots=True)
class House:
    """A working operator, and what a story may look at behind the screens."""

    live: Live
    db: Database
    mail: smtp_server.MailServerDouble
    site: make.Site3PL
    acme: UUID
    owner: people.Person
    lead: people.Person
    worker: people.Person
    clerk: people.Person

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Return what is stored, as the office may read it."""
        with self.db.transaction(AsOffice(), read_only=True) as session:
            return [tuple(row) for row in run(session, sql)]

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return the mails that arrived for somebody, in order."""
        return [mail for mail in self.mail.mails if mail["To"].addresses[0].addr_spec == address]

    def wait_for(self, what: str, done: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until the processes behind the screens have come so far."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"Still not so after {seconds} s: {what}"
            time.sleep(0.05)

    def comes_to_rest(self) -> None:
        """Wait until all news is delivered."""

        def is_quiet() -> bool:
            with self.db.transaction(AsDispatch(), read_only=True) as session:
                [(open_rows,)] = run(session, "SELECT count(*) FROM outbox WHERE done_at IS NULL")
            return open_rows == 0

        self.wait_for("all news is delivered", is_quiet)

    def nothing_doubled_or_lost(self) -> None:
        """Assert that every mail arrived once and every kept figure agrees with what it follows from."""
        self.comes_to_rest()
        arrived = Counter(mail["Message-ID"] for mail in self.mail.mails)
        assert set(arrived.values()) == {1}
        assert self.ask("SELECT state, count(*)::int FROM messages GROUP BY 1") == [("sent", len(arrived))]
        assert [(one.what, one.differing) for one in compare_all(self.live.config) if one.differing] == []


@contextmanager
def behind(config: Config) -> Iterator[None]:
    """Run a dispatcher and a worker, as `portal dispatch` and `portal worker` do."""
    given = json.dumps(asdict(config) | {"var": str(config.var)}).encode()
    processes: list[subprocess.Popen[bytes]] = []
    with (config.var / "behind.log").open("ab") as log:
        try:
            for what in ("dispatch", "work"):
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.stories.round_program", what], cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log
                )  # fmt: skip
                processes.append(process)
                assert process.stdin is not None
                process.stdin.write(given)
                process.stdin.close()
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@pytest.fixture
def house(db: Database, config: Config, tmp_path: Path) -> Iterator[House]:
    """Open the house: places and people, tea and mugs in their bins, no order yet."""
    site = make.site(db)
    acme = make.merchant(db, site)
    skus = {code: make.sku(db, acme, code, barcode=barcode) for code, barcode in BARCODES.items()}
    make.stock(db, site, acme, skus["TEA-EG"], 20)
    make.stock(db, site, acme, skus["MUG-BL"], 10, bin_number=1)
    owner = people.member(db, acme, "owner", email="olive@acme.example")
    lead = people.staff(db, "lead", site, email="lena@operator.example")
    worker = people.staff(db, "worker", site, email="walt@operator.example", badge=BADGE, pin="4071")
    clerk = people.staff(db, "clerk", email="carl@operator.example")
    with smtp_server.running(tmp_path / "mail") as mail:
        mailing = replace(config, smtp_url=mail.url, mail_from="parcels@operator.example")
        with serving(mailing, processes=2) as live, behind(live.config):
            yield House(live, db, mail, site, acme, owner, lead, worker, clerk)
