"""Expressions: signals and operators as frozen trees.

The rooms above import from here what fits on one line of them, whichever file it stands in.
"""

from .arrays import MASKED, as_exact, check_large_integers, exact_array, has_mask, tap_symbol
from .blocks import Block, Grid, PixelShuffle, Polyphase, slices
from .characters import ORDER_LIMIT, Character, parts_of, real_symbols, reals
from .contents import constants, formal_names, has_blocks, is_block, order_of, root_of_unity, with_frequencies
from .exactly import is_exact_arithmetic
from .factors import as_sampling, axes, axis_count, factor, integers, is_one, is_symbolic, per_axis, ratio, shift
from .grid import MAX_POWER, channel_counts, fitted, grid, plain, without_blocks
from .index import minus, negated, plus, times
from .multirate import Conv, Down, Flip, Modulate, Shift, Up
from .named import AvgPool, Corr, DilatedConv, LinearUp, Named, Repeat, StridedConv, StridedMap, TransposedConv
from .node import Node, common_ndim, remembered, short
from .operators import (
    PLAIN,
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
    add,
    common_channels,
    compose,
)
from .sampling import SamplingMatrix
from .signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum, add_signals, box
from .sums import IndexedSignalSum, IndexedSum, apart, fresh_index, nameless, substitute, symbols_in, written_out
from .tree import all_factor_symbols, depth, expand, formal_parts, free_symbols, transform, walk
