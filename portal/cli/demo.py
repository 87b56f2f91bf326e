"""`portal demo` and `portal stop`: everything on one machine, from nothing to a portal that one can sign in to."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from portal import embedded
from portal.cli import running
from portal.cli.errors import CommandError
from portal.cli.logs import configure_logs
from portal.cli.serving import require_free_port
from portal.config import Config, read_port, uses_built_in, var_folder
from portal.embedded import EmbeddedError
from portal.embedded.logs import news
from portal.kernel import migrate
from portal.kernel.db import Database

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

HOST = "127.0.0.1"
READY_WITHIN_S = 90


def demo(*, detach: bool, empty: bool, web_processes: int, threads: int, workers: int) -> int:
    """Start everything that does not run and print where to go; return when it can be used, or at Ctrl-C."""
    var, port = var_folder(), read_port()
    configure_logs(logging.WARNING)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with _alone(var):
        found = running.find_running(var)
        if found is not None:
            _say_that_it_runs(found, var)
            return 0
        require_free_port(HOST, port)
        servers_ran = uses_built_in() and embedded.status(var) is not None
        process: subprocess.Popen[bytes] | None = None
        try:
            config = _prepare(empty=empty)
            with _step("Starting web, dispatcher and workers"):
                arguments = f"run --host {HOST} --web-processes {web_processes} --threads {threads} --workers {workers}"
                process, offset = running.start(var, arguments.split(), base_url=config.base_url)
                _wait_until_ready(process, running.log_of(var), offset, port)
        except BaseException:
            _end(var, stop_servers=not servers_ran)
            raise
        print(f"\nParcelyard is ready: {config.base_url}\n")
        _print_sign_ins(var)
    if detach:
        print("It runs until `make stop` (or `portal stop`).")
        return 0
    return _wait_for_the_end(process, var)


def stop() -> int:
    """End what `portal demo` started, then the built-in servers; the data stays."""
    var = var_folder()
    found = running.find_running(var)
    servers_ran = _end(var, stop_servers=True)
    if found is not None:
        print(f"Parcelyard at {found.base_url} was stopped.")
    if servers_ran:
        print("The built-in PostgreSQL and Redis were stopped.")
    if found is None and not servers_ran:
        print(f"Nothing of {var} was running.")
    return 0


def _prepare(*, empty: bool) -> Config:
    if uses_built_in():
        with _step("Starting the built-in PostgreSQL and Redis"):
            config = Config.from_env()
    else:
        config = Config.from_env()
    from portal.demo.loading import is_loaded, load, was_cut_off

    if not empty and was_cut_off(config):
        if not uses_built_in():
            raise CommandError(
                "Loading the demo was cut off, and the half of it is in your own database. Drop and create that database, then run the same command again."
            )
        with _step("Dropping what an earlier, cut-off loading left"):
            migrate.drop_database(config.migration_database_url)
    with _step("Bringing the database up to date"):
        migrate.create_database(config.migration_database_url)
        migrate.upgrade(config.migration_database_url)
    if not empty and not is_loaded(config):
        with _step("Loading the demo's days", ends_with_own_lines=True):
            database = Database.from_config(config)
            load(database, config, say=lambda sentence: print(f"  {sentence}", flush=True))
            database.dispose()
    return config


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, offset: int, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(_why_it_ended(log, offset))
        if is_ready(port):
            return
        time.sleep(0.1)
    raise CommandError(
        f"The web server did not become ready within {READY_WITHIN_S} seconds; its log {log} says why. Run the same command again."
    )


def is_ready(port: int) -> bool:
    """Say whether the portal on this port can be used."""
    try:
        # The portal on this machine is asked directly, whatever proxy the environment names.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{HOST}:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _why_it_ended(log: Path, offset: int) -> str:
    sentences = [line for line in news(log, offset) if line and not line.startswith(("{", " ", "Traceback"))]
    last = sentences[-1].removeprefix("portal: ") if sentences else "nothing"
    return f"The portal did not start: it says “{last}” (log: {log})."


def _wait_for_the_end(process: subprocess.Popen[bytes], var: Path) -> int:
    code = -1
    try:
        # Said inside: who reads it may press at once.
        print("Ctrl-C stops it; the data stays.", flush=True)
        code = process.wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        print("\nStopping …", flush=True)
    _end(var, stop_servers=True)
    if code > 0:
        raise CommandError(f"The portal ended by itself; its log {running.log_of(var)} says why.")
    print("Stopped. The data stays; the same command goes on with it.")
    return 0


def _end(var: Path, *, stop_servers: bool) -> bool:
    """End what was started for later; return whether built-in servers were stopped too."""
    found = running.find_running(var)
    if found is not None:
        running.end(var, found)
    return stop_servers and uses_built_in() and embedded.stop(var)


def _say_that_it_runs(found: running.Running, var: Path) -> None:
    print(f"Parcelyard runs already: {found.base_url}\n")
    _print_sign_ins(var)
    print("`make stop` (or `portal stop`) stops it.")


def _print_sign_ins(var: Path) -> None:
    path = var / "demo.json"
    if not path.exists():
        print(
            "There is no demo data. `portal site add`, `portal merchant add` and `portal user add` make the first people.\n"
        )
        return
    known: dict[str, Any] = json.loads(path.read_text())
    columns = ("role", "email", "password", "badge", "pin")
    rows = [
        columns,
        *([str(person.get(name) or "") for name in columns] for person in known.get("people", [])),
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    for row in rows:
        print("  " + "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
    for link in known.get("tracking_links", [])[:1]:
        print(f"\n  A recipient's page: {link if isinstance(link, str) else link.get('url', '')}")
    print(f"\n  All sign-ins, API tokens and links: {path}\n")


@contextmanager
def _step(what: str, *, ends_with_own_lines: bool = False) -> Iterator[None]:
    print(f"{what} …", end="\n" if ends_with_own_lines else " ", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{'  done in ' if ends_with_own_lines else ''}{time.monotonic() - began:.1f} s", flush=True)


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    """Let one demo start at a time; the lock ends with its process."""
    folder = running.log_of(var).parent
    try:
        if not var.exists():
            var.mkdir(parents=True)
            # The built-in servers of root run as another user, who has to pass through.
            var.chmod(0o711)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"The folder {var} cannot be written ({(error.strerror or str(error)).lower()}); "
            "run Parcelyard as its owner, or set PARCELYARD_VAR to a folder that you may write."
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"Another `portal demo` is just starting on {var}; wait for it.") from None
        yield
    finally:
        os.close(descriptor)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
