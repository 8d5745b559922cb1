"""The pages of the catalogue: which laws stand on which, and under what title.  Every law is on exactly one."""

from typing import NamedTuple


class Theme(NamedTuple):
    """A page: file name, title, a sentence, the laws in reading order."""

    page: str
    title: str
    about: str
    laws: tuple[str, ...]


def _theme(page: str, title: str, about: str, laws: str) -> Theme:
    return Theme(page, title, about, tuple(laws.split()))


THEMES = (
    _theme("noble", "Noble identities",
           "A filter passes a change of rate when its kernel is spread by the same factor.",
           "noble-down noble-up repeat-conv common-factor shift-down shift-up modulate-down modulate-up character-down "
           "character-up flip-down flip-up"),
    _theme("resampling", "↑ and ↓",
           "Changes of rate among themselves: when they compose, commute or cancel.",
           "down-up up-up down-down down-up-gcd up-down-coprime up-down-comb up-down-characters down-shift-up "
           "down-shift-up-zero down-conv-up repeat-repeat down-repeat mean-repeat up-one down-one"),
    _theme("polyphase", "Polyphase",
           "A filter between two rates as k filters at the lower rate.",
           "polyphase-identity polyphase-conv polyphase-strided polyphase-transposed polyphase-product space-to-batch "
           "transposed-phase"),
    _theme("layers", "Strided, transposed and dilated convolution",
           "What deep learning calls deconvolution, and how it is related to a strided convolution.",
           "transposed-strided strided-transpose strided-adjoint conv-as-transposed transposed-as-conv strided-strided "
           "transposed-transposed repeat-fold weight-gradient weight-gradient-dilated define-strided define-dilated "
           "define-transposed define-repeat define-linear define-mean define-correlation"),
    _theme("lattices", "Sampling matrices",
           "The same on several axes, where a factor is an integer matrix and order matters.",
           "up-down-commute up-down-lclm down-up-lcrm down-up-common up-smith down-smith down-unimodular "
           "unimodular-inverse up-diagonal down-diagonal up-reversal"),
    _theme("filter-banks", "Filter banks",
           "Aliasing, its cancellation, and perfect reconstruction.",
           "alias-components alias-cancellation alias-free power-complementary power-symmetric "
           "five-three-reconstruction lifting-reconstruction "
           "paraunitary-reconstruction nyquist"),
    _theme("convolution", "Convolution, shift and flip",
           "Operators that stay at one rate.",
           "conv-conv conv-commute conv-sum conv-shift conv-impulse conv-zero shift-kernel shift-shift shift-zero "
           "flip-conv-flip flip-conv flip-shift flip-flip kernel-as-signal identity-signal zero-signal "
           "kernel-sum kernel-scale signal-sum operator-sum linearity autocorrelation even-part"),
    _theme("modulation", "Modulation",
           "Multiplication by a periodic sequence or by e^{iωn}.",
           "character-conv character-shift character-product flip-character flip-modulate shift-modulate modulate-zero "
           "modulate-transpose conj-modulate character-transpose character-adjoint conj-character character-period "
           "character-zero modulate-one "
           "modulate-product modulate-sign alternating-conv roots-of-unity euler"),
    _theme("sums", "Sums over an index",
           "How operators pass through Σ, how its index is renamed, split and shifted, and the sums that have a value.",
           "sum-left sum-right sum-scale sum-constant sum-sum sum-exchange sum-signal sum-kernel sum-transpose "
           "sum-adjoint sum-conj re-index sum-reversed sum-shifted sum-split phase-sum character-sum dft-inverse "
           "telescoping geometric-series arithmetic-series define-box box-adjacent box-product cic triangle "
           "linear-triangle even-samples"),
    _theme("hypotheses", "What is given",
           "Hypotheses as lines of a derivation.",
           "given substitute symmetric nyquist-samples"),
    _theme("transposes", "Transposes, adjoints and conjugates",
           "How they pass through products, sums and letters.",
           "transpose-product transpose-sum transpose-scale transpose-twice up-transpose down-transpose conv-transpose "
           "shift-transpose flip-transpose identity-transpose zero-transpose adjoint adjoint-twice adjoint-product "
           "adjoint-sum adjoint-scale up-adjoint down-adjoint conv-adjoint shift-adjoint flip-adjoint identity-adjoint "
           "zero-adjoint conj-product conj-sum conj-transpose conj-twice conj-conv conj-up conj-down conj-shift "
           "conj-flip conj-scale identity-conj zero-conj conj-signal"),
    _theme("linear", "Sums, scalars and powers",
           "What holds for all linear maps, and closes the gaps between the lines of a derivation.",
           "distribute-left distribute-right identity-left identity-right zero-left zero-right scale-left scale-right "
           "scale-scale scale-sum scale-one collect-terms sum-terms power power-product arithmetic"),
)  # fmt: skip
