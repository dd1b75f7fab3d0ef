#include <cstdlib>
#include <cstring>
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

// Whether this process may use tiles. Linux wants to be asked, once for all threads.
bool may_use_tiles() {
  if (!machine_has("amx")) return false;
#if defined(__linux__) && defined(__x86_64__)
  constexpr long REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
#else
  return true;
#endif
}

// HITHERTO_ISA names no set that has tiles: where it is set there are none.
Bfloat16 bfloat16_products() {
  static const Bfloat16 chosen = [] {
    const char *isa = chosen_isa(), *wanted = std::getenv("HITHERTO_ISA");
    if (!isa || std::strcmp(isa, "avx512_bf16")) return ABSENT;
    return !(wanted && *wanted) && may_use_tiles() ? TILES : DOTS;
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
