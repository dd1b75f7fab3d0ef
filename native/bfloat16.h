// Products of bfloat16 numbers with float32 sums, for training: what `FloatProduct` is in float32.
//
// Rows are rounded when they come, weights when they are packed. Both lie in words of two numbers along the depth, whose end is
// filled with zeros: packed weights in panels [panel][words][N][VL], rows in blocks of 16 rows by 16 words, one kilobyte each,
// which is a tile of AMX. Without AMX the same blocks go through AVX512-BF16. A sum runs from zero, k ascending, whatever rows
// stand beside it; what the product begins with is added at its end.
#pragma once
#include "gemm.h"
#include "kernels.h"

namespace {

using u32 = std::uint32_t;

constexpr i64 TILE = 16;                  // rows of a block, and words of a row in it
constexpr i64 BLOCK_WORDS = TILE * TILE;  // of a block
constexpr i64 word_blocks(i64 K) { return ceil_div(K, 2 * TILE); }
// Words for one column or row of depth K; in float32 that is K itself.
constexpr i64 depth_of(int precision, i64 K) { return precision == hitherto::BFLOAT16 ? word_blocks(K) * TILE : K; }
constexpr i64 words_of_rows(i64 rows, i64 K) { return ceil_div(rows, TILE) * word_blocks(K) * BLOCK_WORDS; }

#if defined(HT_AVX512)

#if defined(_MSC_VER) && !defined(__clang__)
#define HT_TARGET(features)
#else
#define HT_TARGET(features) __attribute__((target(features)))
#endif

// The nearest bfloat16 in the upper half of each lane, ties to the even one; the lower half is not cleared.
HT_INLINE Ints nearest(Vec a) {
  const Ints bits = _mm512_castps_si512(a), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const Ints up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  return _mm512_mask_mov_epi32(up, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), _mm512_set1_epi32(0x7fc00000));
}
// A word of each lane of two vectors.
HT_INLINE Ints paired(Vec low, Vec high) {
  return _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(nearest(low), 16), nearest(high));
}
HT_INLINE Vec some(const float* p, i64 n) { return n <= 0 ? zero() : load(p, n); }
// 32 numbers in a row, or the first n and zeros, as 16 words.
HT_INLINE Ints row_words(const float* p, i64 n) {
  static const std::uint16_t upper[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                          33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  return _mm512_permutex2var_epi16(nearest(some(p, n)), _mm512_loadu_si512(upper), nearest(some(p + VL, n - VL)));
}
HT_INLINE void store_words(u32* p, Ints a) { _mm512_storeu_si512(p, a); }

// 16 vectors of 16 words, rows to columns.
HT_INLINE void turn(Ints (&r)[16]) {
  Ints s[16];
  HT_UNROLL
  for (int i = 0; i < 16; i += 2) s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]), s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  HT_UNROLL
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(s[i], s[i + 2]), r[i + 1] = _mm512_unpackhi_epi64(s[i], s[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(s[i + 1], s[i + 3]), r[i + 3] = _mm512_unpackhi_epi64(s[i + 1], s[i + 3]);
  }
  HT_UNROLL
  for (int half = 0; half < 16; half += 8) {
    HT_UNROLL
    for (int i = 0; i < 4; ++i) {
      s[half + i] = _mm512_shuffle_i32x4(r[half + i], r[half + i + 4], 0x88);
      s[half + i + 4] = _mm512_shuffle_i32x4(r[half + i], r[half + i + 4], 0xdd);
    }
  }
  HT_UNROLL
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(s[i], s[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(s[i], s[i + 8], 0xdd);
  }
}

// Rows [rows, K] into blocks; what a block has beyond them is zero.
void rows_to_words(u32* to, const float* a, i64 lda, i64 rows, i64 K) {
  const i64 blocks = word_blocks(K);
  for (i64 first = 0; first < rows; first += TILE, to += blocks * BLOCK_WORDS) {
    for (i64 r = 0; r < TILE; ++r) {
      const float* from = a + (first + r) * lda;
      for (i64 b = 0; b < blocks; ++b) {
        const i64 n = first + r < rows ? K - b * 2 * TILE : 0;
        store_words(to + b * BLOCK_WORDS + r * TILE, n > 0 ? row_words(from + b * 2 * TILE, n) : _mm512_setzero_si512());
      }
    }
  }
}
// The same of columns [K, columns], which become rows.
void columns_to_words(u32* to, const float* a, i64 lda, i64 columns, i64 K) {
  const i64 blocks = word_blocks(K);
  for (i64 b = 0; b < blocks; ++b) {  // a row of the source is read as far as it goes
    for (i64 first = 0; first < columns; first += TILE) {
      u32* block = to + (first / TILE * blocks + b) * BLOCK_WORDS;
      Ints words[16];
      for (i64 w = 0; w < TILE; ++w) {
        const i64 k = (b * TILE + w) * 2;
        const float* from = a + k * lda + first;
        words[w] = paired(k < K ? load(from, columns - first) : zero(), k + 1 < K ? load(from + lda, columns - first) : zero());
      }
      turn(words);
      for (i64 r = 0; r < TILE; ++r) store_words(block + r * TILE, words[r]);
    }
  }
}

// As pack_panels, in words.
void pack_word_panels(float* packed, const float* source, i64 row_stride, i64 k_stride, i64 H, i64 K, i64 gates, i64 width, i64 v0, i64 v1) {
  const i64 words = depth_of(hitherto::BFLOAT16, K), last = ceil_div(H, VL) * gates;
  for (i64 v = v0; v < v1; ++v) {
    const i64 first = v / width * width, n = min_of(last - first, width), unit = v / gates * VL, valid = min_of(VL, H - unit);
    u32* to = reinterpret_cast<u32*>(packed) + first * words * VL + (v - first) * VL;
    const float* from = source + (v % gates * H + unit) * row_stride;
    for (i64 w = 0; w < words; w += TILE, to += TILE * n * VL) {
      Ints block[16];
      for (i64 i = 0; i < TILE; ++i) {
        const i64 k = 2 * (w + i);
        if (row_stride == 1)
          block[i] = paired(k < K ? load(from + k * k_stride, valid) : zero(), k + 1 < K ? load(from + (k + 1) * k_stride, valid) : zero());
        else
          block[i] = i < valid ? row_words(from + i * row_stride + 2 * w, K - 2 * w) : _mm512_setzero_si512();
      }
      if (row_stride != 1) turn(block);
      for (i64 i = 0; i < TILE; ++i) store_words(to + i * n * VL, block[i]);
    }
  }
}

// ---- tiles -----------------------------------------------------------------------------------------------------------

// Tiles 0 .. R * N - 1 are sums; the last but one holds rows, the last weights.
struct TileShapes {
  std::uint8_t palette = 1, start = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
HT_NOINLINE HT_TARGET("amx-tile") void begin_tiles() {
  static const TileShapes shapes;
  _tile_loadconfig(&shapes);
}
HT_NOINLINE HT_TARGET("amx-tile") void end_tiles() { _tile_release(); }

// R blocks of rows (1 or 2) times N vectors of a panel (N up to 3) that is `width` wide.
#define HT_MEMORY __asm__ volatile("" ::: "memory")  // the intrinsics do not say that they read it
template <int R, int N>
HT_NOINLINE HT_TARGET("amx-tile,amx-bf16") void amx_block(const u32* a, i64 apart, const u32* panel, i64 width, i64 blocks, float* to, i64 ld) {
#if !defined(_MSC_VER)
  HT_MEMORY;
#endif
  _tile_zero(0);
  if constexpr (N > 1) _tile_zero(1);
  if constexpr (N > 2) _tile_zero(2);
  if constexpr (R > 1) {
    _tile_zero(3);
    if constexpr (N > 1) _tile_zero(4);
    if constexpr (N > 2) _tile_zero(5);
  }
  const i64 bytes = width * VL * 4;
  for (i64 b = 0; b < blocks; ++b, a += BLOCK_WORDS, panel += TILE * width * VL) {
    _tile_loadd(7, panel, bytes);
    _tile_loadd(6, a, 64);
    _tile_dpbf16ps(0, 6, 7);
    if constexpr (R > 1) {
      _tile_loadd(6, a + apart, 64);
      _tile_dpbf16ps(3, 6, 7);
    }
    if constexpr (N > 1) {
      _tile_loadd(7, panel + VL, bytes);
      if constexpr (R > 1) {
        _tile_dpbf16ps(4, 6, 7);
        _tile_loadd(6, a, 64);
      }
      _tile_dpbf16ps(1, 6, 7);
    }
    if constexpr (N > 2) {
      _tile_loadd(7, panel + 2 * VL, bytes);
      _tile_dpbf16ps(2, 6, 7);
      if constexpr (R > 1) {
        _tile_loadd(6, a + apart, 64);
        _tile_dpbf16ps(5, 6, 7);
      }
    }
  }
  _tile_stored(0, to, ld * 4);
  if constexpr (N > 1) _tile_stored(1, to + VL, ld * 4);
  if constexpr (N > 2) _tile_stored(2, to + 2 * VL, ld * 4);
  if constexpr (R > 1) {
    float* below = to + TILE * ld;
    _tile_stored(3, below, ld * 4);
    if constexpr (N > 1) _tile_stored(4, below + VL, ld * 4);
    if constexpr (N > 2) _tile_stored(5, below + 2 * VL, ld * 4);
  }
#if !defined(_MSC_VER)
  HT_MEMORY;
#endif
}
#undef HT_MEMORY

// Without AMX: of a block the first `rows` rows, four at a time.
template <int N>
HT_NOINLINE HT_TARGET("avx512f,avx512bf16") void dot_block(const u32* a, i64 rows, const u32* panel, i64 width, i64 blocks, float* to, i64 ld) {
  for (i64 r = 0; r < rows; r += 4) {
    __m512 sum[4][N];
    HT_UNROLL
    for (int i = 0; i < 4; ++i) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) sum[i][n] = _mm512_setzero_ps();
    }
    const u32* w = panel;
    for (i64 b = 0; b < blocks; ++b) {
      const u32* words = a + b * BLOCK_WORDS + r * TILE;
      for (i64 k = 0; k < TILE; ++k, w += width * VL) {
        __m512i weights[N];
        HT_UNROLL
        for (int n = 0; n < N; ++n) weights[n] = _mm512_loadu_si512(w + n * VL);
        HT_UNROLL
        for (int i = 0; i < 4; ++i) {
          const __m512i x = _mm512_set1_epi32(int(words[i * TILE + k]));
          HT_UNROLL
          for (int n = 0; n < N; ++n) sum[i][n] = _mm512_dpbf16_ps(sum[i][n], (__m512bh)x, (__m512bh)weights[n]);
        }
      }
    }
    HT_UNROLL
    for (int i = 0; i < 4; ++i) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) _mm512_storeu_ps(to + (r + i) * ld + n * VL, sum[i][n]);
    }
  }
}

