"""Filter banks: analysis, synthesis, and what can be proved of both together.

    T = Σ_i C_{f_i} ↑k ↓k C_{h_i}

reconstructs perfectly iff T = c S^d.  The parts of T that modulate its input are aliases; without them T is the
convolution with t/M, t = Σ_i f_i ∗ h_i, where M = |det k|.  So there is one candidate for c and d, read from t, and
:func:`~opalgebra.prove` decides about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from ..._verbs import Drawn, verb
from ...errors import DimensionError, FactorTypeError, FormalSignalError, NoInverse, OperandError, Undecided
from ...expr import Block, Conv, Down, Flip, Identity, LinearOperator, Shift, Up, constants, formal_names, formal_parts
from ...expr.factors import axes, axis_count, is_symbolic, ratio
from ...expr.index import negated
from ...expr.node import common_ndim
from ...expr.signals import Signal, SignalExpr
from ...scalar import exact, is_sympy, to_sympy
from ..decide.proof import Proof, Step
from ..decide.prove import prove
from ..facts import Hypothesis
from ..forms.polyphase import polyphase
from ..judge.evaluate import Evaluator, Sparse
from ..judge.witness import to_signal
from ..lattices.sampling import cosets
from ..numbers.choose import ring_of


class Bank(Drawn):
    """What splits a signal into channels and puts it together again."""

    analysis: Any  # properties, of which the base says no more
    synthesis: Any

    @property
    def operator(self) -> LinearOperator:
        """T, synthesis after analysis."""
        whole: LinearOperator = self.synthesis @ self.analysis
        return whole

    def on(self, n: Any, **options: Any) -> Any:
        """T on arrays of shape n; ``bank.analysis.on(n)`` and ``bank.synthesis.on(m)`` are its halves."""
        return self.operator.on(n, **options)

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of analysis and synthesis filters, and of the distortion and aliasing of both together.

        Other kinds are those of the operator: "impulse", "matrix", "polyphase", "cost".
        """
        return verb("plot")(self, kind, dark=dark, **options)

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


