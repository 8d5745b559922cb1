"""The innermost loop as LLVM vector code: eight vectors of outputs stay in registers while all taps go by.

Numba's own vectoriser keeps one sum in memory and stops at half the vector width; written as explicit vectors the loop
reads each input once per tap and each output never.  A vector has 64 bytes; LLVM splits it where registers are smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .layout import COMBS, VECTOR_BYTES

_INDEX = ir.IntType(64)
_LANE = ir.IntType(32)


def _fused(builder: Any, product: tuple[Any, Any], total: Any) -> Any:
    """total + a·b, with one rounding where the machine has such an instruction."""
    a, b = product
    if isinstance(a.type.element, ir.IntType):
        return builder.add(builder.mul(a, b), total)
    return builder.fadd(builder.fmul(a, b, flags=("contract",)), total, flags=("contract",))


def _splat(builder: Any, value: Any, vector: Any) -> Any:
    """A vector whose lanes all hold the value."""
    unset = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(unset, value, ir.Constant(_LANE, 0))
    return builder.shuffle_vector(one, unset, ir.Constant(ir.VectorType(_LANE, vector.count), [0] * vector.count))


def _vectors(builder: Any, base: Any, vector: Any, count: int) -> list[Any]:
    """Pointers to consecutive vectors."""
    steps = [ir.Constant(_INDEX, v * vector.count) for v in range(count)]
    return [builder.bitcast(builder.gep(base, [step]), vector.as_pointer()) for step in steps]


def _sums(count: int) -> Callable[..., Any]:
    """The code of ``y[y0 + i] = Σ_k taps[k] · x[x0 + at[k] + i]`` for ``count`` vectors of i.

    Combs of taps lie a vector apart, so that they share most of what they read.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def data(i: int) -> Any:
            return context.make_array(signature.args[i])(context, builder, args[i]).data

        y, x, taps, at = builder.gep(data(0), [args[1]]), builder.gep(data(2), [args[3]]), data(4), data(5)
        element = context.get_value_type(signature.args[0].dtype)
        size = context.get_abi_sizeof(element)
        vector = ir.VectorType(element, VECTOR_BYTES // size)
        totals = [ir.Constant(vector, None)] * count
        for comb, first, stop in zip(COMBS, args[6:], args[7:], strict=False):
            totals = _loop(builder, totals, (x, taps, at), (comb, first, stop), size)
        for pointer, total in zip(_vectors(builder, y, vector, count), totals, strict=True):
            builder.store(total, pointer, align=size)
        return context.get_dummy_value()

    return code


def _loop(builder: Any, before: list[Any], data: Any, bounds: Any, size: int) -> list[Any]:
    """The totals when the taps first ≤ k < stop have gone by, ``comb`` at a time."""
    (x, taps, at), (comb, first, stop) = data, bounds
    vector, count, entry = before[0].type, len(before), builder.block
    loop, done = builder.append_basic_block(f"combs{comb}"), builder.append_basic_block(f"after{comb}")
    builder.cbranch(builder.icmp_signed("<", first, stop), loop, done)

    builder.position_at_end(loop)
    k, totals = builder.phi(_INDEX), [builder.phi(vector) for _ in range(count)]
    source = builder.gep(x, [builder.load(builder.gep(at, [k]))])
    samples = [builder.load(pointer, align=size) for pointer in _vectors(builder, source, vector, count + comb - 1)]
    updated: list[Any] = list(totals)
    for t in range(comb):
        tap = _splat(builder, builder.load(builder.gep(taps, [builder.add(k, ir.Constant(_INDEX, t))])), vector)
        updated = [_fused(builder, (samples[v + t], tap), total) for v, total in enumerate(updated)]
    following = builder.add(k, ir.Constant(_INDEX, comb))
    k.add_incoming(first, entry)
    k.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, stop), loop, done)

    builder.position_at_end(done)
    results = [builder.phi(vector) for _ in range(count)]
    for total, given, update, result in zip(totals, before, updated, results, strict=True):
        for phi in (total, result):
            phi.add_incoming(given, entry)
            phi.add_incoming(update, loop)
    return results


def _block(count: int) -> Any:
    @intrinsic
    def block(_: Any, y: Any, y0: Any, x: Any, x0: Any, taps: Any, at: Any, k0: Any, k1: Any, k2: Any, k3: Any) -> Any:
        index = types.intp
        return types.void(y, index, x, index, taps, at, *(index,) * 4), _sums(count)

    return block


#: ``block(y, y0, x, x0, taps, at, k0, k1, k2, k3)`` for 8, 4, 2 and 1 vectors, with combs of four taps from k0 on, of
#: two from k1, single ones from k2 to k3; nothing is checked.
block8, block4, block2, block1 = _block(8), _block(4), _block(2), _block(1)


# Interleaving -------------------------------------------------------------------------------------------------------

SHUFFLED = 4  # up to here phases are split and joined by shuffles of whole vectors, beyond by transposing squares
SQUARE = 8


