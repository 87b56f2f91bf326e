"""Documents by the hash of their content, in a local folder. A file is written once, whole, and never changed.

Nothing here knows what a document is about; rooms keep the hash in a row, so a file without a row is only litter.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from uuid import uuid4

from portal.kernel.errors import NotFoundError

_HASH = re.compile(r"[0-9a-f]{64}")


class DamagedFileError(Exception):
    """A stored document is not what its name says: the disk or somebody changed it."""


class Files:
    """A folder of documents, two levels deep, named by SHA-256."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made at the first write."""
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256; safe on disk before it returns, and harmless to repeat.

        Readers see all of a file or nothing: it is written beside its place, flushed, and then given its name.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{sha256}.{uuid4().hex}.partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        for folder in (path.parent, self._folder):
            _flush_folder(folder)
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return the bytes kept under a hash; `NotFoundError` when there are none, `DamagedFileError` when they changed."""
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFoundError("There is no such document.") from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedFileError(f"The document {sha256} is not what was written.")
        return data

    def _path(self, sha256: str) -> Path:
        if not _HASH.fullmatch(sha256):
            raise NotFoundError("There is no such document.")
        return self._folder / sha256[:2] / sha256


def _flush_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