class FilterBank(Bank):
    """Analysis ↓k C_{h_i} and synthesis Σ_i C_{f_i} ↑k; made by :func:`filterbank`.

    Attributes
    ----------
    analysis_filters, synthesis_filters : tuple of signals
        h_i and f_i.
    factor
        k, as ``Down`` and ``Up`` take it.
    name : str
        What the bank is called, or "".
    """

    def __init__(self, analysis: Iterable[Any], synthesis: Iterable[Any], k: Any, name: str = "") -> None:
        self.analysis_filters, self.synthesis_filters = _filters(analysis, "analysis"), _filters(synthesis, "synthesis")
        counts = len(self.analysis_filters), len(self.synthesis_filters)
        if counts[0] != counts[1]:
            raise DimensionError(
                f"{counts[0]} analysis and {counts[1]} synthesis filters were given; a bank has as many of each"
            )
        self.factor, self.name = Down(k).factor, name
        if is_symbolic(self.factor):
            raise FactorTypeError(f"the factor of a filter bank is {self.factor}; give ints, such as 2")
        common_ndim(Down(self.factor), *self.analysis_filters, *self.synthesis_filters)
        self._down, self._up = Down(self.factor), Up(self.factor)

    @property
    def analysis(self) -> LinearOperator:
        """The column of ↓k C_{h_i}: a signal becomes M channels."""
        return Block([[self._down @ Conv(h)] for h in self.analysis_filters])

    @property
    def synthesis(self) -> LinearOperator:
        """The row of C_{f_i} ↑k: M channels become a signal."""
        return Block([[Conv(f) @ self._up for f in self.synthesis_filters]])

    @property
    def rate(self) -> int:
        """M = |det k|, how many samples one sample of a channel stands for."""
        return ratio(self.factor)

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return len(self.analysis_filters)

    @property
    def analysis_polyphase(self) -> Any:
        """E(z) with E_{ir}(z) = Σ_n h_{i, Mn−r} z^{−n}: ↓M C_{h_i} = Σ_r E_{ir} ↓M S^{−r} (one axis)."""
        return polyphase(self.analysis)

    @property
    def synthesis_polyphase(self) -> Any:
        """R(z) with R_{ri}(z) = Σ_n f_{i, Mn+r} z^{−n}: C_{f_i} ↑M = Σ_r S^r ↑M R_{ri} (one axis)."""
        return polyphase(self.synthesis)

    @property
    def modulation_matrix(self) -> Any:
        """H(z) with entries H_i(z e^{2πil/M}) in row l and column i (one axis)."""
        import sympy

        if axis_count(self.factor) != 1:
            raise DimensionError(f"the factor is {self.factor}; a matrix in z is for one axis")
        M, z = self.rate, sympy.Symbol("z")
        taps = [self._known(h) for h in self.analysis_filters]
        turn = [sympy.exp(-2 * sympy.pi * sympy.I * sympy.Rational(j, M)) for j in range(M)]
        rows = [
            [sympy.Add(*(to_sympy(v) * turn[l * n % M] * z**-n for (n,), v in h.items())) for h in taps]
            for l in range(M)  # noqa: E741
        ]
        return sympy.Matrix(rows)

    def aliasing(self, given: Hypothesis | Iterable[Hypothesis] = ()) -> Proof:
        """The proof that T = C_t / M with t = Σ_i f_i ∗ h_i: that nothing of the input is heard at another frequency.

        >>> import opalgebra as oa
        >>> h0, h1 = oa.signals("h0 h1")
        >>> sign = oa.Modulate([1, -1])
        >>> oa.filterbank([h0, h1], [sign @ h1, -(sign @ h0)], 2).aliasing().verdict
        'proved'
        """
        return prove(self.operator, self._transfer(), given)

    def perfect_reconstruction(
        self, *, gain: Any = None, delay: Any = None, given: Hypothesis | Iterable[Hypothesis] = ()
    ) -> Proof:
        """The proof that T = c S^d for the one c and d that can be; refuted with a witness where T ≠ c S^d.

        Parameters
        ----------
        gain, delay : optional
            c and d, where other than those that the filters call for are to be tried.
        given : hypotheses, optional
            As for :func:`~opalgebra.prove`.

        Examples
        --------
        >>> import opalgebra as oa
        >>> haar = oa.filterbank([[1, 1], [1, -1]], [[1, 1], [-1, 1]], 2)
        >>> p = haar.perfect_reconstruction()
        >>> p.verdict, print(p.rhs)
        2 S
        ('proved', None)
        >>> oa.filterbank([[1, 1], [1, -1]], [[1, 1], [1, -1]], 2).perfect_reconstruction().verdict
        'refuted'
        """
        c, d = self._candidate()
        proof = prove(self.operator, _delayed(c if gain is None else gain, d if delay is None else delay), given)
        if proof.verdict == "proved" and not proof.reason:
            proof.reason = how_proved(constants(self.operator))
        return proof

    @property
    def delay(self) -> Any:
        """d of T = c S^d; :class:`~opalgebra.NoInverse` where the bank does not reconstruct."""
        return self._reconstructs()[1]

    @property
    def gain(self) -> Any:
        """c of T = c S^d; :class:`~opalgebra.NoInverse` where the bank does not reconstruct."""
        return self._reconstructs()[0]

    @property
    def is_paraunitary(self) -> bool:
        """Whether AᴴA = c I for the analysis A and some c, with as many channels as M.

        Raises :class:`~opalgebra.Undecided` where neither could be shown.
        """
        if self.channels != self.rate:
            return False
        bank = FilterBank(self.analysis_filters, [adjoint(h) for h in self.analysis_filters], self.factor)
        proof = bank.perfect_reconstruction()
        if proof.verdict == "undecided":
            raise Undecided(f"whether the bank is paraunitary is undecided: {proof.reason}")
        return bool(proof)

    @property
    def is_linear_phase(self) -> bool:
        """Whether every filter is its mirror image up to a phase: h_{2c−n} = u · conj h_n with |u| = 1 and its own c.

        For real filters: symmetric or antisymmetric about a sample or half a sample.  Raises
        :class:`~opalgebra.FormalSignalError` for formal filters, and :class:`~opalgebra.Undecided` where neither
        could be shown.

        >>> import opalgebra as oa
        >>> oa.wavelet("bior2.2").is_linear_phase, oa.wavelet("db2").is_linear_phase
        (True, False)
        """
        return all(_is_mirrored(h, self._known(h)) for h in (*self.analysis_filters, *self.synthesis_filters))

    def dual(self) -> FilterBank:
        """The bank of the same analysis filters with the synthesis that inverts it, of finitely many taps.

        Raises
        ------
        NoInverse
            Where the polyphase matrix has no inverse among the Laurent polynomials.

        Examples
        --------
        >>> import opalgebra as oa
        >>> bank = oa.filterbank([[1, 2, 1], [1]], [[1], [1]], 2).dual()
        >>> bank.perfect_reconstruction().verdict, bank.delay
        ('proved', 0)
        """
        if self.is_paraunitary:
            tight = FilterBank(self.analysis_filters, [adjoint(h) for h in self.analysis_filters], self.factor)
            found: list[Any] = [_scaled(f, tight.gain) for f in tight.synthesis_filters]
        else:
            evaluator, ndim = Evaluator(axis_count(self.factor)), axis_count(self.factor)
            inverse = self.analysis.inverse()
            found = []
            for i in range(self.channels):
                pulses: list[Sparse] = [{(0,) * ndim: 1} if j == i else {} for j in range(self.channels)]
                found.append(to_signal(evaluator.channels(inverse, pulses)[0], ndim))
        return FilterBank(self.analysis_filters, found, self.factor, self.name)

    def normalized(self) -> FilterBank:
        """The bank with c⁻¹ S^{−d} behind its synthesis, so that T = I."""
        c, d = self._reconstructs()
        if c == 1 and not any(axes(d)):
            return self
        back = Shift(negated(d))
        filters = [_scaled(back @ f, c) for f in self.synthesis_filters]
        return FilterBank(self.analysis_filters, filters, self.factor, self.name)

    def tree(self, levels: int) -> Tree:
        """The bank iterated on its first channel, ``levels`` times: a wavelet transform of as many levels.

        >>> import opalgebra as oa
        >>> oa.wavelet("haar").tree(3).perfect_reconstruction().verdict
        'proved'
        """
        return Tree(self, levels)

    def residual(self, *, gain: Any = 1, delay: Any = 0) -> Any:
        """The largest |entry| of T − c S^d, exactly: how far a bank of floats is from reconstruction.

        >>> import opalgebra as oa
        >>> oa.filterbank([[0.5, 0.5], [0.5, -0.5]], [[1, 1], [-1, 1.5]], 2).residual(delay=1)
        Fraction(1, 4)
        """
        difference = self.operator - _delayed(gain, delay)
        ring = ring_of(constants(difference))
        evaluator = Evaluator(axis_count(self.factor))
        answers = (evaluator.act(difference, {tuple(axes(at)): 1}) for at in cosets(self.factor))
        entries = [ring.to_scalar(ring.convert(v)) for answer in answers for v in answer.values()]
        return max((abs(v) for v in entries), key=lambda v: float(abs(v)), default=0)

    def __repr__(self) -> str:
        inner = ", ".join(repr(list(filters)) for filters in (self.analysis_filters, self.synthesis_filters))
        return f"filterbank({inner}, {self.factor!r})"

    def __str__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        halves = f"\n  analysis  {self.analysis}\n  synthesis {self.synthesis}"
        return f"{name}{self.channels} channels, k = {self.factor}{halves}"

    def latex(self) -> str:
        """T in LaTeX, synthesis after analysis."""
        return str(verb("latex")(self.operator))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _transfer(self) -> LinearOperator:
        pairs = zip(self.synthesis_filters, self.analysis_filters, strict=True)
        total = sum((Conv(f) @ Conv(h) for f, h in pairs), start=0)
        return Fraction(1, self.rate) * total

    def _candidate(self) -> tuple[Any, Any]:
        """c and d of the only c S^d that T can be, whatever the formal filters: they may be 0."""
        ndim = axis_count(self.factor)
        names: dict[str, Sparse] = {name: {} for name in formal_names(self.operator)}
        found = Evaluator(ndim, names).act(self._transfer(), {(0,) * ndim: 1})
        ring = ring_of([*constants(self.operator), *found.values(), Fraction(1, 2)])
        taps = {at: value for at, v in found.items() if (value := ring.to_scalar(ring.convert(v))) != 0}
        if not taps:
            return 1, (0,) * ndim if ndim > 1 else 0
        at = max(taps, key=lambda n: _magnitude(taps[n]))
        return exact(taps[at]), at[0] if ndim == 1 else at

    def _reconstructs(self) -> tuple[Any, Any]:
        proof = self.perfect_reconstruction()
        if not proof:
            raise NoInverse(f"the bank does not reconstruct: {proof}")
        return self._candidate()

    def _known(self, h: SignalExpr) -> Sparse:
        if formal_parts(h):
            raise FormalSignalError(f"{h} is formal; a matrix in z needs taps: oa.signals('h', length=4)")
        return Evaluator(axis_count(self.factor)).signal(h)


