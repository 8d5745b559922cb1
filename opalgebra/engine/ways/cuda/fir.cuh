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
// into shared memory once, zero (or continued) outside the array; the axes before it are summed tap row by tap row.
// There are as many sets of taps as `members`, and entry o of `outer` is filtered by set o mod members.
// Nothing is scattered, there are no atomics, and every index into an array has 64 bits.
//
// Macros: REAL; X_COMPLEX, H_COMPLEX, Y_COMPLEX; ADD (y += instead of y =); ZEROS (some tap is zero, and a zero tap
// reads nothing, not even a NaN); SPARSE (tiles without a sample other than zero are skipped); AXES (how many of the
// three are filtered).  For `fir_tiled` also THREADS, UP,
// DOWN, TERMS (taps per phase), ROWS (tap rows), GROUPS, VECTOR, INNER (threads side by side on `inner`).

#ifndef SHARED_MEMORY
#define SHARED_MEMORY(type, name, count) __shared__ type name[count]
#define IEEE_FUSED __fmaf_ieee_rn
#define FLOAT_BITS __float_as_uint
#endif

typedef long long i64;
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
__device__ inline i64 quotient(i64 n, i64 d) {
    return (n | d) > 0xffffffffLL ? n / d : (i64)((unsigned)n / (unsigned)d);
}

__device__ inline i64 floor_quotient(i64 n, i64 d) { return n >= 0 ? quotient(n, d) : -1 - quotient(-1 - n, d); }

// n mod d, and n becomes n/d.
__device__ inline i64 split(i64 &n, i64 d) {
    i64 whole = quotient(n, d), rest = n - whole * d;
    n = whole;
    return rest;
}

// Where sample m of n is found, which may be another one outside 0 <= m < n; false where it is zero.  The formula and
// the bits of mode are those of engine/arrays/rules.py.
__device__ inline bool find(i64 &m, i64 n, i64 mode, bool &negate) {
    if (m >= 0 && m < n) return true;
    if (mode == 0 || n == 0) return false;
    i64 skipped = mode >> 2 & 1, period = (mode & 3) * n - 2 * skipped;
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
    i64 up, down, offset, taps, outs, ins, mode, y_stride, x_stride;
};
#define AXIS(k)                                                                                                       \
    i64 up##k, i64 down##k, i64 offset##k, i64 taps##k, i64 outs##k, i64 ins##k, i64 mode##k, i64 y_stride##k,        \
        i64 x_stride##k
#define MAKE_AXIS(k)                                                                                                  \
    axis axis##k = { up##k, down##k, offset##k, taps##k, outs##k, ins##k, mode##k, y_stride##k, x_stride##k }

// The taps that output n of an axis has, one after the other: tap i on sample m.
struct taps_of {
    i64 i, m;
    __device__ inline taps_of(const axis &a, i64 n) {
        i64 q = a.down * n + a.offset;
        m = floor_quotient(q, a.up);
        i = q - m * a.up;
    }
    __device__ inline void next(const axis &a) { i += a.up, m -= 1; }
};

#define ARGUMENTS                                                                                                     \
    const sample *__restrict__ x, const tap *__restrict__ h, value *__restrict__ y, i64 outer, i64 y_outer,           \
        i64 x_outer, i64 inner, i64 members, AXIS(0), AXIS(1), AXIS(2)

#ifdef THREADS

// Tiles ----------------------------------------------------------------------------------------------------------

__device__ constexpr int gcd(int a, int b) { return b ? gcd(b, a % b) : a; }
constexpr int SIZE = DOWN < 0 ? -(DOWN) : DOWN;
constexpr int PHASES = UP / gcd(UP, SIZE);
constexpr int STRIDE = (DOWN) / gcd(UP, SIZE);  // between the samples of neighbouring outputs of a phase
constexpr int UNITS = PHASES * GROUPS;          // threads along the axis
constexpr int TILE = UNITS * VECTOR;            // outputs of a tile along the axis
constexpr int REACH = (int)(((i64)SIZE * (TILE - 1) + UP - 1) / UP);
constexpr int SPAN = REACH + TERMS;  // the samples that a tile reads
constexpr int LOWEST = DOWN < 0 ? -REACH : 0;
constexpr int PITCH = TERMS | 1;  // odd: the taps of different phases lie in different banks
constexpr int CHUNK = 16;         // summed by itself first, so that rounding errors grow with TERMS/16 + 16 at most
#define STAGED (INNER == 1 && UP < 32)

