"""The directive ``command-line``: what ``opalgebra --help`` and the help of every command print."""

from __future__ import annotations

import argparse
import os
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from opalgebra.cli import _parser


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands by name."""
    (group,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(group.choices)


class CommandLine(SphinxDirective):
    """A section per command, its help as it is printed on 88 columns."""

    def run(self) -> list[nodes.Node]:
        os.environ["COLUMNS"] = "88"
        parser = _parser()
        shown = {"opalgebra": parser, **{f"opalgebra {name}": one for name, one in _commands(parser).items()}}
        return [self._section(name, one.format_help()) for name, one in shown.items()]

    def _section(self, name: str, text: str) -> nodes.section:
        block = nodes.literal_block(text, text, language="none")
        section = nodes.section("", nodes.title(name, name), block, ids=[nodes.make_id(name)], names=[name])
        self.set_source_info(section)
        return section


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
