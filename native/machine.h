// What this machine can run: the processor has the instructions, and the system saves their registers.
#pragma once
#include <cstring>
#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace hitherto {

// Best first.
constexpr const char* ISAS[] = {"avx512_bf16", "avx512_vnni", "avx512", "avx2", "base"};

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_MSC_VER)
inline void cpuid(int leaf, int sub, unsigned r[4]) { __cpuidex(reinterpret_cast<int*>(r), leaf, sub); }
inline unsigned long long xcr0() { return _xgetbv(0); }
#else
inline void cpuid(int leaf, int sub, unsigned r[4]) {
  __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}
inline unsigned long long xcr0() {
  unsigned lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (static_cast<unsigned long long>(hi) << 32) | lo;
}
#endif

inline bool machine_has(const char* isa) {
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
  const bool amx = r[3] >> 22 & 1 && r[3] >> 24 & 1;  // tiles, and their products of bfloat16
  cpuid(7, 1, r);
  const bool bf16 = r[0] >> 5 & 1;
  const unsigned long long saved = xcr0();
  if (!std::strcmp(isa, "avx2")) return avx2 && (saved & 0x6) == 0x6;
  const bool avx512 = avx2 && f && dq && bw && vl && (saved & 0xe6) == 0xe6;
  if (!std::strcmp(isa, "avx512_vnni")) return avx512 && vnni;
  if (!std::strcmp(isa, "avx512_bf16")) return avx512 && vnni && bf16;
  if (!std::strcmp(isa, "amx")) return avx512 && bf16 && amx && (saved & 0x60000) == 0x60000;
  return avx512;
}
#else
inline bool machine_has(const char* isa) { return !std::strcmp(isa, "base"); }
#endif

}  // namespace hitherto
