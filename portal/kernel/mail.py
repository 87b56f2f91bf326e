"""A mail as bytes, and the way to the mail server. Says of every failure whether the mail surely did not go out
(`NotNowError`), never will (`RefusedError`), or may have gone out (`NobodyKnowsError`): the caller must tell them apart.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from datetime import datetime

COMMAND_TIMEOUT_S = 10.0
"""How long one answer of the mail server is waited for; all of them together stay below a worker's lease."""

DATA_TIMEOUT_S = 30.0
"""How long the answer to the text itself is waited for. Longer waits (RFC 5321 4.5.3.2.6 asks for ten minutes) would outlive the lease."""

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class MailError(Exception):
    """A mail did not surely arrive at the mail server; the text is a sentence for the office."""


class NotNowError(MailError):
    """The mail surely did not go out, and may on a later try."""


class RefusedError(MailError):
    """The mail did not go out, and trying again will not help."""


class NobodyKnowsError(MailError):
    """The connection ended after the text began to travel: it may or may not have gone out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Everything that a mail's bytes are made of. The names come from merchants and recipients and may hold anything."""

    id: str
    """Unique and the same on every try: the Message-ID's left side."""
    thread: str
    """The same for all mails about one thing, so that they are shown together; may be empty."""
    stream: str
    """`kind:merchant`, by which mailbox providers count complaints."""
    from_name: str
    from_address: str
    reply_to: str
    to_name: str
    to_address: str
    subject: str
    html: str
    text: str
    at: datetime


class _Policy(EmailPolicy):
    """Folds names and subjects itself: the standard library's folding adds and loses blanks around letters beyond ASCII."""

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401 (the header classes have no common type)
        """Return a header as bytes, with every line end where RFC 2047 wants it."""
        if name == "Subject":
            text = _encoded(str(value), len(name) + 2)
        elif name in ("From", "To", "Reply-To"):
            [address] = value.addresses
            text = f"{_phrase(address.display_name, len(name) + 2)} <{address.addr_spec}>".strip()
        else:
            return super().fold_binary(name, value)
        return f"{name}: {text}\r\n".encode("utf-8" if self.utf8 else "ascii", "surrogateescape")


PLAIN = _Policy(linesep="\r\n")


def _phrase(name: str, indent: int) -> str:
    """Return a name as it stands before an address: quoted, or encoded where it is not ASCII."""
    if not name.isascii():
        return _encoded(name, indent)
    return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"' if name else ""


def _encoded(text: str, indent: int) -> str:
    charset = None if text.isascii() else "utf-8"
    header = Header(text, charset, maxlinelen=76, header_name="x" * max(0, indent - 2))
    return header.encode(linesep="\r\n")


def compose(mail: Mail) -> EmailMessage:
    """Return a multipart message (text, then HTML) whose headers hold, whatever is in the names.

    Raises `RefusedError` when the recipient's address is none. No List-Unsubscribe: these mails answer what somebody did.
    """
    domain = mail.from_address.rpartition("@")[2]
    message = EmailMessage(policy=PLAIN)
    message["From"] = _address(mail.from_name, mail.from_address)
    message["To"] = _address(mail.to_name, mail.to_address)
    if mail.reply_to:
        message["Reply-To"] = _address(mail.from_name, mail.reply_to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    if mail.thread:
        message["References"] = f"<{mail.thread}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["X-Entity-Ref-ID"] = mail.id
    message["Feedback-ID"] = f"{mail.stream}:transactional:parcelyard"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def one_line(text: str) -> str:
    """Return the text without line ends and other control characters, so that no name can end a header."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(visible.split())


def _address(name: str, address: str) -> Address:
    """Return an address with a name; `RefusedError` when the address could not be written to."""
    # Blanks, brackets and control characters never belong to an address that a shop took from a form.
    if not re.fullmatch(r"[^\s@<>(),;:\\\"\x00-\x1f\x7f]+@[^\s@<>(),;:\\\"\x00-\x1f\x7f]+", address):
        raise RefusedError(
            "The recipient's e-mail address is incomplete or has characters that no address has."
        )
    local, _, domain = address.rpartition("@")
    try:
        return Address(one_line(name)[:120], local, domain.encode("idna").decode())
    except (ValueError, IndexError) as error:
        raise RefusedError("The recipient's e-mail address cannot be written to.") from error


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over: `smtp://host:25`, `smtp+starttls://user:password@host:587` or `smtps://…:465`."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """Read `SMTP_URL`; `ValueError` with a sentence when it is of another form."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "SMTP_URL has to look like smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465."
            )
        return cls(
            parts.scheme,
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    def hand_over(self, message: EmailMessage, *, sender: str) -> None:
        """Give one mail to the server, which then answers for it. Raises one of the three `MailError`s."""
        try:
            connection = self._connect(sender.rpartition("@")[2])
        except (OSError, smtplib.SMTPException) as error:
            raise NotNowError(f"The mail server {self.host} cannot be used: {_words(error)}") from error
        try:
            data = self._envelope(connection, message, sender)
            self._text(connection, data)
        finally:
            # The mail is through or not by now; how the server says goodbye changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _connect(self, own_name: str) -> smtplib.SMTP:
        if self.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host,
                self.port,
                own_name,
                timeout=COMMAND_TIMEOUT_S,
                context=ssl.create_default_context(),
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, own_name, timeout=COMMAND_TIMEOUT_S)
        try:
            if self.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if self.user:
                connection.login(self.user, self.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _envelope(self, connection: smtplib.SMTP, message: EmailMessage, sender: str) -> bytes:
        """Say who writes to whom, and return the text in the form that the server takes."""
        address = message["To"].addresses[0].addr_spec
        options, policy = list[str](), PLAIN
        if not address.isascii():
            if not connection.has_extn("smtputf8"):
                raise RefusedError(
                    "The recipient's e-mail address has letters that the mail server does not take."
                )
            options, policy = ["SMTPUTF8"], PLAIN.clone(utf8=True)
        try:
            self._expect(connection.mail(sender, options))
            self._expect(connection.rcpt(address))
        except (OSError, smtplib.SMTPException) as error:
            raise NotNowError(f"The mail server {self.host} ended the connection: {_words(error)}") from error
        return message.as_bytes(policy=policy)

    def _text(self, connection: smtplib.SMTP, data: bytes) -> None:
        if connection.sock is not None:
            connection.sock.settimeout(DATA_TIMEOUT_S)
        try:
            self._expect(connection.data(data))
        except smtplib.SMTPDataError as error:
            # The server refused to hear the text at all.
            self._expect((error.smtp_code, _bytes(error.smtp_error)))
            raise NotNowError(f"The mail server {self.host} answered out of turn.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NobodyKnowsError(
                f"The connection to {self.host} ended while the text was on its way, so it may or may not have arrived."
            ) from error

    def _expect(self, answer: tuple[int, bytes]) -> None:
        code, said = answer
        if 200 <= code < 300:
            return
        sentence = f"The mail server {self.host} said: {code} {one_line(said.decode('utf-8', 'replace'))}"[
            :400
        ]
        if code >= 500:
            raise RefusedError(sentence)
        raise NotNowError(sentence)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {one_line(_bytes(error.smtp_error).decode('utf-8', 'replace'))}"[:300]
    return one_line(str(error) or type(error).__name__)[:300]


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
