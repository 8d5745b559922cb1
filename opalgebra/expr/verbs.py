"""What can be asked of an operator by name: each method calls up through ``_verbs`` to the layer that does it."""

from __future__ import annotations

from typing import Any

from .._verbs import verb


class OperatorVerbs:
    """The methods of :class:`~opalgebra.LinearOperator` that run, count, draw and write out."""

    def cost(self) -> Any:
        """Exact multiply-adds per output sample, as run and as written, and the samples kept; prints as a table.

        FormalSignalError for formal kernels and symbolic factors, whose taps cannot be counted.

        >>> import opalgebra as oa
        >>> (oa.Down(160) @ oa.Conv([1] * 441) @ oa.Up(147)).cost().multiply_adds
        Fraction(3, 1)
        """
        return verb("cost")(self)

    def animate(self, n: Any, view: str = "both", channels: tuple[int, int] = (0, 0), values: Any = None) -> Any:
        """What each output of n samples collects, step by step: see :func:`opalgebra.show.arithmetic`."""
        return verb("arithmetic")(self, n, view, channels, values)

    def matrix(self, rows: Any, cols: Any) -> Any:
        """The entries of the window rows × cols as a SymPy matrix; of blocks, one such window per channel.

        Parameters
        ----------
        rows, cols : int or (start, stop)
            Output and input indices; an int n means 0 … n−1.  For several axes, one of these per axis;
            the window is then flattened in C order.

        Examples
        --------
        >>> import opalgebra as oa
        >>> oa.Up(2).matrix(4, 2)
        Matrix([
        [1, 0],
        [0, 0],
        [0, 1],
        [0, 0]])
        """
        return verb("matrix")(self, rows, cols)

    def on(
        self,
        n: Any,
        out: Any = None,
        mode: str = "full",
        boundary: Any = "zero",
        dtype: Any = None,
        engine: str = "auto",
    ) -> Any:
        """The operator on arrays: F = Crop ∘ A ∘ Extend, with index 0 at the first sample of the input.

        Parameters
        ----------
        n : int or tuple of int, or formulas
            Shape of the input, one entry per axis of the operator.  With a symbol of ``oa.factors("n")`` in it, or in
            ``out``, the result stands for every n ≥ 1: it composes and is proved for all sizes; ``.at({n: 8})`` runs.
        out : int or (start, stop), optional
            The outputs that are kept, outright; an int means 0 … out−1.  One of these per axis where there are several.
        mode : {"full", "same", "valid"}
            Where ``out`` is not given: every output that the input reaches; 0 … ⌈n·L/M⌉−1; outputs that read only
            inside the input.
        boundary : {"zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect"}
            How the array is continued, or a tuple with one of these per axis.  "wrap" needs a length that the
            factors divide, unless ``out`` is given.
        dtype : float32, float64, complex64 or complex128, optional
            To compute in; by default data keeps its own precision.
        engine : {"auto", "numpy", "numba", "fft"}
            How to compute: by default each stage takes what the cost model picks; ``F.explain()`` tells.

        Returns
        -------
        BoundOperator

        Raises
        ------
        WindowError
            A negative size, an unknown mode or boundary, a window with stop < start, a length that does not divide.

        Examples
        --------
        >>> import opalgebra as oa
        >>> F = (oa.Down(2) @ oa.Conv([1, 2, 1])).on(6, mode="same", boundary="wrap")
        >>> F([1, 0, 0, 0, 0, 2])
        array([5, 1, 0])
        >>> F.shape, F.dottest()
        ((3, 6), True)
        """
        return verb("on")(self, n, out, mode, boundary, dtype, engine)

    def polyphase(self) -> Any:
        """The polyphase matrix P(z) as a SymPy matrix in z: y_{Ln+i} = Σ_j Σ_t P_ij[t] x_{M(n−t)+j}, z⁻¹ a delay.

        M is the smallest period of the input after which the operator repeats itself, L the period of the
        output.  One axis, known taps, and one rate; otherwise an error says which of these fails.  Of blocks,
        every channel has one period, and the matrices of the entries stand side by side.

        >>> import opalgebra as oa
        >>> (oa.Down(2) @ oa.Conv([1, 2, 3])).polyphase()
        Matrix([[1 + 3/z, 2/z]])
        """
        return verb("polyphase")(self)

    def to_z(self, z: Any) -> Any:
        """The transfer function H(z) = Σ_n h_n z⁻ⁿ of a time-invariant operator, as a SymPy expression.

        Known taps give a polynomial in z and z⁻¹ with exact coefficients, a formal q the function Q(z), ↑M q Q(z^M),
        an adjoint the conjugate of Q at 1/z̄.  Time-invariant is decided, not read off: ↓M (q∗) ↑M is, and its
        transfer function M⁻¹ Σ_k Q(z^{1/M} e^{−2πik/M}).  ``oa.from_z`` goes back.

        Parameters
        ----------
        z : SymPy symbol, or a tuple with one of these per axis
            Numbers and expressions too: ``A.to_z(1)`` is the gain at ω = 0, ``A.to_z(-z)`` is H(−z).

        Returns
        -------
        sympy.Expr, or of a block a sympy.Matrix of the transfer functions of its entries

        Raises
        ------
        OperandError
            For an operator with ↑ or ↓, a flip or a modulation that is not time-invariant; ``polyphase`` and
            ``response`` are for these.
        Undecided
            Where that is not known, of symbolic factors.
        DimensionError, CoefficientError
            For another number of symbols than axes; for z = 0.

        Examples
        --------
        >>> import opalgebra as oa
        >>> import sympy
        >>> z = sympy.Symbol("z")
        >>> oa.Conv([1, 2, 1]).to_z(z), (oa.Shift(1) @ oa.Conv(oa.signals("q"))).to_z(z)
        (1 + 2/z + z**(-2), Q(z)/z)
        """
        return verb("to_z")(self, z)

    def response(self, omega: Any) -> Any:
        """The frequency response H(e^{iω}) = Σ_n h_n e^{−iωn} as a SymPy expression, ω in radians per sample.

        An operator that is not time-invariant, or not seen to be, has none; then this is ``oa.dtft(A @ x, omega)`` for
        a formal x: the sum over its images and aliases, each with X where it comes from.

        Parameters
        ----------
        omega : SymPy expression or number, or a tuple with one of these per axis
            A symbol of ``oa.reals``, or an exact angle: ``A.response(sympy.pi)`` is the gain at half the sampling rate.

        Returns
        -------
        sympy.Expr, or of a block a sympy.Matrix: the responses of its entries, or its outputs for inputs X_0, X_1, …

        Raises
        ------
        DimensionError, CoefficientError
            For another number of frequencies than axes; for one that is not real.
        FormalSignalError
            For formal operators.

        Examples
        --------
        >>> import opalgebra as oa
        >>> import sympy
        >>> w = oa.reals("omega")
        >>> oa.Conv([1, 2, 1]).response(w), oa.Conv([1, 2, 1]).response(sympy.pi)
        (1 + 2*exp(-I*omega) + exp(-2*I*omega), 0)
        >>> (oa.Down(2) @ oa.Conv(oa.signals("h"))).response(w)
        H(-exp(I*omega/2))*X(-exp(I*omega/2))/2 + H(exp(I*omega/2))*X(exp(I*omega/2))/2
        """
        return verb("response")(self, omega)

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure: what the operator does to frequencies, to impulses, or its matrix.

        Parameters
        ----------
        kind : {"response", "impulse", "matrix", "polyphase", "cost"}
            Magnitude, phase and group delay, of a change of rate its filter with images and aliases; the answers to
            impulses at 0 … ``count``−1; the window ``rows`` × ``cols``; P(z); the cost before and after ``optimize``.
        dark : bool
            Light lines on a dark card.
        options
            ``db`` and ``points`` of responses, ``count`` of impulses, ``rows`` and ``cols`` of matrices.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        FormalSignalError
            For formal kernels, except in matrices, and symbolic factors.
        MissingDependency
            Without matplotlib: ``pip install 'opalgebra[plot]'``.

        Examples
        --------
        >>> import opalgebra as oa
        >>> figure = (oa.Down(2) @ oa.Conv([1, 2, 1])).plot("matrix", rows=3, cols=6)
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['$q_{0}$', '$q_{1}$', '$q_{2}$']
        """
        return verb("plot")(self, kind, dark=dark, **options)

    def to_sympy(self) -> Any:
        """The operator as a SymPy expression in noncommutative symbols; there is no way back.

        >>> import opalgebra as oa
        >>> (oa.Down(2) @ oa.Conv(oa.signals("q")) + 3 * oa.Identity()).to_sympy()
        3 + ↓₂*(q∗)
        """
        return verb("to_sympy")(self)
