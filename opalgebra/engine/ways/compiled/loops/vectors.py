"""The innermost loop as LLVM vector code: eight vectors of outputs stay in registers while all taps go by.

Numba's own vectoriser keeps one sum in memory and stops at half the vector width; written as explicit vectors the loop
reads each input once per tap and each output never.  A vector has 64 bytes; LLVM splits it where registers are smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
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


class Arrays:
    """Numbers and vectors in the memory of the array arguments of an intrinsic."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any, lanes: int) -> None:
        self.builder, self.bases = builder, {}
        for i, kind in enumerate(signature.args):
            if isinstance(kind, types.Array):
                self.bases[i] = context.make_array(kind)(context, builder, args[i]).data
        element = context.get_value_type(signature.args[0].dtype)
        self.size = context.get_abi_sizeof(element)
        self.vector = ir.VectorType(element, lanes or VECTOR_BYTES // self.size)

    def at(self, array: int, *places: Any) -> Any:
        """A pointer to an entry, at the sum of some places."""
        pointer = self.bases[array]
        for place in places:
            pointer = self.builder.gep(pointer, [place])
        return pointer

    def number(self, array: int, *places: Any) -> Any:
        """An entry."""
        return self.builder.load(self.at(array, *places))

    def splat(self, array: int, *places: Any) -> Any:
        """A vector whose lanes all hold an entry."""
        unset = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(unset, self.number(array, *places), ir.Constant(_LANE, 0))
        lanes = ir.Constant(ir.VectorType(_LANE, self.vector.count), [0] * self.vector.count)
        return self.builder.shuffle_vector(one, unset, lanes)

    def vectors(self, pointer: Any, count: int) -> list[Any]:
        """Pointers to consecutive vectors from an entry on, which need not be aligned."""
        steps = [ir.Constant(_INDEX, v * self.vector.count) for v in range(count)]
        return [self.builder.bitcast(self.builder.gep(pointer, [step]), self.vector.as_pointer()) for step in steps]

    def read(self, pointer: Any, count: int) -> list[Any]:
        """Consecutive vectors."""
        return [self.builder.load(place, align=self.size) for place in self.vectors(pointer, count)]

    def write(self, pointer: Any, values: list[Any]) -> None:
        """The other way."""
        for place, value in zip(self.vectors(pointer, len(values)), values, strict=True):
            self.builder.store(value, place, align=self.size)

    def load(self, array: int, at: Any) -> Any:
        """One vector."""
        return self.read(self.at(array, at), 1)[0]

    def store(self, array: int, at: Any, value: Any) -> None:
        """The other way."""
        self.write(self.at(array, at), [value])

    def step(self, at: Any, number: int, stride: Any = 1) -> Any:
        """at + number · stride."""
        stride = ir.Constant(_INDEX, stride) if isinstance(stride, int) else stride
        return self.builder.add(at, self.builder.mul(ir.Constant(_INDEX, number), stride))


def emitted(body: Callable[[Arrays, Any], None], lanes: int = 0) -> Callable[..., Any]:
    """The code of an intrinsic that returns nothing: ``body(memory, args)`` writes it, for vectors of so many lanes."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        body(Arrays(context, builder, signature, args, lanes), args)
        return context.get_dummy_value()

    return code


def _accumulated(
    builder: Any, steps: tuple[Any, Any, int], given: list[Any], advance: Callable[[Any, Any], Any]
) -> list[Any]:
    """The totals after ``totals = advance(k, totals)`` for k from first to stop; ``given`` if there is none."""
    (first, stop, step), before = steps, builder.block
    loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", first, stop), loop, done)
    builder.position_at_end(loop)
    k, totals = builder.phi(_INDEX), [builder.phi(value.type) for value in given]
    updated = advance(k, totals)
    following = builder.add(k, ir.Constant(_INDEX, step))
    k.add_incoming(first, before)
    k.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, stop), loop, done)
    builder.position_at_end(done)
    results = [builder.phi(value.type) for value in given]
    for phis in (totals, results):
        for phi, value, update in zip(phis, given, updated, strict=True):
            phi.add_incoming(value, before)
            phi.add_incoming(update, loop)
    return results


def _block(count: int) -> Any:
    """``y[y0 + i] = Σ_k taps[k] · x[x0 + at[k] + i]`` for ``count`` vectors of i.

    Combs of taps lie a vector apart, so that they share most of what they read.
    """

    def body(memory: Arrays, args: Any) -> None:
        build = memory.builder

        def comb_of(comb: int) -> Callable[[Any, Any], Any]:
            def advance(k: Any, totals: list[Any]) -> list[Any]:
                samples = memory.read(memory.at(2, args[3], memory.number(5, k)), count + comb - 1)
                for t in range(comb):
                    tap = memory.splat(4, build.add(k, ir.Constant(_INDEX, t)))
                    totals = [_fused(build, (samples[v + t], tap), total) for v, total in enumerate(totals)]
                return totals

            return advance

        totals = [ir.Constant(memory.vector, None)] * count
        for comb, first, stop in zip(COMBS, args[6:], args[7:], strict=False):
            totals = _accumulated(build, (first, stop, comb), totals, comb_of(comb))
        memory.write(memory.at(0, args[1]), totals)

    @intrinsic
    def block(_: Any, y: Any, y0: Any, x: Any, x0: Any, taps: Any, at: Any, k0: Any, k1: Any, k2: Any, k3: Any) -> Any:
        index = types.intp
        return types.void(y, index, x, index, taps, at, *(index,) * 4), emitted(body)

    return block


#: ``block(y, y0, x, x0, taps, at, k0, k1, k2, k3)`` for 8, 4, 2 and 1 vectors, with combs of four taps from k0 on, of
#: two from k1, single ones from k2 to k3; nothing is checked.
block8, block4, block2, block1 = _block(8), _block(4), _block(2), _block(1)


def _more(count: int) -> Any:
    """``y[y0 + i] += Σ_k taps[k] · x[x0 + at[k] + i]`` for ``count`` vectors of i, k < n; nothing is checked."""

    def body(memory: Arrays, args: Any) -> None:
        def advance(k: Any, totals: list[Any]) -> list[Any]:
            samples = memory.read(memory.at(2, args[3], memory.number(5, k)), count)
            tap = memory.splat(4, k)
            return [_fused(memory.builder, (s, tap), total) for s, total in zip(samples, totals, strict=True)]

        place, first = memory.at(0, args[1]), ir.Constant(_INDEX, 0)
        memory.write(place, _accumulated(memory.builder, (first, args[6], 1), memory.read(place, count), advance))

    @intrinsic
    def more(_: Any, y: Any, y0: Any, x: Any, x0: Any, taps: Any, at: Any, n: Any) -> Any:
        index = types.intp
        return types.void(y, index, x, index, taps, at, index), emitted(body)

    return more


#: ``more(y, y0, x, x0, taps, at, n)`` for 8, 4, 2 and 1 vectors.
more8, more4, more2, more1 = _more(8), _more(4), _more(2), _more(1)


def block(outs: int, count: int) -> Any:
    """``y[y0 + o·run + i] = Σ_k taps[t0 + o + outs·k] · x[x0 + at[k] + i]`` for ``count`` vectors of i.

    k from first to stop; a vector that is loaded serves all outputs, a tap all vectors.  Nothing is checked.
    """

    def body(memory: Arrays, args: Any) -> None:
        build = memory.builder

        def advance(k: Any, totals: list[Any]) -> list[Any]:
            samples = memory.read(memory.at(3, args[4], memory.number(7, k)), count)
            matrix, updated = build.mul(k, ir.Constant(_INDEX, outs)), []
            for o in range(outs):
                tap, row = memory.splat(5, args[6], matrix, ir.Constant(_INDEX, o)), totals[o * count : (o + 1) * count]
                updated += [_fused(build, (s, tap), total) for s, total in zip(samples, row, strict=True)]
            return updated

        nothing = [ir.Constant(memory.vector, None)] * (outs * count)
        totals = _accumulated(build, (args[8], args[9], 1), nothing, advance)
        for o in range(outs):
            memory.write(
                memory.at(0, args[1], build.mul(args[2], ir.Constant(_INDEX, o))), totals[o * count : (o + 1) * count]
            )

    @intrinsic
    def call(
        _: Any, y: Any, y0: Any, run: Any, x: Any, x0: Any, taps: Any, t0: Any, at: Any, first: Any, stop: Any
    ) -> Any:
        index = types.intp
        return types.void(y, index, index, x, index, taps, index, at, index, index), emitted(body)

    return call


def group_of(outs: int, count: int) -> Any:
    """``y[y0 + o·run + i]`` for ``outs`` outputs o and ``count`` vectors of i: the sums over rows of taps of

        own[o + outs·r] · x[x0 + own_at[o + outs·r] + i]    for r0 ≤ r < r1, then
        common[o + outs·r] · x[x0 + common_at[r] + i]       for r2 ≤ r < r3.

    Nothing is checked.
    """

    def body(memory: Arrays, args: Any) -> None:
        build, (_, y0, run, _, x0, _, _, _, _, *rows) = memory.builder, args
        each, width = [ir.Constant(_INDEX, o) for o in range(outs)], ir.Constant(_INDEX, outs)

        def sums(array: int, r: Any, totals: list[Any], samples: list[list[Any]]) -> list[Any]:
            updated = []
            for o in range(outs):
                tap, row = memory.splat(array, build.mul(r, width), each[o]), totals[o * count : (o + 1) * count]
                updated += [_fused(build, (s, tap), total) for s, total in zip(samples[o], row, strict=True)]
            return updated

        def read(array: int, *places: Any) -> list[Any]:
            return memory.read(memory.at(3, x0, memory.number(array, *places)), count)

        def own(r: Any, totals: list[Any]) -> list[Any]:
            return sums(5, r, totals, [read(6, build.mul(r, width), o) for o in each])

        def common(r: Any, totals: list[Any]) -> list[Any]:
            return sums(7, r, totals, [read(8, r)] * outs)

        totals = [ir.Constant(memory.vector, None)] * (outs * count)
        totals = _accumulated(build, (*rows[:2], 1), totals, own)
        totals = _accumulated(build, (*rows[2:], 1), totals, common)
        for o in range(outs):
            memory.write(memory.at(0, memory.step(y0, o, run)), totals[o * count : (o + 1) * count])

    @intrinsic
    def call(
        _: Any, y: Any, y0: Any, run: Any, x: Any, x0: Any, own: Any, own_at: Any, common: Any, common_at: Any,
        r0: Any, r1: Any, r2: Any, r3: Any,
    ) -> Any:  # fmt: skip
        index = types.intp
        return types.void(y, index, index, x, index, own, own_at, common, common_at, *(index,) * 4), emitted(body)

    return call


def _reduced(builder: Any, vector: Any) -> Any:
    """The sum of all lanes, by halves."""
    lanes = vector.type.count
    while lanes > 1:
        lanes //= 2
        halves = [
            builder.shuffle_vector(
                vector,
                ir.Constant(vector.type, ir.Undefined),
                ir.Constant(ir.VectorType(_LANE, lanes), list(range(first, first + lanes))),
            )
            for first in (0, lanes)
        ]
        add = builder.add if isinstance(vector.type.element, ir.IntType) else builder.fadd
        vector = add(*halves)
    return builder.extract_element(vector, ir.Constant(_LANE, 0))


def dots(outs: int, count: int) -> Any:
    """``found[f0 + o·step + e] += Σ_i y[y0 + o·run + i] · x[at[e0 + e] + i]`` for ``count`` values of e.

    i runs over ``n`` whole vectors; nothing is checked.
    """

    def body(memory: Arrays, args: Any) -> None:
        build, (_, f0, step, _, y0, run, _, _, e0, vectors) = memory.builder, args
        is_integer = isinstance(memory.vector.element, ir.IntType)
        rows = [memory.at(3, memory.step(y0, o, run)) for o in range(outs)]
        sources = [memory.at(6, memory.number(7, memory.step(e0, e))) for e in range(count)]

        def advance(k: Any, totals: list[Any]) -> list[Any]:
            i = build.mul(k, ir.Constant(_INDEX, memory.vector.count))
            samples, given = ([memory.read(build.gep(p, [i]), 1)[0] for p in pointers] for pointers in (sources, rows))
            pairs = [(g, s) for g in given for s in samples]
            return [_fused(build, pair, total) for pair, total in zip(pairs, totals, strict=True)]

        nothing = [ir.Constant(memory.vector, None)] * (outs * count)
        totals = _accumulated(build, (ir.Constant(_INDEX, 0), vectors, 1), nothing, advance)
        for n, total in enumerate(totals):
            o, e = divmod(n, count)
            pointer = memory.at(0, memory.step(memory.step(f0, o, step), e))
            add = build.add if is_integer else build.fadd
            build.store(add(build.load(pointer), _reduced(build, total)), pointer)

    @intrinsic
    def call(
        _: Any, found: Any, f0: Any, step: Any, y: Any, y0: Any, run: Any, x: Any, at: Any, e0: Any, n: Any
    ) -> Any:
        index = types.intp
        return types.void(found, index, index, y, index, index, x, at, index, index), emitted(body)

    return call


@intrinsic
def copy(_: Any, y: Any, to: Any, x: Any, source: Any, count: Any) -> Any:
    """y[to + i] = x[source + i] for i < count, of arrays that do not overlap; a slice takes ten times as long."""

    def body(memory: Arrays, args: Any) -> None:
        cgutils.raw_memcpy(memory.builder, memory.at(0, args[1]), memory.at(2, args[3]), args[4], memory.size)

    return types.void(y, types.intp, x, *(types.intp,) * 2), emitted(body)


@intrinsic
def clear(_: Any, y: Any, to: Any, count: Any) -> Any:
    """y[to + i] = 0 for i < count; an assignment to a slice takes long to compile."""

    def body(memory: Arrays, args: Any) -> None:
        size = memory.builder.mul(args[2], ir.Constant(_INDEX, memory.size))
        cgutils.memset(memory.builder, memory.at(0, args[1]), size, 0)

    return types.void(y, *(types.intp,) * 2), emitted(body)


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


@intrinsic
def split_step(_: Any, runs: Any, at: Any, run: Any, x: Any, source: Any, phases: Any) -> Any:
    """runs[at + q·run + i] = x[source + phases·i + q] for one vector of i and 2 ≤ phases ≤ SHUFFLED."""

    def body(memory: Arrays, args: Any) -> None:
        lanes = memory.vector.count

        def case(k: int) -> None:
            mixed = [memory.load(3, memory.step(args[4], v, lanes)) for v in range(k)]
            for q in range(k):
                wanted = [divmod(k * i + q, lanes) for i in range(lanes)]
                memory.store(0, memory.step(args[1], q, args[2]), _pick(memory.builder, mixed, wanted))

        _cases(memory.builder, args[5], case)

    return types.void(runs, *(types.intp,) * 2, x, *(types.intp,) * 2), emitted(body)


@intrinsic
def join_step(_: Any, y: Any, to: Any, runs: Any, at: Any, run: Any, phases: Any) -> Any:
    """y[to + phases·i + p] = runs[at + p·run + i] for one vector of i and 2 ≤ phases ≤ SHUFFLED."""

    def body(memory: Arrays, args: Any) -> None:
        lanes = memory.vector.count

        def case(k: int) -> None:
            separate = [memory.load(2, memory.step(args[3], p, args[4])) for p in range(k)]
            for v in range(k):
                wanted = [divmod(v * lanes + i, k)[::-1] for i in range(lanes)]
                memory.store(0, memory.step(args[1], v, lanes), _pick(memory.builder, separate, wanted))

        _cases(memory.builder, args[5], case)

    return types.void(y, types.intp, runs, *(types.intp,) * 3), emitted(body)


@intrinsic
def transpose_square(_: Any, y: Any, to: Any, y_step: Any, x: Any, source: Any, x_step: Any) -> Any:
    """y[to + c·y_step + r] = x[source + r·x_step + c] for 0 ≤ r, c < SQUARE."""

    def body(memory: Arrays, args: Any) -> None:
        rows = [memory.load(3, memory.step(args[4], r, args[5])) for r in range(SQUARE)]
        half = SQUARE // 2
        while half:  # swap the off-diagonal quarters of ever smaller squares
            for r in [r for r in range(SQUARE) if not r & half]:
                pair = [rows[r], rows[r + half]]
                rows[r] = _pick(memory.builder, pair, [(1, i - half) if i & half else (0, i) for i in range(SQUARE)])
                rows[r + half] = _pick(
                    memory.builder, pair, [(1, i) if i & half else (0, i + half) for i in range(SQUARE)]
                )
            half //= 2
        for c, row in enumerate(rows):
            memory.store(0, memory.step(args[1], c, args[2]), row)

    return types.void(y, *(types.intp,) * 2, x, *(types.intp,) * 2), emitted(body, SQUARE)
