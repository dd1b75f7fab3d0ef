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
  const unsigned long long saved = xcr0();
  if (!std::strcmp(isa, "avx2")) return avx2 && (saved & 0x6) == 0x6;
  return avx2 && f && dq && bw && vl && (saved & 0xe6) == 0xe6;
}
#endif

}  // namespace

const Kernels* kernels(const char* isa) {
#if defined(HT_X86)
  for (const Kernels* k : {&kernels_avx512, &kernels_avx2}) {
    if (!std::strcmp(k->isa, isa)) return supported(isa) ? k : nullptr;
  }
#endif
  return std::strcmp(isa, "base") ? nullptr : &kernels_base;
}

const Kernels* kernels() {
  static const Kernels* const chosen = [] {
    const char* wanted = std::getenv("HITHERTO_ISA");
    if (wanted && *wanted) return kernels(wanted);
    for (const char* isa : {"avx512", "avx2"}) {
      if (const Kernels* k = kernels(isa)) return k;
    }
    return kernels("base");
  }();
  return chosen;
}

}  // namespace hitherto
