"""What the plans and the compiled kernels agree on: the places of entries in tables.

A compiled kernel holds these as constants; ``kernels.py`` names its cached code after them.
"""

from __future__ import annotations

import numpy as np

from ...arrays.rules import CODES

VECTOR_BYTES = 64
COMBS = (4, 2, 1)  # taps that go by together, each a vector after the one before

#: What arrays can be filtered.
DTYPES = frozenset(map(np.dtype, ("f4", "f8", "i8", "c8", "c16")))

ZERO = CODES["zero"]

# Columns of the table ``axes``, one row per axis before the last: L', M', the sizes of y and x, the least offset and
# how far the largest is from it, the strides of x, y and the patch, the rule.
UP, DOWN, OUT, IN, LOW, REACH, X_STEP, Y_STEP, PATCH_STEP, MODE = range(10)
AXIS_ENTRIES = 10

# Entries of the table ``last`` about the last axis.  P and Q: phases of y and x; N: entries of a row of y; K: samples
# of a row of x; E: entries per sample.  E_MIN, E_REACH: the range of the offsets e.  COUNT: values of i; WIDTH of them
# make a tile; RUN: length of a phase in a patch.  RULE beyond the window.  ROWS of a tile, COLUMNS and CHUNKS of tiles,
# the size of a PATCH, and whether to ADD to y.
P, Q, N, K, E, E_MIN, E_REACH, COUNT, WIDTH, RUN, RULE, ROWS, COLUMNS, CHUNKS, PATCH, ADD = range(16)

# Entries of the table of an overlap-save: SIZE of the transforms, TAPS of the longest filter between a phase of x and
# one of y, how many phases, samples of a row of x and of y, rows that lie BESIDE each other, PARTS of a sample, where
# the first block BEGINs in its phase of x, the rule beyond a row, and how many BLOCKS there are.
SIZE, TAPS, UPS, DOWNS, SPAN, WRITTEN, BESIDE, PARTS, BEGIN, RULES, BLOCKS = range(11)

LANES = 8  # transforms side by side
POINT = 2 * LANES  # numbers of one point of all of them
STAGE = 256  # samples of a series that are gathered or written at once
STAGE_STEP = STAGE + 8  # not a power of two: the lanes would meet in the same cache lines
STAGE_ENTRIES = LANES * STAGE_STEP
SIZES = tuple(2**k for k in range(9, 16))  # of transforms
# Where taps mix channels there are always two axes before the last, whose rows in table ``axes`` have two more columns:
# how many i make a tile, and how many tiles there are.  Their patch has PATCH_STEP for a step of i, and e and q as the
# last axis has.
TILE, TILES = 10, 11
MIXING_AXIS_ENTRIES = 12

# Entries of the table ``mix``: groups, inputs and outputs of each; the steps of x and y from batch to batch and channel
# to channel, of a patch from channel to channel; positions of a tile in the buffer of the outputs.
GROUPS, INS, OUTS, X_BATCH, Y_BATCH, X_CHANNEL, Y_CHANNEL, PATCH_CHANNEL, POSITIONS = range(9)
