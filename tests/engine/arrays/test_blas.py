"""NumPy's BLAS on one thread, and as many as before afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.arrays import blas
from opalgebra.engine.arrays.blas import ALONE, on_one_thread

LARGE = ALONE + 1
needs_openblas = pytest.mark.skipif(blas._functions() is None, reason="NumPy's BLAS is not OpenBLAS")


@needs_openblas
def test_within_it_there_is_one_thread() -> None:
    get, put = blas._functions()
    before = get()
    try:
        put(2)
        with on_one_thread(LARGE):
            assert get() == 1
            with on_one_thread(LARGE):
                assert get() == 1
            assert get() == 1
        assert get() == 2
        with pytest.raises(KeyError), on_one_thread(LARGE):
            raise KeyError
        assert get() == 2
        with on_one_thread(ALONE):
            assert get() == 2  # for a small product nothing is set
    finally:
        put(before)


@needs_openblas
def test_several_threads_at_once_put_back_what_was() -> None:
    get, put = blas._functions()
    before = get()

    def product(_: int) -> int:
        with on_one_thread(LARGE):
            np.ones((64, 64)) @ np.ones((64, 64))
            return get()

    try:
        put(2)
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(product, range(200))) == {1}
        assert get() == 2
    finally:
        put(before)


def test_another_library_keeps_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_functions", lambda: None)
    with on_one_thread(LARGE):
        assert (np.ones((9, 9)) @ np.ones((9, 9)))[0, 0] == 9


@pytest.mark.parametrize("shape", [(48, 64, 2, 900), (3, 96, 4, 2000), (64, 2, 8, 3000)])
def test_the_number_of_threads_changes_no_bit(shape: tuple[int, ...]) -> None:
    """1×1 layers, which are products of BLAS, and their gradients."""
    outs, ins, batch, positions = shape
    rng = np.random.default_rng(0)
    layer = oa.nn.Conv(rng.standard_normal((outs, ins, 1)).astype(np.float32))
    x, y = (rng.standard_normal((batch, n, positions)).astype(np.float32) for n in (ins, outs))
    before, found = oa.get_threads(), []
    try:
        for threads in (1, 2, 3):
            oa.set_threads(threads)
            bound = layer.on(positions)
            found.append([bound(x), bound.T(y), layer.grad_weight(x).T(y)])
    finally:
        oa.set_threads(before)
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))
