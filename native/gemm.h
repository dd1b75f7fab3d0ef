// Products of activations with packed weights.
//
// Weights lie in panels of up to four vectors: [panel][K][N][VL]. A tile of R rows by one panel stays in registers while
// k runs from 0 to K: R x N accumulators, N loads and R broadcasts per k. Whatever R is, an output is
// begin + a[0] w[0] + a[1] w[1] + ... in ascending k, so its bits do not depend on the rows beside it.
#pragma once
#include "vec.h"

namespace {

constexpr i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }
constexpr i64 min_of(i64 a, i64 b) { return a < b ? a : b; }
constexpr i64 max_of(i64 a, i64 b) { return a > b ? a : b; }

// Row stride of a matrix that tiles broadcast from: not a multiple of 4 KiB, else the rows of a tile evict each other.
constexpr i64 padded(i64 columns) { return ceil_div(columns, 16) * 16 + 16; }

// The most rows of a tile: accumulators, N weights and a broadcast have to fit into the registers.
template <int N>
constexpr int max_rows() {
  return REGISTERS == 32 ? (N == 4 ? 6 : 8) : (N == 4 ? 3 : N == 3 ? 4 : N == 2 ? 6 : 8);
}

// `rows` rows in tiles, body(first row, R) each, of a few heights: each is a kernel of its own.
template <int V>
struct Constant {
  static constexpr int value = V;
};
template <int N, class Body>
HT_INLINE void in_tiles(i64 rows, const Body& body) {
  constexpr int top = VL == 4 ? 2 : max_rows<N>();  // plain C++ gains nothing from more, and takes minutes to compile
  i64 row = 0;
  for (; rows - row >= top; row += top) body(row, Constant<top>());
  if constexpr (top > 2) {
    for (; rows - row >= 2; row += 2) body(row, Constant<2>());
  }
  if (rows > row) body(row, Constant<1>());
}

// begin(r, n) gives the first value of row r, vector n; end(r, acc) takes the N vectors of row r. Element (row, k) of a
// stands at row * lda + k, or with TURNED, where the product is of a's columns, at k * lda + row.
template <bool TURNED, int R, int N, class Begin, class End>
HT_INLINE void tile(i64 row, const float* a, i64 lda, const float* panel, i64 K, const Begin& begin, const End& end) {
  Vec acc[R][N];
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int n = 0; n < N; ++n) acc[r][n] = begin(row + r, n);
  }
  const float* rows = a + (TURNED ? row : row * lda);
  for (i64 k = 0; k < K; ++k, panel += N * VL) {
    Vec w[N];
    HT_UNROLL
    for (int n = 0; n < N; ++n) w[n] = load(panel + n * VL);
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vec b = set(TURNED ? rows[k * lda + r] : rows[r * lda + k]);
      HT_UNROLL
      for (int n = 0; n < N; ++n) acc[r][n] = fma(b, w[n], acc[r][n]);
    }
  }
  HT_UNROLL
  for (int r = 0; r < R; ++r) end(row + r, acc[r]);
}

// One panel against `rows` rows, in tiles of nearly equal height.
template <bool TURNED, int N, class Begin, class End>
void panel_rows(i64 rows, const float* a, i64 lda, const float* panel, i64 K, const Begin& begin, const End& end) {
  constexpr int most = max_rows<N>();
  const i64 tiles = ceil_div(rows, most);
  i64 row = 0;
  for (i64 i = 0; i < tiles; ++i) {
    const int height = int(rows / tiles + (i < rows % tiles));
    switch (height) {
      case 1: tile<TURNED, 1, N>(row, a, lda, panel, K, begin, end); break;
      case 2: tile<TURNED, 2, N>(row, a, lda, panel, K, begin, end); break;
      case 3: tile<TURNED, 3, N>(row, a, lda, panel, K, begin, end); break;
      case 4: if constexpr (most >= 4) tile<TURNED, 4, N>(row, a, lda, panel, K, begin, end); break;
      case 5: if constexpr (most >= 5) tile<TURNED, 5, N>(row, a, lda, panel, K, begin, end); break;
      case 6: if constexpr (most >= 6) tile<TURNED, 6, N>(row, a, lda, panel, K, begin, end); break;
      case 7: if constexpr (most >= 7) tile<TURNED, 7, N>(row, a, lda, panel, K, begin, end); break;
      case 8: if constexpr (most >= 8) tile<TURNED, 8, N>(row, a, lda, panel, K, begin, end); break;
    }
    row += height;
  }
}