// ---- the product -----------------------------------------------------------------------------------------------------

// All rows times the N vectors of one panel from v on, the index-th. Rows are in blocks at p.words.
template <int N>
void word_panel(const FloatProduct& p, i64 v, i64 index, bool tiles) {
  const i64 blocks = word_blocks(p.K), apart = blocks * BLOCK_WORDS;
  const u32* panel = reinterpret_cast<const u32*>(p.packed) + v * blocks * TILE * VL;
  alignas(64) float values[2 * TILE * N * VL];
  constexpr i64 ld = N * VL;
  for (i64 row = 0; row < p.rows; row += 2 * TILE) {
    const i64 rows = min_of(2 * TILE, p.rows - row);
    const u32* a = p.words + row / TILE * apart;
    if (tiles) {
      constexpr int most = N == 4 ? 2 : N;
      for (i64 n = 0; n < N; n += most) {
        if (rows > TILE)
          amx_block<2, most>(a, apart, panel + n * VL, N, blocks, values + n * VL, ld);
        else
          amx_block<1, most>(a, apart, panel + n * VL, N, blocks, values + n * VL, ld);
      }
    } else {
      dot_block<N>(a, min_of(TILE, rows), panel, N, blocks, values, ld);
      if (rows > TILE) dot_block<N>(a + apart, rows - TILE, panel, N, blocks, values + TILE * ld, ld);
    }
    for (i64 r = 0; p.begin && r < rows; ++r) {
      const float* from = p.begin + (row + r) * p.ld_begin + index * p.panel_begin * VL;
      for (i64 n = 0; n < N; ++n) {
        float* at = values + r * ld + n * VL;
        store(at, add(load(N == 3 && n == 2 && p.bias_n ? p.bias_n + v / 3 * VL : from + n * p.vector_begin * VL), load(at)));
      }
    }
    hand_on(p, row, rows, v, N, values);
  }
}

