"""What machines send, before any of it is believed: strict JSON of a bounded size, without names that come twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from portal.kernel.errors import PortalError

MOST_BYTES = 4 * 1024 * 1024
"""An order of two hundred lines with all its texts at their longest, every letter escaped, takes less."""


class BadJsonError(PortalError):
    """The body is no JSON that can be read in only one way."""

    status = 400
    code = "malformed_json"


def read_json(raw: bytes) -> Any:  # noqa: ANN401 (whatever was sent; a schema judges it next)
    """Return the values of a JSON body. Raises `BadJsonError` for anything that two readers could understand differently.

    RFC 8259 leaves open what a name that comes twice means, so one is refused, as RFC 7493 (I-JSON) asks.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJsonError(f"Byte {error.start + 1:,} of the body is not UTF-8.") from error
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_whole)
    except RecursionError as error:
        raise BadJsonError("The body is nested too deeply.") from error
    except ValueError as error:
        raise BadJsonError(f"The body is not JSON: {error}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        # Once over the names: a body has room for half a million of them.
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise BadJsonError(f"The name {twice[:40]!r} comes twice in one object.", code="duplicate_name")
    return values


def _no_constant(name: str) -> NoReturn:
    raise BadJsonError(f"{name} is no JSON number.")


def _whole(digits: str) -> int:
    if len(digits) > 30:
        raise BadJsonError("A number has more than 30 digits.")
    return int(digits)
