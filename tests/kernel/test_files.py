"""Documents by the hash of their content: whole or not there, and never under another name."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from portal.kernel.errors import NotFoundError
from portal.kernel.files import DamagedFileError, Files

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_put_is_read_by_its_hash(tmp_path: Path) -> None:
    files = Files(tmp_path / "documents")
    name = files.put(b"a label")
    assert name == hashlib.sha256(b"a label").hexdigest()
    assert files.read(name) == b"a label"
    assert files.put(b"") != name


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    name = files.put(b"a label")
    before = (tmp_path / name[:2] / name).stat()
    assert files.put(b"a label") == name
    after = (tmp_path / name[:2] / name).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_many_writers_of_one_document_leave_one_file_and_no_litter(tmp_path: Path) -> None:
    files = Files(tmp_path)
    data = b"x" * 200_000
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: files.put(data), range(32)))
    assert len(names) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == list(names)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n", "a" * 32 + "/" + "a" * 31]
)
def test_only_hashes_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="no such document"):
        Files(tmp_path).read(name)


def test_an_unknown_hash_is_not_found_and_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Files(tmp_path / "documents").read("a" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_not_handed_out(tmp_path: Path) -> None:
    files = Files(tmp_path)
    name = files.put(b"a label")
    (tmp_path / name[:2] / name).write_bytes(b"another label")
    with pytest.raises(DamagedFileError):
        files.read(name)