class Tree(Bank):
    """A bank that splits its first channel again and again; made by :meth:`FilterBank.tree`.

    A_L = (A_{L−1} ⊕ I) A and S_L = S (S_{L−1} ⊕ I), with c⁻¹ S^{−d} behind every synthesis so that levels stay in
    step.  Channels come coarsest first.
    """

    def __init__(self, bank: FilterBank, levels: int) -> None:
        if not isinstance(levels, int) or isinstance(levels, bool) or levels < 1:
            raise OperandError(f"the number of levels is {levels!r}; give an int >= 1")
        self.bank, self.levels = bank.normalized(), levels

    @property
    def analysis(self) -> LinearOperator:
        """The column of all channels, coarsest first."""
        result = step = self.bank.analysis
        for _ in range(self.levels - 1):
            result = Block.diagonal(result, *self._idle()) @ step
        return result

    @property
    def synthesis(self) -> LinearOperator:
        """The row that puts the channels together."""
        result = step = self.bank.synthesis
        for _ in range(self.levels - 1):
            result = step @ Block.diagonal(result, *self._idle())
        return result

    def perfect_reconstruction(self) -> Proof:
        """T = I, by induction: the inner levels are I where the bank is, and what is left is one level."""
        inner, one = self.operator, self.bank.operator
        proof = prove(one, Identity())
        if not proof or self.levels == 1:
            return proof
        made = Proof(inner, Identity(), (), "proved", f"level by level: {how_proved(constants(one))}")
        lines = [Step(inner, "", ""), Step(one, f"reconstruction of {self.levels - 1} inner levels", "")]
        made.__dict__["steps"] = [*lines, Step(Identity(), "reconstruction of one level", "")]
        return made

    def __str__(self) -> str:
        return f"{self.levels} levels of {self.bank}"

    def __repr__(self) -> str:
        return f"{self.bank!r}.tree({self.levels})"

    def _idle(self) -> list[LinearOperator]:
        return [Identity()] * (self.bank.channels - 1)


