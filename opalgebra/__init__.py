"""opalgebra: convolution, upsampling and downsampling as objects that compute, prove and render.

>>> import opalgebra as oa
>>> q = oa.signals("q")
>>> A = oa.Conv(q) @ oa.Up(2)
>>> print(A, "=", (oa.Down(2) @ oa.Conv(q).T).T)
(q∗) ↑₂ = (↓₂ (q∗)ᵀ)ᵀ
>>> bool(oa.prove(A, (oa.Down(2) @ oa.Conv(q).T).T))
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .algebra.decide.proof import Proof, Step
from .algebra.decide.prove import prove
from .algebra.derive.derivation import Derivation, derive
from .algebra.facts import coprime, divides, equal, even_symmetric, not_divides
from .algebra.judge.witness import Witness
from .algebra.lattices.sampling import cosets, gcld, gcrd, lclm, lcrm, smith
from .algebra.laws.law import Law
from .algebra.laws.table import laws
from .bound.operators.base import BoundOperator
from .engine.ways.compiled.threads import get_threads, set_threads
from .errors import (
    CertificateError,
    CoefficientError,
    DimensionError,
    FactorError,
    FactorTypeError,
    FormalSignalError,
    HypothesisError,
    IntegerOverflow,
    KernelError,
    LawDoesNotMatch,
    NoInverse,
    NotEqual,
    OpAlgebraError,
    OperandError,
    ParseError,
    SizeError,
    Undecided,
    UnknownLaw,
    WindowError,
)
from .expr.blocks import Block, PixelShuffle, Polyphase
from .expr.characters import reals
from .expr.factors import factors, integers
from .expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from .expr.named import AvgPool, Corr, DilatedConv, LinearUp, Named, Repeat, StridedConv, TransposedConv
from .expr.operators import Identity, LinearOperator, Zero, operators
from .expr.sampling import SamplingMatrix
from .expr.signals import Signal, SignalExpr, box, signals
from .expr.sums import Sum
from .parse import exact

if TYPE_CHECKING:
    from . import nn, show
    from .algebra.banks.filterbank import FilterBank, filterbank
    from .algebra.banks.wavelets import cosine_bank, dft_bank, lifting, wavelet
    from .algebra.certificates.reader import load_proof
    from .algebra.decide.relations import nyquist, orthonormal, paraunitary
    from .algebra.laws.falsehoods import Falsehood, falsehoods
    from .algebra.numbers.algebraic import algebraic
    from .bound.compare.compare import compare
    from .bound.compare.comparison import Comparison
    from .nn import Pointwise, checkerboard

__version__ = "0.1.0"

__all__ = [
    "AvgPool",
    "Block",
    "BoundOperator",
    "CertificateError",
    "CoefficientError",
    "Comparison",
    "Conv",
    "Corr",
    "Derivation",
    "DilatedConv",
    "DimensionError",
    "Down",
    "FactorError",
    "FactorTypeError",
    "Falsehood",
    "FilterBank",
    "Flip",
    "FormalSignalError",
    "HypothesisError",
    "Identity",
    "IntegerOverflow",
    "KernelError",
    "Law",
    "LawDoesNotMatch",
    "LinearOperator",
    "LinearUp",
    "Modulate",
    "Named",
    "NoInverse",
    "NotEqual",
    "OpAlgebraError",
    "OperandError",
    "ParseError",
    "PixelShuffle",
    "Pointwise",
    "Polyphase",
    "Proof",
    "Repeat",
    "SamplingMatrix",
    "Shift",
    "Signal",
    "SignalExpr",
    "SizeError",
    "Step",
    "StridedConv",
    "Sum",
    "TransposedConv",
    "Undecided",
    "UnknownLaw",
    "Up",
    "WindowError",
    "Witness",
    "Zero",
    "algebraic",
    "box",
    "checkerboard",
    "compare",
    "coprime",
    "cosets",
    "cosine_bank",
    "derive",
    "dft_bank",
    "divides",
    "equal",
    "even_symmetric",
    "exact",
    "factors",
    "falsehoods",
    "filterbank",
    "gcld",
    "gcrd",
    "get_threads",
    "integers",
    "laws",
    "lclm",
    "lcrm",
    "lifting",
    "load_proof",
    "nn",
    "not_divides",
    "nyquist",
    "operators",
    "orthonormal",
    "paraunitary",
    "prove",
    "reals",
    "set_threads",
    "show",
    "signals",
    "smith",
    "wavelet",
]


_LATER = {  # where what is not needed at once comes from, when it is first used
    "Comparison": "bound.compare.comparison",
    "Falsehood": "algebra.laws.falsehoods",
    "FilterBank": "algebra.banks.filterbank",
    "Pointwise": "nn",
    "algebraic": "algebra.numbers.algebraic",
    "checkerboard": "nn",
    "compare": "bound.compare.compare",
    "cosine_bank": "algebra.banks.wavelets",
    "dft_bank": "algebra.banks.wavelets",
    "falsehoods": "algebra.laws.falsehoods",
    "filterbank": "algebra.banks.filterbank",
    "lifting": "algebra.banks.wavelets",
    "load_proof": "algebra.certificates.reader",
    "nyquist": "algebra.decide.relations",
    "orthonormal": "algebra.decide.relations",
    "paraunitary": "algebra.decide.relations",
    "wavelet": "algebra.banks.wavelets",
}


def __getattr__(name: str) -> Any:
    """The layers, filter banks and the like, imported when they are first used."""
    if name in ("nn", "show"):
        return import_module(f".{name}", __name__)
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return value
