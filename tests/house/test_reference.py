"""The reference: every public name is on one page of it, once, with a docstring whose example runs."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import opalgebra as oa

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
CONTRACT = ROOT.parent / "shared" / "design" / "contract.md"
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|data|exception|module):: (\S+)$", re.MULTILINE)
MODULES = {"nn": oa.nn, "show": oa.show}


def documented(folder: Path) -> Counter[str]:
    """How often each name is on the pages of a folder."""
    return Counter(name for page in sorted(folder.glob("*.md")) for name in DIRECTIVE.findall(page.read_text("utf-8")))


def public() -> dict[str, Any]:
    """Every public object by its full name; what two modules offer has the shorter one."""
    names = {f"opalgebra.{name}": getattr(oa, name) for name in oa.__all__}
    known = {id(value) for value in names.values()}
    layers = {f"opalgebra.nn.{name}": getattr(oa.nn, name) for name in oa.nn.__all__}
    return names | {name: value for name, value in layers.items() if id(value) not in known}


PUBLIC = public()


def examples(value: Any) -> list[str]:
    """The docstrings with an example: of the object, or of what a class defines itself."""
    owner = value if isinstance(value, type | ModuleType) or inspect.isroutine(value) else type(value)
    members = list(vars(owner).values()) if isinstance(owner, type) else []
    docstrings = [inspect.getdoc(one) or "" for one in [value, *members]]
    return [docstring for docstring in docstrings if ">>> " in docstring]


def test_every_public_name_is_documented_once() -> None:
    found = documented(REFERENCE)
    assert {name for name in PUBLIC if name not in found} == set()
    assert {name: times for name, times in found.items() if times > 1} == {}


def test_what_is_documented_is_public() -> None:
    assert set(documented(REFERENCE)) - PUBLIC.keys() == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_docstring_with_an_example(name: str) -> None:
    value = PUBLIC[name]
    assert inspect.getdoc(value)
    assert isinstance(value, ModuleType) or examples(value)


def test_every_page_of_the_reference_is_in_its_index() -> None:
    index = (REFERENCE / "index.md").read_text("utf-8")
    listed = re.search(r"^:maxdepth: \d\n\n(.*?)^```$", index, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert {page.stem for page in REFERENCE.glob("*.md")} == {"index", *listed[1].split()}


# What the contract names and a later release will have; a name that exists must leave this list.
COMING = frozenset([
    "Recursive", "aslinearoperator", "block_diag", "design", "diagonal",
    "hstack", "kron", "nn.from_onnx", "nn.from_torch", "nn.verify", "nn.weights", "on_axis",
    "stable", "torch", "vstack",
])  # fmt: skip


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this repository")
def test_every_name_of_the_contract_exists() -> None:
    written = set(re.findall(r"\boa\.((?:nn\.|show\.)?[A-Za-z_]+)", CONTRACT.read_text("utf-8")))
    assert len(written) > 30
    missing = {name for name in written if f"opalgebra.{name}" not in PUBLIC and not _reached(name)}
    assert missing == COMING


def _reached(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return hasattr(MODULES[module] if module else oa, last)


def test_the_checks_see_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(".. autoclass:: opalgebra.Conv\n\n.. autofunction:: opalgebra.Conv\n", "utf-8")
    assert documented(tmp_path) == {"opalgebra.Conv": 2}
    assert not examples(type("Bare", (), {"__doc__": "No example."}))