def filterbank(analysis: Sequence[Any], synthesis: Sequence[Any], k: Any) -> FilterBank:
    """The bank T = Σ_i C_{f_i} ↑k ↓k C_{h_i} of analysis filters h_i and synthesis filters f_i.

    Parameters
    ----------
    analysis, synthesis : lists of signals, arrays or formal signals
        As many of each.
    k : int, tuple, or integer matrix
        The factor of every channel.

    Returns
    -------
    FilterBank

    Raises
    ------
    DimensionError, FactorError, KernelError

    Examples
    --------
    >>> import opalgebra as oa
    >>> bank = oa.filterbank([[1, 1], [1, -1]], [[1, 1], [-1, 1]], 2)
    >>> print(bank)
    2 channels, k = 2
      analysis  [↓₂ ((1 1)∗); ↓₂ ((1 −1)∗)]
      synthesis [((1 1)∗) ↑₂  ((−1 1)∗) ↑₂]
    >>> bool(bank.aliasing()), bank.delay, bank.gain, bank.is_paraunitary
    (True, 1, 2, True)
    """
    return FilterBank(analysis, synthesis, k)


def adjoint(h: SignalExpr) -> SignalExpr:
    """n ↦ conj h_{−n}: the filter of C_hᴴ."""
    found: SignalExpr = Flip() @ h.conj()
    return found


