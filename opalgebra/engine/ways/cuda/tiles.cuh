#ifdef THREADS

#ifdef INNER_TILES  // for those who count: what only tiles at the ends do is left out
#define AT_ENDS(condition) false
#else
#define AT_ENDS(condition) (condition)
#endif

// Tiles ----------------------------------------------------------------------------------------------------------

__device__ constexpr int gcd(int a, int b) { return b ? gcd(b, a % b) : a; }
__device__ constexpr int larger(int a, int b) { return a > b ? a : b; }
__device__ constexpr int rounded_up(int a, int step) { return (a + step - 1) / step * step; }
// The smallest number >= a with this rest.
__device__ constexpr int congruent(int a, int rest, int modulus) { return rounded_up(a - rest, modulus) + rest; }
__device__ constexpr int twos(int a, int most) { return a % 2 || most == 1 ? 1 : 2 * twos(a / 2, most / 2); }
__device__ constexpr int per_quad(int size) { return size < 16 ? 16 / size : 1; }  // numbers that move in one go

constexpr int SIZE = DOWN < 0 ? -(DOWN) : DOWN;
constexpr int PHASES = UP / gcd(UP, SIZE);
constexpr int STRIDE = (DOWN) / gcd(UP, SIZE);  // between the samples of neighbouring outputs of a phase
constexpr int SPEED = STRIDE < 0 ? -STRIDE : STRIDE;
constexpr int UNITS = PHASES * GROUPS;          // threads along the axis
constexpr int TILE = UNITS * VECTOR;            // outputs of a tile along the axis
constexpr int REACH = (int)(((i64)SIZE * (TILE - 1) + UP - 1) / UP);
constexpr int SPAN = REACH + TERMS;  // the samples that a tile reads along the axis
constexpr int LOWEST = DOWN < 0 ? -REACH : 0;
constexpr int CHUNK = 16;  // summed by itself first, so that rounding errors grow with TERMS/16 + 16 at most

// Taps are loaded four at a time (of four bytes); an odd number of fours keeps phases in different banks.
constexpr int TAP_QUAD = per_quad(sizeof(tap));
constexpr int PITCH = (rounded_up(TERMS, TAP_QUAD) / TAP_QUAD | 1) * TAP_QUAD;

// The groups of one phase read samples STRIDE VECTOR apart.  Where that is even they would meet in the same banks, so
// samples are sorted by their index mod FOLD, and lie STRIDE VECTOR / FOLD apart: an odd number.  COLUMN samples
// have one rest; it is such that neighbours of different rests lie in different banks too.
constexpr int FOLD = PHASES == 1 && INNER < 32 ? twos(SPEED, 16) : 1;
constexpr int BANKS = larger(1, 32 / (int)(sizeof(sample) / 4));
constexpr int APART = larger(1, BANKS / (FOLD * INNER));
constexpr int COLUMN = FOLD == 1 ? 0 : congruent((SPAN + FOLD - 1) / FOLD, APART, BANKS);
// Spans are loaded in quads from an aligned address, up to QUAD - 1 samples before the first.
constexpr int QUAD = per_quad(sizeof(sample));
constexpr bool IN_QUADS = UNIT && !SPARSE && FOLD == 1 && LANES == 0 && QUAD > 1;
constexpr int QUADS = rounded_up(SPAN + QUAD - 1, QUAD) / QUAD;
#if LANES
constexpr int SIZE1 = DOWN1 < 0 ? -(DOWN1) : DOWN1;
constexpr int REACH1 = (SIZE1 * (LANES - 1) + UP1 - 1) / UP1;
constexpr int LINES = REACH1 + TERMS1;  // rows that a tile reads
constexpr int LOWEST1 = DOWN1 < 0 ? -REACH1 : 0;
constexpr int LOADERS = THREADS >= 32 * LINES ? 32 : THREADS >= 16 * LINES ? 16 : 8;  // of a row
constexpr int TOGETHER = AXES == 2 && TERMS1 * TERMS <= 64 ? TERMS1 : 1;  // rows of taps whose code is written out
// A row begins in the bank where the groups of the row before end.
constexpr int ACROSS = UNITS < 32 ? SPEED / FOLD * VECTOR * GROUPS % BANKS : 0;
constexpr int WIDTH = FOLD == 1 ? SPAN : FOLD * COLUMN;
constexpr int ROW = congruent(WIDTH, ACROSS, BANKS);
#else
constexpr int LINES = 1, ROW = FOLD > 1 ? FOLD * COLUMN : IN_QUADS ? QUADS * QUAD : SPAN;
#endif
#define ROWS_APART (LANES ? LANES : 1)
#define STAGED (INNER == 1 && UP < 32)
constexpr int STAGE_QUAD = UNIT && sizeof(sum) == sizeof(value) ? per_quad(sizeof(value)) : 1;
constexpr int STAGE_ROW = rounded_up(TILE + STAGE_QUAD - 1, STAGE_QUAD);

