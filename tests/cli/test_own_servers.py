"""A PostgreSQL of one's own, as docs/running.md sets it up: four logins, and none of them a superuser."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from portal.embedded import ensure_running, stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Installation

pytestmark = pytest.mark.slow

LOGINS = ("portal_migrate", "portal_app", "portal_public", "portal_dispatcher")


def _statements(root: Path) -> list[str]:
    """The statements that the page tells an administrator to run."""
    [block] = re.findall(r"```sql\n(.*?)```", (root / "docs" / "running.md").read_text(), re.DOTALL)
    return [statement.strip() for statement in block.split(";") if statement.strip()]


def test_the_page_about_own_servers_is_right(
    installation: Installation, request: pytest.FixtureRequest
) -> None:
    folder = installation.folder / "own"
    servers = ensure_running(folder, durable=False)
    try:
        engine = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in _statements(request.config.rootpath):
                connection.exec_driver_sql(statement)
            rows = (
                connection.execute(text("SELECT rolname FROM pg_roles WHERE rolsuper OR rolbypassrls"))
                .scalars()
                .all()
            )
        engine.dispose()
        assert rows == ["postgres"]
        names = ("MIGRATION_DATABASE_URL", "DATABASE_URL", "TRACKING_DATABASE_URL", "DISPATCH_DATABASE_URL")
        urls = {
            name: servers.postgres_url("parcelyard", login) for name, login in zip(names, LOGINS, strict=True)
        }
        installation.more = urls | {"REDIS_URL": servers.redis_url, "SECRET_KEY": uuid.uuid4().hex}

        before = installation.type("db status")
        assert before.returncode == 1
        assert before.stdout.startswith("The database is at nothing, the code at ")
        refused = installation.type("merchant add ACME Acme --support-email help@acme.example")
        assert refused.returncode == 2
        assert refused.stderr.endswith("run `portal db create` (or `portal db upgrade`) first.\n")

        for _ in range(2):
            made = installation.type("db create")
            assert (made.returncode, made.stderr) == (0, "")
        assert installation.type("db status").returncode == 0
        assert installation.type("check").returncode == 0

        assert (
            installation.type(
                "site add LEEDS Leeds --timezone Europe/London --address", "1 Dock Road"
            ).returncode
            == 0
        )
        assert installation.type("merchant add acme Acme --support-email help@acme.example").returncode == 0
        invited = installation.type("user add bob@acme.example Bob --role owner --merchant ACME")
        assert re.search(
            rf"^http://127\.0\.0\.1:{installation.port}/invitation/\S+$", invited.stdout, re.MULTILINE
        )
        again = installation.type("user add bob@acme.example Bob --role viewer --merchant ACME")
        assert (again.returncode, again.stdout) == (2, "")
        assert again.stderr == "portal: bob@acme.example is a member already. Change the role in the list.\n"
        nowhere = installation.type("user add eve@acme.example Eve --role owner --merchant RIVAL")
        assert nowhere.stderr == "portal: There is no merchant RIVAL; merchants: ACME.\n"
        assert installation.type("user add jo@acme.example Jo --role worker").returncode == 0

        installation.more["DATABASE_URL"] = urls["MIGRATION_DATABASE_URL"]
        unsafe = installation.type("serve")
        assert unsafe.returncode == 2
        assert unsafe.stderr.startswith(
            "portal: The database login portal_migrate owns tables, so nothing would keep"
        )
        assert not (installation.var / "postgres").exists()
    finally:
        stop(folder)
