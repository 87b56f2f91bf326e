"""Transactions under a scope, and the naming of everything in the database. The only maker of engines and sessions."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy import CursorResult, DateTime, MetaData, Text, Uuid, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Session

from portal.kernel.scopes import AsDispatch, AsTracking, Scope, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Engine, Row

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model: one metadata, names by convention, text without lengths, instants with zones."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {str: Text(), datetime: DateTime(timezone=True), UUID: Uuid()}  # noqa: RUF012 (SQLAlchemy's own contract)


class UnsafeLoginError(Exception):
    """A login could see past the walls between merchants; the sentence names it and what to do."""


class Logins(Protocol):
    """What `Database` needs of a configuration."""

    @property
    def database_url(self) -> str:
        """The login that serves."""
        ...

    @property
    def tracking_database_url(self) -> str:
        """The login of the public tracking door."""
        ...

    @property
    def dispatch_database_url(self) -> str:
        """The login of the dispatcher."""
        ...


class Database:
    """The logins of one installation. Each opens transactions only in the roles that it may become."""

    def __init__(self, url: str, *, tracking_url: str, dispatch_url: str, pool_size: int = 10) -> None:
        """Take the addresses of the three logins; connections are opened when first needed.

        Every connection is refused with `UnsafeLoginError` whose login the walls do not hold.
        """
        self._app = _engine(url, pool_size)
        self._tracking = _engine(tracking_url, pool_size)
        self._dispatch = _engine(dispatch_url, 2)
        for engine in (self._app, self._tracking, self._dispatch):
            event.listen(engine, "connect", _refuse_unsafe_login)

    @classmethod
    def from_config(cls, config: Logins) -> Database:
        """Open the logins that a configuration names."""
        return cls(
            config.database_url,
            tracking_url=config.tracking_database_url,
            dispatch_url=config.dispatch_database_url,
        )

    def refuse_unsafe_logins(self) -> None:
        """Open a connection of each login, so that an unsafe one stops the start and not the first request."""
        try:
            for engine in (self._app, self._tracking, self._dispatch):
                engine.connect().close()
        except UnsafeLoginError:
            self.dispose()
            raise

    @contextmanager
    def job(self, scope: AsDispatch) -> Iterator[Session]:
        """Open a worker's transaction: it locks an outbox row as the dispatcher, then `enter`s the row's own scope."""
        with Session(self._app, expire_on_commit=False) as session, session.begin():
            enter(session, scope)
            yield session

    @contextmanager
    def transaction(self, scope: Scope, *, read_only: bool = False) -> Iterator[Session]:
        """Open one transaction in the scope's role; commit at the end of the block, roll back on any error.

        One statement sets role and settings, local to the transaction, so a pooled connection forgets them.
        """
        with Session(self._engine_for(scope), expire_on_commit=False) as session, session.begin():
            enter(session, scope, read_only=read_only)
            yield session

    def dispose(self, *, close: bool = True) -> None:
        """Give up all pooled connections; `close=False` in a forked child that must not touch its parent's."""
        for engine in (self._app, self._tracking, self._dispatch):
            engine.dispose(close=close)

    def _engine_for(self, scope: Scope) -> Engine:
        if isinstance(scope, AsTracking):
            return self._tracking
        return self._dispatch if isinstance(scope, AsDispatch) else self._app


def enter(session: Session, scope: Scope, *, read_only: bool = False) -> None:
    """Take the scope's role and settings for the rest of the open transaction."""
    values = {"role": scope.role, **settings_of(scope)}
    if read_only:
        values["transaction_read_only"] = "on"
    calls = ", ".join(f"set_config(:n{i}, :v{i}, true)" for i in range(len(values)))
    parameters: dict[str, str] = {}
    for i, (name, value) in enumerate(values.items()):
        parameters |= {f"n{i}": name, f"v{i}": value}
    session.execute(text("SELECT " + calls), parameters)
    session.info["scope"] = scope


def run(
    session: Session, sql: str, parameters: Mapping[str, Any] | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Run one constant SQL statement with bound parameters and return its rows (none for a plain write)."""
    result = session.execute(text(sql), dict(parameters or {}))
    return result.all() if isinstance(result, CursorResult) and result.returns_rows else []


@contextmanager
def snapshot(url: str, scope: Scope) -> Iterator[Session]:
    """Open one transaction on the login at `url` that writes nothing and sees one instant of the database throughout."""
    engine = create_engine(
        url, isolation_level="REPEATABLE READ", hide_parameters=True, connect_args={"connect_timeout": 10}
    )
    try:
        with Session(engine) as session, session.begin():
            enter(session, scope, read_only=True)
            yield session
    finally:
        engine.dispose()


_UNSAFE = """
SELECT current_user,
  CASE WHEN r.rolsuper THEN 'is a superuser'
       WHEN r.rolbypassrls THEN 'may bypass row-level security (BYPASSRLS)'
       WHEN EXISTS (SELECT 1 FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace
                    AND pg_has_role(r.oid, c.relowner, 'MEMBER')) THEN 'owns tables'
  END
FROM pg_roles r WHERE r.rolname = current_user
"""


def _refuse_unsafe_login(connection: Any, record: object) -> None:  # noqa: ANN401 (whatever the driver calls a connection)
    """Look at a fresh connection's login: PostgreSQL asks neither superusers nor owners about rows."""
    login, why = connection.execute(_UNSAFE).fetchone()
    connection.rollback()
    if why:
        connection.close()
        raise UnsafeLoginError(
            f"The database login {login} {why}, so nothing would keep one merchant's rows from another; "
            "use the logins that docs/running.md lists (portal_app, portal_public, portal_dispatcher)."
        )


def _engine(url: str, pool_size: int) -> Engine:
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
    )
