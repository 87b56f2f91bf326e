"""News that did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from tests.office.conftest import page, send, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from tests.office.conftest import House


def test_given_up_news_is_tried_again_by_one_click(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    assert "Everything arrived" in words(page(clerk, "/o/news"))
    superuser.execute(
        text(
            "UPDATE outbox SET attempts = 10, failed_at = now(), error = 'OSError: disk <full>' "
            "WHERE id = (SELECT min(id::text)::uuid FROM outbox)"
        )
    )
    superuser.commit()
    html = page(clerk, "/o/news?view=given-up")
    assert "Acme Goods" in words(html)
    assert "10 OSError: disk <full> Given up" in words(html)
    assert "disk &lt;full&gt;" in html
    assert "1 News given up" in words(page(clerk, "/o/"))
    [news] = superuser.execute(text("SELECT id FROM outbox WHERE failed_at IS NOT NULL")).scalars()
    superuser.rollback()
    assert send(clerk, f"/o/news/{news}/try-again", "/o/news").status_code == 303
    row = superuser.execute(
        text("SELECT attempts, failed_at, error FROM outbox WHERE id = :id"), {"id": news}
    ).one()
    assert row == (0, None, "")
    assert "Everything arrived" in words(page(clerk, "/o/news"))


def test_news_that_arrived_in_the_meantime_is_left_alone(clerk: FlaskClient, house: House) -> None:
    assert send(clerk, f"/o/news/{uuid4()}/try-again", "/o/news").status_code == 404
