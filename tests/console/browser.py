"""A real browser on a real server: Debian's Chromium, installed where it is absent, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, sync_playwright

from rebill.cli.listening import listening_socket
from rebill.services.acting.installation import Installation
from rebill.twin.serving import serving
from rebill.wiring import both_faces
from tests.debian import program

AXE = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
SCREENSHOTS = Path(__file__).parent.parent.parent / "build" / "screenshots"
WIDE, PHONE = (1360, 900), (390, 844)
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window."""
    chromium = program("chromium", "chromium")
    if chromium is None:
        raise RuntimeError("Chromium is needed to test the pages. Install it, on Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def running_pages(installation: Installation) -> Iterator[str]:
    """What ``rebill serve`` serves, on a free loopback port; answers its address."""
    listener = listening_socket("127.0.0.1", 0)
    config = uvicorn.Config(both_faces(installation), log_config=None, access_log=False, lifespan="off")
    with listener, serving(config, listener, "the pages"):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass
class Desk:
    """A browser at the address of the pages; what went wrong in it is kept."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def person(self, **options: Any) -> Iterator[Page]:
        """Somebody at the desk, with cookies of their own."""
        size = options.pop("size", WIDE)
        context: BrowserContext = self.browser.new_context(
            base_url=self.url, viewport={"width": size[0], "height": size[1]}, **options
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("request", self._requested)
        page.on("dialog", self._asked)
        try:
            yield page
        finally:
            context.close()

    def _said(self, kind: str, text: str) -> None:
        # That an answer was a refusal is said, too; tests look at those themselves.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(f"{kind}: {text}")

    def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.complaints.append(f"leaves the origin: {request.url}")


def sign_in(page: Page, key: str) -> None:
    """Sign in with a key, by keyboard."""
    page.goto("/sign-in")
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("navigation").first.wait_for()


def serious_faults(page: Page) -> list[str]:
    """What axe-core finds on the page that keeps people from using it."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """By how much the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def sideways(page: Page) -> list[str]:
    """The tables that are wider than their places, by name: on a telephone one had to push them to and fro."""
    found = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
        ".map((one) => one.getAttribute('aria-label'))"
    )
    return [str(one) for one in found]


def keep_screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page as build output."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
