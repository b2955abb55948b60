"""A person at the console: one browser context, and everything that went wrong in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.checkout import ROOT
from tests.support.requirements import missing

CHROMIUM: Final = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
"""Of Debian; the first is the kind that Playwright installs, where a page costs far less CPU."""

ARTIFACTS: Final = ROOT / "tests" / "artifacts"
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESK: Final = ViewportSize(width=1440, height=900)
TABLET: Final = ViewportSize(width=1024, height=768)
PHONE: Final = ViewportSize(width=360, height=640)
LIMIT_MS: Final = 30_000
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a rig is offline
)
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Theme = Literal["light", "dark"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or say that it is missing; one at a time, as Playwright has but one loop."""
    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright:
        programs = (*CHROMIUM, Path(playwright.chromium.executable_path))
        program = next(filter(Path.exists, programs), None)
        if program is None:
            names = ", ".join(map(str, programs))
            missing("browser", f"none of {names} is there; `playwright install chromium`")
        with playwright.chromium.launch(executable_path=program, args=list(FLAGS)) as browser:
            yield browser


class Visited(Protocol):
    """A console: where it is, and the cookies of somebody who has signed in."""

    url: str

    def cookies(self) -> list[dict[str, Any]]:
        """Return them."""


class Visitor:
    """One browser context on a rig.

    Attributes:
        page: its page.
        complaints: errors on the console, refused by the content policy, requests elsewhere.
    """

    def __init__(self, browser: Browser, rig: Visited, **options: Any) -> None:
        self.rig = rig
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self.context: BrowserContext = browser.new_context(
            **{"viewport": DESK, "base_url": rig.url, "locale": "en-GB", **options}
        )
        self.context.set_default_timeout(LIMIT_MS)
        self.context.expose_function("reportViolation", self._complain)
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) =>"
            " reportViolation(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`))"
        )
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("request", lambda request: self._requested(request.url))
        self.page: Page = self.context.new_page()

    def sign_in(self) -> None:
        """Be somebody who has signed in already."""
        cookies: Any = self.rig.cookies()
        self.context.add_cookies(cookies)

    def open(self, path: str) -> Page:
        """Open a page of the console and return when it has the rig's state."""
        self.page.goto(path)
        expect(self.page.locator("#connection")).to_have_text("Live")
        return self.page

    def expect_complaints(self, *patterns: str) -> None:
        """Let pass what a test provokes: a refused request, a lost socket."""
        self._expected += map(re.compile, patterns)

    def check(self) -> None:
        """Fail if there was a complaint that nobody announced."""
        found = [c for c in self.complaints if not any(p.search(c) for p in self._expected)]
        assert not found, "\n".join(found)

    def shoot(self, name: str) -> None:
        """Keep a picture of what shows now."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", animations="disabled")

    def findings(self) -> list[str]:
        """Return what axe-core finds wrong with what shows now."""
        if not AXE.exists():
            missing("browser", f"{AXE} is not there; run `scripts/vendor --dev`")
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found: list[Any] = self.page.evaluate(
            "async (rules) => (await axe.run({ runOnly: rules, preload: false })).violations",
            _RULES,
        )
        return [_finding(rule, node) for rule in found for node in rule["nodes"]]

    def overflow(self) -> str:
        """Return what sticks out to the right of the window; empty when nothing does."""
        out: str = self.page.evaluate(_OVERFLOW)
        return out

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _requested(self, url: str) -> None:
        if not url.startswith((self.rig.url, "data:", "blob:")):
            self.complaints.append(f"request elsewhere: {url}")


@contextmanager
def visiting(browser: Browser, rig: Visited, **options: Any) -> Iterator[Visitor]:
    """Give a visitor who has signed in; afterwards nothing may have been complained of."""
    visitor = Visitor(browser, rig, **options)
    try:
        visitor.sign_in()
        yield visitor
        visitor.check()
    except BaseException as error:
        error.add_note("\n".join(["the browser said:", *visitor.complaints]))
        raise
    finally:
        visitor.context.close()


def rows(page: Page) -> Locator:
    """Return the rows of the history, newest first."""
    return page.locator("table.hist tbody tr")


def row_types(page: Page) -> list[str]:
    """Return the types in the history, newest first."""
    return page.locator("table.hist .rowbtn").all_inner_texts()


def _finding(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = (node["any"] or node["all"] or node["none"] or [{"message": ""}])[0]["message"]
    return f"{rule['id']}: {node['target'][-1]}: {why}"


_OVERFLOW: Final = """() => {
  const seen = document.querySelector('dialog[open]');
  const place = seen ?? document.documentElement;
  if (place.scrollWidth <= place.clientWidth) return '';
  const edge = place.getBoundingClientRect().left + place.clientWidth;
  const out = [...(seen ?? document.body).querySelectorAll('*')]
    .map((e) => [e, e.getBoundingClientRect().right])
    .filter(([, right]) => right > edge + 1)
    .map(([e, right]) => `${e.localName}.${e.className} to ${Math.round(right)}`);
  return `${place.scrollWidth} > ${place.clientWidth}: ${out.slice(0, 4).join(', ')}`;
}"""
