"""A real mail server in a process of its own: `smtp_server.py FOLDER`. Keeps every mail as it came and counts all hits.

The file `FOLDER/mood` says what it does next, read anew for every mail: `ok`, `rcpt CODE`, `data CODE`, `close` (takes the text,
then ends the connection without an answer), `hang` (takes the text, then says nothing). `FOLDER/hits` gets a line for every
MAIL, RCPT and DATA; `FOLDER/N.eml` is the Nth text that came in, whatever the answer was. Prints its port when it listens.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


class Keeper:
    """What the server does with what it hears."""

    def __init__(self, folder: Path) -> None:
        """Take the folder in which moods are read and mails are kept."""
        self.folder = folder

    @property
    def mood(self) -> list[str]:
        """The words of the present mood."""
        path = self.folder / "mood"
        return path.read_text().split() if path.exists() else ["ok"]

    def hit(self, what: str) -> None:
        """Count a hit."""
        with (self.folder / "hits").open("a") as file:
            file.write(what + "\n")

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Take a recipient, or not."""
        self.hit(f"RCPT {address}")
        if self.mood[0] == "rcpt":
            return f"{self.mood[1]} not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Keep the text, then answer as the mood says."""
        self.hit("DATA")
        count = len(list(self.folder.glob("*.eml")))
        (self.folder / f"{count + 1}.eml").write_bytes(envelope.original_content)
        mood = self.mood
        if mood[0] == "data":
            (self.folder / f"{count + 1}.eml").rename(self.folder / f"{count + 1}.refused")
            return f"{mood[1]} not now or never"
        if mood[0] == "close":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        while mood[0] == "hang":
            await asyncio.sleep(0.02)
            mood = self.mood
        return "250 OK"


async def serve(folder: Path) -> None:
    """Listen on a free port of this machine, for ever."""
    loop = asyncio.get_running_loop()
    keeper = Keeper(folder)
    server = await loop.create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class MailServerDouble:
    """The server as a test sees it."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """What `SMTP_URL` is set to."""
        return f"smtp://127.0.0.1:{self.port}"

    def mood(self, words: str) -> None:
        """Say what it does from now on."""
        (self.folder / "mood").write_text(words)

    @property
    def hits(self) -> list[str]:
        """Everything that was said to it, in order."""
        path = self.folder / "hits"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails whose text it took and did not refuse, in order."""
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: int(path.stem))
        return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]


@contextmanager
def running(folder: Path) -> Iterator[MailServerDouble]:
    """Run the server in its own process until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.smtp_server", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield MailServerDouble(folder, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServerDouble]:
    """A mail server for one test."""
    with running(tmp_path / "mail") as server:
        yield server


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
