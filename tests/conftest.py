"""What every test shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from opalgebra.bound.operators import windowed
from opalgebra.engine.program import shared
from tests.cuda_shim.places import cupy, place

__all__ = ["cupy", "place"]  # fixtures, for the tests of CuPy arrays

# No deadline: the first example of a law pays for importing SymPy. Derandomised: a failure repeats.
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def nothing_is_shared() -> Iterator[None]:
    """What a test has planned, with faults planted perhaps, is not what equal operators of the next one run."""
    yield
    windowed._shared.clear()
    shared._KEPT.clear()


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


# The short run and the long one: `pytest` leaves out what is marked long, and says so.

LEFT_OUT = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)  # before the marks choose
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a campaign so many cases are short, evenly spread; the others are long."""
    campaigns: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("campaign"):
            campaigns[item.nodeid.partition("[")[0]].append(item)
    for cases in campaigns.values():
        (short,) = cases[0].get_closest_marker("campaign").args
        for i, case in enumerate(cases):
            if i * short // len(cases) == (i - 1) * short // len(cases):
                case.add_marker(pytest.mark.long)


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.config.stash[LEFT_OUT] = item.config.stash.get(LEFT_OUT, 0) + 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):  # one of several processes
        session.config.workeroutput["left out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every process leaves out the same."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{left_out} long tests are left out; `pytest -m long` runs them", yellow=True)
