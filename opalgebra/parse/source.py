"""Text to syntax tree, under limits that hold before anything is built, with errors that point at the place."""

from __future__ import annotations

import ast
import warnings
from typing import NoReturn

from ..errors import ParseError

MAX_LENGTH = 10_000  # characters
MAX_DEPTH = 100  # nested brackets, and nested nodes of the tree


def fail(text: str, at: int, message: str) -> NoReturn:
    """ParseError with the line and a caret under character ``at``."""
    at = max(0, min(at, len(text)))
    first = max(0, at - 60)
    line = ("…" if first else "") + text[first : at + 40] + ("…" if at + 40 < len(text) else "")
    caret = " " * (at - first + bool(first)) + "^"
    raise ParseError(f"{message}\n    {line}\n    {caret}")


def checked_text(text: object) -> str:
    """``text`` on one line, or ParseError where it is no string, too long, or nested too deep."""
    if not isinstance(text, str):
        raise ParseError(f"a {type(text).__name__} was given; give the expression as a string")
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the text has {len(text):,} characters; at most {MAX_LENGTH:,} are read")
    # One line, so that every position is a column.
    text = text.translate(dict.fromkeys(map(ord, "\t\n\r\f\v"), " ")).strip(" ")
    if not text:
        raise ParseError("the text is empty; give an expression such as Conv(q) @ Up(2)")
    for character in "\0#\\":
        if character in text:
            fail(text, text.index(character), f"the character {character!r} is not part of the language")
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            fail(text, at, f"brackets are nested more than {MAX_DEPTH} deep")
    return text


def tree(text: str) -> ast.expr:
    """The syntax tree of a checked text, at most :data:`MAX_DEPTH` deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python finds dubious, such as 1if, is refused
            root = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        hint = "; equality is written ==" if "==" not in text and "=" in text else ""
        fail(text, (error.offset or 1) - 1, f"this is not an expression ({error.msg}){hint}")
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise ParseError(f"the text cannot be read ({error or type(error).__name__}); write it shorter") from None
    _check_depth(text, root)
    return root


def _is_flat(node: ast.AST) -> bool:
    """Sums and compositions are flat however long, so that their left end is no deeper than they are."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.MatMult))


def _check_depth(text: str, root: ast.expr) -> None:
    stack: list[tuple[ast.AST, int]] = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            fail(text, column(text, node), f"the expression is nested more than {MAX_DEPTH} deep")
        for child in ast.iter_child_nodes(node):
            along = _is_flat(node) and child is node.left and _is_flat(child)  # type: ignore[attr-defined]
            stack.append((child, depth if along else depth + 1))


def column(text: str, node: ast.AST) -> int:
    """Where a node starts: ast counts bytes of UTF-8; a caret needs characters."""
    offset = getattr(node, "col_offset", 0)
    return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))
