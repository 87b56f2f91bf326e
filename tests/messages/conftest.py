"""The mail server's double for all tests of messages."""

from __future__ import annotations

from tests.doubles.smtp_server import mail_server

__all__ = ["mail_server"]
