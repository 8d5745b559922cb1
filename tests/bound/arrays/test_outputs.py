"""Results that are written to an array: as they are returned, and refused where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("taps", [[1.0, 2.0, -1.0], [1.0, 0.0, 2.0], [1j, 2.0]])
def test_a_short_result_is_written_as_it_is_returned(dtype: str, taps: list[complex]) -> None:
    rng = np.random.default_rng(0)
    F = oa.Conv(np.array(taps).real if dtype[0] == "f" else np.array(taps)).on(20, dtype=dtype)
    for _ in range(3):  # checked, then ready
        x = rng.standard_normal(20).astype(dtype)
        x[3] = rng.choice([1, np.nan])
        out = np.empty(F.dimsd, F(x).dtype)
        assert F(x, out=out) is out
        np.testing.assert_array_equal(out, F(x))
        assert np.isfinite(out[7:]).all()


def test_what_out_must_be_is_checked_every_time() -> None:
    F, x = oa.Conv([1.0, 2.0]).on(5, mode="same"), np.ones(5)
    for _ in range(3):
        assert F(x, out=np.empty(5)).tolist() == [1, 3, 3, 3, 3]
        with pytest.raises(oa.OperandError, match="overlaps"):
            F(x, out=x)
        with pytest.raises(oa.OperandError, match="overlaps"):
            F(x, out=x[::-1])
        with pytest.raises(oa.OperandError, match="read-only"):
            F(x, out=np.broadcast_to(1.0, 5))
        with pytest.raises(oa.OperandError, match="dtype float32"):
            F(x, out=np.empty(5, "f4"))
        with pytest.raises(oa.DimensionError, match=r"shape \(6,\)"):
            F(x, out=np.empty(6))
        with pytest.raises(oa.DimensionError, match="type list"):
            F(x, out=[0.0] * 5)
        with pytest.raises(oa.OperandError, match="masked"):
            F(x, out=np.ma.array(np.empty(5), mask=[1, 0, 0, 0, 0]))
        assert x.tolist() == [1] * 5
