"""Mathematics by the KaTeX that lies in _static/katex: the browser sets it, and asks no network for anything."""

from __future__ import annotations

from typing import Any

from docutils import nodes

FILES = ("katex/katex.min.js", "katex/auto-render.min.js", "mathematics.js")


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(f"{translator.encode(node.astext())}</span>")
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", "", CLASS="math display notranslate nohighlight"))
    translator.body.append(f"{translator.encode(node.astext())}</div>\n")
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("katex", inline_renderers=(_inline, None), block_renderers=(_display, None))
    app.add_css_file("katex/katex.min.css")
    for name in FILES:
        app.add_js_file(name, loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
