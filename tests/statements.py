"""What a piece of work asks of the database: how many statements, and by which plans they are answered."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from portal.kernel.db import Database


@contextmanager
def heard(*engines: Engine) -> Iterator[list[tuple[str, object]]]:
    """Collect every statement and its parameters that these engines send inside the block."""
    sent: list[tuple[str, object]] = []

    def hear(_c: object, _u: object, statement: str, parameters: object, _x: object, _m: object) -> None:
        sent.append((statement, parameters))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", hear)


def statements_of(app: Flask, client: FlaskClient, path: str) -> int:
    """Return how many statements a page costs, sign-in and scope included."""
    db: Database = app.extensions["database"]
    with heard(db._app, db._tracking) as sent:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(sent)


def plans_of(session: Session, work: Callable[[Session], object]) -> list[str]:
    """Do the work, and return the plan of each statement that it sent, as the session's own role."""
    engine = session.connection().engine
    with heard(engine) as sent:
        work(session)
    return [
        "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters))  # type: ignore[arg-type]  # the driver's own parameters
        for statement, parameters in list(sent)
    ]
