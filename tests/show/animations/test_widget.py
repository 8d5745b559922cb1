"""The widget: its script draws in a browser what the frames show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

import opalgebra as oa
from opalgebra.show.animations.animation import Arithmetic, arithmetic
from tests.show.animations.test_animation import SHOWN, SPACE

DRIVE = """
<script>
var found = [];
window.addEventListener("error", function (event) { document.title = "error: " + event.message; });
document.querySelectorAll(".oa-arithmetic").forEach(function (root) {
  var on = root.querySelector("[data-do=on]"), states = [];
  for (;;) {
    states.push(Array.prototype.map.call(root.querySelectorAll(".oa-panel"), function (panel) {
      return Array.prototype.map.call(panel.querySelectorAll(".squares path"), function (p) {
        return p.getAttribute("d") + "|" + p.getAttribute("fill") + "|" + p.getAttribute("stroke-width");
      }).concat(Array.prototype.map.call(panel.querySelectorAll(".texts text, .formula text"), function (t) {
        return t.textContent;
      }));
    }));
    if (on.disabled) break;
    root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  }
  root.querySelector("[data-do=first]").click();
  root.querySelector("[data-do=play]").click();
  root.querySelector("[data-do=play]").click();
  found.push(states);
});
var text = document.createElement("pre");
text.id = "found";
text.textContent = JSON.stringify(found);
document.body.appendChild(text);
</script>
"""

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
]


def looks(frame: str) -> list[str]:
    """What the driver reads, of the drawing of one panel."""
    root = ElementTree.fromstring(frame)
    [squares] = [g for g in root.iter(SPACE + "g") if g.get("class") == "squares"]
    paths = [f"{p.get('d')}|{p.get('fill')}|{p.get('stroke-width')}" for p in squares]
    groups = [g for name in ("texts", "formula") for g in root.iter(SPACE + "g") if g.get("class") == name]
    return sorted(paths + [text.text or "" for group in groups for text in group.iter(SPACE + "text")])


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_widget_draws_in_a_browser_what_the_frames_show(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    animations = [arithmetic(layer, n, values=v) for layer, n, v in SHOWN]
    page = tmp_path / "page.html"
    body = "".join(animation._repr_html_() for animation in animations)
    page.write_text(f"<!DOCTYPE html><meta charset='utf-8'><title>fine</title><body>{body}{DRIVE}", encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", page.as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "<title>fine</title>" in dom
    found = json.loads(unescape(re.findall(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)[0]))
    for animation, states in zip(animations, found, strict=True):
        assert len(states) == len(animation)
        for i, state in enumerate(states):
            for j, view in enumerate(("gather", "scatter")):
                alone = Arithmetic(animation.scene, view)
                panel = animation.panels[j]
                alone.panels = [panel]
                assert sorted(state[j]) == looks(alone.frame(animation._step(panel, i)))


def test_the_widget_script_is_plain_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    script = Path(oa.__file__).parent / "show" / "animations" / "arithmetic.js"
    done = subprocess.run(
        [node, "--check", "-"], input=f"({script.read_text('utf-8')})", text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
