"""Butterflies of Fourier transforms as LLVM vector code: eight transforms at once, one in each lane of a vector.

A point of the data is two vectors, the real and the imaginary parts of eight transforms; so a butterfly needs no
shuffles, and a twiddle factor is one number for all lanes.  Forward transforms split frequencies and leave them in
digit-reversed order, inverse transforms begin with that order: nothing is ever sorted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .layout import LANES, POINT
from .vectors import Arrays, emitted


class _Complex(NamedTuple):
    re: Any
    im: Any


class _Code:
    """Complex arithmetic on vectors, and points in the memory of the arguments of an intrinsic."""

    def __init__(self, memory: Arrays) -> None:
        self.builder, self.memory, self.index = memory.builder, memory, memory.step

    def add(self, a: _Complex, b: _Complex) -> _Complex:
        return _Complex(self.builder.fadd(a.re, b.re), self.builder.fadd(a.im, b.im))

    def sub(self, a: _Complex, b: _Complex) -> _Complex:
        return _Complex(self.builder.fsub(a.re, b.re), self.builder.fsub(a.im, b.im))

    def sub_i(self, a: _Complex, b: _Complex) -> _Complex:
        """a − i b."""
        return _Complex(self.builder.fadd(a.re, b.im), self.builder.fsub(a.im, b.re))

    def add_i(self, a: _Complex, b: _Complex) -> _Complex:
        """a + i b."""
        return _Complex(self.builder.fsub(a.re, b.im), self.builder.fadd(a.im, b.re))

    def times(self, a: _Complex, w: _Complex) -> _Complex:
        """a · w, each part with two roundings where the machine can."""
        build, fused = self.builder, {"flags": ("contract",)}
        re = build.fsub(build.fmul(a.re, w.re, **fused), build.fmul(a.im, w.im, **fused), **fused)
        im = build.fadd(build.fmul(a.re, w.im, **fused), build.fmul(a.im, w.re, **fused), **fused)
        return _Complex(re, im)

    def conjugate(self, w: _Complex) -> _Complex:
        return _Complex(w.re, self.builder.fneg(w.im))

    def load(self, array: int, point: Any) -> _Complex:
        at = self.index(ir.Constant(point.type, 0), POINT, point)
        return _Complex(self.memory.load(array, at), self.memory.load(array, self.index(at, LANES)))

    def store(self, array: int, point: Any, value: _Complex) -> None:
        at = self.index(ir.Constant(point.type, 0), POINT, point)
        self.memory.store(array, at, value.re)
        self.memory.store(array, self.index(at, LANES), value.im)

    def factor(self, array: int, at: Any) -> _Complex:
        """The complex number at two entries of an array, in every lane."""
        return _Complex(*(self.memory.splat(array, self.index(at, k)) for k in range(2)))

    def fourier4(self, x: list[_Complex]) -> list[_Complex]:
        """X_k = Σ_n x_n (−i)^{kn}."""
        s, d = self.add(x[0], x[2]), self.sub(x[0], x[2])
        t, e = self.add(x[1], x[3]), self.sub(x[1], x[3])
        return [self.add(s, t), self.sub_i(d, e), self.sub(s, t), self.add_i(d, e)]

    def inverse4(self, x: list[_Complex]) -> list[_Complex]:
        """x_n = Σ_k X_k i^{kn}."""
        first, second, third, fourth = self.fourier4(x)
        return [first, fourth, third, second]

    def fourier(self, x: list[_Complex], inverse: bool = False) -> list[_Complex]:
        """The transform of two or of four, without a factor."""
        if len(x) == 2:
            return [self.add(x[0], x[1]), self.sub(x[0], x[1])]
        return self.inverse4(x) if inverse else self.fourier4(x)


@intrinsic
def split4(_: Any, data: Any, n: Any, quarter: Any, twiddles: Any, j: Any) -> Any:
    """Points n + r·quarter, 0 ≤ r < 4, become w^{jr} X_r, with the three factors from twiddles[j] on."""

    def body(memory: Arrays, args: Any) -> None:
        c = _Code(memory)
        points = [c.index(args[1], r, args[2]) for r in range(4)]
        spectrum = c.fourier4([c.load(0, point) for point in points])
        for r, (point, value) in enumerate(zip(points, spectrum, strict=True)):
            c.store(0, point, c.times(value, c.factor(3, c.index(args[4], 2 * r - 2))) if r else value)

    return types.void(data, *(types.intp,) * 2, twiddles, types.intp), emitted(body, LANES)


@intrinsic
def join4(_: Any, data: Any, n: Any, quarter: Any, twiddles: Any, j: Any) -> Any:
    """What :func:`split4` did, undone but for a factor of four."""

    def body(memory: Arrays, args: Any) -> None:
        c = _Code(memory)
        points = [c.index(args[1], r, args[2]) for r in range(4)]
        spectrum = [c.load(0, point) for point in points]
        for r in range(1, 4):
            spectrum[r] = c.times(spectrum[r], c.conjugate(c.factor(3, c.index(args[4], 2 * r - 2))))
        for point, value in zip(points, c.inverse4(spectrum), strict=True):
            c.store(0, point, value)

    return types.void(data, *(types.intp,) * 2, twiddles, types.intp), emitted(body, LANES)


def _filter(radix: int, adds: bool) -> Any:
    @intrinsic
    def step(_: Any, data: Any, source: Any, n: Any, spectrum: Any, h: Any) -> Any:
        """Points n … n + radix of data are, or are added to by, those of the source, transformed, times the spectrum
        from h on, and transformed back."""

        def body(memory: Arrays, args: Any) -> None:
            c = _Code(memory)
            points = [c.index(args[2], r) for r in range(radix)]
            values = c.fourier([c.load(1, point) for point in points])
            values = [c.times(value, c.factor(3, c.index(args[4], 2 * r))) for r, value in enumerate(values)]
            for point, value in zip(points, c.fourier(values, inverse=True), strict=True):
                c.store(0, point, c.add(c.load(0, point), value) if adds else value)

        return types.void(data, source, types.intp, spectrum, types.intp), emitted(body, LANES)

    return step


#: The innermost transforms, the product with the spectrum and the way back, for the last two or four points.
filter2, filter4 = _filter(2, False), _filter(4, False)
add_filter2, add_filter4 = _filter(2, True), _filter(4, True)
