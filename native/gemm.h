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

// The values of a tile: those of row r at values + r * vectors * VL.
struct Tile {
  i64 row, rows, vector, vectors;  // the first row and vector, and how many
  const float* values;
  const float* x_part;  // a step's GRU: x's part of the candidate, of row r at x_part + r * vectors / 3 * VL
  const float* at(i64 r, i64 v) const { return values + (r * vectors + v) * VL; }
};

// A product of float32 rows with vectors v0 .. v1 of a packed matrix. What it begins with and where its values go are decided at
// run time: there is one kernel for each height and width of a tile, and not one for each use.
struct FloatProduct {
  const float* a;  // element (row, k) at row * lda + k, or where the product is of a's columns at k * lda + row
  i64 lda, rows;
  const float* packed;
  i64 K, v0, v1;
  std::uint32_t* words;  // where a product in bfloat16 keeps its rows; null: it is in float32. See bfloat16.h

  // Vector n of panel i begins in row r with begin + r * ld_begin + (i * panel_begin + n * vector_begin) * VL; null: zeros. Of the
  // third vector of a GRU's panel begins bias_n instead, where it is given.
  const float* begin;
  i64 ld_begin, panel_begin, vector_begin;
  const float* bias_n;

  // Values go to a function, tile by tile; or to memory, or are added to what is there: vector v of row r at
  // to + place * ld + (v - v0) * VL, where its place is places[r], or r without them. A row has `valid` numbers there.
  void (*take)(const void* taker, const Tile&);
  const void* taker;
  float* to;
  i64 ld, valid;
  const i64* places;
  bool add;

  void begin_with(const float* first, i64 ld_, i64 panel, i64 vector) {
    begin = first, ld_begin = ld_, panel_begin = panel, vector_begin = vector;
  }
  void store_rows(float* rows_, i64 ld_, i64 numbers) { to = rows_, ld = ld_, valid = numbers; }
  template <class F>
  void give_to(const F& f) {  // f(tile); f has to outlive the product
    take = [](const void* taker_, const Tile& t) { (*static_cast<const F*>(taker_))(t); };
    taker = &f;
  }
};

// Weights are asked for so many floats before they are read, since processors look ahead within a page alone. Past the last panel
// nothing is read.
constexpr i64 AHEAD = 1024;
constexpr int LINE = 16 / VL;  // vectors of a cache line

constexpr i64 ALL = i64(1) << 60;  // more numbers than a row has: whole vectors are written

// R rows times M panels of N vectors, v the first, `index` the first panel. Values go to to + r * ld, or are added to those there.
template <bool TURNED, int M, int R, int N>
HT_NOINLINE void float_tile(const FloatProduct& p, i64 row, i64 v, i64 index, float* to, i64 ld, bool adds) {
  Vec acc[M][R][N];
  HT_UNROLL
  for (int m = 0; m < M; ++m) {
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const float* from = p.begin ? p.begin + (row + r) * p.ld_begin + (index + m) * p.panel_begin * VL : nullptr;
      HT_UNROLL
      for (int n = 0; n < N; ++n) acc[m][r][n] = from ? load(from + n * p.vector_begin * VL) : zero();
      if constexpr (N == 3) {
        if (p.bias_n) acc[m][r][2] = load(p.bias_n + (v / 3 + m) * VL);
      }
    }
  }
  const float *rows = p.a + (TURNED ? row : row * p.lda), *panel = p.packed + v * p.K * VL;
  const i64 K = p.K, lda = p.lda, apart = K * N * VL;
  for (i64 k = 0; k < K; ++k, panel += N * VL) {
    Vec w[M][N];
    if constexpr (R >= 3) {  // where it is free
      HT_UNROLL
      for (int n = 0; n < N; n += LINE) prefetch(panel + AHEAD + n * VL);
    }
    HT_UNROLL
    for (int m = 0; m < M; ++m) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) w[m][n] = load(panel + m * apart + n * VL);
    }
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vec b = set(TURNED ? rows[k * lda + r] : rows[r * lda + k]);
      HT_UNROLL
      for (int m = 0; m < M; ++m) {
        HT_UNROLL
        for (int n = 0; n < N; ++n) acc[m][r][n] = fma(b, w[m][n], acc[m][r][n]);
      }
    }
  }
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int m = 0; m < M; ++m) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) {
        float* at = to + r * ld + (m * N + n) * VL;
        store(at, adds ? add(load(at), acc[m][r][n]) : acc[m][r][n]);
      }
    }
  }
}

// Values that a product gathers before it hands them on: of so many rows and one panel, or of one row and so many panels.
constexpr i64 GATHERED = 48;

// Hands on `vectors` vectors of `rows` rows.
inline void hand_on(const FloatProduct& p, i64 row, i64 rows, i64 v, i64 vectors, const float* values) {
  if (p.take) return p.take(p.taker, {row, rows, v, vectors, values, nullptr});
  const i64 first = (v - p.v0) * VL, left = min_of(p.valid - first, vectors * VL);
  for (i64 r = 0; r < rows; ++r, values += vectors * VL) {
    float* to = p.to + (p.places ? p.places[row + r] : row + r) * p.ld + first;
    for (i64 k = 0; k < left; k += VL) {
      const Vec value = load(values + k);
      store(to + k, p.add ? add(load(to + k, left - k), value) : value, left - k);
    }
  }
}

