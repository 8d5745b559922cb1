"""Standard terms by which laws are found: data."""

from __future__ import annotations

from unicodedata import combining, normalize

ALIASES = {
    "noble identity": "noble-down", "first noble identity": "noble-down", "noble identity decimator": "noble-down",
    "second noble identity": "noble-up", "noble identity expander": "noble-up", "noble identities": "noble-down",
    "polyphase decomposition": "polyphase-conv", "type 1 polyphase": "polyphase-conv", "polyphase": "polyphase-conv",
    "polyphase decimator": "polyphase-strided", "polyphase decimation": "polyphase-strided",
    "polyphase interpolator": "polyphase-transposed", "polyphase interpolation": "polyphase-transposed",
    "sub-pixel convolution": "polyphase-transposed", "pixel shuffle": "polyphase-transposed",
    "pseudo-circulant": "polyphase-product", "delay chain": "phase-sum", "commutator": "phase-sum",
    "parseval": "paraunitary-reconstruction", "parseval relation": "paraunitary-reconstruction",
    "energy": "power-complementary", "power complementarity": "power-complementary",
    "power symmetry": "power-symmetric", "spectral factorization": "autocorrelation",
    "perfect reconstruction": "paraunitary-reconstruction", "paraunitary": "paraunitary-reconstruction",
    "orthonormal": "autocorrelation", "orthonormality": "autocorrelation",
    "alias cancellation": "alias-cancellation", "qmf": "alias-cancellation", "quadrature mirror": "alias-cancellation",
    "alias components": "alias-components", "alias component matrix": "alias-components",
    "alias sum": "up-down-characters", "aliasing": "up-down-characters", "images": "character-up",
    "imaging": "character-up", "poisson sum": "character-sum", "orthogonality of exponentials": "roots-of-unity",
    "sum of roots of unity": "roots-of-unity", "inverse dft": "dft-inverse", "idft": "dft-inverse",
    "goertzel": "telescoping", "telescoping sum": "telescoping", "geometric sum": "geometric-series",
    "integrator comb": "cic", "hogenauer": "cic", "boxcar": "define-box", "moving sum": "define-box",
    "box doubling": "box-product", "bezout": "down-shift-up", "bezout identity": "down-shift-up",
    "fractional delay": "down-shift-up", "lifting": "lifting-reconstruction",
    "lifting scheme": "lifting-reconstruction",
    "le gall": "five-three-reconstruction", "5/3": "five-three-reconstruction",
    "nyquist criterion": "nyquist", "m-th band": "nyquist", "half-band": "even-part", "halfband": "even-part",
    "zero-order hold": "define-repeat", "sample and hold": "define-repeat", "linear interpolation": "linear-triangle",
    "triangle filter": "triangle", "a trous": "space-to-batch", "dilated convolution": "define-dilated",
    "strided convolution": "define-strided", "transposed convolution": "define-transposed",
    "fractionally strided convolution": "define-transposed", "deconvolution": "define-transposed",
    "checkerboard": "transposed-phase", "checkerboard artifacts": "transposed-phase",
    "weight gradient": "weight-gradient", "average pooling": "define-mean", "cross-correlation": "define-correlation",
    "coprime rates": "up-down-coprime", "commuting rates": "up-down-coprime", "rational rate": "down-up-gcd",
    "modulation property": "character-conv", "frequency shift": "character-conv", "delay property": "character-shift",
    "time reversal": "flip-conv", "associativity": "conv-conv", "commutativity": "conv-commute",
    "superposition": "linearity", "time invariance": "conv-shift", "highpass from lowpass": "alternating-conv",
    "smith form": "down-smith", "distributivity over sums": "sum-left", "distribution over sums": "sum-left",
    "change of index": "re-index", "reindexing": "re-index", "index reversal": "sum-reversed",
    "interchange of sums": "sum-exchange", "substitution": "substitute", "hypothesis": "given",
    "linear phase": "symmetric", "euler formula": "euler", "multistage decimation": "strided-strided",
    "multistage interpolation": "transposed-transposed",
}  # fmt: skip


def spelled_alike(name: str) -> str:
    """Lower case, without accents, with blanks for hyphens and underscores: "Bézout" and "bezout" are one."""
    plain = "".join(c for c in normalize("NFD", name) if not combining(c))
    return " ".join(plain.lower().replace("-", " ").replace("_", " ").split())


NAMED = {spelled_alike(term): law for term, law in ALIASES.items()}
