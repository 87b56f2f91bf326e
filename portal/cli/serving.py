"""The long-running commands: web server, dispatcher, worker. Each ends at a signal, and with its keeper if it has one."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

from portal.cli.errors import CommandError
from portal.kernel.db import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from portal.config import Config


LONGEST_SILENCE_S = 10
"""How long a caller may send or take nothing in the middle of a request."""


def serve(config: Config, *, host: str, processes: int, threads: int) -> None:
    """Serve the web application on `host` and the configured port until a signal ends it."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.workers.gthread import ThreadWorker

    require_free_port(host, config.port)
    database = Database.from_config(config)
    database.refuse_unsafe_logins()
    database.dispose()

    class Impatient(ThreadWorker):
        """Gives up on a caller who begins a request and falls silent: a dozen of them would hold every thread for ever."""

        def handle(self, conn: Any) -> Any:  # noqa: ANN401 (gunicorn has no types)
            """Serve a connection. The limit is set in the kernel, because gunicorn makes its sockets wait without one."""
            silence = struct.pack("ll", LONGEST_SILENCE_S, 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, silence)
            return super().handle(conn)

    class Server(BaseApplication):
        """Gunicorn, configured here and not by its own files."""

        def load_config(self) -> None:
            """Set what this installation needs; everything else is gunicorn's default."""
            settings: dict[str, Any] = {
                "bind": f"[{host}]:{config.port}" if ":" in host else f"{host}:{config.port}", "workers": processes, "threads": threads,
                "worker_class": Impatient, "timeout": 60, "graceful_timeout": 10, "proc_name": "parcelyard web",
                "control_socket_disable": True, "max_requests": 20_000, "max_requests_jitter": 2_000, "loglevel": "warning",
            }  # fmt: skip
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:  # noqa: ANN401 (any WSGI application)
            """Build the application in the serving process, so that no connection crosses a fork."""
            from portal import create_app

            return create_app(config)

    Server().run()


def require_free_port(host: str, port: int) -> None:
    """Raise `CommandError` when somebody else listens on the port, or it may not be used."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({(error.strerror or str(error)).lower()}); end the program that has it, "
                f"or set PORT to another one, for example PORT={port + 1 if 1024 <= port < 65535 else 8001}."
            ) from error


def dispatch(config: Config, *, lease_s: float) -> None:
    """Hand due news to the workers until a signal ends it."""
    from portal.jobs import Dispatcher

    database = Database.from_config(config)
    dispatcher = Dispatcher(database, config, lease_s=lease_s)
    on_signals(dispatcher.stop)
    dispatcher.run()
    database.dispose()


def work(config: Config, *, lease_s: float, max_jobs: int | None) -> None:
    """Be one worker in this process until a signal, or so many jobs, end it."""
    from portal.jobs import work as work_on

    database = Database.from_config(config)
    work_on(database, config, lease_s=lease_s, max_jobs=max_jobs)
    database.dispose()


def end_with_keeper() -> None:
    """End this process when whoever holds the other end of its input is gone, however it went."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def on_signals(stop: Callable[[], object]) -> None:
    """Call `stop` at SIGTERM and at Ctrl-C."""

    def ended(number: int, frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