// One panel against all rows, in tiles of nearly equal height.
template <bool TURNED, int N>
void panel_rows(const FloatProduct& p, i64 v, i64 index) {
  constexpr int most = max_rows<N>();
  const bool in_place = !p.take && !p.places && p.valid - (v - p.v0) * VL >= N * VL;
  float values[GATHERED * N * VL];
  const i64 tiles = ceil_div(p.rows, most);
  i64 row = 0, first = 0;  // row `first` is the first that was not handed on
  for (i64 i = 0; i < tiles; ++i) {
    const i64 height = p.rows / tiles + (i < p.rows % tiles);
    if (!in_place && row + height - first > GATHERED) hand_on(p, first, row - first, v, N, values), first = row;
    float* to = in_place ? p.to + row * p.ld + (v - p.v0) * VL : values + (row - first) * N * VL;
    const i64 ld = in_place ? p.ld : N * VL;
    const bool adds = in_place && p.add;
    switch (height) {
      case 1: float_tile<TURNED, 1, 1, N>(p, row, v, index, to, ld, adds); break;
      case 2: float_tile<TURNED, 1, 2, N>(p, row, v, index, to, ld, adds); break;
      case 3: float_tile<TURNED, 1, 3, N>(p, row, v, index, to, ld, adds); break;
      case 4: if constexpr (most >= 4) float_tile<TURNED, 1, 4, N>(p, row, v, index, to, ld, adds); break;
      case 5: if constexpr (most >= 5) float_tile<TURNED, 1, 5, N>(p, row, v, index, to, ld, adds); break;
      case 6: if constexpr (most >= 6) float_tile<TURNED, 1, 6, N>(p, row, v, index, to, ld, adds); break;
      case 7: if constexpr (most >= 7) float_tile<TURNED, 1, 7, N>(p, row, v, index, to, ld, adds); break;
      case 8: if constexpr (most >= 8) float_tile<TURNED, 1, 8, N>(p, row, v, index, to, ld, adds); break;
    }
    row += height;
  }
  if (!in_place && row > first) hand_on(p, first, row - first, v, N, values);
}

// All panels against a row alone, two at a time: a sum cannot be faster than its chain, and more chains fit side by side.
template <int WIDTH>
void row_alone(const FloatProduct& p) {
  float values[GATHERED * WIDTH * VL];
  for (i64 v = p.v0, index = 0, end; v < p.v1; v = end) {
    end = min_of(p.v1, v + GATHERED * WIDTH);
    i64 u = v;
    for (; u + 2 * WIDTH <= end; u += 2 * WIDTH, index += 2) float_tile<false, 2, 1, WIDTH>(p, 0, u, index, values + (u - v) * VL, 0, false);
    for (; u < end; u += WIDTH, ++index) {
      float* to = values + (u - v) * VL;
      switch (min_of(end - u, WIDTH)) {
        case 1: float_tile<false, 1, 1, 1>(p, 0, u, index, to, 0, false); break;
        case 2: float_tile<false, 1, 1, 2>(p, 0, u, index, to, 0, false); break;
        case 3: float_tile<false, 1, 1, 3>(p, 0, u, index, to, 0, false); break;
        case 4: float_tile<false, 1, 1, 4>(p, 0, u, index, to, 0, false); break;
      }
    }
    hand_on(p, 0, 1, v, end - v, values);
  }
}

// The product, of panels that are `width` vectors wide; the last may be narrower.
template <bool TURNED>
void product(const FloatProduct& p, i64 width) {
  if (!TURNED && VL > 4 && p.rows == 1) return width == 2 ? row_alone<2>(p) : width == 3 ? row_alone<3>(p) : row_alone<4>(p);
  for (i64 v = p.v0, index = 0; v < p.v1; v += width, ++index) {
    switch (min_of(p.v1 - v, width)) {
      case 1: panel_rows<TURNED, 1>(p, v, index); break;
      case 2: panel_rows<TURNED, 2>(p, v, index); break;
      case 3: panel_rows<TURNED, 3>(p, v, index); break;
      case 4: panel_rows<TURNED, 4>(p, v, index); break;
    }
  }
}

// The product added to what is there, of panels four vectors wide. Long sums are added up from blocks of k, each from zero, so
// that their rounding errors do not grow with K.
constexpr i64 BLOCK = 256;
inline void add_product(const FloatProduct& whole) {
  FloatProduct p = whole;
  p.add = true, p.v0 = 0;
  for (i64 v = whole.v0; v < whole.v1; v += 4) {
    p.v1 = min_of(whole.v1 - v, 4);
    p.to = whole.to + (v - whole.v0) * VL, p.valid = whole.valid - (v - whole.v0) * VL;
    for (i64 k = 0; k < whole.K; k += BLOCK) {
      p.a = whole.a + k, p.K = min_of(whole.K - k, BLOCK);
      p.packed = whole.packed + (v * whole.K + k * p.v1) * VL;
      product<false>(p, 4);
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
