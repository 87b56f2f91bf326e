"""Where the built-in servers are reached, and the one error that they raise. Starts and checks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path


class EmbeddedError(Exception):
    """The built-in servers cannot be started or reached; the sentence says what to do about it."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of a running pair of servers. Both listen on Unix sockets only, so no port can be taken."""

    postgres_socket_dir: Path
    postgres_port: int
    redis_url: str

    def postgres_url(self, database: str, user: str) -> str:
        """Return SQLAlchemy's address of a database for a login; no password is needed on the private socket."""
        host = quote(str(self.postgres_socket_dir), safe="/")
        return f"postgresql+psycopg://{quote(user)}@/{quote(database)}?host={host}&port={self.postgres_port}"
