"""Hashing of what people choose themselves: passwords and PINs (argon2id). Nothing here touches the database."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kernel.errors import FieldProblem, UnprocessableError

SHORTEST_PASSWORD = 12
COMMON = frozenset(
    {
        "password1234",
        "passwordpassword",
        "123456789012",
        "qwertyuiop12",
        "letmeinletmein",
        "parcelyard12",
        "iloveyou1234",
    }
)
"""A few of the most tried passwords of our length; NIST SP 800-63B (2017) section 5.1.1.2 asks to refuse common ones."""

_hasher = PasswordHasher()


def hash_secret(secret: str) -> str:
    """Return the hash to keep of a password or PIN."""
    return _hasher.hash(secret)


def is_right(secret_hash: str | None, secret: str) -> bool:
    """Say whether the secret is the one that was hashed. Takes the same time when there is no hash to compare with."""
    try:
        return _hasher.verify(secret_hash or _dummy(), secret) and secret_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy() -> str:
    return _hasher.hash("nobody's")


def check_password(password: str) -> None:
    """Refuse a password that is too short, too long or among the most tried; `UnprocessableError` names the rule."""
    sentence = ""
    if len(password) < SHORTEST_PASSWORD:
        sentence = f"Choose a password of at least {SHORTEST_PASSWORD} characters. A few words in a row are easy to keep in mind."
    elif len(password) > 200:
        sentence = "Choose a password of at most 200 characters."
    elif password.lower() in COMMON or len(set(password)) < 4:
        sentence = "This password is among the first that are tried. Choose another."
    if sentence:
        raise UnprocessableError(sentence, problems=(FieldProblem("password", "weak", sentence),))


def check_pin(pin: str) -> None:
    """Refuse a PIN that is not 4 to 8 digits, or one digit repeated."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8 and len(set(pin)) > 1):
        sentence = "A PIN has 4 to 8 digits, not all the same."
        raise UnprocessableError(sentence, problems=(FieldProblem("pin", "shape", sentence),))
