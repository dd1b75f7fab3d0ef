// Rows of numbers in words, and the innermost loop of a step's products: rows in words times panels of packed weights.
#pragma once
#include "step_pack.h"

namespace {

struct Rows {
  const u32* words;  // row r at r * ld
  i64 ld;
  const float* scales;  // INT8: of each row
};

// One row in words. Gives its scale; NaN where INT8 meets a number that is not finite, so that it is not lost.
template <int KIND>
float to_words(const float* from, i64 K, bool bounded, u32* to) {
  if constexpr (KIND == FLOAT32) {
    std::memcpy(to, from, size_t(K) * 4);
    return 1;
  } else if constexpr (KIND == BFLOAT16) {
    std::uint16_t* halves = reinterpret_cast<std::uint16_t*>(to);
    for (i64 k = 0; k < K; ++k) halves[k] = std::uint16_t(bfloat16_of(from[k]));
    if (K % 2) halves[K] = 0;
    return 1;
  } else {
    Vec top = zero(), off = zero();
    for (i64 k = 0; k < K; k += VL) {
      const Vec a = load(from + k, K - k);
      top = max(top, max(a, sub(zero(), a)));
      off = fma(a, zero(), off);  // NaN from a number that is not finite, else 0
    }
    float lanes_[2][VL], largest = 0, nan = 0;
    store(lanes_[0], top), store(lanes_[1], off);
    for (int l = 0; l < VL; ++l) largest = lanes_[0][l] > largest ? lanes_[0][l] : largest, nan += lanes_[1][l];
    std::uint8_t* bytes = reinterpret_cast<std::uint8_t*>(to);
    const float scale = (bounded ? 1.0f : largest) / 127, inverse = scale > 0 && nan == 0 ? 1 / scale : 0;
    const i64 end = ceil_div(K, 4) * 4;  // whole words: zero is 128
    for (i64 k = 0; k < K; k += VL) {
      float rounded[VL];
      std::uint8_t some[VL];
      const Vec a = min(set(127.0f), max(set(-127.0f), mul(load(from + k, K - k), set(inverse))));
      store(rounded, add(a, set(12582912.0f)));  // as in rounded_bits, whose low byte this has
      for (int l = 0; l < VL; ++l) some[l] = std::uint8_t(bits_of(rounded[l]) + 128u);
      if (k + VL <= end)
        std::memcpy(bytes + k, some, VL);
      else
        std::memcpy(bytes + k, some, size_t(end - k));
    }
    return scale + nan;
  }
}

float to_words(int precision, const float* from, i64 K, bool bounded, u32* to) {
  switch (precision) {
    case FLOAT32: return to_words<FLOAT32>(from, K, bounded, to);
    case BFLOAT16: return to_words<BFLOAT16>(from, K, bounded, to);
    default: return to_words<INT8>(from, K, bounded, to);
  }
}

// What a word of weights is, what multiplies it, and what the products add up to.
template <int KIND>
struct Word {
  using Weights = Ints;
  using Sum = Vec;
  static HT_INLINE Ints weights(const u32* p) { return load_words(p); }
  static HT_INLINE Ints number(u32 bits) { return set_word(bits); }
  static HT_INLINE Vec add(Ints a, Ints w, Vec sum) { return dot2(a, w, sum); }
};
template <>
struct Word<INT8> : Word<BFLOAT16> {
  using Sum = Ints;
  static HT_INLINE Ints add(Ints a, Ints w, Ints sum) { return dot4(a, w, sum); }
};
template <>
struct Word<FLOAT32> {
  using Weights = Vec;
  using Sum = Vec;
  static HT_INLINE Vec weights(const u32* p) { return load(reinterpret_cast<const float*>(p)); }
  static HT_INLINE Vec number(u32 bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return set(value);
  }
  static HT_INLINE Vec add(Vec a, Vec w, Vec sum) { return fma(a, w, sum); }
};

// sum + the words of R rows from `row` on times PANELS panels of N vectors, `apart` words from each other.
template <int KIND, int PANELS, int R, int N>
HT_INLINE void add_words(typename Word<KIND>::Sum (&sum)[PANELS][R][N], const Rows& a, i64 row, const u32* panel, i64 apart,
                         i64 words) {
  const u32* rows = a.words + row * a.ld;
  for (i64 k = 0; k < words; ++k, panel += N * VL) {
    typename Word<KIND>::Weights w[PANELS][N];
    HT_UNROLL
    for (int p = 0; p < PANELS; ++p) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) w[p][n] = Word<KIND>::weights(panel + p * apart + n * VL);
    }
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const auto b = Word<KIND>::number(rows[r * a.ld + k]);
      HT_UNROLL
      for (int p = 0; p < PANELS; ++p) {
        HT_UNROLL
        for (int n = 0; n < N; ++n) sum[p][r][n] = Word<KIND>::add(b, w[p][n], sum[p][r][n]);
      }
    }
  }
}

// acc + the product. `scales` and `begins` are those of the first vector.
template <int KIND, int PANELS, int R, int N>
HT_INLINE void accumulate(Vec (&acc)[PANELS][R][N], const Rows& a, i64 row, const u32* panel, i64 apart, i64 words,
                          const u32* scales, const u32* begins) {
  if constexpr (KIND != INT8) {
    add_words<KIND>(acc, a, row, panel, apart, words);
  } else {
    Ints sum[PANELS][R][N];
    HT_UNROLL
    for (int p = 0; p < PANELS; ++p) {
      HT_UNROLL
      for (int r = 0; r < R; ++r) {
        HT_UNROLL
        for (int n = 0; n < N; ++n) sum[p][r][n] = load_words(begins + (p * N + n) * VL);
      }
    }
    add_words<KIND>(sum, a, row, panel, apart, words);
    HT_UNROLL
    for (int p = 0; p < PANELS; ++p) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) {
        const Vec scale = load(reinterpret_cast<const float*>(scales) + (p * N + n) * VL);
        HT_UNROLL
        for (int r = 0; r < R; ++r) {
          acc[p][r][n] = fma(to_floats(sum[p][r][n]), mul(set(a.scales[row + r]), scale), acc[p][r][n]);
        }
      }
    }
  }
}

}  // namespace
