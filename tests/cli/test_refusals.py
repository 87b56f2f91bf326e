"""What cannot be done is one sentence on the error stream and exit code 2; never a trace for a known cause."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from portal import create_app
from portal.kernel.db import Database, UnsafeLoginError
from tests.cli.conftest import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Config
    from tests.cli.conftest import Installation

POSTGRES = "postgresql://portal_app@127.0.0.1:1/parcelyard"
OWN = {
    "DATABASE_URL": POSTGRES, "TRACKING_DATABASE_URL": POSTGRES, "DISPATCH_DATABASE_URL": POSTGRES, "MIGRATION_DATABASE_URL": POSTGRES,
    "REDIS_URL": "redis://127.0.0.1:1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "line", "sentence"),
    [
        (
            {"PORT": "http"},
            "db status",
            "PORT is 'http'; set it to a number from 1 to 65535, or leave it out for 8000.",
        ),
        (
            {"PROXY_HOPS": "-1"},
            "db status",
            "PROXY_HOPS is '-1'; set it to a number from 0 to 9, or leave it out for 0.",
        ),
        (
            {"SMTP_URL": "mail.example:25"},
            "db status",
            "SMTP_URL has to look like smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465.",
        ),
        (
            {"REDIS_URL": "redis://127.0.0.1:1"},
            "check",
            "REDIS_URL is set but DATABASE_URL is not. Set both to use your own servers, or neither for the built-in ones.",
        ),
        (
            {"DATABASE_URL": POSTGRES, "REDIS_URL": "redis://127.0.0.1:1"},
            "check",
            (
                "DATABASE_URL is set, so TRACKING_DATABASE_URL and DISPATCH_DATABASE_URL and MIGRATION_DATABASE_URL must be set too: "
                "each login can take other roles (docs/running.md has an example)."
            ),
        ),
        (
            OWN,
            "servers start",
            "DATABASE_URL names a server of your own, so the built-in ones are not used; unset DATABASE_URL and REDIS_URL to use them.",
        ),
    ],
)
def test_a_setting_that_does_not_fit(
    installation: Installation, settings: dict[str, str], line: str, sentence: str
) -> None:
    installation.more = settings
    done = installation.type(line)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"portal: {sentence}\n")
    assert not (installation.var / "postgres").exists()


def test_a_database_that_is_away(installation: Installation) -> None:
    installation.more = OWN
    done = installation.type("db status")
    assert done.returncode == 2
    assert done.stderr.startswith("portal: The database cannot be reached (connection")
    assert done.stderr.endswith("; start it, or mend the database addresses.\n")
    assert done.stderr.count("\n") == 1


def test_a_database_address_that_cannot_be_read(installation: Installation) -> None:
    installation.more = OWN | {"MIGRATION_DATABASE_URL": "my database"}
    done = installation.type("db status")
    assert done.returncode == 2
    assert "write it as postgresql://login:password@host:5432/database." in done.stderr
    assert done.stderr.count("\n") == 1


def test_data_of_another_postgresql(installation: Installation) -> None:
    data = installation.var / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    for line in ("servers start", "demo --detach", "check"):
        done = installation.type(line)
        assert done.returncode == 2
        assert (
            f"portal: The data in {data} was written by PostgreSQL 16, but this version of Parcelyard runs 18;"
            in done.stderr
        )
        assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in data.iterdir()) == ["PG_VERSION"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk(installation: Installation) -> None:
    small = installation.folder / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=8m,mode=755 tmpfs {small} 2>/dev/null") != 0:  # noqa: S605 (our own folder)
        pytest.skip("this container may not mount")
    try:
        installation.more = {"PARCELYARD_VAR": str(small / "var")}
        done = installation.type("servers start")
        assert done.returncode == 2
        assert done.stderr == (
            f"portal: The disk that holds {small}/var/postgres is full; free at least 200 MB there, "
            "or set PARCELYARD_VAR to a folder on another disk, then run the same command again.\n"
        )
    finally:
        os.system(f"umount {small}")  # noqa: S605 (our own folder)


def test_a_port_that_somebody_has(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        installation.port = somebody.getsockname()[1]
        done = installation.type("demo --detach --empty")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"portal: Port {installation.port} on 127.0.0.1 cannot be used (address already in use);"
    )
    assert not (installation.var / "postgres").exists()


def test_help_is_there_and_an_unknown_command_is_refused(installation: Installation) -> None:
    assert "portal demo" in installation.type("--help").stdout
    told = installation.type("user add --help").stdout
    assert "prints the link where no mail server is set" in " ".join(told.split())
    assert installation.type("deliver").returncode == 2
    assert installation.type("worker --processes 0").returncode == 2
    assert not installation.var.exists()


@pytest.fixture
def login(config: Config, superuser) -> Iterator[str]:
    """A login without rights of its own."""
    name = f"odd_{os.getpid()}"
    superuser.execute(text(f"CREATE ROLE {name} LOGIN"))
    superuser.commit()
    yield name
    superuser.rollback()
    superuser.execute(text(f"DROP OWNED BY {name} CASCADE"))
    superuser.execute(text(f"DROP ROLE {name}"))
    superuser.commit()


def test_the_application_does_not_start_as_superuser(config: Config) -> None:
    for name in ("database_url", "tracking_database_url", "dispatch_database_url"):
        with pytest.raises(
            UnsafeLoginError, match="The database login postgres is a superuser, so nothing would keep"
        ):
            create_app(dataclasses.replace(config, **{name: config.migration_database_url}))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("ALTER ROLE {login} BYPASSRLS", "may bypass row-level security"),
        ("CREATE TABLE public.own (n int); ALTER TABLE own OWNER TO {login}", "owns tables"),
        ("GRANT portal_owner TO {login} WITH INHERIT FALSE, SET TRUE", "owns tables"),
    ],
)
def test_nor_as_a_login_that_sees_past_the_walls(
    config: Config, login: str, superuser, statement: str, why: str
) -> None:
    url = config.database_url.replace("//portal_app@", f"//{login}@")
    odd = dataclasses.replace(config, database_url=url)
    database = Database.from_config(odd)
    database.refuse_unsafe_logins()
    database.dispose()
    superuser.execute(text(statement.format(login=login)))
    superuser.commit()
    with pytest.raises(UnsafeLoginError, match=f"The database login {login} {why}"):
        Database.from_config(odd).refuse_unsafe_logins()
    count = text("SELECT count(*) FROM pg_stat_activity WHERE usename = :name")

    def all_gone() -> bool:
        # PostgreSQL shows a transaction the same activity for as long as it lasts, so each look is a new one.
        superuser.rollback()
        return superuser.execute(count, {"name": login}).scalar() == 0

    wait_for(all_gone)
