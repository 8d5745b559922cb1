"""Open every page of the built site in a browser, and say what is wrong: ``python docs/check_pages.py build/site``.

Headless Chromium is driven through its DevTools protocol.  Every page is shown 1280 and 400 pixels wide, light and
dark.  Wrong are: messages of errors in the console, formulas that KaTeX could not read or did not set, images that did
not load, pages wider than the screen, requests to anywhere but this machine, and links to files or anchors that do not
exist.  Screenshots go to the folder of ``--shots``.  The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import http.server
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")
TALLEST = 4000  # pixels of a screenshot
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 20  # seconds

# What a page must not have, asked of the page itself when everything has been loaded.
FAULTS = """(async () => {
  if (document.fonts) await document.fonts.ready;
  for (const image of document.images) { image.loading = "eager"; }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  const faults = [], text = (node) => node.textContent.trim().slice(0, 80);
  for (const node of document.querySelectorAll(".katex-error"))
    faults.push("KaTeX cannot read: " + text(node));
  for (const node of document.querySelectorAll(".math.notranslate"))
    if (!node.querySelector(".katex")) faults.push("mathematics not set: " + text(node));
  for (const node of document.images)
    if (!node.naturalWidth) faults.push("image not loaded: " + node.getAttribute("src"));
  for (const node of document.querySelectorAll(".bd-article svg"))
    if (node.checkVisibility() && !node.getBoundingClientRect().width) faults.push("drawing without a size");
  for (const node of document.querySelectorAll(".bd-article p, .bd-article li, .bd-article td")) {
    const copy = node.cloneNode(true);
    copy.querySelectorAll("code, pre, .katex, script, style").forEach((inner) => inner.remove());
    if (/\\$\\$|\\\\\\(|\\\\\\[|\\\\(begin|frac|mathbf)\\b/.test(copy.textContent))
      faults.push("LaTeX as text: " + text(node));
  }
  const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
  if (over > 0) {
    const right = page.clientWidth + 0.5, boxed = (node) => {
      for (let up = node.parentElement; up; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== "visible") return true;
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].find(
      (node) => node.getBoundingClientRect().right > right && !boxed(node));
    faults.push(`${over} pixels wider than the screen: ` + (wide ? wide.outerHTML.slice(0, 120) : "?"));
  }
  return { faults, height: page.scrollHeight };
})()"""


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, program: str) -> None:
        import websocket

        self._profile = tempfile.mkdtemp(prefix="check-pages-")
        self._process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*",
             f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        self._socket = websocket.create_connection(self._address(), timeout=PATIENCE, max_size=None)
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _address(self) -> str:
        """The socket of the first tab."""
        file, end = Path(self._profile, "DevToolsActivePort"), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if file.exists() and file.read_text().strip():
                port = file.read_text().split()[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [tab for tab in json.load(answer) if tab["type"] == "page"]
                if pages:
                    return pages[0]["webSocketDebuggerUrl"]
            time.sleep(0.1)
        raise TimeoutError(f"the browser has opened no tab in {PATIENCE} seconds")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events that come before are kept."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def open(self, address: str) -> None:
        """Open a page, and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        end = time.monotonic() + PATIENCE
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > end:
                raise TimeoutError(f"{address} was not loaded in {PATIENCE} seconds")
            self.events.append(json.loads(self._socket.recv()))

    def ask(self, script: str) -> Any:
        """The value of a script, after the promises that it waits for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", "the script has failed"))
        return answer["result"].get("value")

    def close(self) -> None:
        with contextlib.suppress(Exception):  # it may be gone already
            self._socket.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)


def said(events: list[dict[str, Any]], host: str) -> Iterator[str]:
    """What the events of a page tell of errors, and of requests to other machines."""
    for event in events:
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                details = given["exceptionDetails"]
                yield "error: " + details.get("exception", {}).get("description", details.get("text", "?"))[:200]
            case "Runtime.consoleAPICalled" if given["type"] in ("error", "assert"):
                yield "console: " + " ".join(str(part.get("value", part)) for part in given["args"])[:200]
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                yield f"log: {given['entry']['text']} {given['entry'].get('url', '')}"
            case "Network.requestWillBeSent":
                address = urlsplit(given["request"]["url"])
                if address.scheme not in ("data", "blob", "about") and address.netloc != host:
                    yield f"request to another machine: {given['request']['url'][:120]}"
            case "Network.responseReceived" if given["response"]["status"] >= 400:
                yield f"{given['response']['status']}: {given['response']['url']}"


def look(browser: Browser, address: str, shots: Path) -> set[str]:
    """What is wrong with one page, which is opened once; a screenshot for every width and scheme."""
    show(browser, WIDTHS[0], SCHEMES[0])
    browser.open(address)
    faults = set()
    for width, scheme in itertools.product(WIDTHS, SCHEMES):
        show(browser, width, scheme)
        found = browser.ask(FAULTS)
        faults |= {f"{width} {scheme}: {fault}" for fault in found["faults"]}
        clip = {"x": 0, "y": 0, "width": width, "height": min(found["height"], TALLEST), "scale": 1}
        picture = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        shots.with_name(f"{shots.name}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    return faults | set(said(browser.events, urlsplit(address).netloc))


def show(browser: Browser, width: int, scheme: str) -> None:
    """The size of the screen, and whether its owner likes it dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


class _Anchors(HTMLParser):
    """The ids and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("id"):
            self.ids.append(str(named["id"]))
        for name in ("href", "src"):
            if named.get(name):
                self.links.add(str(named[name]))


def html_files(site: Path) -> list[Path]:
    """The pages; the theme keeps templates beside its files."""
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.relative_to(site).parts]


def links(site: Path) -> Iterator[tuple[str, str]]:
    """Page and fault, for every link inside the site that leads nowhere and every id given twice."""
    pages: dict[Path, _Anchors] = {}
    for path in html_files(site):
        pages[path.resolve()] = anchors = _Anchors()
        anchors.feed(path.read_text(encoding="utf-8"))
    for path, anchors in pages.items():
        name = str(path.relative_to(site))
        for twice in sorted({one for one in anchors.ids if anchors.ids.count(one) > 1}):
            yield name, f"id given twice: {twice}"
        for link in sorted(anchors.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                yield name, f"link to a file that does not exist: {link}"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield name, f"link to an anchor that does not exist: {link}"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Requests are not printed."""


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a server of the site on this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def check(site: Path, shots: Path, program: str, only: str = "") -> dict[str, set[str]]:
    """Faults by page."""
    faults: dict[str, set[str]] = {}
    for name, fault in links(site):
        faults.setdefault(name, set()).add(fault)
    names = [str(path.relative_to(site)) for path in html_files(site)]
    shots.mkdir(parents=True, exist_ok=True)
    browser = Browser(program)
    try:
        with served(site) as address:
            for name in names:
                if only in name:
                    shot = shots / name.removesuffix(".html").replace("/", "-")
                    faults.setdefault(name, set()).update(look(browser, f"{address}/{name}", shot))
    finally:
        browser.close()
    return {name: found for name, found in faults.items() if found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="folder of the built pages")
    parser.add_argument("--shots", type=Path, default=Path("build/shots"), help="folder for screenshots")
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        parser.error(f"no browser: none of {', '.join(BROWSERS)} is installed")
    if not (options.site / "index.html").exists():
        parser.error(f"{options.site} has no index.html; build the site first")
    begun = time.monotonic()
    faults = check(options.site.resolve(), options.shots, program, options.only)
    for name, found in faults.items():
        print(name, *sorted(found), sep="\n    ")
    pages = sum(options.only in str(path.relative_to(options.site)) for path in html_files(options.site))
    seconds = time.monotonic() - begun
    print(f"{pages} pages, widths {WIDTHS}, schemes {SCHEMES}, {seconds:.0f} s: {len(faults)} pages with faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