def _is_mirrored(h: SignalExpr, taps: Sparse) -> bool:
    """Whether h_{2c−n} = u · conj h_n for some c and |u| = 1."""
    ring = ring_of([*taps.values(), Fraction(1, 2)])
    support = sorted(at for at, v in taps.items() if ring.convert(v))
    if not support:
        return True
    twice = tuple(min(axis) + max(axis) for axis in zip(*support, strict=True))
    across = tuple(c - n for c, n in zip(twice, support[0], strict=True))
    if across not in support:
        return False
    first, last = to_sympy(taps[support[0]]), to_sympy(taps[across])  # u is last / conj first
    mirrored, moved = Shift(twice if len(twice) > 1 else twice[0]) @ (Flip() @ exact_signal(h)), exact_signal(h).conj()
    proofs = [
        prove(last * last.conjugate() * Identity(), first * first.conjugate() * Identity()),
        prove(first.conjugate() * mirrored, last * moved),
    ]
    if any(proof.verdict == "refuted" for proof in proofs):
        return False
    if not all(proofs):
        raise Undecided(f"whether {h} is symmetric is undecided: {', '.join(p.reason for p in proofs if not p)}")
    return True


def exact_signal(h: SignalExpr) -> SignalExpr:
    """The signal with exact entries, so that what is computed of it is not rounded."""
    return Signal(h.values, h.starts, exact=True) if isinstance(h, Signal) else h


def how_proved(values: Iterable[Any]) -> str:
    """How a proof about these numbers was come by, in words; "" for rational ones."""
    found = [v for v in values if is_sympy(v) and v.is_number and not v.is_Rational]
    names = sorted({atom.family.name for v in found for atom in v.atoms() if hasattr(atom, "family")})
    if names:
        return f"polynomials reduce to 0 by the relations of {', '.join(names)} over ℚ; nothing was rounded"
    return "in a number field; nothing was rounded" if found else ""


def _filters(listed: Any, which: str) -> tuple[SignalExpr, ...]:
    if isinstance(listed, Signal | SignalExpr | str) or not isinstance(listed, Iterable):
        raise OperandError(f"the {which} filters are {listed!r}; give a list of signals, one per channel")
    filters = tuple(Conv(h).kernel for h in listed)
    if not filters:
        raise DimensionError(f"the list of {which} filters is empty; give one filter per channel")
    return filters


def _delayed(c: Any, d: Any) -> LinearOperator:
    moved: LinearOperator = Shift(d) if any(axes(d)) else Identity()
    return moved if c == 1 else c * moved


def _scaled(f: SignalExpr, c: Any) -> SignalExpr:
    return f if c == 1 else exact_signal(f) * (1 / to_sympy(c))


def _magnitude(value: Any) -> float:
    number = to_sympy(value)
    return float(abs(number.evalf(30))) if number.is_number else 1.0