struct alignas(QUAD * sizeof(sample)) sample_quad {
    sample part[QUAD];
};
struct alignas(TAP_QUAD * sizeof(tap)) tap_quad {
    tap part[TAP_QUAD];
};
struct alignas(STAGE_QUAD * sizeof(sum)) sum_quad {
    sum part[STAGE_QUAD];
};
struct alignas(STAGE_QUAD * sizeof(value)) value_quad {
    value part[STAGE_QUAD];
};

// How many numbers an address lies behind an aligned one.
template <int COUNT, typename T>
__device__ inline int behind(const T *at) {
    return COUNT == 1 ? 0 : (int)((size_t)at / sizeof(T) % COUNT);
}

// Where sample e of a span lies.
__device__ inline int place_of(int e) { return FOLD == 1 ? e : e % FOLD * COLUMN + e / FOLD; }

constexpr int AHEAD = TERMS - 1 - LOWEST;      // the last sample that output 0 of phase 0 may read, of the span
constexpr int REST = AHEAD % FOLD;             // that of all groups: they are multiples of FOLD apart
__device__ constexpr int beside(int k) {       // sample k after the last one of a thread, FOLD > 1 being of one phase
    return FOLD == 1 ? k : (REST + k + FOLD * SPAN) % FOLD * COLUMN + (REST + k + FOLD * SPAN) / FOLD - SPAN;
}

// Where the last sample lies that a thread may read for its first output; `first` is the tap of output 0.
__device__ inline int ahead_of(int phase, int group, int first) {
    if (FOLD > 1) return AHEAD / FOLD + STRIDE / FOLD * VECTOR * group;
    return (int)floor_quotient((integer)(DOWN) * phase + first, UP) + STRIDE * VECTOR * group + AHEAD;
}

template <int COUNT>
__device__ inline void add_chunk(sum (&total)[VECTOR], const tap *weights, const sample *window) {
    sum part[VECTOR] = {};
    // Behind the question whether a tap is used, the compiler would load every sample once per tap.
    constexpr int NEEDED = SPEED * (VECTOR - 1) + COUNT;
    constexpr int EARLIEST = (STRIDE < 0 ? STRIDE * (VECTOR - 1) : 0) - (COUNT - 1);
    constexpr bool HELD = ZEROS && COUNT > 0 && NEEDED * sizeof(sample) <= 192;  // not more than registers take
    sample held[HELD ? NEEDED : 1];
#pragma unroll
    for (int k = 0; HELD && k < NEEDED; k++) held[k] = window[beside(EARLIEST + k) * INNER];
#pragma unroll
    for (int t = 0; t < COUNT; t += TAP_QUAD) {
        tap_quad several = *(const tap_quad *)(weights + t);
#pragma unroll
        for (int k = 0; k < TAP_QUAD && t + k < COUNT; k++) {
            tap weight = several.part[k];
            bool used = !ZEROS || !is_zero(weight);
#pragma unroll
            for (int v = 0; v < VECTOR; v++) {
                int at = STRIDE * v - t - k;
                sample found = HELD ? held[HELD ? at - EARLIEST : 0] : window[beside(at) * INNER];
                if (used) add_product(part[v], weight, found);
            }
        }
    }
#pragma unroll
    for (int v = 0; v < VECTOR; v++) add_to(total[v], part[v]);
}

