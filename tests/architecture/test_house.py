"""The house's rules that no linter knows: every event has a page to stand on, only the frame commits, files stay short."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import sys
from pathlib import Path

import portal.tables
from portal.wiring import REACTIONS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = sorted(path.parent for path in (ROOT / "portal/domain").glob("*/__init__.py"))
LONGEST_FILE = 400


def _events() -> set[type]:
    found: set[type] = set()
    for room in ROOMS:
        if (room / "events.py").exists():
            module = importlib.import_module(f"portal.domain.{room.name}.events")
            found |= {
                value
                for value in vars(module).values()
                if isinstance(value, type) and value.__module__ == module.__name__
            }
    return found


def test_every_event_is_on_the_page_of_reactions() -> None:
    assert {event.__name__ for event in _events()} == {event.__name__ for event in REACTIONS}


def test_events_are_frozen_and_named_once() -> None:
    events = _events()
    assert all(dataclasses.is_dataclass(event) and event.__dataclass_params__.frozen for event in events)  # type: ignore[attr-defined]
    assert len({event.__name__ for event in events}) == len(events)


def test_every_room_with_tables_is_in_the_metadata() -> None:
    with_models = {room.name for room in ROOMS if (room / "models.py").exists()}
    imported = {name for name in with_models if f"portal.domain.{name}.models" in sys.modules}
    assert imported == with_models
    assert "orders" in portal.tables.metadata.tables


def _calls(tree: ast.AST, names: set[str]) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and ast.unparse(node.func.value) == "session"
    ]


def test_nothing_but_the_frame_commits() -> None:
    """A command never ends its transaction: whoever opened it does. Savepoints of its own are its own."""
    offenders = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in (
            "portal/domain",
            "portal/merchants",
            "portal/warehouse",
            "portal/office",
            "portal/api",
            "portal/tracking",
            "portal/web",
        )
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in _calls(ast.parse(path.read_text()), {"commit", "rollback"})
    ]
    assert offenders == []


def test_the_check_for_commits_sees_one() -> None:
    assert _calls(ast.parse("session.commit()"), {"commit"}) == [1]


def test_files_stay_readable() -> None:
    long = [
        f"{path.relative_to(ROOT)} ({lines} lines)"
        for folder in ("portal", "tests", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    ]
    assert long == []
