// A vector of floats, and the functions of one: the only place that names an instruction set.
//
// Each translation unit that includes this file is compiled for one instruction set and says so with HT_AVX512 or HT_AVX2
// (neither: plain C++ in blocks of four, which compilers turn into SSE2 or NEON). All of it lives in an unnamed namespace:
// an inline function that two units share would be merged by the linker, and a machine without AVX-512 could be handed
// the AVX-512 copy. For the same reason nothing here, or in what builds on it, uses a standard-library template.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(HT_AVX512) || defined(HT_AVX2)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 says so of its own AVX-512 header.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#elif defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#if defined(_MSC_VER)
#define HT_INLINE __forceinline
#define HT_NOINLINE __declspec(noinline)
#define HT_LAMBDA
#define HT_UNROLL
#else
#define HT_INLINE inline __attribute__((always_inline))
#define HT_NOINLINE __attribute__((noinline))
#define HT_LAMBDA __attribute__((always_inline))  // between a lambda's parameters and its body
#define HT_UNROLL _Pragma("GCC unroll 32")
#endif

namespace {

using i64 = std::int64_t;

HT_INLINE void prefetch(const float* p) {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
#else
  (void)p;
#endif
}

// Numbers below 1e-38 take a hundred times as long as others, and a state that fades goes through all of them.
struct NoDenormals {
#if defined(__x86_64__) || defined(_M_X64)
  unsigned before = _mm_getcsr();
  NoDenormals() { _mm_setcsr(before | 0x8040); }
  ~NoDenormals() { _mm_setcsr(before); }
#elif defined(__aarch64__) && !defined(_MSC_VER)
  std::uint64_t before;
  NoDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1u << 24)));
  }
  ~NoDenormals() { __asm__ volatile("msr fpcr, %0" : : "r"(before)); }
#endif
};

#if defined(HT_AVX512) || defined(HT_AVX2)
HT_INLINE float total(__m128 a) {
  const __m128 b = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
#endif

#if defined(HT_AVX512)

using Vec = __m512;
constexpr int VL = 16;
constexpr int REGISTERS = 32;
HT_INLINE __mmask16 lanes(i64 n) { return n >= VL ? __mmask16(0xffff) : __mmask16((1u << n) - 1u); }
HT_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
HT_INLINE Vec load(const float* p, i64 n) { return _mm512_maskz_loadu_ps(lanes(n), p); }
HT_INLINE void store(float* p, Vec a) { _mm512_storeu_ps(p, a); }
HT_INLINE void store(float* p, Vec a, i64 n) { _mm512_mask_storeu_ps(p, lanes(n), a); }
HT_INLINE Vec set(float a) { return _mm512_set1_ps(a); }
HT_INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
HT_INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
HT_INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
HT_INLINE Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
HT_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }    // a b + c
HT_INLINE Vec nfma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
// min and max return their second operand where one is NaN, so clamp() keeps a NaN.
HT_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
HT_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
HT_INLINE Vec positive_or_nan(Vec a) {  // relu: NaN stays
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LE_OQ), a, _mm512_setzero_ps());
}
HT_INLINE Vec max_or_nan(Vec a, Vec b) {  // NaN where either is
  return _mm512_mask_mov_ps(max(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}
HT_INLINE Vec where_positive(Vec test, Vec a) {  // a where test > 0, else 0
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(test, _mm512_setzero_ps(), _CMP_GT_OQ), a);
}
HT_INLINE Vec round(Vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
HT_INLINE Vec scale(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }  // a 2^n, n whole
HT_INLINE std::uint32_t above(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }  // a bit for each lane where a > b
HT_INLINE float total(Vec a) {  // of all lanes, in one order
  const __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  return total(_mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1)));
}

// Words of four bytes, VL of them: four times 8 bits or twice 16 bits of a product's depth.
using Ints = __m512i;
HT_INLINE Ints load_words(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
HT_INLINE Ints set_word(std::uint32_t a) { return _mm512_set1_epi32(int(a)); }
HT_INLINE Vec to_floats(Ints a) { return _mm512_cvtepi32_ps(a); }
// sum + four products of unsigned a and signed w, exact: each a is so much higher than the number that it stands for.
constexpr int DOT4_BIAS = 128;
HT_INLINE Ints dot4(Ints a, Ints w, Ints sum) {
#if defined(HT_VNNI)
  return _mm512_dpbusd_epi32(sum, a, w);
#else
  const Ints even = _mm512_madd_epi16(_mm512_and_si512(a, _mm512_set1_epi16(255)), _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8));
  const Ints odd = _mm512_madd_epi16(_mm512_srli_epi16(a, 8), _mm512_srai_epi16(w, 8));
  return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
#endif
}
// sum + two products of bfloat16.
HT_INLINE Vec dot2(Ints a, Ints w, Vec sum) {
#if defined(HT_BF16)
  return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)w);
#else
  const auto low = [](Ints v) HT_LAMBDA { return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16)); };
  const auto high = [](Ints v) HT_LAMBDA { return _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(int(0xffff0000u)))); };
  return fma(high(a), high(w), fma(low(a), low(w), sum));