// One row of taps, in chunks.
__device__ inline void add_row(sum (&total)[VECTOR], const tap *weights, const sample *window) {
#pragma unroll 1
    for (int t = 0; t + CHUNK <= TERMS; t += CHUNK) add_chunk<CHUNK>(total, weights + t, window - t / FOLD * INNER);
    constexpr int DONE = TERMS / CHUNK * CHUNK;
    if (DONE < TERMS) add_chunk<TERMS - DONE>(total, weights + DONE, window - DONE / FOLD * INNER);
}

// The taps of each row, phase by phase; all threads together.  The barriers around each span also part the uses of
// the table.
__device__ inline void load_taps(tap *table, const tap *__restrict__ h, integer count, int first) {
#pragma unroll 1
    for (int e = threadIdx.x; e < ROWS * PHASES * TERMS; e += THREADS) {
        int t = e % TERMS, p = e / TERMS % PHASES, row = e / TERMS / PHASES;
        integer q = (integer)(DOWN) * p + first;
        integer i = q - floor_quotient(q, UP) * UP + (integer)UP * t;
        table[(row * PHASES + p) * PITCH + t] = i < count ? h[row * count + i] : tap{};
    }
}

// Whether all of a span lies inside the array.
__device__ inline bool is_inside(integer low, int count, integer ins) {
    return !AT_ENDS(low < 0 || low + count > ins);
}

// Samples low, low + 1, ... of a row, by threads `from`, from + step, ...; whether one is other than zero.
template <int STEP>
__device__ inline int load_row(sample *span, const sample *__restrict__ row, const axis &a, integer low, integer columns,
                               bool negative, int from) {
    int nonzero = 0;
    integer x_stride = UNIT ? 1 : a.x_stride;
    if (INNER == 1 && !SPARSE && !AT_ENDS(negative) && is_inside(low, SPAN, a.ins)) {
        const sample *first = row + (low + from) * x_stride;
#pragma unroll
        for (int e = 0; e < SPAN; e += STEP)
            if (e + STEP <= SPAN || e + from < SPAN) span[place_of(e + from)] = first[e * x_stride];
        return 1;
    }
#pragma unroll 1
    for (int begin = from; begin < SPAN * INNER; begin += 8 * STEP) {  // eight loads are under way together
        sample found[8] = {};
        bool negate[8];
#pragma unroll
        for (int k = 0; k < 8; k++) {
            int e = begin + k * STEP;
            integer m = low + e / INNER;
            negate[k] = negative;
            if (e < SPAN * INNER && e % INNER < columns && find(m, a.ins, a.mode, negate[k]))
                found[k] = row[m * x_stride + e % INNER];
        }
#pragma unroll
        for (int k = 0; k < 8; k++) {
            int e = begin + k * STEP;
            if (e < SPAN * INNER)
                span[place_of(e / INNER) * INNER + e % INNER] = negate[k] ? negated(found[k]) : found[k];
            nonzero |= !is_zero(found[k]);
        }
    }
    return nonzero;
}

// The same, all threads together, from an aligned address where all is inside; how far behind that the span begins.
__device__ inline int load_span(sample *span, const sample *__restrict__ row, const axis &a, integer low, integer columns,
                                bool negative, bool &present) {
    if (IN_QUADS && !AT_ENDS(negative) && is_inside(low - (QUAD - 1), QUADS * QUAD + QUAD - 1, a.ins)) {
        const sample *first = row + low;
        int shift = behind<QUAD>(first);
        const sample_quad *from = (const sample_quad *)(first - shift);
#pragma unroll
        for (int e = 0; e < QUADS; e += THREADS)
            if (e + THREADS <= QUADS || e + threadIdx.x < QUADS)
                ((sample_quad *)span)[e + threadIdx.x] = from[e + threadIdx.x];
        __syncthreads();  // the quads are loaded
        return shift;
    }
    int nonzero = load_row<THREADS>(span, row, a, low, columns, negative, threadIdx.x);
#if SPARSE
    present = __syncthreads_or(nonzero);  // the span is loaded
#else
    (void)nonzero, (void)present;
    __syncthreads();  // the span is loaded
#endif
    return 0;
}

