"""The conformance set: inputs and outputs of SciPy and of deep-learning frameworks, kept outside the repository.

The set lies in ``../shared/conformance`` beside the checkout, or where the environment variable
OPALGEBRA_CONFORMANCE says.  Where there is none, :func:`cases` is empty and ``MISSING`` says why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

VARIABLE = "OPALGEBRA_CONFORMANCE"
FOLDER = Path(os.environ.get(VARIABLE) or Path(__file__).resolve().parents[2] / "shared" / "conformance")
SCHEMA = 1

MISSING = "" if FOLDER.is_dir() else f"no conformance set in {FOLDER}; name its folder in {VARIABLE}"


@dataclass(frozen=True)
class Case:
    """One recorded computation; the attributes are the fields of its record, arrays in place of their keys."""

    id: str
    op: str
    src_op: str
    nd: int
    attrs: Mapping[str, Any]
    norm: Mapping[str, Any] | None
    linearity: str
    tags: frozenset[str]
    tol: tuple[float, float]
    inputs: Mapping[str, np.ndarray] = field(repr=False)
    outputs: Mapping[str, np.ndarray] = field(repr=False)
    grads: Mapping[str, np.ndarray] = field(repr=False)

    def error(self, got: Any, key: str = "y", group: str = "outputs") -> str:
        """What is wrong with a result; empty where shape and values are those recorded."""
        want, got = getattr(self, group)[key], np.asarray(got)
        if got.shape != want.shape:
            return f"{self.id}: {key} has shape {got.shape}, expected {want.shape}"
        rtol, atol = self.tol
        wide = want.astype(np.complex128)
        wrong = ~(np.abs(got - wide) <= atol + rtol * np.abs(wide))  # a NaN is wrong, too
        return f"{self.id}: {key} differs at {np.argwhere(wrong)[0].tolist()}" if wrong.any() else ""


@cache
def _records(name: str) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    document = json.loads((FOLDER / f"{name}_cases.json").read_text(encoding="utf-8"))
    if document["schema"] != SCHEMA:
        raise ValueError(f"the conformance set {name} has schema {document['schema']}; this loader reads {SCHEMA}")
    with np.load(FOLDER / document["npz"]) as stored:
        arrays = {key: stored[key] for key in stored.files}
    for array in arrays.values():
        array.flags.writeable = False
    return document["cases"], arrays


def cases(
    name: str,
    op: str | Container[str] | None = None,
    tags: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    linearity: str | None = None,
) -> list[Case]:
    """The cases of one file ("scipy" or "torch"): of some operations, with all ``tags`` and none of ``without``."""
    if MISSING:
        return []
    ops = {op} if isinstance(op, str) else op
    records, arrays = _records(name)
    return [
        _case(record, arrays)
        for record in records
        if (ops is None or record["op"] in ops)
        and set(tags) <= set(record["tags"])
        and not set(without) & set(record["tags"])
        and linearity in (None, record["linearity"])
    ]


def _case(record: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Case:
    groups = {group: {role: arrays[key] for role, key in record[group].items()} for group in _GROUPS}
    plain = {name: record[name] for name in ("id", "op", "src_op", "nd", "attrs", "norm", "linearity")}
    return Case(**plain, tags=frozenset(record["tags"]), tol=tuple(record["tol"]), **groups)


_GROUPS = ("inputs", "outputs", "grads")