#endif
}

#elif defined(HT_AVX2)

using Vec = __m256;
constexpr int VL = 8;
constexpr int REGISTERS = 16;
HT_INLINE __m256i lanes(i64 n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= VL ? VL : int(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
HT_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
HT_INLINE Vec load(const float* p, i64 n) { return n >= VL ? load(p) : _mm256_maskload_ps(p, lanes(n)); }
HT_INLINE void store(float* p, Vec a) { _mm256_storeu_ps(p, a); }
HT_INLINE void store(float* p, Vec a, i64 n) {
  if (n >= VL)
    store(p, a);
  else
    _mm256_maskstore_ps(p, lanes(n), a);
}
HT_INLINE Vec set(float a) { return _mm256_set1_ps(a); }
HT_INLINE Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
HT_INLINE Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
HT_INLINE Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
HT_INLINE Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
HT_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
HT_INLINE Vec nfma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
HT_INLINE Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
HT_INLINE Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
HT_INLINE Vec positive_or_nan(Vec a) {
  return _mm256_andnot_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_LE_OQ), a);
}
HT_INLINE Vec max_or_nan(Vec a, Vec b) { return _mm256_blendv_ps(max(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q)); }
HT_INLINE Vec where_positive(Vec test, Vec a) {
  return _mm256_and_ps(_mm256_cmp_ps(test, _mm256_setzero_ps(), _CMP_GT_OQ), a);
}
HT_INLINE Vec round(Vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
HT_INLINE Vec scale(Vec a, Vec n) {  // n in -127 (gives 0) .. 128 (gives inf)
  __m256i bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(a, _mm256_castsi256_ps(bits));
}
HT_INLINE std::uint32_t above(Vec a, Vec b) { return std::uint32_t(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ))); }
HT_INLINE float total(Vec a) { return total(_mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1))); }

using Ints = __m256i;
HT_INLINE Ints load_words(const std::uint32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
HT_INLINE Ints set_word(std::uint32_t a) { return _mm256_set1_epi32(int(a)); }
HT_INLINE Vec to_floats(Ints a) { return _mm256_cvtepi32_ps(a); }
// Here a counts as a - 128. No number is beyond +-127, so the signs of a may go to w, and no sum of two is too large for 16 bits.
constexpr int DOT4_BIAS = 0;
HT_INLINE Ints dot4(Ints a, Ints w, Ints sum) {
  const Ints s = _mm256_xor_si256(a, _mm256_set1_epi8(char(0x80)));
  const Ints pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(s), _mm256_sign_epi8(w, s));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
HT_INLINE Vec dot2(Ints a, Ints w, Vec sum) {
  const auto low = [](Ints v) HT_LAMBDA { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); };
  const auto high = [](Ints v) HT_LAMBDA { return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(int(0xffff0000u)))); };
  return fma(high(a), high(w), fma(low(a), low(w), sum));
}

#else

struct Vec {
  float v[4];
};
constexpr int VL = 4;
constexpr int REGISTERS = 16;
#define HT_LANES(expression)         \
  Vec out;                           \
  for (int l = 0; l < VL; ++l) {     \
    out.v[l] = expression;           \
  }                                  \
  return out
