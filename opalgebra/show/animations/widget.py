"""Convolution arithmetic as one fragment of HTML: the drawings once, the steps as data, and a script that applies them.

Without scripts the first step stands there; a printed page has a filmstrip.  Nothing is loaded from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from html import escape
from importlib.resources import files
from itertools import count
from typing import Any

from .. import svg
from .frames import CORNER_AT, TEXT_AT, corner_size, drawing, text_size
from .panels import STATES, Panel, attributes
from .sliding import Scene

_NUMBERS = count(1)

STYLE = """
#ID{font-family:system-ui,sans-serif;max-width:100%}
#ID .oa-panels{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:flex-start}
#ID .oa-panel{max-width:100%;min-width:0}
#ID .oa-bar{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;margin:.3rem 0}
#ID .oa-bar[hidden],#ID .oa-panel[hidden]{display:none}
#ID .oa-bar button,#ID .oa-bar select{font:inherit;color:inherit;background:transparent}
#ID .oa-bar button,#ID .oa-bar select{border:1px solid;border-radius:4px;min-width:2.2rem;padding:.15rem .5rem}
#ID .oa-bar select option{color:#000;background:#fff}
#ID .oa-bar button:disabled{opacity:.4;cursor:default}
#ID .oa-bar input{flex:1 1 8rem;max-width:24rem;accent-color:currentColor}
#ID :focus-visible,#ID:focus-visible{outline:2px solid currentColor;outline-offset:2px}
#ID .oa-said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
#ID .oa-strip svg{max-width:100%;max-height:88vh;width:auto!important}
@media print{#ID .oa-panels,#ID .oa-bar{display:none!important}#ID .oa-strip{display:block!important}}
"""

BAR = (
    '<div class="oa-bar" hidden="hidden">'
    '<button type="button" data-do="first" aria-label="first step">|◀</button>'
    '<button type="button" data-do="back" aria-label="step back">◀</button>'
    '<button type="button" data-do="play" aria-label="play">▶ play</button>'
    '<button type="button" data-do="on" aria-label="step forward">▶</button>'
    '<input type="range" min="0" value="0" aria-label="step"/>'
    '<span class="oa-count"></span>CHOICE</div>'
)
CHOICE = (
    '<select aria-label="view"><option value="both">both views</option><option value="gather">gather</option>'
    '<option value="scatter">scatter</option></select>'
)


def fragment(scene: Scene, panels: list[Panel], filmstrip: str) -> str:
    """The widget, with an id that no other fragment has; printed pages show the filmstrip in its place."""
    data = json.dumps(_data(panels), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    name = f"oa-{hashlib.sha256(data.encode()).hexdigest()[:10]}-{next(_NUMBERS)}"
    title = escape(scene.title)
    note = f"<div>{escape(scene.note)}</div>" if scene.note else ""
    drawn = "".join(f'<div class="oa-panel" data-view="{p.view}">{_drawn(p, title)}</div>' for p in panels)
    bar = BAR.replace("CHOICE", CHOICE if len(panels) > 1 else "")
    script = files(__package__).joinpath("arithmetic.js").read_text(encoding="utf-8")
    return (
        f'<div id="{name}" class="oa-arithmetic" role="group" tabindex="0" aria-label="{title}">'
        f"<style>{STYLE.replace('#ID', '#' + name)}</style>"
        f'<div>{title}</div>{note}<div class="oa-panels">{drawn}</div>{bar}'
        '<div class="oa-said" aria-live="polite"></div>'
        f'<div class="oa-strip" style="display:none">{filmstrip}</div>'
        f"<script>({script.strip()})({json.dumps(name)},{data});</script></div>"
    )


def _drawn(panel: Panel, title: str) -> str:
    return svg.document(panel.width, panel.height, drawing(panel, 0), f"{title}, {panel.heading}")


def _data(panels: list[Panel]) -> dict[str, Any]:
    """States by number, and for every panel its first looks and what its steps change."""
    numbers = {state: i for i, state in enumerate(STATES)}
    return {
        "states": [{name.replace("_", "-"): value for name, value in attributes(state).items()} for state in STATES],
        "corner": CORNER_AT,
        "panels": [_panel_data(panel, numbers) for panel in panels],
    }


def _panel_data(panel: Panel, numbers: dict[str, int]) -> dict[str, Any]:
    side = panel.side
    texts = {cell.text for cell in panel.cells} | {text for step in panel.steps for _, _, text in step.kept}
    corners = {corner for step in panel.steps for _, _, corner in step.now}
    return {
        "view": panel.view,
        "side": side,
        "text": [side / 2, round(TEXT_AT * side, 2)],
        "cells": [[round(cell.x, 2), round(cell.y, 2), numbers[cell.state], cell.text] for cell in panel.cells],
        "sizes": {text: found for text in sorted(texts) if (found := text_size(text, side))},
        "corners": {text: found for text in sorted(corners) if (found := corner_size(text, side))},
        "steps": [
            [
                [[place, numbers[state], corner] for place, state, corner in step.now],
                [[place, numbers[state], text] for place, state, text in step.kept],
                step.links,
                step.lines,
            ]
            for step in panel.steps
        ],
    }
