"""Pure wording of mails: how a recipient is greeted, what a carrier is called in a sentence, what is struck after sending."""

from __future__ import annotations

import re

KIND_WORDS = {
    "order_confirmation": "Order confirmation",
    "shipping_confirmation": "Shipping confirmation",
    "invitation": "Invitation",
    "password_reset": "Password reset",
}
"""What people call each kind of message."""

SECRET_KINDS = frozenset({"invitation", "password_reset"})
"""Messages whose link lets somebody in: it is struck from our copy once the mail is through."""

STRUCK = "struck-after-sending"


def first_name(name: str) -> str:
    """Return the word by which somebody can be greeted, or nothing where the name gives none ("J. Doe", "ACME 24 GmbH")."""
    words = name.split()
    if not words or len(words) > 4 or not re.fullmatch(r"[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*", words[0]):
        return ""
    return words[0] if 2 <= len(words[0]) <= 20 else ""


def thanks(name: str) -> str:
    """Return the first words of a mail to a recipient: "Thank you, Ada." or "Thank you."."""
    first = first_name(name)
    return f"Thank you, {first}." if first else "Thank you."


def hello(name: str) -> str:
    """Return how a mail begins that has given its thanks already: "Hello Ada." or "Hello."."""
    first = first_name(name)
    return f"Hello {first}." if first else "Hello."


def with_carrier(code: str, name: str) -> str:
    """Return how a sentence goes on that says who carries a parcel; nothing where the carrier has no name of its own."""
    return "" if code in ("own", "other", "") else f" with {name}"


def grouped(number: str) -> str:
    """Return a long number in groups of four, so that it can be read aloud and fits a small screen."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if len(number) > 14 else number


def strike_secrets(text: str) -> str:
    """Return a message without the secrets of its invitation and reset links."""
    return re.sub(r"/(invitation|reset)/[0-9A-Za-z]{20,}", rf"/\1/{STRUCK}", text)


def said_of_ended_links(ended: int) -> str:
    """Return what a person reads who ended the links to an order's address and prices."""
    if not ended:
        return "No link to address and prices was open; nothing has changed."
    return "The links to address and prices no longer work. The tracking page stays, and later mails carry new links."