HT_INLINE Vec load(const float* p) {
  Vec a;
  std::memcpy(a.v, p, sizeof a.v);
  return a;
}
HT_INLINE Vec load(const float* p, i64 n) {
  if (n >= VL) return load(p);
  Vec a = {{0, 0, 0, 0}};
  for (int l = 0; l < n; ++l) a.v[l] = p[l];
  return a;
}
HT_INLINE void store(float* p, Vec a) { std::memcpy(p, a.v, sizeof a.v); }
HT_INLINE void store(float* p, Vec a, i64 n) {
  if (n >= VL) return store(p, a);
  for (int l = 0; l < n; ++l) p[l] = a.v[l];
}
HT_INLINE Vec set(float a) { return Vec{{a, a, a, a}}; }
HT_INLINE Vec add(Vec a, Vec b) { HT_LANES(a.v[l] + b.v[l]); }
HT_INLINE Vec sub(Vec a, Vec b) { HT_LANES(a.v[l] - b.v[l]); }
HT_INLINE Vec mul(Vec a, Vec b) { HT_LANES(a.v[l] * b.v[l]); }
HT_INLINE Vec div(Vec a, Vec b) { HT_LANES(a.v[l] / b.v[l]); }
HT_INLINE Vec fma(Vec a, Vec b, Vec c) { HT_LANES(a.v[l] * b.v[l] + c.v[l]); }
HT_INLINE Vec nfma(Vec a, Vec b, Vec c) { HT_LANES(c.v[l] - a.v[l] * b.v[l]); }
HT_INLINE Vec min(Vec a, Vec b) { HT_LANES(a.v[l] < b.v[l] ? a.v[l] : b.v[l]); }
HT_INLINE Vec max(Vec a, Vec b) { HT_LANES(a.v[l] > b.v[l] ? a.v[l] : b.v[l]); }
HT_INLINE Vec positive_or_nan(Vec a) { HT_LANES(a.v[l] <= 0 ? 0.0f : a.v[l]); }
HT_INLINE Vec max_or_nan(Vec a, Vec b) { HT_LANES(a.v[l] != a.v[l] || a.v[l] > b.v[l] ? a.v[l] : b.v[l]); }
HT_INLINE Vec where_positive(Vec test, Vec a) { HT_LANES(test.v[l] > 0 ? a.v[l] : 0.0f); }
// Adding 1.5 * 2^23 leaves the whole part in the low bits; both functions use it so that a NaN is never cast to int.
HT_INLINE Vec round(Vec a) { HT_LANES((a.v[l] + 12582912.0f) - 12582912.0f); }
HT_INLINE Vec scale(Vec a, Vec n) {
  Vec out;
  for (int l = 0; l < VL; ++l) {
    float shifted = n.v[l] + 12582912.0f, power;
    std::uint32_t bits;
    std::memcpy(&bits, &shifted, 4);
    bits = (bits - 0x4B400000u + 127u) << 23;
    std::memcpy(&power, &bits, 4);
    out.v[l] = a.v[l] * power;
  }
  return out;
}
HT_INLINE std::uint32_t above(Vec a, Vec b) {
  std::uint32_t bits = 0;
  for (int l = 0; l < VL; ++l) bits |= std::uint32_t(a.v[l] > b.v[l]) << l;
  return bits;
}
HT_INLINE float total(Vec a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
struct Ints {
  std::int32_t v[4];
};
HT_INLINE Ints load_words(const std::uint32_t* p) {
  Ints a;
  std::memcpy(a.v, p, sizeof a.v);
  return a;
}
HT_INLINE Ints set_word(std::uint32_t a) { return Ints{{std::int32_t(a), std::int32_t(a), std::int32_t(a), std::int32_t(a)}}; }
HT_INLINE Vec to_floats(Ints a) { HT_LANES(float(a.v[l])); }
constexpr int DOT4_BIAS = 128;
HT_INLINE Ints dot4(Ints a, Ints w, Ints sum) {
  for (int l = 0; l < VL; ++l) {
    const std::uint32_t u = std::uint32_t(a.v[l]), s = std::uint32_t(w.v[l]);
    for (int i = 0; i < 4; ++i) sum.v[l] += int(u >> 8 * i & 255u) * int(std::int8_t(s >> 8 * i & 255u));
  }
  return sum;
}
HT_INLINE Vec dot2(Ints a, Ints w, Vec sum) {
  const auto part = [](std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  };
  for (int l = 0; l < VL; ++l) {
    const std::uint32_t u = std::uint32_t(a.v[l]), s = std::uint32_t(w.v[l]);
    sum.v[l] += part(u << 16) * part(s << 16);
    sum.v[l] += part(u & 0xffff0000u) * part(s & 0xffff0000u);
  }
  return sum;
}
#undef HT_LANES

#endif

HT_INLINE Vec zero() { return set(0.0f); }

// The first n numbers at p, and `rest` after them where that is not a whole vector.
HT_INLINE Vec load(const float* p, i64 n, float rest) {
  if (n >= VL) return load(p);
  float lanes_[VL];
  for (int l = 0; l < VL; ++l) lanes_[l] = l < n ? p[l] : rest;
  return load(lanes_);
}

HT_INLINE Vec clamp(Vec a, float lo, float hi) { return min(set(hi), max(set(lo), a)); }

// expm1(y) = 2^n expm1(r) + (2^n - 1), y = n ln 2 + r: `n` and expm1(r), good to about one ulp.
HT_INLINE Vec expm1_parts(Vec y, Vec& n) {
  n = round(mul(y, set(1.44269504f)));
  Vec r = nfma(n, set(0.693145752f), y);  // ln 2 in two parts: n times the first is exact
  r = nfma(n, set(1.42860677e-6f), r);
  Vec q = set(0.00138825167f);
  q = fma(q, r, set(0.00836654752f));
  q = fma(q, r, set(0.0416672006f));
  q = fma(q, r, set(0.166665435f));
  q = fma(q, r, set(0.49999997f));
  return fma(mul(r, r), q, r);
}

// At most 2 ulp for x in -87 .. 88; below -87.4 a denormal number or zero, and zero where those are flushed.
HT_INLINE Vec exp(Vec x) {
  Vec n, p = expm1_parts(clamp(x, -88.0f, 89.0f), n);
  return scale(add(set(1.0f), p), n);
}

// At most 3 ulp where the result is a normal number; below that it may be zero, and is for -inf.
HT_INLINE Vec sigmoid(Vec x) {
  Vec n, p = expm1_parts(clamp(sub(zero(), x), -88.0f, 88.9f), n);
  return div(set(1.0f), add(set(1.0f), scale(add(set(1.0f), p), n)));
}

// At most 3 ulp.
HT_INLINE Vec tanh(Vec x) {
  Vec n, p = expm1_parts(clamp(add(x, x), -40.0f, 40.0f), n);
  Vec two_n = scale(set(1.0f), n), e = fma(p, two_n, sub(two_n, set(1.0f)));
  return div(e, add(e, set(2.0f)));
}

}  // namespace
