// Runs a kernel block by block on cases from stdin and writes the outputs to stdout.
//
// A case is ten 64-bit integers (order of threads, blocks, threads, bytes of zeros before x and before y, bytes of x,
// of taps and of y, where in these x and y begin), 32 arguments of the kernel, x, taps and y.  The answer is y.
#include "shim.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

void shim_kernel(const void *x, const void *h, void *y, const long long *arguments);

index3 threadIdx, blockIdx, blockDim, gridDim;

enum { READY, WAITING, DONE };
struct Fibre {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(128 * 1024);
    int state, line, vote;
    unsigned shared;
};
static std::vector<Fibre> fibres;
static ucontext_t home;
static std::vector<std::vector<char>> memory;
static struct { const void *x, *h; void *y; const long long *arguments; } call;
static int voted;

[[noreturn]] static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(3);
}

void *shim_shared(long bytes) {
    unsigned k = fibres[threadIdx.x].shared++;
    if (k == memory.size()) memory.emplace_back(bytes, '\xff');  // NaN in every precision
    if (memory[k].size() != (size_t)bytes) fail("threads disagree about shared memory");
    return memory[k].data();
}

int shim_barrier(int line, int vote) {
    Fibre &fibre = fibres[threadIdx.x];
    fibre.state = WAITING, fibre.line = line, fibre.vote = vote != 0;
    swapcontext(&fibre.context, &home);
    return voted;
}

static void body() {
    shim_kernel(call.x, call.h, call.y, call.arguments);
    fibres[threadIdx.x].state = DONE;
}

static void start(Fibre &fibre) {
    getcontext(&fibre.context);
    fibre.context.uc_stack.ss_sp = fibre.stack.data(), fibre.context.uc_stack.ss_size = fibre.stack.size();
    fibre.context.uc_link = &home;
    fibre.state = READY, fibre.shared = 0;
    makecontext(&fibre.context, body, 0);
}

static void run_block(long long order, std::mt19937 &random) {
    unsigned threads = blockDim.x;
    std::vector<unsigned> turn(threads);
    for (unsigned i = 0; i < threads; i++) turn[i] = order == 1 ? threads - 1 - i : i, start(fibres[i]);
    memory.clear();
    memory.reserve(8);
    for (;;) {
        if (order > 1)
            for (unsigned i = threads - 1; i > 0; i--) std::swap(turn[i], turn[random() % (i + 1)]);
        unsigned done = 0;
        int votes = 0;
        for (unsigned i : turn) {
            threadIdx.x = i;
            swapcontext(&home, &fibres[i].context);
            done += fibres[i].state == DONE, votes |= fibres[i].vote;
        }
        if (done == threads) return;
        for (unsigned i : turn)
            if (done || fibres[i].line != fibres[0].line) fail("a barrier that not all threads meet");
        voted = votes;
    }
}

static char *room(long long lead, long long bytes, std::vector<char> &small) {
    if (!lead) {
        small = std::vector<char>(bytes);
        return small.data();
    }
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *found = mmap(nullptr, lead + bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (found == MAP_FAILED) fail("no room for the zeros before an array");
    return (char *)found;
}

static bool take(void *at, size_t bytes) { return fread(at, 1, bytes, stdin) == bytes; }

int main() {
    long long head[42];
    while (take(head, sizeof head)) {
        long long order = head[0], x_lead = head[3], y_lead = head[4], x_bytes = head[5], y_bytes = head[7];
        gridDim.x = head[1], blockDim.x = head[2];
        if (fibres.size() < blockDim.x) fibres.resize(blockDim.x);
        std::vector<char> small_x, small_y, h(head[6]);
        char *x = room(x_lead, x_bytes, small_x), *y = room(y_lead, y_bytes, small_y);
        if (!take(x + x_lead, x_bytes) || !take(h.data(), h.size()) || !take(y + y_lead, y_bytes))
            fail("a case is cut off");
        call = {x + head[8], h.data(), y + head[9], head + 10};
        std::mt19937 random(order);
        for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) run_block(order, random);
        fwrite(y + y_lead, 1, y_bytes, stdout), fflush(stdout);
        if (x_lead) munmap(x, x_lead + x_bytes);
        if (y_lead) munmap(y, y_lead + y_bytes);
    }
}
