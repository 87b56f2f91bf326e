"""The built-in PostgreSQL and Redis of one machine: started once, kept in one folder, shared by whoever asks.

Serves the demo, the tests and a small shop. It knows nothing of tables, roles or jobs, and nothing here is imported
where `DATABASE_URL` and `REDIS_URL` name real servers.
"""

from portal.embedded.addresses import EmbeddedError, Servers
from portal.embedded.lifecycle import ensure_running, status, stop

__all__ = ["EmbeddedError", "Servers", "ensure_running", "status", "stop"]
