#include <cstdlib>
#include <cstring>

#include "kernels.h"
#include "machine.h"

namespace hitherto {
namespace {

// What this build has, best first; CMakeLists.txt says what that is.
const Stepper* const STEPPERS[] = {
#if defined(HT_HAS_AVX512_BF16)
    &stepper_avx512_bf16,
#endif
#if defined(HT_HAS_AVX512_VNNI)
    &stepper_avx512_vnni,
#endif
#if defined(HT_HAS_AVX512)
    &stepper_avx512,
#endif
#if defined(HT_HAS_AVX2)
    &stepper_avx2,
#endif
#if defined(HT_HAS_BASE)
    &stepper_base,
#endif
};
const Kernels* const KERNELS[] = {
#if defined(HT_HAS_AVX512) || defined(HT_HAS_AVX512_VNNI) || defined(HT_HAS_AVX512_BF16)
    &kernels_avx512,
#endif
#if defined(HT_HAS_AVX2)
    &kernels_avx2,
#endif
#if defined(HT_HAS_BASE)
    &kernels_base,
#endif
};

}  // namespace

const Stepper* stepper(const char* isa) {
  for (const Stepper* s : STEPPERS) {
    if (!std::strcmp(s->isa, isa)) return machine_has(isa) ? s : nullptr;
  }
  return nullptr;
}

// Only the steps have more to choose from than the sweeps: two extensions of AVX-512 for narrow weights.
const Kernels* kernels(const char* isa) {
  if (!stepper(isa)) return nullptr;
  for (const Kernels* k : KERNELS) {
    if (!std::strncmp(k->isa, isa, std::strlen(k->isa))) return k;
  }
  return nullptr;
}

const char* chosen_isa() {
  static const char* const chosen = []() -> const char* {
    const char* wanted = std::getenv("HITHERTO_ISA");
    if (wanted && *wanted) return stepper(wanted) ? wanted : nullptr;
    for (const Stepper* s : STEPPERS) {
      if (machine_has(s->isa)) return s->isa;
    }
    return nullptr;
  }();
  return chosen;
}

const Kernels* kernels() {
  static const Kernels* const chosen = chosen_isa() ? kernels(chosen_isa()) : nullptr;
  return chosen;
}

const Stepper* stepper() {
  static const Stepper* const chosen = chosen_isa() ? stepper(chosen_isa()) : nullptr;
  return chosen;
}

}  // namespace hitherto