template <int COUNT>
__device__ inline void add_chunk(sum (&total)[VECTOR], const tap *weights, const sample *window) {
    sum part[VECTOR] = {};
    // Behind the question whether a tap is used, the compiler would load every sample once per tap.
    constexpr int NEEDED = (STRIDE < 0 ? -STRIDE : STRIDE) * (VECTOR - 1) + COUNT;
    constexpr int EARLIEST = (STRIDE < 0 ? STRIDE * (VECTOR - 1) : 0) - (COUNT - 1);
    constexpr bool HELD = ZEROS && COUNT > 0 && NEEDED * sizeof(sample) <= 288;  // not more than registers take
    sample held[HELD ? NEEDED : 1];
#pragma unroll
    for (int k = 0; HELD && k < NEEDED; k++) held[k] = window[(EARLIEST + k) * INNER];
#pragma unroll
    for (int t = 0; t < COUNT; t++) {
        tap weight = weights[t];
        bool used = !ZEROS || !is_zero(weight);
#pragma unroll
        for (int v = 0; v < VECTOR; v++) {
            sample found = HELD ? held[HELD ? STRIDE * v - t - EARLIEST : 0] : window[(STRIDE * v - t) * INNER];
            if (used) add_product(part[v], weight, found);
        }
    }
#pragma unroll
    for (int v = 0; v < VECTOR; v++) add_to(total[v], part[v]);
}

// The taps of each row, phase by phase; all threads together.  The barriers around each span also part the uses of
// the table.
__device__ inline void load_taps(tap *table, const tap *__restrict__ h, i64 count, int first) {
    for (int e = threadIdx.x; e < ROWS * PHASES * TERMS; e += THREADS) {
        int t = e % TERMS, p = e / TERMS % PHASES, row = e / TERMS / PHASES;
        i64 q = (i64)(DOWN) * p + first;
        i64 i = q - floor_quotient(q, UP) * UP + (i64)UP * t;
        table[(row * PHASES + p) * PITCH + t] = i < count ? h[row * count + i] : tap{};
    }
}

