"""What can go wrong, in one place.

Every error is an :class:`OpAlgebraError` *and* the matching built-in, so that both ``except
oa.OpAlgebraError`` and ``except ValueError`` do what their reader expects.  A message says what was
given, what was expected and what to do.
"""

from __future__ import annotations

__all__ = [
    "CertificateError",
    "CoefficientError",
    "DimensionError",
    "FactorError",
    "FactorTypeError",
    "FormalSignalError",
    "HypothesisError",
    "IntegerOverflow",
    "KernelError",
    "LawDoesNotMatch",
    "MissingDependency",
    "NoInverse",
    "NoSolution",
    "NotEqual",
    "OpAlgebraError",
    "OperandError",
    "ParseError",
    "SizeError",
    "Undecided",
    "UnknownLaw",
    "WindowError",
]


class OpAlgebraError(Exception):
    """Base class of every error that opalgebra raises on purpose.

    >>> import opalgebra as oa
    >>> issubclass(oa.FactorError, oa.OpAlgebraError), issubclass(oa.FactorError, ValueError)
    (True, True)
    """


class FactorError(OpAlgebraError, ValueError):
    """A sampling factor that is not a positive integer (0, negative, singular).

    >>> import opalgebra as oa
    >>> oa.Up(0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.FactorError: the factor is 0; ...
    """


class FactorTypeError(FactorError, TypeError):
    """A sampling factor of the wrong kind: 1.5, ``True``, a string, a SymPy real symbol.

    >>> import opalgebra as oa
    >>> oa.Up(1.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.FactorTypeError: the factor is 1.5 of type float; ...
    """


class KernelError(OpAlgebraError, ValueError):
    """A kernel or sequence that is empty, ragged, or holds NaN, infinities or objects.

    >>> import opalgebra as oa
    >>> oa.Conv([1, float("nan")])
    Traceback (most recent call last):
        ...
    opalgebra.errors.KernelError: the kernel holds NaN or infinity; give finite taps
    """


class CoefficientError(OpAlgebraError, TypeError):
    """A scalar that is not a finite exact, real or complex number or a SymPy expression.

    >>> import opalgebra as oa
    >>> float("inf") * oa.Up(2)
    Traceback (most recent call last):
        ...
    opalgebra.errors.CoefficientError: a scalar is inf; only finite numbers have an exact meaning
    """


class DimensionError(OpAlgebraError, ValueError):
    """Operators and signals of different numbers of axes in one expression.

    >>> import opalgebra as oa
    >>> oa.Shift((1, 2)) @ oa.Shift((1, 2, 3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.DimensionError: S⁽¹,²⁾ acts on 2 axes and S⁽¹,²,³⁾ on 3; ...
    """


class OperandError(OpAlgebraError, TypeError):
    """An operand of the wrong kind, such as ``array @ operator`` or ``operator * operator``.

    >>> import opalgebra as oa
    >>> oa.Up(2) + 1
    Traceback (most recent call last):
        ...
    opalgebra.errors.OperandError: an operator and a int were added; for a constant c add c * Identity()
    """


class FormalSignalError(OpAlgebraError, TypeError):
    """A formal signal or symbolic factor where numbers are needed.

    >>> import opalgebra as oa
    >>> oa.Conv(oa.signals("q")) @ [1, 2]  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.FormalSignalError: (q∗) has the formal part q and cannot run on an array; ...
    """


class HypothesisError(OpAlgebraError, ValueError):
    """A hypothesis about names that the statement does not have, or has as another kind.

    >>> import opalgebra as oa
    >>> k, m, n = oa.factors("k m n")
    >>> oa.prove(oa.Up(k) @ oa.Down(m), oa.Down(m) @ oa.Up(k), given=oa.coprime(k, n))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.HypothesisError: the hypothesis gcd(k, n) = 1 speaks of n, which the statement does not have; ...
    """


class IntegerOverflow(OpAlgebraError, OverflowError):
    """Integer arithmetic of a bound operator or a layer whose result may not fit 64 bits, refused instead of wrapped.

    >>> import numpy as np
    >>> import opalgebra as oa
    >>> oa.Conv([2**62]).on(2)(np.array([2, 3]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.IntegerOverflow: integers of 65 bits may arise, more than int64 holds; ...
    """


