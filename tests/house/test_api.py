"""The public interface is the one that was written down: names, signatures, members, examples."""

from __future__ import annotations

import pytest

import opalgebra as oa
from tests import api


def test_the_interface_is_the_one_written_down() -> None:
    """Where a change is meant, ``python -m tests.api`` writes it down anew."""
    assert list(api.lines()) == api.GOLDEN.read_text("utf-8").splitlines()


class _Twice(oa.Up):
    """↑₂."""

    def on(self, n: int, engine: str = "fast") -> int:
        """Twice.

        >>> _Twice(2).on(3)
        6
        """
        return 2 * n


def test_the_lines_of_a_class() -> None:
    assert list(api._object("Twice", _Twice)) == [
        "class Twice(factor: 'Factor') -> None of (Up, LinearOperator)",
        "    .on(self, n: 'int', engine: 'str' = 'fast') -> 'int'",
        "        >>> _Twice(2).on(3)",
        "        6",
    ]


def test_what_is_lost_or_changed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(api.lines())
    monkeypatch.setattr(oa, "__all__", [name for name in oa.__all__ if name != "box"])
    after = set(api.lines())
    assert next(line for line in before if line not in after).startswith("opalgebra.box(")
    monkeypatch.setattr(oa, "box", lambda n=1: n)
    monkeypatch.setattr(oa, "__all__", [*oa.__all__, "box"])
    assert "opalgebra.box(n=1)" in set(api.lines()) - set(before)