#if LANES
// The rows low1, low1 + 1, ..., LOADERS threads each, so that most or all of them are under way together.
__device__ inline void load_plane(sample *span, const sample *__restrict__ plane, const axis &a, const axis &b,
                                  integer low1, integer low, bool flipped) {
#pragma unroll 1
    for (int line = threadIdx.x / LOADERS; line < LINES; line += THREADS / LOADERS) {
        integer m1 = low1 + line;
        bool negate = flipped;
        axis row = b;
        if (AT_ENDS(!find(m1, a.ins, a.mode, negate))) m1 = 0, row.ins = 0;
        load_row<LOADERS>(span + line * ROW, plane + m1 * a.x_stride, row, low, 1, negate, threadIdx.x % LOADERS);
    }
}
#endif

#if STAGED
// A row of outputs from shared memory, by threads `from`, from + step, ..., four at a time where four are full; they
// are staged as far behind an aligned place as their own lies behind one.
template <int STEP>
__device__ inline void store_row(value *out, const sum *stage, integer outs, integer y_stride, int from) {
    int shift = behind<STAGE_QUAD>(out);
    int count = outs < TILE ? (int)outs : TILE;
#pragma unroll
    for (int first = 0; first < TILE + STAGE_QUAD - 1; first += STEP * STAGE_QUAD) {
        int e = first + from * STAGE_QUAD - shift;
        if (first + STEP * STAGE_QUAD > STAGE_ROW && from * STAGE_QUAD + first >= STAGE_ROW) break;
        if (STAGE_QUAD > 1 && !AT_ENDS(e < 0 || e + STAGE_QUAD > count)) {
            sum_quad several = *(const sum_quad *)(stage + shift + e);
            value_quad *to = (value_quad *)(out + e), made;
            if (ADD) made = *to;
#pragma unroll
            for (int k = 0; k < STAGE_QUAD; k++) put(&made.part[k], several.part[k]);
            *to = made;
        } else {
#pragma unroll
            for (int k = 0; k < STAGE_QUAD; k++)
                if (e + k >= 0 && e + k < count) put(out + (e + k) * y_stride, stage[shift + e + k]);
        }
    }
}
#endif

// Where a block is among the tiles.  A step of gridDim.x tiles adds digit by digit, without divisions.
struct place {
    integer column, along, down, above, rest, member;
};

__device__ inline integer added(integer a, integer b, integer size, bool &carry) {
    integer sum = a + b + carry;
    carry = sum >= size;
    return carry ? sum - size : sum;
}

// The same as a place, and as what is added to one: tile number `at`.
__device__ inline place place_at(integer at, const place &sizes) {
    place made;
    made.column = INNER == 1 ? 0 : split(at, sizes.column);
    made.along = split(at, sizes.along);
    made.down = AXES > 1 ? split(at, sizes.down) : 0;
    made.above = AXES > 2 ? split(at, sizes.above) : 0;
    made.rest = at;
    made.member = at - quotient(at, sizes.member) * sizes.member;
    return made;
}

