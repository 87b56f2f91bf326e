"""The steps of the floor: for each kind of screen what a scan on it does, what it shows, and where it leads.

A step's `work` runs inside `answer_scan`: it may be asked once per scan. `leads_to` is asked after every answer, also after
a repeated one, so it looks at what is true now and not at what the scan did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app

from portal.kernel.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from portal.domain.devices.rules import Answer, ScanIn


@dataclass(frozen=True, slots=True)
class Screen:
    """A template and what it is given."""

    template: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of screen. `about` are the further fields that its forms carry: which parcel, which item."""

    name: str
    work: Callable[[Session, ScanIn, Mapping[str, str]], Answer]
    screen: Callable[[Session, Mapping[str, str]], Screen]
    leads_to: Callable[[Session, ScanIn, Mapping[str, str], Answer], str]


STEPS: dict[str, Step] = {}


def step(
    name: str,
    *,
    screen: Callable[[Session, Mapping[str, str]], Screen],
    leads_to: Callable[[Session, ScanIn, Mapping[str, str], Answer], str],
) -> Callable[[Callable[[Session, ScanIn, Mapping[str, str]], Answer]], Any]:
    """Register the function as the work of a step."""

    def register(work: Callable[[Session, ScanIn, Mapping[str, str]], Answer]) -> Any:  # noqa: ANN401 (the function itself)
        STEPS[name] = Step(name, work, screen, leads_to)
        return work

    return register


def documents() -> Files:
    """Return the folder of labels and packing slips."""
    return Files(current_app.extensions["config"].var / "documents")
