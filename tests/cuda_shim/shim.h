// CUDA's words for a C++ compiler: the threads of a block are fibres, taken up in any order between two barriers.
#pragma once

#include <cstring>

struct index3 {
    unsigned x;
};
extern index3 threadIdx, blockIdx, blockDim, gridDim;

void *shim_shared(long bytes);  // the same memory for the k-th call of every thread; exact size, poisoned
int shim_barrier(int line, int vote);

#define __device__
#define __global__
#define __launch_bounds__(...)
#define __syncthreads() shim_barrier(__LINE__, 0)
#define __syncthreads_or(vote) shim_barrier(__LINE__, vote)
#define SHARED_MEMORY(type, name, count) type *name = (type *)shim_shared(sizeof(type) * (count))
#define IEEE_FUSED(a, b, s) ((a) * (b) + (s))
#define FLOAT_BITS shim_bits

inline unsigned shim_bits(float a) {
    unsigned bits;
    memcpy(&bits, &a, sizeof a);
    return bits;
}
