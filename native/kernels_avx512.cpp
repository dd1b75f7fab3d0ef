#define HT_AVX512
#define HT_TABLE kernels_avx512
#define HT_NAME "avx512"
#include "kernels.inc"
