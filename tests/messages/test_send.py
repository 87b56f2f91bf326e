"""Sending to a real mail server: once, later, never, or nobody knows; and never twice, whoever is killed when."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from portal.domain.messages.commands import LOST_AFTER_S, MOST_TRIES, resend_message
from portal.domain.messages.queries import MessageFilter, count_messages, list_messages
from portal.domain.messages.reactions import find_lost_messages
from portal.jobs import Courier
from portal.kernel import clock
from portal.kernel.errors import WrongStateError
from portal.kernel.scopes import AsDispatch, AsOffice
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.doubles.smtp_server import MailServerDouble

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mailing(config: Config, mail_server: MailServerDouble) -> Config:
    """The configuration with the mail server set."""
    return dataclasses.replace(config, smtp_url=mail_server.url, mail_from="parcels@operator.example")


@pytest.fixture
def order_id(db: Database) -> UUID:
    """An accepted order of somebody with an e-mail address."""
    site = make.site(db)
    merchant_id = make.merchant(db, site)
    return make.order(
        db,
        merchant_id,
        {make.sku(db, merchant_id): 1},
        number="#1001",
        email="ada@mail.example",
        allocated=False,
    )


def deliver(db: Database, config: Config) -> int:
    return Courier(db, config).deliver_due()


def rest_is_over(superuser: Any) -> None:
    """Let all news that rests after a failure be due now."""
    superuser.rollback()
    superuser.execute(
        text("UPDATE outbox SET not_before = now() - interval '1 second' WHERE done_at IS NULL")
    )
    superuser.commit()


def message(superuser: Any) -> Any:
    superuser.rollback()
    return superuser.execute(text("SELECT * FROM messages")).one()


def news(superuser: Any) -> Any:
    superuser.rollback()
    return superuser.execute(text("SELECT * FROM outbox WHERE event = 'MessageQueued'")).all()


def timeline(superuser: Any) -> list[str]:
    superuser.rollback()
    return list(
        superuser.execute(
            text("SELECT sentence FROM order_events WHERE kind LIKE 'message%' ORDER BY at, id")
        ).scalars()
    )


def test_a_message_is_sent_once(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any
):
    deliver(db, mailing)
    [mail] = mail_server.mails
    kept = message(superuser)
    assert (kept.state, kept.attempts, kept.error) == ("sent", 1, "")
    assert kept.sent_at is not None
    assert mail["Subject"] == kept.subject
    assert mail_server.hits == ["RCPT ada@mail.example", "DATA"]
    assert timeline(superuser) == ["Order confirmation sent to the recipient."]
    assert deliver(db, mailing) == 0
    assert len(mail_server.mails) == 1


def test_the_same_news_twice_writes_no_second_message(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any
):
    deliver(db, mailing)
    superuser.rollback()
    superuser.execute(text("DELETE FROM outbox_receipts"))
    superuser.execute(text("UPDATE outbox SET done_at = NULL"))
    superuser.commit()
    deliver(db, mailing)
    assert len(mail_server.mails) == 1
    assert message(superuser).state == "sent"
    assert timeline(superuser) == ["Order confirmation sent to the recipient."]


@pytest.mark.parametrize("mood", ["rcpt 451", "data 452"])
def test_not_now_is_tried_again_later(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any, mood: str
):
    mail_server.mood(mood)
    deliver(db, mailing)
    waiting = message(superuser)
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert mood.split()[1] in waiting.error
    assert mail_server.mails == []
    [row] = news(superuser)
    assert row.done_at is None
    assert row.error.startswith("NotNowError: The mail server 127.0.0.1 said: 45")
    assert deliver(db, mailing) == 0, "it rests"
    mail_server.mood("ok")
    rest_is_over(superuser)
    deliver(db, mailing)
    assert len(mail_server.mails) == 1
    sent = message(superuser)
    assert (sent.state, sent.attempts, sent.error) == ("sent", 2, "")
    assert timeline(superuser) == ["Order confirmation sent to the recipient."]


def test_a_server_that_is_gone_is_waited_for_and_given_up_after_ten_tries(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any
):
    gone = dataclasses.replace(mailing, smtp_url="smtp://127.0.0.1:1")
    for tries in range(1, MOST_TRIES + 1):
        deliver(db, gone)
        now = message(superuser)
        assert (now.state, now.attempts) == ("queued" if tries < MOST_TRIES else "failed", tries)
        rest_is_over(superuser)
    assert "cannot be used" in message(superuser).error
    assert [row.failed_at for row in news(superuser)] == [None], (
        "the message waits for a person, not the news"
    )
    assert timeline(superuser) == ["Order confirmation not sent: the mail server refused it."]


@pytest.mark.parametrize("mood", ["rcpt 550", "data 554"])
def test_a_refusal_is_final_until_a_person_sends_it_again(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any, mood: str
):
    mail_server.mood(mood)
    deliver(db, mailing)
    refused = message(superuser)
    assert refused.state == "failed"
    assert mood.split()[1] in refused.error
    assert [row.error for row in news(superuser)] == [""]
    hits = len(mail_server.hits)
    rest_is_over(superuser)
    assert deliver(db, mailing) == 0
    assert len(mail_server.hits) == hits
    mail_server.mood("ok")
    with db.transaction(AsOffice()) as session:
        resend_message(session, message_id=refused.id, mail_server=True, by=None, at=clock.now())
    deliver(db, mailing)
    [mail] = mail_server.mails
    assert message(superuser).state == "sent"
    assert mail["Message-ID"] == f"<{refused.id.hex}@operator.example>"
    with db.transaction(AsOffice()) as session, pytest.raises(WrongStateError):
        resend_message(session, message_id=refused.id, mail_server=True, by=None, at=clock.now())


def test_nobody_knows_when_the_connection_ends_after_the_text(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any
):
    mail_server.mood("close")
    deliver(db, mailing)
    assert message(superuser).state == "unknown"
    assert "may or may not" in message(superuser).error
    assert len(mail_server.mails) == 1
    mail_server.mood("ok")
    rest_is_over(superuser)
    deliver(db, mailing)
    assert len(mail_server.mails) == 1, "it is never sent again by itself"
    with db.transaction(AsOffice(), read_only=True) as session:
        rows, count = list_messages(session, MessageFilter(state="unknown"))
        assert (count, [row.order_number for row in rows]) == (1, ["#1001"])
        assert count_messages(session) == {"unknown": 1}


def test_a_worker_killed_while_sending_never_makes_two_mails(
    db: Database,
    mailing: Config,
    mail_server: MailServerDouble,
    order_id: UUID,
    superuser: Any,
    tmp_path: Path,
):
    mail_server.mood("hang")
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps(dataclasses.asdict(mailing), default=str))
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.messages.worker_program", str(settings)], cwd=ROOT
    )
    try:
        end = time.monotonic() + 30
        while not mail_server.mails:
            assert time.monotonic() < end, "the worker did not come to the mail server"
            time.sleep(0.05)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    mail_server.mood("ok")
    assert message(superuser).state == "sending"
    superuser.execute(text("UPDATE outbox SET leased_until = NULL"))
    superuser.commit()
    deliver(db, mailing)
    assert len(mail_server.mails) == 1
    assert message(superuser).state == "sending", "the next worker leaves it alone"
    assert find_lost_messages(db, mailing) == 0, "it may still be on its way"
    with clock.frozen(clock.now() + timedelta(seconds=LOST_AFTER_S + 1)):
        assert find_lost_messages(db, mailing) == 1
        assert find_lost_messages(db, mailing) == 0
    assert message(superuser).state == "unknown"
    rest_is_over(superuser)
    deliver(db, mailing)
    assert len(mail_server.mails) == 1
    assert timeline(superuser) == [
        "Order confirmation may or may not have been sent; look at the message log."
    ]


def test_without_a_mail_server_messages_are_kept_and_can_go_out_later(
    db: Database,
    config: Config,
    mailing: Config,
    mail_server: MailServerDouble,
    order_id: UUID,
    superuser: Any,
):
    deliver(db, config)
    kept = message(superuser)
    assert (kept.state, kept.attempts, kept.sent_at) == ("kept", 0, None)
    assert timeline(superuser) == [
        "Order confirmation written and kept; no mail server is set, so it was not sent."
    ]
    with db.transaction(AsOffice()) as session, pytest.raises(WrongStateError, match="SMTP_URL"):
        resend_message(session, message_id=kept.id, mail_server=False, by=None, at=clock.now())
    with db.transaction(AsOffice()) as session:
        resend_message(session, message_id=kept.id, mail_server=True, by=None, at=clock.now())
    deliver(db, mailing)
    assert len(mail_server.mails) == 1
    assert message(superuser).state == "sent"


def test_an_address_that_is_none_fails_before_the_server_hears_of_it(
    db: Database, mailing: Config, mail_server: MailServerDouble, superuser: Any
):
    merchant_id = make.merchant(db, make.site(db))
    make.order(db, merchant_id, {make.sku(db, merchant_id): 1}, email="see phone", allocated=False)
    deliver(db, mailing)
    assert message(superuser).state == "failed"
    assert "incomplete" in message(superuser).error
    assert mail_server.hits == []


def test_news_of_one_message_lost_between_two_workers_is_done_by_one(
    db: Database, mailing: Config, mail_server: MailServerDouble, order_id: UUID, superuser: Any
):
    """Two workers that were handed the same row at the same time speak to the server once."""
    deliver(db, dataclasses.replace(mailing, smtp_url="smtp://127.0.0.1:1"))
    rest_is_over(superuser)
    with db.transaction(AsDispatch()) as session:
        [row] = [r.id for r in session.execute(text("SELECT id FROM outbox WHERE done_at IS NULL"))]
    Courier(db, mailing).deliver(row)
    Courier(db, mailing).deliver(row)
    assert len(mail_server.mails) == 1