__device__ inline void advance(place &at, const place &step, const place &sizes) {
    bool carry = false, dropped;
    if (INNER > 1) at.column = added(at.column, step.column, sizes.column, carry);
    at.along = added(at.along, step.along, sizes.along, carry);
    if (AXES > 1) at.down = added(at.down, step.down, sizes.down, carry);
    if (AXES > 2) at.above = added(at.above, step.above, sizes.above, carry);
    at.rest += step.rest + carry;
    dropped = carry;
    at.member = added(at.member, step.member, sizes.member, dropped);
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) fir_tiled(ARGUMENTS) {
    SHARED_MEMORY(tap, table, ROWS * PHASES * PITCH);
    SHARED_MEMORY(sample, span, LINES * ROW * INNER);
#if STAGED
    SHARED_MEMORY(sum, stage, ROWS_APART * STAGE_ROW);
#endif
    MAKE_ALL;
    integer y_step = UNIT ? 1 : axis2.y_stride;
    int lane = threadIdx.x % INNER, unit = threadIdx.x / INNER % UNITS, phase = unit % PHASES, group = unit / PHASES;
    int tall = threadIdx.x / (INNER * UNITS);
    bool works = tall < ROWS_APART;
    (void)axis0, (void)axis1, (void)lane;
    integer origin = floor_quotient(axis2.offset, UP);
    int first = (int)(axis2.offset - origin * UP);
    int ahead = ahead_of(phase, group, first);
    integer loaded = -1;
    place sizes = {INNER == 1 ? 1 : quotient(inner + INNER - 1, INNER), quotient(axis2.outs + TILE - 1, TILE),
                   quotient(axis1.outs + ROWS_APART - 1, ROWS_APART), axis0.outs, outer, members};
    integer tiles = outer * sizes.above * sizes.down * sizes.along * sizes.column;
    place at = place_at(blockIdx.x, sizes), step = place_at(gridDim.x, sizes);
    for (integer tile = blockIdx.x; tile < tiles; tile += gridDim.x, advance(at, step, sizes)) {
        integer column = at.column * INNER, n1 = at.down * ROWS_APART, n0 = at.above, rest = at.rest, member = at.member;
        if (member != loaded) load_taps(table, h + member * ROWS * axis2.taps, axis2.taps, first);
        loaded = member;
        integer low = origin + at.along * (STRIDE * VECTOR * GROUPS) + LOWEST - (TERMS - 1);
        sum total[VECTOR] = {};
#if STAGED && AXES > 1 && !(LANES && AXES == 2)
        __syncthreads();  // a tile without rows has no other barrier between the stage before and its own
#endif
#if AXES > 2
        for (taps_of r0(axis0, n0); r0.i < axis0.taps; r0.next(axis0))
#else
        taps_of r0;
#endif
#if LANES
        {
            integer m0 = r0.m, q = axis1.down * n1 + axis1.offset;
            bool flipped = false;
            if (AXES < 3 || find(m0, axis0.ins, axis0.mode, flipped)) {  // for all threads or for none
                const sample *plane = x + rest * x_outer + m0 * axis0.x_stride;
                integer origin1 = floor_quotient(q, UP1), low1 = origin1 + LOWEST1 - (TERMS1 - 1);
                load_plane(span, plane, axis1, axis2, low1, low, flipped);
                __syncthreads();  // the rows are loaded
                if (works) {
                    int q1 = (DOWN1) * tall + (int)(q - origin1 * UP1);
                    int m1 = (int)floor_quotient(q1, UP1), i1 = q1 - m1 * UP1;
                    const sample *window = span + (m1 - LOWEST1 + TERMS1 - 1) * ROW + ahead;
                    const tap *weights = table + ((r0.i * axis1.taps + i1) * PHASES + phase) * PITCH;
#pragma unroll TOGETHER
                    for (int t = 0; t < TERMS1; t++)
                        if (UP1 == 1 || i1 + UP1 * t < axis1.taps)
                            add_row(total, weights + t * UP1 * PHASES * PITCH, window - t * ROW);
                }
                if (AXES > 2 || !STAGED) __syncthreads();  // the rows are read, and may be loaded again
            }
        }
#else
#if AXES > 1
            for (taps_of r1(axis1, n1); r1.i < axis1.taps; r1.next(axis1))
#else
        taps_of r1;
#endif
            {
                integer m0 = r0.m, m1 = r1.m;
                bool negate = false;
                bool present = (AXES < 3 || find(m0, axis0.ins, axis0.mode, negate)) &&
                               (AXES < 2 || find(m1, axis1.ins, axis1.mode, negate));
                int shift = 0;
                if (present) {  // for all threads or for none, like the next condition
                    const sample *row = x + rest * x_outer + m0 * axis0.x_stride + m1 * axis1.x_stride + column;
                    shift = load_span(span, row, axis2, low, inner - column, negate, present);
                }
                if (present && works) {
                    const tap *weights = table + ((r0.i * axis1.taps + r1.i) * PHASES + phase) * PITCH;
                    add_row(total, weights, span + shift + ahead * INNER + lane);
                }
#if !STAGED || AXES > 1
                if (present) __syncthreads();  // the span is read, and may be loaded again
#endif
            }
#endif
        integer n = at.along * TILE;
        value *out = y + rest * y_outer + n0 * axis0.y_stride + n1 * axis1.y_stride + n * y_step + column;
#if STAGED
        if (works) {
            sum *own = stage + tall * STAGE_ROW + behind<STAGE_QUAD>(out + (LANES ? tall * axis1.y_stride : 0)) + phase;
#pragma unroll
            for (int v = 0; v < VECTOR; v++) own[PHASES * (VECTOR * group + v)] = total[v];
        }
        __syncthreads();  // the outputs are staged
#if LANES
#pragma unroll 1
        for (int line = threadIdx.x / 32; line < LANES && n1 + line < axis1.outs; line += THREADS / 32)
            store_row<32>(out + line * axis1.y_stride, stage + line * STAGE_ROW, axis2.outs - n, y_step, threadIdx.x % 32);
#else
        store_row<THREADS>(out, stage, axis2.outs - n, y_step, threadIdx.x);
#endif
#else
        if (works && column + lane < inner)
#pragma unroll
            for (int v = 0; v < VECTOR; v++) {
                integer e = phase + (integer)PHASES * (VECTOR * group + v);
                if (n + e < axis2.outs) put(out + e * y_step + lane, total[v]);
            }
#endif
    }
}

