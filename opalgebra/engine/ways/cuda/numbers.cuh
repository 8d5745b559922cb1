// The filter between two rates on a CUDA device:
//
//     y_n = sum_j h_j x_{(M n - j)/L}   over the taps j for which L divides M n - j.
//
// Per axis, with q = M n + offset and taps counted from 0, the tap L t + (q mod L) meets sample floor(q/L) - t,
// for t = 0, 1, ...  The outputs n, n + P, n + 2P, ... with P = L/gcd(L, M) have the same q mod L: one phase, the
// same taps, on samples that move by M/gcd(L, M).  So a thread makes VECTOR outputs of one phase, and keeps taps and
// samples in registers for all of them.
//
// An array is outer x axis0 x axis1 x axis2 x inner.  The last axis is walked in tiles, whose samples are loaded
// into shared memory once, zero (or continued) outside the array; the axes before it are summed tap row by tap row, or
// a tile has LANES rows of outputs along axis1, and the rows that they read are loaded together.
// There are as many sets of taps as `members`, and entry o of `outer` is filtered by set o mod members.
// Nothing is scattered and there are no atomics.
//
// Macros: REAL; X_COMPLEX, H_COMPLEX, Y_COMPLEX; ADD (y += instead of y =); ZEROS (some tap is zero, and a zero tap
// reads nothing, not even a NaN); SPARSE (tiles without a sample other than zero are skipped); AXES (how many of the
// three are filtered); WIDE (indices need 64 bits).  For `fir_tiled` also THREADS, BLOCKS (what a multiprocessor should
// hold at once), UP, DOWN, TERMS (taps per phase), ROWS (tap rows), GROUPS, VECTOR, INNER (threads side by side on
// `inner`), UNIT (neighbours on axis2 lie side by side), LANES (0: row by row), and with LANES also UP1, DOWN1, TERMS1.
// A macro INNER_TILES takes tiles at the ends away: benchmarks/occupancy.py counts what the others execute.

#ifndef SHARED_MEMORY
#define SHARED_MEMORY(type, name, count) __shared__ __align__(16) type name[count]
#define IEEE_FUSED __fmaf_ieee_rn
#define FLOAT_BITS __float_as_uint
#endif

typedef long long i64;
#if WIDE
typedef i64 integer;
#else
typedef int integer;
#endif
typedef REAL real;

struct alignas(2 * sizeof(REAL)) pair {
    real re, im;
};

#if X_COMPLEX
typedef pair sample;
#else
typedef real sample;
#endif
#if H_COMPLEX
typedef pair tap;
#else
typedef real tap;
#endif
#if Y_COMPLEX
typedef pair value;
#else
typedef real value;
#endif
#if X_COMPLEX || H_COMPLEX
typedef pair sum;
#else
typedef real sum;
#endif

// Arithmetic -----------------------------------------------------------------------------------------------------

// CuPy compiles with -ftz=true; these keep small numbers of single precision what they are.
__device__ inline float fused(float a, float b, float s) { return IEEE_FUSED(a, b, s); }
__device__ inline double fused(double a, double b, double s) { return a * b + s; }
__device__ inline i64 fused(i64 a, i64 b, i64 s) { return a * b + s; }
__device__ inline bool is_zero(float a) { return FLOAT_BITS(a) << 1 == 0; }
__device__ inline bool is_zero(double a) { return a == 0; }
__device__ inline bool is_zero(i64 a) { return a == 0; }
__device__ inline bool is_zero(pair a) { return is_zero(a.re) && is_zero(a.im); }
__device__ inline real negated(real a) { return fused((real)-1, a, (real)0); }
__device__ inline pair negated(pair a) { return pair{negated(a.re), negated(a.im)}; }
__device__ inline void add_to(real &s, real a) { s = fused((real)1, a, s); }
__device__ inline void add_to(pair &s, pair a) { add_to(s.re, a.re), add_to(s.im, a.im); }
__device__ inline void add_to(pair &s, real a) { add_to(s.re, a); }
__device__ inline void assign(real &s, real a) { s = a; }
__device__ inline void assign(pair &s, pair a) { s = a; }
__device__ inline void assign(pair &s, real a) { s = pair{a, 0}; }
__device__ inline void add_product(real &s, real h, real x) { s = fused(h, x, s); }
__device__ inline void add_product(pair &s, real h, pair x) { add_product(s.re, h, x.re), add_product(s.im, h, x.im); }
__device__ inline void add_product(pair &s, pair h, pair x) {
    add_product(s, h.re, x);
    add_product(s.re, negated(h.im), x.im), add_product(s.im, h.im, x.re);
}
__device__ inline void add_product(pair &s, pair h, real x) {  // two real taps: each may be zero by itself
    if (!ZEROS || !is_zero(h.re)) add_product(s.re, h.re, x);
    if (!ZEROS || !is_zero(h.im)) add_product(s.im, h.im, x);
}

