"""Who imports whom, read from the source: imports inside functions and for types alone count like any other.

``python -m tests.imports`` prints the rooms of the package with what each imports, and the circles;
``python -m tests.imports --svg FILE`` draws them. Of another checkout: ``--root FOLDER``.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

Graph = dict[str, set[str]]  # what a module imports


def modules(root: Path) -> dict[str, Path]:
    """The files of the package by the name of their module."""
    found = {}
    for path in sorted((root / "opalgebra").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def graph(root: Path) -> Graph:
    """The imports between the modules of the package; that a module's packages are imported too is left out."""
    files = modules(root)
    return {name: set(_imported(name, path, files)) - {name} for name, path in files.items()}


def _imported(name: str, path: Path, files: dict[str, Path]) -> Iterator[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in _statements(path.read_text("utf-8")):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        else:
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                if whole in files or base in files:
                    yield whole if whole in files else base


@cache  # by what is read, so that no test sees an older file
def _statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))


def reached(imports: Graph, start: str) -> set[str]:
    """What a module imports, and these import, and so on; with itself only on a circle."""
    found: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(imports[name])
    return found


def circles(imports: Graph) -> list[list[str]]:
    """The largest sets of modules in which each reaches each, sorted."""
    reach = {name: reached(imports, name) for name in imports}
    found = {tuple(sorted(m for m in reach[name] if name in reach[m])) for name in imports if name in reach[name]}
    return [list(circle) for circle in sorted(found)]


def rooms(imports: Graph) -> Graph:
    """The imports between folders."""
    folders = {name.rsplit(".", 1)[0] for name in imports if "." in name}
    room = {name: name if name in folders else name.rsplit(".", 1)[0] for name in imports}
    found: Graph = {folder: set() for folder in room.values()}
    for name, others in imports.items():
        found[room[name]] |= {room[other] for other in others} - {room[name]}
    return found


def _shown(names: Iterable[str]) -> str:
    return " ".join(name.removeprefix("opalgebra.") for name in sorted(names))


if __name__ == "__main__":
    from tests.floors import svg

    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    made = graph(options.root)
    if options.svg:
        options.svg.write_text(svg(made), encoding="utf-8")
    else:
        for place, others in sorted(rooms(made).items()):
            print(f"{place}: {_shown(others)}")
        for circle in circles(made):
            print(f"a circle of {len(circle)}: {_shown(circle)}")
