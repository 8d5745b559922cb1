// The kernel of one variant, called with its integer arguments in a row.
#include "shim.h"

#include KERNEL_SOURCE

#define NINE(k) a[k], a[k + 1], a[k + 2], a[k + 3], a[k + 4], a[k + 5], a[k + 6], a[k + 7], a[k + 8]

void shim_kernel(const void *x, const void *h, void *y, const long long *a) {
    KERNEL((const sample *)x, (const tap *)h, (value *)y, a[0], a[1], a[2], a[3], a[4], NINE(5), NINE(14), NINE(23));
}
