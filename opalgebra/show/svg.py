"""SVG as text.

Lines and letters take the colour of the text around them (``currentColor``), so that a drawing reads in print, on a
white page and on a dark one; what colours must tell apart is taken from a palette made for colour-blind readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

# Okabe and Ito, "Color universal design" (2008), without its black; the yellow is too light for lines on white.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
INK = "currentColor"
FONT = "DejaVu Sans, Segoe UI Symbol, sans-serif"  # has ↑, ↓, ∗ and subscripts


def number(value: float) -> str:
    """At most two decimals, no trailing zeros.

    >>> number(2.0), number(0.125), number(-0.001)
    ('2', '0.12', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _written(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def element(tag: str, *inside: str, **attributes: object) -> str:
    """One element; ``class_`` and ``stroke_width`` are written ``class`` and ``stroke-width``; None leaves one out.

    >>> element("circle", cx=1, cy=2.5, r=3, stroke_width=None)
    '<circle cx="1" cy="2.5" r="3"/>'
    """
    named = "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(_written(value))}"
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{named}>{''.join(inside)}</{tag}>" if inside else f"<{tag}{named}/>"


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **{"stroke": INK, **attributes})


def path(points: Iterable[tuple[float, float]], **attributes: object) -> str:
    """A line from point to point.

    >>> path([(0, 0), (1, 2)])
    '<path d="M0 0L1 2" fill="none" stroke="currentColor"/>'
    """
    d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=d, **{"fill": "none", "stroke": INK, **attributes})


def rectangle(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """A rectangle by its upper left corner."""
    shape = {"x": x, "y": y, "width": width, "height": height}
    return element("rect", **{**shape, "fill": "none", "stroke": INK, **attributes})


def circle(x: float, y: float, radius: float, **attributes: object) -> str:
    """A circle by its centre."""
    return element("circle", cx=x, cy=y, r=radius, **{"fill": "none", "stroke": INK, **attributes})


def label(x: float, y: float, text: str, **attributes: object) -> str:
    """Text centred on x, standing on y; characters that mean something in XML are escaped.

    >>> label(0, 0, "a < b", font_size=None)
    '<text x="0" y="0" text-anchor="middle" fill="currentColor">a &lt; b</text>'
    """
    style = {"x": x, "y": y, "text_anchor": "middle", "font_size": 14, "fill": INK}
    return element("text", escape(text), **{**style, **attributes})


def document(width: float, height: float, elements: Iterable[str], title: str = "", **attributes: object) -> str:
    """A whole SVG, as wide as its place allows; ``title`` is what a screen reader says."""
    named = [element("title", escape(title))] if title else []
    frame = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "width": width,
        "height": height,
        "role": "img",
        "font_family": FONT,
        "style": "max-width:100%;height:auto",
    }
    return element("svg", *named, *elements, **{**frame, **attributes})
