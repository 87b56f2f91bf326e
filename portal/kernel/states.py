"""Moves as data: which move leads from which states to which, asked by methods, buttons and the API alike."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel.errors import WrongStateError


@dataclass(frozen=True, slots=True)
class Move:
    """A named move: the states it may start from and the state it ends in."""

    name: str
    sources: frozenset[str]
    target: str


class Moves:
    """The move table of one kind of thing, for example of parcels."""

    def __init__(self, noun: str, *moves: Move) -> None:
        """Take the noun that stands in refusals, and the moves."""
        self._noun = noun
        self._moves = {move.name: move for move in moves}

    def target(self, name: str, state: str) -> str:
        """Return the state that the move leads to; `WrongStateError` when it may not start from `state`."""
        move = self._moves[name]
        if state not in move.sources:
            allowed = " or ".join(sorted(move.sources))
            raise WrongStateError(f"This {self._noun} is {state}; to {name} it has to be {allowed}.")
        return move.target

    def allowed(self, state: str) -> tuple[str, ...]:
        """Return the moves that may start from `state`, in the table's order; screens draw buttons from it."""
        return tuple(move.name for move in self._moves.values() if state in move.sources)


def move(name: str, sources: str, target: str) -> Move:
    """Write a move on one line: `move("ship", "packed", "shipped")`; sources are separated by spaces."""
    return Move(name, frozenset(sources.split()), target)
