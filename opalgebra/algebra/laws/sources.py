"""Where laws are found in the literature."""

from __future__ import annotations

VAIDYANATHAN = "Vaidyanathan, Multirate Systems and Filter Banks (1993)"
OPPENHEIM = "Oppenheim and Schafer, Discrete-Time Signal Processing"
CHEN = "Chen and Vaidyanathan, IEEE Trans. Signal Processing 41 (1993)"
VETTERLI = "Vetterli and Kovačević, Wavelets and Subband Coding (1995)"
CROCHIERE = "Crochiere and Rabiner, Multirate Digital Signal Processing (1983)"
DUMOULIN = "Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016)"
ODENA = "Odena, Dumoulin and Olah, Distill (2016)"
LINEAR = "linear algebra"
