#include <cstdlib>
#include <cstring>

#include "kernels.h"

namespace hitherto {
namespace {

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_MSC_VER)
#include <intrin.h>
void cpuid(int leaf, int sub, unsigned r[4]) { __cpuidex(reinterpret_cast<int*>(r), leaf, sub); }
unsigned long long xcr0() { return _xgetbv(0); }
#else
void cpuid(int leaf, int sub, unsigned r[4]) {
  __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}
unsigned long long xcr0() {
  unsigned lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (static_cast<unsigned long long>(hi) << 32) | lo;
}
#endif

// The processor has to have the instructions and the system has to save their registers.
bool supported(const char* isa) {
  if (!std::strcmp(isa, "base")) return true;
  unsigned r[4];
  cpuid(0, 0, r);
  if (r[0] < 7) return false;
  cpuid(1, 0, r);
  const bool fma = r[2] >> 12 & 1, osxsave = r[2] >> 27 & 1;
  if (!fma || !osxsave) return false;
  cpuid(7, 0, r);
  const bool avx2 = r[1] >> 5 & 1, f = r[1] >> 16 & 1, dq = r[1] >> 17 & 1, bw = r[1] >> 30 & 1, vl = r[1] >> 31 & 1;
  const bool vnni = r[2] >> 11 & 1;
  cpuid(7, 1, r);
  const bool bf16 = r[0] >> 5 & 1;
  const unsigned long long saved = xcr0();
  if (!std::strcmp(isa, "avx2")) return avx2 && (saved & 0x6) == 0x6;
  const bool avx512 = avx2 && f && dq && bw && vl && (saved & 0xe6) == 0xe6;
  if (!std::strcmp(isa, "avx512_vnni")) return avx512 && vnni;
  if (!std::strcmp(isa, "avx512_bf16")) return avx512 && vnni && bf16;
  return avx512;
}
#else
bool supported(const char* isa) { return !std::strcmp(isa, "base"); }
#endif

// What this build has, best first; CMakeLists.txt says what that is.
const Stepper* const STEPPERS[] = {
#if defined(HT_HAS_AVX512)
    &stepper_avx512_bf16, &stepper_avx512_vnni, &stepper_avx512,
#endif
#if defined(HT_HAS_AVX2)
    &stepper_avx2,
#endif
#if defined(HT_HAS_BASE)
    &stepper_base,
#endif
};
const Kernels* const KERNELS[] = {
#if defined(HT_HAS_AVX512)
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
    if (!std::strcmp(s->isa, isa)) return supported(isa) ? s : nullptr;
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
      if (supported(s->isa)) return s->isa;
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
