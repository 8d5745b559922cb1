"""The directive ``pages``: a toctree whose patterns may have no page yet, about which Sphinx's own always warns."""

from __future__ import annotations

from fnmatch import filter as matching
from posixpath import dirname, join, normpath
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.directives.other import TocTree


class Pages(TocTree):
    """Entries with ``*`` stand for the pages that they match, in the order of their names."""

    def run(self) -> list[nodes.Node]:
        entries = [name for line in self.content if line.strip() for name in self._found(line.strip())]
        self.content = StringList(entries, self.state.document.current_source)
        return super().run()

    def _found(self, pattern: str) -> list[str]:
        if "*" not in pattern:
            return [pattern]
        here = self.env.docname
        whole = normpath(join(dirname(here), pattern))
        return [f"/{name}" for name in sorted(matching(self.env.found_docs, whole)) if name != here]


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("pages", Pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