class WindowError(OpAlgebraError, ValueError):
    """A window that is not a pair start <= stop of ints.

    >>> import opalgebra as oa
    >>> oa.Up(2).matrix((3, 1), 2)
    Traceback (most recent call last):
        ...
    opalgebra.errors.WindowError: the window (3, 1) stops before it starts; give start <= stop
    """


class SizeError(MemoryError, OpAlgebraError):  # in this order, so that SizeError.__new__ may be called: tblib does
    """A result too large to hold, found before any work was done.

    >>> import opalgebra as oa
    >>> oa.Conv([1]).on(10**9).todense()
    Traceback (most recent call last):
        ...
    opalgebra.errors.SizeError: the matrix has 1000000000 × 1000000000 entries; the limit is 10000000
    """


class ParseError(OpAlgebraError, ValueError):
    """Text that is not an expression of the small language that the command line reads.

    >>> import opalgebra as oa
    >>> oa.exact("2 apples")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.ParseError: this is not an expression ...
    """


class UnknownLaw(OpAlgebraError, KeyError):
    """A law name that the catalogue does not have.

    >>> import opalgebra as oa
    >>> oa.laws["noble-dwn"]  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.UnknownLaw: there is no law 'noble-dwn'; ...
    """

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return str(self.args[0]) if self.args else ""


class LawDoesNotMatch(OpAlgebraError, ValueError):
    """A law applied to an expression in which neither of its sides occurs.

    >>> import opalgebra as oa
    >>> oa.derive(oa.Up(2)).by("noble-down")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.LawDoesNotMatch: neither side of noble-down: ↓ₖ ((↑ₖ q)∗) = (q∗) ↓ₖ occurs in ↑₂; ...
    """


class NoInverse(OpAlgebraError, ValueError):
    """An operator without an inverse of finitely many taps, or without one that could be found and proved.

    >>> import opalgebra as oa
    >>> oa.Down(2).inverse()
    Traceback (most recent call last):
        ...
    opalgebra.errors.NoInverse: ↓₂ has the right inverse ↑₂ but is not one-to-one: ↑₂ ↓₂ ≠ I
    """


class NoSolution(OpAlgebraError, ValueError):
    """An equation that no kernel of the given length solves.

    >>> import opalgebra as oa
    >>> x = oa.signals("x")
    >>> oa.solve(oa.equation(oa.Conv([1, 1]) @ x, oa.Signal([1])), x, length=3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.NoSolution: no x of length 3 from 0 ...
    """


class NotEqual(OpAlgebraError, ValueError):
    """A line of a derivation that differs from the line before; ``.proof`` has the witness.

    >>> import opalgebra as oa
    >>> oa.derive(oa.Up(2)).to(oa.Up(3))
    Traceback (most recent call last):
        ...
    opalgebra.errors.NotEqual: this line does not follow from the one before it
    refuted: ↑₂ ≠ ↑₃
      with x = δ₁ (one sample 1 at index 1): at n = 2 the left side gives 1, the right side 0
    """

    def __init__(self, message: str, proof: object = None) -> None:
        super().__init__(message)
        self.proof = proof


class MissingDependency(OpAlgebraError, ImportError):
    """An optional package that is not installed."""


class CertificateError(OpAlgebraError, ValueError):
    """A proof that no certificate can be written of, or a certificate that does not hold.

    >>> import opalgebra as oa
    >>> F = oa.Up(2).on(3)
    >>> oa.prove(F, F).save("proof.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.CertificateError: operators on arrays have no certificate; ...
    """


class Undecided(OpAlgebraError, ArithmeticError):
    """Raised by ``A.equals(B)`` where neither equality nor a difference could be established.

    >>> import opalgebra as oa
    >>> import sympy
    >>> oa.Conv([sympy.erf(1) + sympy.erfc(1)]).equals(oa.Identity())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opalgebra.errors.Undecided: ...the sides differ formally, but their values could not be told apart numerically...
    """
