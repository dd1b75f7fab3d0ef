#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "kernels.h"

namespace hitherto {
namespace {

#if defined(__x86_64__) || defined(_M_X64)
#define HT_X86 1
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
#endif

}  // namespace

// Only the steps have more to choose from than the sweeps: two extensions of AVX-512 for narrow weights.
const Stepper* stepper(const char* isa) {
#if defined(HT_X86)
  for (const Stepper* s : {&stepper_avx512_bf16, &stepper_avx512_vnni, &stepper_avx512, &stepper_avx2}) {
    if (!std::strcmp(s->isa, isa)) return supported(isa) ? s : nullptr;
  }
#endif
  return std::strcmp(isa, "base") ? nullptr : &stepper_base;
}

const Kernels* kernels(const char* isa) {
#if defined(HT_X86)
  if (!std::strncmp(isa, "avx512", 6)) return stepper(isa) ? &kernels_avx512 : nullptr;
  if (!std::strcmp(isa, "avx2")) return supported(isa) ? &kernels_avx2 : nullptr;
#endif
  return std::strcmp(isa, "base") ? nullptr : &kernels_base;
}

const char* chosen_isa() {
  static const char* const chosen = []() -> const char* {
    const char* wanted = std::getenv("HITHERTO_ISA");
    if (wanted && *wanted) return stepper(wanted) ? wanted : nullptr;
    for (const char* isa : {"avx512_bf16", "avx512_vnni", "avx512", "avx2"}) {
      if (stepper(isa)) return isa;
    }
    return "base";
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
