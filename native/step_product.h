// Products of a step: rows in words times packed panels.
//
// An output is what it begins with, then x's part, then h's part, each in ascending depth, whoever else is in the call: the
// bits do not depend on rows, chunks or threads.
//
// What a product begins with and where its values go are decided at run time, so that one kernel serves every operation and
// every cell. There is one for each precision and tile; compiling one takes about as long as a small file.
#pragma once
#include "step_words.h"

namespace {

// A packed matrix and the rows that multiply it. Panel i, of n vectors, stands at panels + i * step + n * lead.
struct Factor {
  Rows rows;
  i64 words;  // of a row
  const u32* panels;
  i64 step, lead;
  const u32 *scales, *begins;  // INT8: of each vector
};

struct Layer;

struct Product {  // its fields are set one by one: clearing all of them would take as long as a small step
  i64 rows, vectors;
  int factors = 1;  // one or two: x's part comes first
  Factor factor[2];
  // Row r begins with the numbers at begin + place * ld_begin, where its place is places[r], or r without them; null: zeros.
  const float* begin = nullptr;
  i64 ld_begin = 0;
  const i64* places = nullptr;
  const float* bias_n = nullptr;  // GRU: what the candidate's h part begins with; its x part is kept apart,
  float* x_part = nullptr;        // of a row alone here, one vector for each panel
  // Where the values go: to a cell, tile by tile, or to memory. There vector n of panel i of row r goes to
  // to + r * ld + (i * panel_step + n * vector_step) * VL. Only the first `valid` numbers of a row are written.
  void (*cell)(const Layer&, const Tile&) = nullptr;
  const Layer* layer;
  float* to;
  i64 ld, panel_step, vector_step, valid;

  Product(i64 rows_, i64 vectors_, const Factor& first) : rows(rows_), vectors(vectors_) { factor[0] = first; }
  // Values side by side in rows of `n` numbers.
  void store_rows(float* rows_, i64 ld_, i64 width, i64 n) { to = rows_, ld = ld_, panel_step = width, vector_step = 1, valid = n; }
};

// R rows times M panels, `panel` the first, of N vectors, `vector` the first.
template <int KIND, int M, int R, int N>
HT_NOINLINE void tile(const Product& p, i64 row, i64 panel, i64 vector) {
  Vec acc[M][R][N];
  float values[R * M * N * VL], x_parts[N == 3 ? R * M * VL : 1];
  HT_UNROLL
  for (int m = 0; m < M; ++m) {
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const float* from = p.begin ? p.begin + (p.places ? p.places[row + r] : row + r) * p.ld_begin + (vector + m * N) * VL : nullptr;
      HT_UNROLL
      for (int n = 0; n < N; ++n) acc[m][r][n] = from ? load(from + n * VL) : zero();
    }
  }
  for (int f = 0; f < p.factors; ++f) {
    if constexpr (N == 3) {
      if (p.bias_n && f == p.factors - 1) {  // r multiplies U_n h + b'_n alone
        float* x_part = p.x_part ? p.x_part + panel * VL : x_parts;
        HT_UNROLL
        for (int m = 0; m < M; ++m) {
          HT_UNROLL
          for (int r = 0; r < R; ++r) {
            store(x_part + (r * M + m) * VL, acc[m][r][2]);
            acc[m][r][2] = load(p.bias_n + (panel + m) * VL);
          }
        }
      }
    }
    const Factor& a = p.factor[f];
    accumulate<KIND>(acc, a.rows, row, a.panels + panel * a.step + N * a.lead, a.step, a.words, a.scales + vector * VL,
                     a.begins + vector * VL);
  }
  const i64 left = p.valid - vector * VL;
  const bool in_place = !p.cell && left >= M * N * VL;
  float* to = in_place ? p.to + row * p.ld + panel * p.panel_step * VL : values;
  const i64 ld = in_place ? p.ld : M * N * VL, panel_step = in_place ? p.panel_step : N, vector_step = in_place ? p.vector_step : 1;
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int m = 0; m < M; ++m) {
      HT_UNROLL
      for (int n = 0; n < N; ++n) store(to + r * ld + (m * panel_step + n * vector_step) * VL, acc[m][r][n]);
    }
  }
  if (p.cell) {
    p.cell(*p.layer, {row, R, vector, M * N, values, x_parts});
  } else if (!in_place) {
    for (i64 r = 0; r < R; ++r) std::memcpy(p.to + (row + r) * p.ld + vector * VL, values + r * ld, size_t(left) * 4);
  }
}

// All tiles of a product whose panels are WIDTH vectors wide; with a width of four the last may be narrower. A row alone takes
// two panels at a time: a sum cannot be faster than its chain, and more chains fit side by side.
template <int KIND, int WIDTH>
void all_tiles(const Product& p) {
  i64 v = 0, panel = 0;
  if (VL > 4 && p.rows == 1) {
    for (; v + 2 * WIDTH <= p.vectors; v += 2 * WIDTH, panel += 2) tile<KIND, 2, 1, WIDTH>(p, 0, panel, v);
  }
  for (; v + WIDTH <= p.vectors; v += WIDTH, ++panel) {
    in_tiles<WIDTH>(p.rows, [&](i64 row, auto R) HT_LAMBDA { tile<KIND, 1, R.value, WIDTH>(p, row, panel, v); });
  }
  if constexpr (WIDTH == 4) {
    const auto last = [&](auto N) HT_LAMBDA {
      in_tiles<N.value>(p.rows, [&](i64 row, auto R) HT_LAMBDA { tile<KIND, 1, R.value, N.value>(p, row, panel, v); });
    };
    switch (p.vectors - v) {
      case 1: last(Constant<1>()); break;
      case 2: last(Constant<2>()); break;
      case 3: last(Constant<3>()); break;
    }
  }
}

template <int KIND>
void multiply(const Product& p, i64 width) {
  switch (width) {
    case 2: return all_tiles<KIND, 2>(p);
    case 3: return all_tiles<KIND, 3>(p);
    default: return all_tiles<KIND, 4>(p);
  }
}
// A product of panels of `width` vectors.
void multiply(const Product& p, i64 width, int precision) {
  switch (precision) {
    case FLOAT32: return multiply<FLOAT32>(p, width);
    case BFLOAT16: return multiply<BFLOAT16>(p, width);
    default: return multiply<INT8>(p, width);
  }
}

// x's part of a stage, from its bias or, where that comes later, from zero.
HT_INLINE Product x_product(const StepPack& at, const u32* pack, const Rows& x, i64 rows, bool with_bias) {
  Product p(rows, at.vectors, {x, at.x_words, pack + at.panels, at.panel_step(), 0, pack + at.x_scales, pack + at.x_begins});
  if (with_bias) p.begin = reinterpret_cast<const float*>(pack + at.bias);
  return p;
}

void activate(int activation, float* rows, i64 ld, i64 count, i64 n) {
  if (activation == NONE) return;
  for (i64 r = 0; r < count; ++r) {
    for (i64 k = 0; k < n; k += VL) {
      const Vec a = load(rows + r * ld + k, n - k);
      store(rows + r * ld + k, activation == TANH ? tanh(a) : positive_or_nan(a), n - k);
    }
  }
}

}  // namespace
