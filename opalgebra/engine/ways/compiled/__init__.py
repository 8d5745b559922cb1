"""Filters between two rates as machine code, compiled by Numba on first use.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

on any number of axes, in float32, float64, int64, complex64 and complex128.  :func:`fir` gives an object whose
``run(x)`` filters arrays: a :class:`Plan` or :class:`PhasePlan`, or an :class:`OverlapSave` or :class:`BoxFilter`
where FFTs are faster.
Numba is imported by the first ``run``.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

from .boxes import Boxes, BoxFilter
from .fourier import fir, least_transforms, transforms_of
from .loops.layout import DTYPES
from .mixing import AXES as MIXING_AXES
from .mixing import MixingPlan, mixing_plan
from .mixing_gradient import MixingGradient
from .overlap import Blocks, OverlapSave
from .phases import PhasePlan, tiled
from .plans import Plan, plan
from .runs import Later
from .separable import Separable, separable
from .threads import cpus, get_threads, set_threads


def warm_up() -> None:
    """Compile what is usual, so that no later process waits for it: once after installing, or when an image is built.

    What is usual are the loops of filters along one axis and two, of resampling, of long filters, and of layers, in
    float32 and float64; others are compiled when they are first needed.  It takes half a minute; where it was done
    before, some milliseconds.  Machine code is kept in files below the directory ``OPALGEBRA_CACHE``, or that of the
    system for caches, which only this user may write to, and is loaded without Numba.  It holds for this processor and
    these versions of Python, NumPy, Numba and the package.  Where Numba is not installed there is nothing to do.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.warm_up()
    """
    if available():
        from .kernels import usual

        usual()


def available() -> bool:
    """Whether Numba is installed and may compile; it is looked for, not imported."""
    is_off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    return not is_off and _is_installed()


@cache
def _is_installed() -> bool:
    return find_spec("numba") is not None
