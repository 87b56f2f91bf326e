"""The errors that people and machines are meant to see; anything else that escapes is a bug and becomes a 500."""

from __future__ import annotations

from dataclasses import dataclass


class PortalError(Exception):
    """An expected refusal: a stable `code` for machines, a sentence for people, an HTTP status for doors."""

    status = 400
    code = "refused"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        """Keep the sentence; `code` replaces the family's code where a caller must tell cases apart."""
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class NotFoundError(PortalError):
    """Nothing of that kind here; also the answer about a rival's things, so that nothing is given away."""

    status = 404
    code = "not_found"


class NotSignedInError(PortalError):
    """Nobody we know: no session, or a token that is wrong, expired or revoked."""

    status = 401
    code = "not_signed_in"


class NotAllowedError(PortalError):
    """Somebody we know, whose role does not include this."""

    status = 403
    code = "not_allowed"


class WrongStateError(PortalError):
    """The thing is not in a state from which this can be done."""

    status = 409
    code = "wrong_state"


class NotEnoughError(PortalError):
    """There is less stock than the request needs."""

    status = 409
    code = "not_enough"


class DuplicateError(PortalError):
    """It is already there, with other content."""

    status = 409
    code = "duplicate"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing to mend in what was sent: where (`field`), a code, and a sentence."""

    field: str
    code: str
    sentence: str


class UnprocessableError(PortalError):
    """What was sent can be read but not accepted; `problems` names each place."""

    status = 422
    code = "unprocessable"

    def __init__(
        self, sentence: str, *, problems: tuple[FieldProblem, ...] = (), code: str | None = None
    ) -> None:
        """Keep the sentence and every problem found, so that all are shown at once."""
        super().__init__(sentence, code=code)
        self.problems = problems


class TooManyError(PortalError):
    """Too many tries in too short a time."""

    status = 429
    code = "too_many"