// One half of VL words; the lower one comes first.
HT_INLINE void store_half(float* at, Vec value, bool upper) {
  u32* words = reinterpret_cast<u32*>(at);
  store_words(words, upper ? _mm512_mask_blend_epi16(0xaaaaaaaau, load_words(words), nearest(value)) : _mm512_srli_epi32(nearest(value), 16));
}

// The product in bfloat16, or where `add` is set added to what is there. Unless `a` is null its rows are put into words first.
void word_product(const FloatProduct& p, i64 width) {
  const bool tiles = hitherto::bfloat16_products() == hitherto::TILES;
  if (p.a) rows_to_words(p.words, p.a, p.lda, p.rows, p.K);
  if (tiles) begin_tiles();
  for (i64 v = p.v0, index = 0; v < p.v1; v += width, ++index) {
    switch (min_of(p.v1 - v, width)) {
      case 1: word_panel<1>(p, v, index, tiles); break;
      case 2: word_panel<2>(p, v, index, tiles); break;
      case 3: word_panel<3>(p, v, index, tiles); break;
      case 4: word_panel<4>(p, v, index, tiles); break;
    }
  }
  if (tiles) end_tiles();
}

#else  // no such instructions, and nobody calls these

inline void store_half(float*, Vec, bool) {}
inline void columns_to_words(u32*, const float*, i64, i64, i64) {}
inline void pack_word_panels(float*, const float*, i64, i64, i64, i64, i64, i64, i64, i64) {}
inline void word_product(const FloatProduct&, i64) {}

#endif

// In the precision of a layer: packed weights, and products that are added to what is there.
inline void pack_panels(int precision, float* packed, const float* source, i64 row_stride, i64 k_stride, i64 H, i64 K, i64 gates,
                        i64 width, i64 v0, i64 v1) {
  const auto pack = precision == hitherto::BFLOAT16 ? pack_word_panels : static_cast<decltype(&pack_word_panels)>(pack_panels);
  pack(packed, source, row_stride, k_stride, H, K, gates, width, v0, v1);
}
inline void multiply(const FloatProduct& p, i64 width) { p.words ? word_product(p, width) : product<false>(p, width); }
inline void add_multiply(const FloatProduct& p) {
  if (!p.words) return add_product(p);
  FloatProduct q = p;
  q.add = true;
  word_product(q, 4);
}

}  // namespace
