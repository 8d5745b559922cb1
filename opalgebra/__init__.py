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
    NoSolution,
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

if TYPE_CHECKING:  # what type checkers see of the names in _LATER
    from . import nn, show
    from .algebra.banks.filterbank import FilterBank, filterbank
    from .algebra.banks.wavelets import cosine_bank, dft_bank, lifting, wavelet
    from .algebra.certificates.reader import load_proof
    from .algebra.decide.proof import Proof, Step
    from .algebra.decide.prove import prove
    from .algebra.derive.derivation import Derivation, derive
    from .algebra.derive.solve import solve
    from .algebra.equations import equation, even_symmetric, nyquist, orthonormal, paraunitary, periodic, symmetric
    from .algebra.facts import coprime, divides, equal, not_divides
    from .algebra.forms.laurent import from_z
    from .algebra.forms.transfer import dtft
    from .algebra.judge.witness import Witness
    from .algebra.lattices.sampling import cosets, gcld, gcrd, lclm, lcrm, smith
    from .algebra.laws.falsehoods import Falsehood, falsehoods
    from .algebra.laws.law import Law
    from .algebra.laws.table import laws
    from .algebra.numbers.algebraic import algebraic
    from .bound.compare.compare import compare
    from .bound.compare.comparison import Comparison
    from .bound.operators.base import BoundOperator
    from .bound.reports.cgls import cgls
    from .bound.reports.tune import tune
    from .engine.ways.compiled import warm_up
    from .engine.ways.compiled.threads import get_threads, set_threads
    from .nn import Pointwise, checkerboard

__version__ = "0.1.0"

__all__ = [
    "AvgPool", "Block", "BoundOperator", "CertificateError", "CoefficientError", "Comparison", "Conv", "Corr",
    "Derivation", "DilatedConv", "DimensionError", "Down", "FactorError", "FactorTypeError", "Falsehood", "FilterBank",
    "Flip", "FormalSignalError", "HypothesisError", "Identity", "IntegerOverflow", "KernelError", "Law",
    "LawDoesNotMatch", "LinearOperator", "LinearUp", "Modulate", "Named", "NoInverse", "NoSolution", "NotEqual",
    "OpAlgebraError", "OperandError", "ParseError", "PixelShuffle", "Pointwise", "Polyphase", "Proof", "Repeat",
    "SamplingMatrix", "Shift", "Signal", "SignalExpr", "SizeError", "Step", "StridedConv", "Sum", "TransposedConv",
    "Undecided", "UnknownLaw", "Up", "WindowError", "Witness", "Zero", "algebraic", "box", "cgls", "checkerboard",
    "compare", "coprime", "cosets", "cosine_bank", "derive", "dft_bank", "divides", "dtft", "equal", "equation",
    "even_symmetric", "exact", "factors", "falsehoods", "filterbank", "from_z", "gcld", "gcrd", "get_threads",
    "integers", "laws", "lclm", "lcrm", "lifting", "load_proof", "nn", "not_divides", "nyquist", "operators",
    "orthonormal", "paraunitary", "periodic", "prove", "reals", "set_threads", "show", "signals", "smith", "solve",
    "symmetric", "tune", "warm_up", "wavelet",
]  # fmt: skip

# Where the names come from that neither expressions nor their ``repr`` need, imported when they are first used.
_LATER = {
    "algebra.banks.filterbank": "FilterBank filterbank",
    "algebra.banks.wavelets": "cosine_bank dft_bank lifting wavelet",
    "algebra.certificates.reader": "load_proof",
    "algebra.decide.proof": "Proof Step",
    "algebra.decide.prove": "prove",
    "algebra.derive.derivation": "Derivation derive",
    "algebra.derive.solve": "solve",
    "algebra.equations": "equation even_symmetric nyquist orthonormal paraunitary periodic symmetric",
    "algebra.facts": "coprime divides equal not_divides",
    "algebra.forms.laurent": "from_z",
    "algebra.forms.transfer": "dtft",
    "algebra.judge.witness": "Witness",
    "algebra.lattices.sampling": "cosets gcld gcrd lclm lcrm smith",
    "algebra.laws.falsehoods": "Falsehood falsehoods",
    "algebra.laws.law": "Law",
    "algebra.laws.table": "laws",
    "algebra.numbers.algebraic": "algebraic",
    "bound.compare.compare": "compare",
    "bound.compare.comparison": "Comparison",
    "bound.operators.base": "BoundOperator",
    "bound.reports.cgls": "cgls",
    "bound.reports.tune": "tune",
    "engine.ways.compiled": "warm_up",
    "engine.ways.compiled.threads": "get_threads set_threads",
    "nn": "Pointwise checkerboard",
}
_FOLDERS = ("algebra", "bound", "engine", "nn", "show")  # which are there without an import of their own


def __getattr__(name: str) -> Any:
    """The names and folders that are imported when they are first used."""
    if name in _FOLDERS:
        return import_module(f".{name}", __name__)
    for module, names in _LATER.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f".{module}", __name__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
