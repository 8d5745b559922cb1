// How often the threads of a warp meet in a bank of shared memory, where they read samples and stage outputs: for
// each a line "<what> <most addresses of a bank> <fewest possible>".  Threads of a tile are those of tiles.cuh.
#include "shim.h"

#include KERNEL_SOURCE

#include <cstdio>
#include <map>
#include <set>

index3 threadIdx, blockIdx, blockDim, gridDim;
void *shim_shared(long) { return nullptr; }
int shim_barrier(int, int) { return 0; }

// Addresses in words of four bytes; threads whose words are the same are served together.
struct banks {
    std::map<int, std::set<int>> met;
    std::set<int> all;
    void add(int place, int bytes) {
        for (int k = 0; k < bytes / 4; k++) met[(place * (bytes / 4) + k) % 32].insert(place * (bytes / 4) + k), all.insert(place * (bytes / 4) + k);
    }
    int most() const {
        size_t found = 0;
        for (auto &entry : met) found = entry.second.size() > found ? entry.second.size() : found;
        return (int)found;
    }
    int fewest() const { return ((int)all.size() + 31) / 32; }
};

int main() {
    int read = 0, best = 0, staged = 0, least = 0;
    for (unsigned warp = 0; warp < THREADS / 32; warp++)
        for (int k = -(TERMS < CHUNK ? TERMS : CHUNK) + 1; k <= SPEED * (VECTOR - 1); k++) {
            banks loads, stores;
            for (unsigned t = 32 * warp; t < 32 * warp + 32; t++) {
                int lane = t % INNER, unit = t / INNER % UNITS, phase = unit % PHASES, group = unit / PHASES;
                int tall = t / (INNER * UNITS);
                if (tall >= ROWS_APART) continue;
                int row = tall * ROW;
                loads.add((row + ahead_of(phase, group, 0) + beside(STRIDE < 0 ? -k : k)) * INNER + lane, sizeof(sample));
                stores.add(tall * STAGE_ROW + phase + PHASES * VECTOR * group, sizeof(sum));
            }
            if (loads.most() > read) read = loads.most(), best = loads.fewest();
            if (stores.most() > staged) staged = stores.most(), least = stores.fewest();
        }
    printf("%d %d %d %d\n", read, best, STAGED ? staged : 0, STAGED ? least : 0);
}
