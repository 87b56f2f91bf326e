"""The one error that the command line raises itself."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on; the sentence says why and what to do. Printed without a trace, exit code 2."""


REFUSED = 2
"""Exit code of a command that cannot go on for a known reason; starting it again would not help."""
