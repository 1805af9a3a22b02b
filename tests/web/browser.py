"""Debian's Chromium, driven by Playwright: what a person sees of a page, and what the browser complains about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, sync_playwright

WHERE_TO_GET_IT = "Chromium is not installed (Debian: apt-get install chromium)"
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)
_LEFT = "net::ERR_ABORTED"  # an icon that was still to come when the next page was opened
# Keeps what the page was forbidden to do.
_REPORTS = """
window.reports = [];
addEventListener("securitypolicyviolation", (e) => reports.push(`${e.violatedDirective}: ${e.blockedURI}`));
"""


def chromium() -> str:
    """Find Chromium, or skip the test; where everything must be tested, fail it instead."""
    found = shutil.which("chromium")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WHERE_TO_GET_IT)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start Chromium."""
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(kw_only=True, eq=False)
class Tab:
    """A tab of the browser, with what it asked for and what it complained about since it was last asked."""

    page: Page
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Open an address."""
        self.complaints.clear()
        self.requests.clear()
        self.page.goto(url)

    def look(self, width: int, scheme: str = "light") -> None:
        """Look through a window of this width, by this light."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    def failed(self, request: Request) -> None:
        """Note that something could not be had."""
        if request.failure != _LEFT:
            self.complaints.append(f"failed: {request.url}")

    def asked(self, dialog: Dialog) -> None:
        """Note that the page opened a dialog, and close that."""
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def all_complaints(self) -> list[str]:
        """Give what the console said, what was forbidden, and what failed."""
        return [*self.complaints, *(self.page.evaluate("window.reports || []"))]


@contextmanager
def tab(browser: Browser, *, scripts: bool = True, bypass_csp: bool = False) -> Iterator[Tab]:
    """Open a tab of a new person, who has no cookies and no cache."""
    context: BrowserContext = browser.new_context(java_script_enabled=scripts, bypass_csp=bypass_csp)
    context.set_default_timeout(10_000)
    context.add_init_script(_REPORTS)
    made = Tab(page=context.new_page(), scripts=scripts)
    page = made.page
    page.on("console", lambda message: made.complaints.append(message.text))
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("requestfailed", made.failed)
    page.on("dialog", made.asked)
    page.on("request", lambda request: made.requests.append(request.url))
    yield made
    context.close()