// Vectors v0 .. v1 of a packed matrix whose panels are WIDTH vectors wide. With RAGGED the last panel may be narrower.
// begin(row, v) and end(row, v, acc, n): v is the index of the panel's first vector (begin: of the vector), n how many.
template <int WIDTH, bool RAGGED, bool TURNED = false, class Begin, class End>
HT_INLINE void product(i64 rows, const float* a, i64 lda, const float* packed, i64 K, i64 v0, i64 v1, const Begin& begin,
                       const End& end) {
  for (i64 v = v0; v < v1; v += WIDTH) {
    const float* panel = packed + v * K * VL;
    const auto first = [&](i64 r, int n) HT_LAMBDA { return begin(r, v + n); };
    const auto last = [&](i64 r, auto& acc) HT_LAMBDA { end(r, v, acc, int(sizeof acc / sizeof acc[0])); };
    switch (RAGGED && v1 - v < WIDTH ? int(v1 - v) : WIDTH) {
      case 1: if constexpr (RAGGED || WIDTH == 1) panel_rows<TURNED, 1>(rows, a, lda, panel, K, first, last); break;
      case 2: if constexpr ((RAGGED && WIDTH > 2) || WIDTH == 2) panel_rows<TURNED, 2>(rows, a, lda, panel, K, first, last); break;
      case 3: if constexpr ((RAGGED && WIDTH > 3) || WIDTH == 3) panel_rows<TURNED, 3>(rows, a, lda, panel, K, first, last); break;
      case 4: if constexpr (WIDTH == 4) panel_rows<TURNED, 4>(rows, a, lda, panel, K, first, last); break;
    }
  }
}

// The same product added to what is there: get(row, v) + the sum over k, handed to put(row, v, value). Long sums are added up
// from blocks of k, each from zero, so that their rounding errors do not grow with K.
constexpr i64 BLOCK = 256;
template <class Get, class Put>
HT_INLINE void add_product(i64 rows, const float* a, i64 lda, const float* packed, i64 K, i64 v0, i64 v1, const Get& get,
                           const Put& put) {
  for (i64 v = v0; v < v1; v += 4) {
    const i64 width = v1 - v < 4 ? v1 - v : 4;
    for (i64 k = 0; k < K; k += BLOCK) {
      const float* panel = packed + v * K * VL + k * width * VL;
      const i64 depth = K - k < BLOCK ? K - k : BLOCK;
      product<4, true>(
          rows, a + k, lda, panel, depth, 0, width, [](i64, i64) HT_LAMBDA { return zero(); },
          [&](i64 r, i64, auto& acc, int n) HT_LAMBDA {
            for (int c = 0; c < n; ++c) put(r, v + c, add(get(r, v + c), acc[c]));
          });
    }
  }
}

// packed vector v = block * gates + gate holds the columns of units block * VL .. of that gate:
// packed[..][k][lane] = source(gate * H + unit, k), zero past the last unit. `width` vectors share a panel.
// Element (row, k) of the source is at row * row_stride + k * k_stride, and one of the strides is 1: either orientation of a
// torch weight.
inline void pack_panels(float* packed, const float* source, i64 row_stride, i64 k_stride, i64 H, i64 K, i64 gates, i64 width,
                        i64 v0, i64 v1) {
  for (i64 v = v0; v < v1; ++v) {
    const i64 first = v / width * width, last = ceil_div(H, VL) * gates;  // the panel of v, and where the matrix ends
    const i64 n = last - first < width ? last - first : width;
    float* to = packed + first * K * VL + (v - first) * VL;
    const i64 unit = v / gates * VL, valid = H - unit < VL ? H - unit : VL;
    const float* from = source + (v % gates * H + unit) * row_stride;
    if (row_stride == 1) {
      for (i64 k = 0; k < K; ++k) store(to + k * n * VL, load(from + k * k_stride, valid));
      continue;
    }
    for (i64 k0 = 0; k0 < K; k0 += 16) {  // 16 columns at a time: each line of the source is read whole
      const i64 k1 = k0 + 16 < K ? k0 + 16 : K;
      for (i64 lane = 0; lane < VL; ++lane) {
        const float* row = from + lane * row_stride;
        float* out = to + k0 * n * VL + lane;
        for (i64 k = k0; k < k1; ++k, out += n * VL) *out = lane < valid ? row[k] : 0.0f;
      }
    }
  }
}

}  // namespace