#else

// One output after the other -------------------------------------------------------------------------------------

// For rates whose tiles would not fit: every tap and sample is read from global memory.
extern "C" __global__ void fir_direct(ARGUMENTS) {
    MAKE_ALL;
    axis a = axis0, b = axis1, c = axis2;
    integer count = outer * a.outs * b.outs * c.outs * inner;
    for (integer at = blockIdx.x * (integer)blockDim.x + threadIdx.x; at < count; at += (integer)gridDim.x * blockDim.x) {
        integer rest = at;
        integer column = split(rest, inner), n2 = split(rest, c.outs), n1 = split(rest, b.outs), n0 = split(rest, a.outs);
        sum total = {};
        const tap *taps = h + (rest - quotient(rest, members) * members) * a.taps * b.taps * c.taps;
        for (taps_of r0(a, n0); r0.i < a.taps; r0.next(a))
            for (taps_of r1(b, n1); r1.i < b.taps; r1.next(b)) {
                sum part = {};
                for (taps_of r2(c, n2); r2.i < c.taps; r2.next(c)) {
                    integer m0 = r0.m, m1 = r1.m, m2 = r2.m;
                    bool negate = false;
                    tap weight = taps[(r0.i * b.taps + r1.i) * c.taps + r2.i];
                    if (is_zero(weight) || !find(m0, a.ins, a.mode, negate) || !find(m1, b.ins, b.mode, negate)) continue;
                    if (!find(m2, c.ins, c.mode, negate)) continue;
                    sample found = x[rest * x_outer + m0 * a.x_stride + m1 * b.x_stride + m2 * c.x_stride + column];
                    add_product(part, weight, negate ? negated(found) : found);
                }
                add_to(total, part);
            }
        put(y + rest * y_outer + n0 * a.y_stride + n1 * b.y_stride + n2 * c.y_stride + column, total);
    }
}

#endif
