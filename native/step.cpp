// The steps of one instruction set. CMakeLists.txt compiles this once for each and says which: HT_STEPPER and HT_NAME, with the
// macros that vec.h knows.
#include "step.h"
