"""Transfer functions, frequency responses and transforms, as SymPy expressions.

Units: ω in radians per sample; X(e^{iω}) = Σ_n x_n e^{−iωn}, and z = e^{iω}, so that z⁻¹ is a delay.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import CoefficientError, DimensionError, OperandError, Undecided
from ...expr import (
    PLAIN,
    Identity,
    LinearOperator,
    Scale,
    Shift,
    Signal,
    SignalExpr,
    Sum,
    Zero,
    formal_names,
    formal_parts,
    grid,
    walk,
    without_blocks,
)
from ...expr.multirate import Conv
from ...expr.operators import Compose, Power, Wrapped
from ...expr.sums import IndexedSum
from ...scalar import check_scalar, exact, to_sympy
from ..budget import room
from ..decide.prove import prove
from ..judge.evaluate import Evaluator
from .images import Images, function_name

FILTERS = (Conv, Shift, Identity, Zero, Scale, Sum, Compose, Power, Wrapped, IndexedSum)


def to_z(operator: LinearOperator, z: Any) -> Any:
    """H(z) of a time-invariant operator; see :meth:`~opalgebra.LinearOperator.to_z`."""
    space = _In(tuple(map(_place, z if isinstance(z, tuple | list) else (z,))), _power)
    _check_axes(operator, space, "z")
    entries = grid(operator)
    for entry in (entry for row in entries for entry in row):
        verdict, reason = time_invariance(entry, space)
        if verdict == "undecided":
            raise Undecided(f"whether {entry} is time-invariant is undecided: {reason}")
        if verdict == "refuted":
            raise OperandError(
                f"{entry} is not time-invariant, so it has no transfer function; take its polyphase matrix, "
                "A.polyphase(), or what it does to a spectrum, A.response(omega)"
            )
    return _shaped(operator, [[_of_filter(entry, space) for entry in row] for row in entries])


def response(operator: LinearOperator, omega: Any) -> Any:
    """The frequency response; see :meth:`~opalgebra.LinearOperator.response`."""
    space = _In(_frequencies(omega), _exponential)
    _check_axes(operator, space, "omega")
    entries = grid(operator)
    if all(time_invariance(entry, space)[0] == "proved" for row in entries for entry in row):
        return _shaped(operator, [[_of_filter(entry, space) for entry in row] for row in entries])
    taken = {function_name(name) for name in formal_names(operator)}
    xs = _inputs(len(entries[0]), taken)
    return _shaped(operator, [[_output(row, xs, space)] for row in entries])


def dtft(signal: Any, omega: Any) -> Any:
    """The discrete-time Fourier transform X(e^{iω}) = Σ_n x_n e^{−iωn} as a SymPy expression.

    Of a formal x it is the undefined function X of e^{iω}, and so 2π-periodic in ω.  Letter by letter, by the rules of
    the books: q∗ gives Q(e^{iω}) X(e^{iω}); ↓M the alias sum M⁻¹ Σ_{k<M} X(e^{i(ω − 2πk)/M}), written out for a number
    M, and a SymPy ``Sum`` for a symbol; ↑M X(e^{iωM}); a shift e^{−iωs} X(e^{iω}); a flip X(e^{−iω}); modulation by
    e^{iθn} X(e^{i(ω − θ)}).  Two transforms are equal for every x if and only if ``oa.prove(A @ x, B @ x)`` says so.

    Parameters
    ----------
    signal : signal, array or list
        Known, with exact or symbolic samples, formal, or an operator applied to these.  Several channels, a tuple, make
        a SymPy column.
    omega : SymPy expression or number, or a tuple with one of these per axis
        ω in radians per sample, such as ``oa.reals("omega")`` or ``sympy.pi / 2``.

    Returns
    -------
    sympy.Expr or sympy.Matrix
        A signal q gives a function named Q, a signal Q one named \\hat{Q}.

    Raises
    ------
    OperandError
        For an operator: apply it, ``A @ x``, or ask for its ``response``.
    DimensionError
        For another number of frequencies than axes.
    FormalSignalError
        For formal operators, of which nothing is known.

    Examples
    --------
    >>> import opalgebra as oa
    >>> x, w = oa.signals("x"), oa.reals("omega")
    >>> oa.dtft(oa.Down(2) @ x, w)
    X(-exp(I*omega/2))/2 + X(exp(I*omega/2))/2
    >>> oa.dtft(oa.Down(oa.factors("M")) @ x, w)
    Sum(X(exp(I*(-2*pi*k + omega)/M)), (k, 0, M - 1))/M
    >>> oa.dtft(oa.Signal([1, 2, 1], start=-1), w).rewrite("cos").simplify()
    2*cos(omega) + 2
    """
    space = _In(_frequencies(omega), _exponential)
    if isinstance(signal, LinearOperator):
        raise OperandError(
            f"{signal} is an operator; give a signal, A @ x, or take its frequency response: A.response(omega)"
        )
    if isinstance(signal, tuple | list) and any(isinstance(entry, SignalExpr) for entry in signal):
        from sympy import Matrix

        return Matrix([_of_signal(entry, space) for entry in signal])
    return _of_signal(signal, space)


# -- places: where transforms are taken ----------------------------------------------------------------------


class _In:
    """Transforms at places: e^{ip} of an angle p in the θ is written by ``write``, from the values of the places."""

    def __init__(self, places: tuple[Any, ...], write: Callable[[Any, dict[Any, Any]], Any]) -> None:
        from sympy import Dummy

        self.angles = tuple(Dummy(f"theta_{i}", real=True) for i in range(len(places)))
        self._values = dict(zip(self.angles, places, strict=True))
        self._taken = {s for place in places for s in place.free_symbols}
        self._write = write

    @property
    def ndim(self) -> int:
        return len(self.angles)

    def unit(self, angle: Any) -> Any:
        """e^{ip}."""
        return self._write(angle, self._values)

    def images(self, root: Any) -> Images:
        return Images(root, self.unit, self._taken)


def _exponential(angle: Any, values: dict[Any, Any]) -> Any:
    """e^{ip}, of θ = ω: numbers in the exponent are taken out, fractions by symbols put together."""
    from sympy import I, exp, expand, together

    constant = angle.xreplace(dict.fromkeys(values, to_sympy(0)))
    placed = expand(angle.xreplace(values))
    slopes = (angle.coeff(theta) for theta in values)
    plain = constant.is_number and all(slope.is_number for slope in slopes)
    return exp(expand(I * placed)) if plain else exp(I * together(placed))


def _power(angle: Any, values: dict[Any, Any]) -> Any:
    """e^{ip}, of z = e^{iθ}: a product of powers of z and a number on the unit circle."""
    from sympy import I, Mul, exp, expand

    powers = {theta: angle.coeff(theta) for theta in values}
    rest = expand(angle - sum(c * theta for theta, c in powers.items()))
    return Mul(*(values[theta] ** c for theta, c in powers.items()), exp(I * rest))


def _place(z: Any) -> Any:
    value = to_sympy(exact(check_scalar(z, "z")))
    if value.is_zero:
        raise CoefficientError("z is 0, where z⁻¹ has no value; give a symbol, or a number that is not 0")
    return value


def _frequencies(omega: Any) -> tuple[Any, ...]:
    found = []
    for entry in omega if isinstance(omega, tuple | list) else (omega,):
        value = to_sympy(exact(check_scalar(entry, "the frequency")))
        if value.is_real is False:
            raise CoefficientError(f"the frequency is {entry}, which is not real; give radians per sample")
        found.append(value)
    return tuple(found)


def _check_axes(node: Any, space: _In, name: str) -> None:
    if not space.ndim or node.ndim not in (None, space.ndim):
        raise DimensionError(
            f"{node} acts on {node.ndim or 1} axes, and {name} has {space.ndim} entries; give a tuple with one symbol "
            "per axis"
        )


# -- operators and signals -----------------------------------------------------------------------------------


def time_invariance(operator: LinearOperator, space: _In) -> tuple[str, str]:
    """Whether a plain operator commutes with shifts: "proved", "refuted", or "undecided" with a reason."""
    if _is_filter(operator):
        return "proved", ""
    for axis in range(space.ndim):
        step = Shift(tuple(int(i == axis) for i in range(space.ndim)))
        proof = prove(operator @ step, step @ operator)
        if proof.verdict == "undecided" and _keeps_frequencies(operator, space):
            return "proved", ""
        if proof.verdict != "proved":
            return proof.verdict, str(proof.reason)
    return "proved", ""


def _is_filter(operator: LinearOperator) -> bool:
    """Whether it is made of convolutions and shifts alone, so that no proof is needed."""
    return all(isinstance(node, FILTERS) for node in walk(operator.expand()) if isinstance(node, LinearOperator))


def _keeps_frequencies(operator: LinearOperator, space: _In) -> bool:
    """Whether every frequency of the output comes from the same one of the input, as for ↓M Sʳ ↑M."""
    with room(operator):
        return space.images(operator).images(operator, space.angles).keys() <= {(space.angles, ())}


def _of_filter(operator: LinearOperator, space: _In) -> Any:
    """Σ_n h_n e^{−ipn} of a time-invariant operator: its answer to an impulse, whose own transform is 1."""
    from sympy import Add

    formal_names(operator)  # refuses a name that stands for two things
    images = space.images(operator)
    with room(operator):
        if formal_parts(operator):
            return images.total(images.images(operator, space.angles), lambda at: to_sympy(1))
        taps = Evaluator(space.ndim).act(operator, {(0,) * space.ndim: 1})
    return Add(*(to_sympy(tap) * images.delay(space.angles, n) for n, tap in sorted(taps.items())))


def _output(row: tuple[LinearOperator, ...], xs: list[Any], space: _In) -> Any:
    """Σ_j A_j applied to the spectra X_j."""
    from sympy import Add

    found = []
    for operator, x in zip(row, xs, strict=True):
        formal_names(operator)
        images = space.images(operator)
        with room(operator):
            terms = images.images(operator, space.angles)
        found.append(images.total(terms, partial(_spectrum, x, space.unit)))
    return Add(*found)


def _spectrum(x: Any, unit: Callable[[Any], Any], at: tuple[Any, ...]) -> Any:
    """X(e^{ip})."""
    return x(*map(unit, at))


def _of_signal(given: Any, space: _In) -> Any:
    signal = given if isinstance(given, SignalExpr) else Signal(given)
    _check_axes(signal, space, "omega")
    formal_names(signal)
    signal = without_blocks(signal)
    with room(signal):
        return space.images(signal).signal(signal, space.angles)


def _inputs(count: int, taken: set[str]) -> list[Any]:
    """X, or X_0, X_1, … for several channels, by names that no formal signal has."""
    from sympy import Function

    names = ["X"] if count == 1 else [f"X_{i}" for i in range(count)]
    while taken.intersection(names):
        names = [name + "'" for name in names]
    return [Function(name) for name in names]


def _shaped(operator: LinearOperator, entries: list[list[Any]]) -> Any:
    """The one entry of a plain operator, a SymPy matrix of a block."""
    from sympy import Matrix

    return entries[0][0] if operator.channels in (None, PLAIN) else Matrix(entries)
