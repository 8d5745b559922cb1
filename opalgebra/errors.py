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
    "IntegerOverflow",
    "KernelError",
    "LawDoesNotMatch",
    "MissingDependency",
    "NoInverse",
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
    """Base class of every error that opalgebra raises on purpose."""


class FactorError(OpAlgebraError, ValueError):
    """A sampling factor that is not a positive integer (0, negative, singular)."""


class FactorTypeError(FactorError, TypeError):
    """A sampling factor of the wrong kind: 1.5, ``True``, a string, a SymPy real symbol."""


class KernelError(OpAlgebraError, ValueError):
    """A kernel or sequence that is empty, ragged, or holds NaN, infinities or objects."""


class CoefficientError(OpAlgebraError, TypeError):
    """A scalar that is not a finite exact, real or complex number or a SymPy expression."""


class DimensionError(OpAlgebraError, ValueError):
    """Operators and signals of different numbers of axes in one expression."""


class OperandError(OpAlgebraError, TypeError):
    """An operand of the wrong kind, such as ``array @ operator`` or ``operator * operator``."""


class FormalSignalError(OpAlgebraError, TypeError):
    """A formal signal or symbolic factor where numbers are needed."""


class IntegerOverflow(OpAlgebraError, OverflowError):
    """Integer arithmetic whose result may not fit 64 bits; it is refused instead of wrapping around."""


class WindowError(OpAlgebraError, ValueError):
    """A window that is not a pair start <= stop of ints."""


class SizeError(OpAlgebraError, MemoryError):
    """A result too large to hold, found before any work was done."""


class ParseError(OpAlgebraError, ValueError):
    """Text that is not an expression of the small language that the command line reads."""


class UnknownLaw(OpAlgebraError, KeyError):
    """A law name that the catalogue does not have."""

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return str(self.args[0]) if self.args else ""


class LawDoesNotMatch(OpAlgebraError, ValueError):
    """A law applied to an expression in which neither of its sides occurs."""


class NoInverse(OpAlgebraError, ValueError):
    """An operator without an inverse of finitely many taps, or without one that could be found and proved."""


class NotEqual(OpAlgebraError, ValueError):
    """A line of a derivation that differs from the line before; ``.proof`` has the witness."""

    def __init__(self, message: str, proof: object = None) -> None:
        super().__init__(message)
        self.proof = proof


class MissingDependency(OpAlgebraError, ImportError):
    """An optional package that is not installed."""


class CertificateError(OpAlgebraError, ValueError):
    """A proof that no certificate can be written of, or a certificate that does not hold."""


class Undecided(OpAlgebraError, ArithmeticError):
    """Raised by ``A.equals(B)`` where neither equality nor a difference could be established."""