// Samples low, low + 1, ... of a row; all threads together.  Whether there is something to filter.
__device__ inline bool load_span(sample *span, const sample *__restrict__ row, const axis &a, i64 low, i64 columns,
                                 bool negative) {
    int nonzero = 0;
#pragma unroll 4
    for (int e = threadIdx.x; e < SPAN * INNER; e += THREADS) {
        i64 m = low + e / INNER;
        int column = e % INNER;
        bool negate = negative;
        sample found = {};
        if (column < columns && find(m, a.ins, a.mode, negate)) found = row[m * a.x_stride + column];
        span[e] = negate ? negated(found) : found;
        nonzero |= !is_zero(found);
    }
#if SPARSE
    return __syncthreads_or(nonzero);  // the span is loaded
#else
    __syncthreads();  // the span is loaded
    return true;
#endif
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) fir_tiled(ARGUMENTS) {
    SHARED_MEMORY(tap, table, ROWS * PHASES * PITCH);
    SHARED_MEMORY(sample, span, SPAN * INNER);
#if STAGED
    SHARED_MEMORY(sum, stage, TILE);
#endif
    MAKE_AXIS(0);
    MAKE_AXIS(1);
    MAKE_AXIS(2);
    (void)axis0, (void)axis1;
    int lane = threadIdx.x % INNER, unit = threadIdx.x / INNER, phase = unit % PHASES, group = unit / PHASES;
    bool works = unit < UNITS;
    i64 origin = floor_quotient(offset2, UP);
    int first = (int)(offset2 - origin * UP);
    int ahead = (int)floor_quotient((i64)(DOWN) * phase + first, UP) + STRIDE * VECTOR * group - LOWEST + TERMS - 1;
    i64 loaded = -1;
    i64 across = quotient(inner + INNER - 1, INNER), along = quotient(outs2 + TILE - 1, TILE);
    i64 tiles = outer * outs0 * outs1 * along * across;
    for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        i64 rest = tile;
        i64 column = split(rest, across) * INNER;
        i64 place = split(rest, along);
        i64 n1 = AXES > 1 ? split(rest, outs1) : 0;
        i64 n0 = AXES > 2 ? split(rest, outs0) : 0;
        i64 member = rest - quotient(rest, members) * members;
        if (member != loaded) load_taps(table, h + member * ROWS * taps2, taps2, first);
        loaded = member;
        i64 low = origin + place * (STRIDE * VECTOR * GROUPS) + LOWEST - (TERMS - 1);
        sum total[VECTOR] = {};
#if STAGED && AXES > 1
        __syncthreads();  // a tile without rows has no other barrier between the stage before and its own
#endif
#if AXES > 2
        for (taps_of r0(axis0, n0); r0.i < taps0; r0.next(axis0))
#else
        taps_of r0 = taps_of(axis0, 0);
#endif
#if AXES > 1
            for (taps_of r1(axis1, n1); r1.i < taps1; r1.next(axis1))
#else
        taps_of r1 = taps_of(axis1, 0);
#endif
            {
                i64 m0 = r0.m, m1 = r1.m;
                bool negate = false;
                bool present = find(m0, ins0, mode0, negate) && find(m1, ins1, mode1, negate);
                if (present) {  // for all threads or for none, like the next condition
                    const sample *row = x + rest * x_outer + m0 * x_stride0 + m1 * x_stride1 + column;
                    present = load_span(span, row, axis2, low, inner - column, negate);
                }
                if (present && works) {
                    const tap *weights = table + ((r0.i * taps1 + r1.i) * PHASES + phase) * PITCH;
                    const sample *window = span + ahead * INNER + lane;
#pragma unroll 1
                    for (int t = 0; t + CHUNK <= TERMS; t += CHUNK)
                        add_chunk<CHUNK>(total, weights + t, window - t * INNER);
                    constexpr int DONE = TERMS / CHUNK * CHUNK;
                    add_chunk<TERMS - DONE>(total, weights + DONE, window - DONE * INNER);
                }
#if !STAGED || AXES > 1
                if (present) __syncthreads();  // the span is read, and may be loaded again
#endif
            }
        i64 n = place * TILE;
        value *out = y + rest * y_outer + n0 * y_stride0 + n1 * y_stride1 + n * y_stride2 + column;
#if STAGED
        if (works)
#pragma unroll
            for (int v = 0; v < VECTOR; v++) stage[phase + PHASES * (VECTOR * group + v)] = total[v];
        __syncthreads();  // the outputs are staged
        for (int e = threadIdx.x; e < TILE; e += THREADS)
            if (n + e < outs2) put(out + e * y_stride2, stage[e]);
#else
        if (works && column + lane < inner)
#pragma unroll
            for (int v = 0; v < VECTOR; v++) {
                i64 e = phase + (i64)PHASES * (VECTOR * group + v);
                if (n + e < outs2) put(out + e * y_stride2 + lane, total[v]);
            }
#endif
    }
}

#else

// One output after the other -------------------------------------------------------------------------------------

// For rates whose tiles would not fit: every tap and sample is read from global memory.
extern "C" __global__ void fir_direct(ARGUMENTS) {
    MAKE_AXIS(0);
    MAKE_AXIS(1);
    MAKE_AXIS(2);
    i64 count = outer * outs0 * outs1 * outs2 * inner;
    for (i64 at = blockIdx.x * (i64)blockDim.x + threadIdx.x; at < count; at += (i64)gridDim.x * blockDim.x) {
        i64 rest = at;
        i64 column = split(rest, inner), n2 = split(rest, outs2), n1 = split(rest, outs1), n0 = split(rest, outs0);
        sum total = {};
        const tap *taps = h + (rest - quotient(rest, members) * members) * taps0 * taps1 * taps2;
        for (taps_of r0(axis0, n0); r0.i < taps0; r0.next(axis0))
            for (taps_of r1(axis1, n1); r1.i < taps1; r1.next(axis1)) {
                sum part = {};
                for (taps_of r2(axis2, n2); r2.i < taps2; r2.next(axis2)) {
                    i64 m0 = r0.m, m1 = r1.m, m2 = r2.m;
                    bool negate = false;
                    tap weight = taps[(r0.i * taps1 + r1.i) * taps2 + r2.i];
                    if (is_zero(weight) || !find(m0, ins0, mode0, negate) || !find(m1, ins1, mode1, negate)) continue;
                    if (!find(m2, ins2, mode2, negate)) continue;
                    sample found = x[rest * x_outer + m0 * x_stride0 + m1 * x_stride1 + m2 * x_stride2 + column];
                    add_product(part, weight, negate ? negated(found) : found);
                }
                add_to(total, part);
            }
        put(y + rest * y_outer + n0 * y_stride0 + n1 * y_stride1 + n2 * y_stride2 + column, total);
    }
}

#endif