__device__ inline void put(value *y, sum a) {
#if ADD
    add_to(*y, a);
#else
    assign(*y, a);
#endif
}

// Indices --------------------------------------------------------------------------------------------------------

// n/d for n >= 0, d > 0; a 64-bit division takes several times as long as one of 32 bits.
__device__ inline integer quotient(integer n, integer d) {
    return WIDE && ((i64)n | d) > 0xffffffffLL ? n / d : (integer)((unsigned)n / (unsigned)d);
}

__device__ inline integer floor_quotient(integer n, integer d) {
    return n >= 0 ? quotient(n, d) : -1 - quotient(-1 - n, d);
}

// n mod d, and n becomes n/d; most often the quotient is 0.
__device__ inline integer split(integer &n, integer d) {
    integer whole = n < d ? 0 : quotient(n, d), rest = n - whole * d;
    n = whole;
    return rest;
}

// Where sample m of n is found, which may be another one outside 0 <= m < n; false where it is zero.  The formula and
// the bits of mode are those of engine/arrays/rules.py.
__device__ inline bool find(integer &m, integer n, integer mode, bool &negate) {
    if (m >= 0 && m < n) return true;
    if (mode == 0 || n == 0) return false;
    integer skipped = mode >> 2 & 1, period = (mode & 3) * n - 2 * skipped;
    if (period == 0) {
        m = m < 0 ? 0 : n - 1;
    } else {
        m -= floor_quotient(m, period) * period;
        if (m < n) return true;
        m = 2 * n - 1 - skipped - m;
    }
    negate = negate != (mode >> 4 & 1);
    return true;
}

// One axis.  offset = M a - s - L c for outputs from a, taps from s and samples from c.
struct axis {
    integer up, down, offset, taps, outs, ins, mode, y_stride, x_stride;
};
#define AXIS(k)                                                                                                       \
    i64 up##k, i64 down##k, i64 offset##k, i64 taps##k, i64 outs##k, i64 ins##k, i64 mode##k, i64 y_stride##k,        \
        i64 x_stride##k
#define MAKE_AXIS(k)                                                                                                  \
    axis axis##k = {(integer)up##k,  (integer)down##k, (integer)offset##k,   (integer)taps##k,    (integer)outs##k,             \
                    (integer)ins##k, (integer)mode##k, (integer)y_stride##k, (integer)x_stride##k}

// The taps that output n of an axis has, one after the other: tap i on sample m.
struct taps_of {
    integer i = 0, m = 0;
    __device__ inline taps_of() {}
    __device__ inline taps_of(const axis &a, integer n) {
        integer q = a.down * n + a.offset;
        m = floor_quotient(q, a.up);
        i = q - m * a.up;
    }
    __device__ inline void next(const axis &a) { i += a.up, m -= 1; }
};

#define ARGUMENTS                                                                                                     \
    const sample *__restrict__ x, const tap *__restrict__ h, value *__restrict__ y, i64 outer_, i64 y_outer_,         \
        i64 x_outer_, i64 inner_, i64 members_, AXIS(0), AXIS(1), AXIS(2)
#define MAKE_ALL                                                                                                      \
    MAKE_AXIS(0);                                                                                                     \
    MAKE_AXIS(1);                                                                                                     \
    MAKE_AXIS(2);                                                                                                     \
    integer outer = outer_, y_outer = y_outer_, x_outer = x_outer_, inner = inner_, members = members_
