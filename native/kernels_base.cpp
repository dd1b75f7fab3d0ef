#define HT_TABLE kernels_base
#define HT_NAME "base"
#include "kernels.inc"
