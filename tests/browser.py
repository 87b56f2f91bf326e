"""A real headless Chromium on the real application in its own process, and axe for the pages that it shows.

`live` is the server, `chromium` the browser; `sign_in(page, live, email)` comes in by the form.
`axe(page)` and `fits(page)` return what is wrong with a page: sentences for a failing assertion, nothing when all is well.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from portal.config import Config

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
SIZES = {"phone": (390, 844), "tablet": (1280, 800), "desktop": (1440, 900)}
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Live:
    """A running server."""

    base_url: str
    config: Config
    pid: int

    def url(self, path: str) -> str:
        """Return the whole address of a path."""
        return self.base_url + path


@contextmanager
def serving(config: Config, *, processes: int = 1, threads: int = 8) -> Iterator[Live]:
    """Run the web application in its own process, as `portal serve` does, on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = replace(config, port=port, base_url=f"http://127.0.0.1:{port}", testing=False)
    here.var.mkdir(parents=True, exist_ok=True)
    log = here.var / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.serve_program", str(processes), str(threads)], cwd=ROOT, stdin=subprocess.PIPE, stdout=out, stderr=out
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(here) | {"var": str(here.var)}).encode())
        process.stdin.close()
        try:
            _wait_until_ready(here.base_url, process, log)
            yield Live(here.base_url, here, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(base_url + "/readyz", timeout=5):  # noqa: S310 (always http, on loopback)
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise AssertionError(f"The server did not come up:\n{log.read_text()[-3000:]}")


@pytest.fixture
def live(config: Config) -> Iterator[Live]:
    """The application on this test's database, served by gunicorn in its own process."""
    with serving(config) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the whole run; every test opens contexts of its own in it."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "There is no Chromium on this machine; install the package chromium."
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, size: str = "tablet", *, dark: bool = False, script: bool = True, **options: Any
) -> Iterator[BrowserContext]:
    """Open a window of one of `SIZES` (or "320x800") with cookies of its own. axe needs the page's script rules lifted, so they are."""
    width, height = SIZES.get(size) or tuple(int(part) for part in size.split("x"))
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", java_script_enabled=script, bypass_csp=True,
        is_mobile=width < 500, has_touch=size in ("phone", "tablet"), service_workers="block", reduced_motion="reduce", **options,
    )  # fmt: skip
    context.set_default_timeout(15_000)
    try:
        yield context
    finally:
        context.close()


def sign_in(page: Page, live: Live, email: str, password: str = PASSWORD) -> None:
    """Come in by the form, as a person does."""
    page.goto(live.url("/sign-in"))
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def axe(page: Page) -> list[str]:
    """Return what axe finds on the page: WCAG 2.2 A and AA, best practice and the size of targets."""
    assert AXE.is_file(), "axe-core is missing; run `npm ci`."
    page.evaluate(AXE.read_text())
    result = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})",
        list(AXE_TAGS),
    )
    return [
        f"{found['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for found in result["violations"]
        for node in found["nodes"]
    ]


def fits(page: Page) -> list[str]:
    """Return what makes the page wider than its window; tables may scroll, in a box of their own."""
    return page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('.scroll'));
          return [`${root.scrollWidth} px in a window of ${root.clientWidth} px`,
                  ...wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120))];
        }"""
    )


def broken_markup(html: str) -> list[str]:
    """Return mistakes in a page's markup that a browser repairs in silence: ids twice, labels and references without a target, nesting."""
    from tests.markup import check

    return check(html)
