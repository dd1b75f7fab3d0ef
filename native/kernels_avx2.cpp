#define HT_AVX2
#define HT_TABLE kernels_avx2
#define HT_NAME "avx2"
#include "kernels.inc"
