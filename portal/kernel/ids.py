"""Identifiers: time-ordered uuids for rows, random tokens for links and machines, and their hashes."""

from __future__ import annotations

import hashlib
import secrets
import time
import zlib
from uuid import UUID

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id() -> UUID:
    """Return a version 7 uuid (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def new_secret(length: int = 32) -> str:
    """Return `length` random base-62 characters (32 of them carry 190 bits)."""
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def new_api_token(environment: str = "live") -> str:
    """Return `pyd_<environment>_<32 random>_<crc32>`; the checksum lets scanners and typists see a broken one."""
    body = f"pyd_{environment}_{new_secret()}"
    return f"{body}_{zlib.crc32(body.encode()):08x}"


def is_api_token(text: str) -> bool:
    """Say whether the text has a token's form and a right checksum (not whether anybody knows it)."""
    body, _, checksum = text.rpartition("_")
    return body.startswith("pyd_") and checksum == f"{zlib.crc32(body.encode()):08x}"


def digest(secret: str) -> str:
    """Return the hex SHA-256 under which a random secret is kept; only for secrets of 128 bits and more."""
    return hashlib.sha256(secret.encode()).hexdigest()
