"""The house's rules that no linter knows: every event has a page to stand on, only the frame commits, files stay short."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
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
    assert all(dataclasses.is_dataclass(event) and event.__dataclass_params__.frozen for event in events)  # type: ignore[attr-defined]  # every dataclass has its parameters
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


_SILENCED = re.compile(r"#\s*(noqa|type: ignore|pyright: ignore)(: ?[A-Z0-9, ]+|\[[\w, -]+\])?")


def _without_reason(line: str) -> bool:
    """Say whether a line silences a tool and nothing behind the last such comment says why."""
    found = list(_SILENCED.finditer(line))
    return (
        bool(found) and len(line[found[-1].end() :].strip(" #()")) < 3 and "(" not in line[found[0].end() :]
    )


def test_whoever_silences_a_tool_says_why() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("portal", "tests", "migrations")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if path != Path(__file__).resolve() and _without_reason(line)
    ]
    assert silent == []


def test_the_check_for_reasons_sees_a_silent_one() -> None:
    assert _without_reason("x = 1  # noqa: S108")
    assert _without_reason("x = 1  # type: ignore[arg-type]")
    assert not _without_reason("x = 1  # noqa: S108 (a private folder)")
    assert not _without_reason("x = 1  # type: ignore[arg-type]  # the driver's own parameters")
    assert not _without_reason("x = 1")
