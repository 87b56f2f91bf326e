"""A row's way through its reactions: receipts, retries, giving up, unknown news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.domain.orders.events import OrderAccepted
from portal.jobs import Courier, describe, revive
from portal.kernel import deliveries, outbox
from portal.kernel.errors import NotFoundError
from portal.kernel.scopes import AsDispatch, AsMerchant, AsOffice
from tests import make
from tests.jobs.news import NEWS, CupSpoken, KettleBroke, TeaBrewed

if TYPE_CHECKING:
    from portal.config import Config
    from portal.kernel.db import Database


@pytest.fixture
def acme(db: Database) -> UUID:
    """A merchant."""
    return make.merchant(db, make.site(db))


@pytest.fixture
def courier(db: Database, config: Config) -> Courier:
    """A courier that knows the tests' news."""
    config.var.mkdir(parents=True)
    return Courier(db, config, reactions=NEWS)


def row(superuser: Any) -> Any:
    superuser.rollback()
    return superuser.execute(text("SELECT * FROM outbox")).one()


def notes(superuser: Any) -> list[tuple[UUID, str, str]]:
    superuser.rollback()
    return [
        tuple(r)
        for r in superuser.execute(
            text("SELECT merchant_id, action, subject FROM audit_entries ORDER BY at, id")
        )
    ]


def tell(db: Database, event: Any) -> None:
    with db.transaction(AsMerchant(event.merchant_id)) as session:
        outbox.record(session, event)


def test_each_reaction_runs_once_in_the_scope_of_its_merchant(
    db: Database, courier: Courier, acme: UUID, superuser: Any
) -> None:
    tell(db, TeaBrewed(acme, "blue"))
    assert courier.deliver_due() == 1
    assert notes(superuser) == [(acme, "pour", "blue"), (acme, "stir", "blue")]
    done = row(superuser)
    assert (done.attempts, done.error, done.failed_at) == (1, "", None)
    assert done.done_at is not None
    courier.deliver(done.id)
    assert courier.deliver_due() == 0
    assert len(notes(superuser)) == 2


def test_what_was_rolled_back_is_never_told(
    db: Database, courier: Courier, acme: UUID, superuser: Any
) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction(AsMerchant(acme)) as session:
        outbox.record(session, TeaBrewed(acme, "blue"), TeaBrewed(acme, str(1 // 0)))
    assert courier.deliver_due() == 0
    assert notes(superuser) == []


def test_a_failing_reaction_keeps_nothing_and_rests_and_the_others_are_not_repeated(
    db: Database, courier: Courier, acme: UUID, superuser: Any
) -> None:
    tell(db, KettleBroke(acme))
    courier.deliver_due()
    assert notes(superuser) == [(acme, "stir", "none")]
    resting = row(superuser)
    assert (resting.attempts, resting.done_at, resting.failed_at, resting.leased_until) == (
        1,
        None,
        None,
        None,
    )
    assert resting.error == "RuntimeError: the kettle is broken"
    assert 0 < (resting.not_before - resting.created_at).total_seconds() < 3
    assert courier.deliver_due() == 0, "it rests"
    courier.deliver(resting.id)
    assert notes(superuser) == [(acme, "stir", "none")]
    assert row(superuser).attempts == 2


def test_after_ten_tries_it_waits_for_a_person_who_can_send_it_again(
    db: Database, courier: Courier, acme: UUID, superuser: Any
) -> None:
    tell(db, KettleBroke(acme))
    outbox_id = row(superuser).id
    for attempt in range(1, deliveries.MAX_ATTEMPTS + 1):
        assert row(superuser).failed_at is None, attempt
        courier.deliver(outbox_id)
    assert deliveries.MAX_ATTEMPTS == 10
    assert row(superuser).failed_at is not None
    courier.deliver(outbox_id)
    assert row(superuser).attempts == 10, "given-up news is left alone"
    with db.transaction(AsOffice(), read_only=True) as session:
        rows, total = deliveries.stuck(session)
        assert (total, rows[0].event, rows[0].merchant_name, rows[0].error) == (
            1,
            "KettleBroke",
            "Acme Goods",
            "RuntimeError: the kettle is broken",
        )
        assert deliveries.count_failed(session) == 1
    with db.transaction(AsOffice()) as session:
        deliveries.try_again(session, outbox_id)
    again = row(superuser)
    assert (again.failed_at, again.attempts, again.error) == (None, 0, "")
    assert courier.deliver_due() == 1
    with db.transaction(AsOffice()) as session, pytest.raises(NotFoundError):
        deliveries.try_again(session, acme)


def test_unknown_news_fails_at_once_with_a_sentence(
    db: Database, courier: Courier, acme: UUID, superuser: Any
) -> None:
    tell(db, OrderAccepted(acme, acme))
    courier.deliver_due()
    failed = row(superuser)
    assert failed.failed_at is not None
    assert failed.error.startswith("Nothing here knows the news OrderAccepted.")


def test_speaking_is_not_repeated_once_it_has_its_receipt(
    db: Database, courier: Courier, config: Config, acme: UUID, superuser: Any
) -> None:
    tell(db, CupSpoken(acme))
    courier.deliver_due()
    courier.deliver(row(superuser).id)
    assert (config.var / "said").read_text() == "said\n"
    assert row(superuser).done_at is not None


def test_the_dispatcher_cannot_read_what_the_news_says(db: Database, acme: UUID) -> None:
    tell(db, TeaBrewed(acme, "blue"))
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"), db.transaction(AsDispatch()) as session:
        session.execute(text("SELECT payload FROM outbox"))


def test_an_error_of_the_database_is_kept_without_the_values() -> None:
    from sqlalchemy.exc import IntegrityError

    class Diagnosis:
        message_primary = "duplicate key"

    class RefusalError(Exception):
        diag = Diagnosis()

    assert (
        describe(IntegrityError("INSERT …", {"email": "ada@example.org"}, RefusalError()))
        == "The database refused: duplicate key"
    )


def test_events_come_back_with_their_types(db: Database, acme: UUID) -> None:
    event = TeaBrewed(acme, "blue")
    assert revive(TeaBrewed, {"merchant_id": str(acme), "cup": "blue", "added_later": 1}) == event


def test_without_receipts_the_same_news_would_be_told_twice(
    db: Database, courier: Courier, acme: UUID, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: it is the receipt that keeps a reaction from running again."""
    monkeypatch.setattr(deliveries, "write_receipt", lambda *_: None)
    tell(db, TeaBrewed(acme, "blue"))
    courier.deliver_due()
    courier.deliver(row(superuser).id)
    assert [subject for _, action, subject in notes(superuser) if action == "pour"] == ["blue", "blue"]