def _pick(builder: Any, vectors: list[Any], wanted: list[tuple[int, int]]) -> Any:
    """The vector whose lane i is the lane wanted[i][1] of vectors[wanted[i][0]]."""
    lanes = len(wanted)
    chosen = vectors[0]
    for number in range(1, len(vectors)):
        lane = [
            lanes + at if source == number else (at if number == 1 else i) if source < number else 0
            for i, (source, at) in enumerate(wanted)
        ]
        mask = ir.Constant(ir.VectorType(_LANE, lanes), lane)
        chosen = builder.shuffle_vector(chosen, vectors[number], mask)
    return chosen


def _cases(builder: Any, phases: Any, code: Callable[[int], None]) -> None:
    """code(k) for k = phases, 2 ≤ k ≤ SHUFFLED."""
    done = builder.append_basic_block("shuffled")
    switch = builder.switch(phases, done)
    for k in range(2, SHUFFLED + 1):
        case = builder.append_basic_block(f"phases{k}")
        switch.add_case(ir.Constant(_INDEX, k), case)
        builder.position_at_end(case)
        code(k)
        builder.branch(done)
    builder.position_at_end(done)


class _Arrays:
    """Vectors in the memory of the array arguments of an intrinsic."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any, lanes: int = 0) -> None:
        self.builder, self.bases = builder, {}
        for i, kind in enumerate(signature.args):
            if isinstance(kind, types.Array):
                self.bases[i] = context.make_array(kind)(context, builder, args[i]).data
        element = context.get_value_type(signature.args[0].dtype)
        self.size = context.get_abi_sizeof(element)
        self.vector = ir.VectorType(element, lanes or VECTOR_BYTES // self.size)

    def _pointer(self, array: int, at: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(self.bases[array], [at]), self.vector.as_pointer())

    def load(self, array: int, at: Any) -> Any:
        return self.builder.load(self._pointer(array, at), align=self.size)

    def store(self, array: int, at: Any, value: Any) -> None:
        self.builder.store(value, self._pointer(array, at), align=self.size)

    def step(self, at: Any, number: int, stride: Any = 1) -> Any:
        """at + number · stride."""
        stride = ir.Constant(_INDEX, stride) if isinstance(stride, int) else stride
        return self.builder.add(at, self.builder.mul(ir.Constant(_INDEX, number), stride))


@intrinsic
def split_step(_: Any, runs: Any, at: Any, run: Any, x: Any, source: Any, phases: Any) -> Any:
    """runs[at + q·run + i] = x[source + phases·i + q] for one vector of i and 2 ≤ phases ≤ SHUFFLED."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = _Arrays(context, builder, signature, args)
        lanes = memory.vector.count

        def case(k: int) -> None:
            mixed = [memory.load(3, memory.step(args[4], v, lanes)) for v in range(k)]
            for q in range(k):
                wanted = [divmod(k * i + q, lanes) for i in range(lanes)]
                memory.store(0, memory.step(args[1], q, args[2]), _pick(builder, mixed, wanted))

        _cases(builder, args[5], case)
        return context.get_dummy_value()

    return types.void(runs, *(types.intp,) * 2, x, *(types.intp,) * 2), code


@intrinsic
def join_step(_: Any, y: Any, to: Any, runs: Any, at: Any, run: Any, phases: Any) -> Any:
    """y[to + phases·i + p] = runs[at + p·run + i] for one vector of i and 2 ≤ phases ≤ SHUFFLED."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = _Arrays(context, builder, signature, args)
        lanes = memory.vector.count

        def case(k: int) -> None:
            separate = [memory.load(2, memory.step(args[3], p, args[4])) for p in range(k)]
            for v in range(k):
                wanted = [divmod(v * lanes + i, k)[::-1] for i in range(lanes)]
                memory.store(0, memory.step(args[1], v, lanes), _pick(builder, separate, wanted))

        _cases(builder, args[5], case)
        return context.get_dummy_value()

    return types.void(y, types.intp, runs, *(types.intp,) * 3), code


@intrinsic
def transpose_square(_: Any, y: Any, to: Any, y_step: Any, x: Any, source: Any, x_step: Any) -> Any:
    """y[to + c·y_step + r] = x[source + r·x_step + c] for 0 ≤ r, c < SQUARE."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = _Arrays(context, builder, signature, args, SQUARE)
        rows = [memory.load(3, memory.step(args[4], r, args[5])) for r in range(SQUARE)]
        half = SQUARE // 2
        while half:  # swap the off-diagonal quarters of ever smaller squares
            for r in [r for r in range(SQUARE) if not r & half]:
                pair = [rows[r], rows[r + half]]
                rows[r] = _pick(builder, pair, [(1, i - half) if i & half else (0, i) for i in range(SQUARE)])
                rows[r + half] = _pick(builder, pair, [(1, i) if i & half else (0, i + half) for i in range(SQUARE)])
            half //= 2
        for c, row in enumerate(rows):
            memory.store(0, memory.step(args[1], c, args[2]), row)
        return context.get_dummy_value()

    return types.void(y, *(types.intp,) * 2, x, *(types.intp,) * 2), code
