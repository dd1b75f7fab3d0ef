// A whole model, one step or some, for one row or many: what streams.
//
// Each product reads its weights in panels as gemm.h does, but x's and h's lie side by side, [panel][x words, then h words]
// [N][VL], in words of four bytes: one float32, two bfloat16 or four int8 of the depth. An output is its bias, then x's part,
// then h's part, each in ascending depth, whoever else is in the call: the bits do not depend on rows, chunks or threads.
//
// int8: a weight is an integer times the scale of its row. What it multiplies is one too: with 1/127 as scale where no number
// is beyond -1 .. 1, else with the scale of its largest. Sums of integers are exact; states and all else stay float32.
#pragma once
#include <cmath>

#include "attend.h"
#include "best.h"
#include "cells.h"
#include "gemm.h"
#include "kernels.h"
#include "pool.h"

namespace {

using namespace hitherto;
using u32 = std::uint32_t;

constexpr i64 up16(i64 n) { return ceil_div(n, 16) * 16; }
constexpr int word_depth(int precision) { return precision == INT8 ? 4 : precision == BFLOAT16 ? 2 : 1; }

// ---- packed weights --------------------------------------------------------------------------------------------------

bool is_packed(const Stage& s) {
  return s.op == RECURRENT || s.op == LINEAR || s.op == CONV || s.op == WINDOW || (s.op == ATTEND && s.kind == ADDITIVE);
}

// Where the parts of a direction's pack begin, in words: itself at its head, so that a step need not work it out. A linear
// map is a layer with one gate and no h, as is a convolution of what it reads for one place, and what moves a window; what
// makes a query is a linear map of the state that it asks.
struct StepPack {
  i64 gates, blocks, vectors, width, x_words, h_words, r_words, recurrent_gates;
  i64 bias, bias_n, x_scales, h_scales, n_scales, r_scales, x_begins, h_begins, n_begins, r_begins;
  i64 norm_ih, norm_hh, norm_c, shift_c, v, x_width, panels, candidate, projection, size;
  StepPack(const Stage& s, int precision) {
    const i64 depth = word_depth(precision);
    const bool layer = s.op == RECURRENT, apart = layer && s.cell == GRU_BEFORE, int8 = precision == INT8;
    gates = layer ? gates_of(s.cell) : 1;
    blocks = ceil_div(s.H, VL), vectors = blocks * gates, width = gates == 1 ? 4 : gates;
    x_width = s.op == ATTEND ? s.P : s.op == CONV ? s.patch() : s.I;
    x_words = ceil_div(x_width, depth), h_words = layer ? ceil_div(s.P, depth) : 0, r_words = ceil_div(s.H, depth);
    recurrent_gates = apart ? 2 : gates;
    const i64 projected = layer && s.P != s.H ? ceil_div(s.P, VL) : 0;
    size = up16(sizeof(StepPack) / 4);
    const auto take = [&](i64 vectors_) {
      const i64 at = size;
      size += up16(vectors_ * VL);
      return at;
    };
    bias = take(vectors), bias_n = take(layer ? blocks : 0);
    x_scales = take(int8 * vectors), h_scales = take(int8 * vectors);
    n_scales = take(int8 * blocks), r_scales = take(int8 * projected);
    x_begins = take(int8 * vectors), h_begins = take(int8 * vectors);
    n_begins = take(int8 * blocks), r_begins = take(int8 * projected);
    norm_ih = take(s.layer_norm * vectors), norm_hh = take(s.layer_norm * vectors);
    norm_c = take(s.layer_norm * blocks), shift_c = take(s.layer_norm * blocks);
    v = take(s.op == ATTEND ? blocks : 0);
    panels = take(blocks * (gates * x_words + recurrent_gates * h_words));
    candidate = take(apart * blocks * h_words);
    projection = take(projected * r_words);
  }
  static const StepPack& of(const u32* pack) { return *reinterpret_cast<const StepPack*>(pack); }
  // The panel whose first vector is v.
  i64 panel(i64 v) const { return panels + (v * x_words + v / gates * recurrent_gates * h_words) * VL; }
};

u32 bits_of(float a) {
  u32 bits;
  std::memcpy(&bits, &a, 4);
  return bits;
}
u32 bfloat16_of(float a) {  // to the nearest, ties to even
  const u32 bits = bits_of(a);
  return a != a ? 0x7fc0u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}
// Rounds what lies within +-2^22; adding the magic number leaves the whole part in the low bits.
u32 rounded_bits(float a) { return bits_of(a + 12582912.0f) - 0x4B400000u; }

// The rows of a matrix [outputs, K], each with the words of its K and, for INT8, its scale and the value that its sums begin
// with: what multiplies it is unsigned, 128 too high.
struct PackedRow {
  const float* row;
  i64 K;
  int precision;
  float scale = 0, inverse = 0;
  PackedRow(const float* from, i64 k, int p) : row(from), K(k), precision(p) {
    if (p != INT8) return;
    float largest = 0;
    for (i64 i = 0; i < K; ++i) largest = std::fabs(row[i]) > largest ? std::fabs(row[i]) : largest;
    scale = largest / 127, inverse = scale > 0 ? 1 / scale : 0;
  }
  u32 word(i64 w) const {
    if (precision == FLOAT32) return bits_of(row[w]);
    const i64 depth = word_depth(precision), first = w * depth;
    u32 out = 0;
    for (i64 i = 0; i < depth && first + i < K; ++i) {
      if (precision == BFLOAT16)
        out |= bfloat16_of(row[first + i]) << 16 * i;
      else
        out |= (rounded_bits(row[first + i] * inverse) & 255u) << 8 * i;
    }
    return out;
  }
  u32 begin() const {
    i64 sum = 0;
    for (i64 i = 0; precision == INT8 && i < K; ++i) sum += std::int32_t(rounded_bits(row[i] * inverse));
    return u32(-128 * sum);
  }
};

// `gates` gates of H units each into panels of `width` vectors; `panel(v)` is where the words of the panel stand that begins
// with vector v.
template <class Panel>
void pack_words(u32* pack, const float* source, i64 K, i64 H, i64 gates, i64 width, int precision, i64 scales, i64 begins,
                const Panel& panel) {
  const i64 vectors = ceil_div(H, VL) * gates, words = ceil_div(K, word_depth(precision));
  for (i64 v = 0; v < vectors; ++v) {
    const i64 first = v / width * width, n = min_of(vectors - first, width), unit = v / gates * VL;
    u32* to = pack + panel(first) + (v - first) * VL;
    for (i64 lane = 0; lane < VL; ++lane) {
      if (unit + lane >= H) {
        for (i64 w = 0; w < words; ++w) to[w * n * VL + lane] = 0;
        if (precision == INT8) pack[scales + v * VL + lane] = pack[begins + v * VL + lane] = 0;
        continue;
      }
      const PackedRow row(source + (v % gates * H + unit + lane) * K, K, precision);
      for (i64 w = 0; w < words; ++w) to[w * n * VL + lane] = row.word(w);
      if (precision == INT8) pack[scales + v * VL + lane] = bits_of(row.scale), pack[begins + v * VL + lane] = row.begin();
    }
  }
}

// A vector of `gates` * H numbers in the order of the panels' vectors; zeros where there is none.
void pack_vector(u32* to, const float* source, i64 H, i64 gates) {
  for (i64 v = 0; v < ceil_div(H, VL) * gates; ++v) {
    for (i64 lane = 0; lane < VL; ++lane) {
      const i64 unit = v / gates * VL + lane;
      to[v * VL + lane] = source && unit < H ? bits_of(source[v % gates * H + unit]) : 0;
    }
  }
}

i64 step_pack_size(const Stage& s, int precision) { return is_packed(s) ? StepPack(s, precision).size : 0; }

void step_pack(const Stage& s, int precision, i64 direction, u32* to) {
  const Parameters& p = s.given[direction];
  const StepPack at(s, precision);
  const i64 H = s.H, G = at.gates;
  const bool before = s.op == RECURRENT && s.cell == GRU_BEFORE, gru = s.op == RECURRENT && (s.cell == GRU || before);
  for (i64 i = 0; i < at.panels; ++i) to[i] = 0;
  std::memcpy(to, &at, sizeof at);
  const auto x_panel = [&](i64 v) { return at.panel(v); };
  pack_words(to, p.w_ih, at.x_width, H, G, at.width, precision, at.x_scales, at.x_begins, x_panel);
  // b and b' add up, but for that of a GRU's candidate where r multiplies U h + b', and where each part is normalised.
  pack_vector(to + at.bias, p.b_ih, H, G);
  if (s.op == ATTEND) pack_vector(to + at.v, p.w_hh, H, 1);
  if (s.op != RECURRENT) return;
  for (i64 v = 0; p.b_hh && v < at.vectors; ++v) {
    const i64 gate = v % G, block = v / G;
    for (i64 lane = 0; lane < VL && block * VL + lane < H; ++lane) {
      const float b = p.b_hh[gate * H + block * VL + lane];
      if (gru && gate == 2 && !before) {
        to[at.bias_n + block * VL + lane] = bits_of(b);
      } else {
        float* sum = reinterpret_cast<float*>(to + at.bias) + v * VL + lane;
        *sum += b;
      }
    }
  }
  const i64 R = at.recurrent_gates, h_width = before ? 2 : at.width;
  // Vector v of the recurrent gates stands in the panel of its block.
  const auto h_panel = [&](i64 v) {
    const i64 first = v / R * G, n = before ? 3 : min_of(at.vectors - first, at.width);
    return at.panel(first) + n * at.x_words * VL;
  };
  pack_words(to, p.w_hh, s.P, H, R, h_width, precision, at.h_scales, at.h_begins, h_panel);
  if (before) {
    pack_words(to, p.w_hh + 2 * H * s.P, s.P, H, 1, 4, precision, at.n_scales, at.n_begins,
               [&](i64 v) { return at.candidate + v * at.h_words * VL; });
  }
  if (s.P != H) {
    pack_words(to, p.w_hr, H, s.P, 1, 4, precision, at.r_scales, at.r_begins,
               [&](i64 v) { return at.projection + v * at.r_words * VL; });
  }
  if (s.layer_norm) {
    pack_vector(to + at.norm_ih, p.scale_ih, H, G), pack_vector(to + at.norm_hh, p.scale_hh, H, G);
    pack_vector(to + at.norm_c, p.scale_c, H, 1), pack_vector(to + at.shift_c, p.shift_c, H, 1);
  }
}

// ---- what is multiplied ----------------------------------------------------------------------------------------------

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
    for (i64 k = 0; k < K; ++k) {
      const float a = from[k] * inverse, low = a < -127.0f ? -127.0f : a;
      bytes[k] = std::uint8_t(rounded_bits(low > 127.0f ? 127.0f : low) + 128u);
    }
    for (i64 k = K; k % 4; ++k) bytes[k] = 128;
    return scale + nan;
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

// All panels of a product for `rows` rows: body(v, row, PANELS, R, N), v the first vector. A row alone takes two panels at a
// time, for a sum cannot be faster than its chain, and more chains fit side by side.
template <int WIDTH, bool RAGGED, class Body>
HT_INLINE void in_panels(i64 vectors, i64 rows, const Body& body) {
  i64 v = 0;
  if (VL > 4 && rows == 1) {
    for (; v + 2 * WIDTH <= vectors; v += 2 * WIDTH) body(v, 0, Constant<2>(), Constant<1>(), Constant<WIDTH>());
  }
  for (; v + WIDTH <= vectors; v += WIDTH) {
    in_tiles<WIDTH>(rows, [&](i64 row, auto R) HT_LAMBDA { body(v, row, Constant<1>(), R, Constant<WIDTH>()); });
  }
  if constexpr (RAGGED) {
    const auto rest = [&](auto N) HT_LAMBDA {
      in_tiles<N.value>(rows, [&](i64 row, auto R) HT_LAMBDA { body(v, row, Constant<1>(), R, N); });
    };
    switch (vectors - v) {
      case 1: rest(Constant<1>()); break;
      case 2: rest(Constant<2>()); break;
      case 3: rest(Constant<3>()); break;
    }
  }
}

// ---- a layer ---------------------------------------------------------------------------------------------------------

// One direction of a layer over one step of the group, or a part of it over all.
struct Layer {
  const Stage* s;
  const StepPack* at;
  const u32* pack;
  i64 d, T, t, rows;         // the step, and the rows that take it
  i64 stride;                // rows of the group: token (t, r) is t * stride + r
  const i64* lengths;        // of these rows, in these steps
  float* const* states;      // of these rows
  const float* input;        // [tokens, ld_input]
  float* y;                  // [tokens, ld_y]
  i64 ld_input, ld_y;
  Rows x, h;                 // tokens and rows in words
  float* projected;          // [tokens, vectors * VL] bias and x's part; null: done with the step
  u32* h_words;              // [stride, ..] where h is put in words, and its scales
  float* h_scales;
  float* spare;              // [stride, 3 * vectors * VL]

  const float* floats(i64 offset) const { return reinterpret_cast<const float*>(pack + offset); }
  i64 token(i64 r) const { return (d ? lengths[r] - 1 - t : t) * stride + r; }
  float* h_of(i64 r) const { return states[r] + s->h + d * s->P; }
  float* c_of(i64 r) const { return states[r] + s->c + d * s->H; }
  i64 wide() const { return at->vectors * VL; }
  // What the layer gives at `unit` of row r.
  HT_INLINE void put(i64 r, i64 unit, i64 n, Vec value) const {
    store(h_of(r) + unit, value, n);
    const i64 k = token(r), column = d * s->P + unit;
    store(y + k * ld_y + column, s->residual ? add(value, load(input + k * ld_input + column, n)) : value, n);
  }
  // What the cell gives: with a projection that is not yet the layer's.
  HT_INLINE void put_cell(i64 r, i64 unit, Vec value) const {
    if (s->P != s->H)
      store(spare + r * 3 * wide() + unit, value);
    else
      put(r, unit, s->H - unit, value);
  }
};

template <int KIND>
void read_h(const Layer& l) {
  const bool bounded = !(l.s->cell == RNN_RELU || l.s->P != l.s->H);
  for (i64 r = 0; r < l.rows; ++r) l.h_scales[r] = to_words<KIND>(l.h_of(r), l.s->P, bounded, l.h_words + r * l.h.ld);
}

// A product whose values are not used at once: begin(vector) is what it adds to, put(row, vector, value) takes it.
// panel(v, n) is where the words of the panel stand that begins with vector v and is n wide.
template <int KIND, int WIDTH, class Panel, class Begin, class Put>
void multiply(const u32* pack, const Rows& a, i64 rows, i64 vectors, i64 words, i64 scales, i64 begins, const Panel& panel,
              const Begin& begin, const Put& put) {
  in_panels<WIDTH, WIDTH == 4>(vectors, rows, [&](i64 v, i64 row, auto PANELS, auto R, auto N) HT_LAMBDA {
    constexpr int M = PANELS.value, Q = R.value, W = N.value;
    Vec acc[M][Q][W];
    HT_UNROLL
    for (int p = 0; p < M; ++p) {
      for (int r = 0; r < Q; ++r) {
        for (int n = 0; n < W; ++n) acc[p][r][n] = begin(v + p * W + n);
      }
    }
    const i64 at = panel(v, W);
    accumulate<KIND>(acc, a, row, pack + at, panel(v + W, W) - at, words, pack + scales + v * VL, pack + begins + v * VL);
    HT_UNROLL
    for (int p = 0; p < M; ++p) {
      for (int r = 0; r < Q; ++r) {
        for (int n = 0; n < W; ++n) put(row + r, v + p * W + n, acc[p][r][n]);
      }
    }
  });
}

// x's part of `rows` tokens, bias included if it is wanted: each weight is read once for many of them.
template <int KIND, int WIDTH, class Put>
void project(const Layer& l, i64 rows, bool with_bias, const Put& put) {
  const StepPack& at = *l.at;
  multiply<KIND, WIDTH>(
      l.pack, l.x, rows, at.vectors, at.x_words, at.x_scales, at.x_begins, [&](i64 v, i64) HT_LAMBDA { return at.panel(v); },
      [&](i64 v) HT_LAMBDA { return with_bias ? load(l.floats(at.bias) + v * VL) : zero(); }, put);
}

// One step of a cell with all its gates at once: everything but GRU_BEFORE.
template <int CELL, int KIND>
void cell_step(const Layer& l) {
  constexpr int G = gates_of(CELL), WIDTH = G == 1 ? 4 : G;
  const StepPack& at = *l.at;
  in_panels<WIDTH, G == 1>(at.vectors, l.rows, [&](i64 v, i64 row, auto PANELS, auto R, auto N) HT_LAMBDA {
    constexpr int M = PANELS.value, Q = R.value, W = N.value;
    Vec acc[M][Q][W], x_part[M][Q];
    const i64 apart = at.panel(v + W) - at.panel(v);
    HT_UNROLL
    for (int p = 0; p < M; ++p) {
      HT_UNROLL
      for (int r = 0; r < Q; ++r) {
        const float* from = l.projected ? l.projected + l.token(row + r) * l.wide() : l.floats(at.bias);
        HT_UNROLL
        for (int n = 0; n < W; ++n) acc[p][r][n] = load(from + (v + p * W + n) * VL);
      }
    }
    if (!l.projected) {
      accumulate<KIND>(acc, l.x, row, l.pack + at.panel(v), apart, at.x_words, l.pack + at.x_scales + v * VL,
                       l.pack + at.x_begins + v * VL);
    }
    if constexpr (CELL == GRU) {  // r multiplies U_n h + b'_n alone
      HT_UNROLL
      for (int p = 0; p < M; ++p) {
        HT_UNROLL
        for (int r = 0; r < Q; ++r) {
          x_part[p][r] = acc[p][r][2];
          acc[p][r][2] = load(l.floats(at.bias_n) + (v / G + p) * VL);
        }
      }
    }
    accumulate<KIND>(acc, l.h, row, l.pack + at.panel(v) + W * at.x_words * VL, apart, at.h_words, l.pack + at.h_scales + v * VL,
                     l.pack + at.h_begins + v * VL);
    HT_UNROLL
    for (int p = 0; p < M; ++p) {
      HT_UNROLL
      for (int r = 0; r < Q; ++r) {
        if constexpr (CELL == LSTM) {
          const i64 unit = (v / G + p) * VL;
          float* c = l.c_of(row + r) + unit;
          Vec cell = load(c, l.s->H - unit);
          const Vec h = lstm_forward(acc[p][r], cell);
          store(c, cell, l.s->H - unit);
          l.put_cell(row + r, unit, h);
        } else if constexpr (CELL == GRU) {
          const i64 unit = (v / G + p) * VL;
          const Vec reset = sigmoid(acc[p][r][0]), update = sigmoid(acc[p][r][1]);
          const Vec candidate = tanh(fma(reset, acc[p][r][2], x_part[p][r]));
          l.put_cell(row + r, unit, gru_mix(update, candidate, load(l.h_of(row + r) + unit, l.s->H - unit)));
        } else {
          HT_UNROLL
          for (int n = 0; n < W; ++n) {
            const Vec a = acc[p][r][n];
            l.put_cell(row + r, (v + p * W + n) * VL, l.s->cell == RNN_RELU ? positive_or_nan(a) : tanh(a));
          }
        }
      }
    }
  });
}

// A product with a matrix of its own, one gate, over rows in words.
template <int KIND, class Put>
void matrix(const Layer& l, const Rows& a, i64 vectors, i64 words, i64 panels, i64 scales, i64 begins, const Put& put) {
  multiply<KIND, 4>(
      l.pack, a, l.rows, vectors, words, scales, begins, [&](i64 v, i64) HT_LAMBDA { return panels + v * words * VL; },
      [](i64) HT_LAMBDA { return zero(); }, put);
}

// h's part of R of the G gates, from zero, into gates[row][vector].
template <int KIND, int G, int R>
void recurrent_part(const Layer& l, float* gates, i64 ld) {
  const StepPack& at = *l.at;
  multiply<KIND, G == 1 ? 4 : R>(
      l.pack, l.h, l.rows, at.blocks * R, at.h_words, at.h_scales, at.h_begins,
      [&](i64 v, i64 n) HT_LAMBDA { return at.panel(v / R * G) + (G == 1 ? n : G) * at.x_words * VL; },
      [](i64) HT_LAMBDA { return zero(); },
      [&](i64 r, i64 v, Vec value) HT_LAMBDA { store(gates + r * ld + (v / R * G + v % R) * VL, value); });
}

// Mean 0 and variance 1 over the H units of one gate, times its scale.
void normalise(float* v, i64 H, i64 gates, i64 gate, const float* scale) {
  const i64 blocks = ceil_div(H, VL);
  const auto sum_of = [&](auto value) {
    Vec sum = zero();
    for (i64 b = 0; b < blocks; ++b) sum = add(sum, value(load(v + (b * gates + gate) * VL, min_of(VL, H - b * VL)), b));
    return total(sum);
  };
  const float mean = sum_of([](Vec a, i64) { return a; }) / float(H);
  const float square = sum_of([&](Vec a, i64 b) {
    float kept[VL];
    const Vec off = sub(a, set(mean));
    store(kept, off);
    const Vec inside = load(kept, min_of(VL, H - b * VL));
    return mul(inside, inside);
  });
  const Vec inverse = set(1.0f / std::sqrt(square / float(H) + 1e-5f));
  for (i64 b = 0; b < blocks; ++b) {
    const i64 at = (b * gates + gate) * VL;
    store(v + at, mul(mul(sub(load(v + at), set(mean)), inverse), load(scale + at)));
  }
}

// One step where something stands between a product and the cell: layer normalisation, or GRU_BEFORE's second product.
template <int KIND>
void apart_step(const Layer& l) {
  const Stage& s = *l.s;
  const StepPack& at = *l.at;
  const i64 G = at.gates, wide = l.wide(), ld = 3 * wide;
  float* gates = l.spare + wide;
  switch (s.cell) {
    case LSTM: recurrent_part<KIND, 4, 4>(l, gates, ld); break;
    case GRU: recurrent_part<KIND, 3, 3>(l, gates, ld); break;
    case GRU_BEFORE: recurrent_part<KIND, 3, 2>(l, gates, ld); break;
    default: recurrent_part<KIND, 1, 1>(l, gates, ld);
  }
  const float* bias = l.floats(at.bias);
  for (i64 r = 0; r < l.rows; ++r) {
    float* own = gates + r * ld;
    float* x = l.projected + l.token(r) * wide;  // without bias where it is normalised
    if (s.layer_norm) {
      for (i64 g = 0; g < G; ++g) normalise(x, s.H, G, g, l.floats(at.norm_ih));
      for (i64 g = 0; g < at.recurrent_gates; ++g) normalise(own, s.H, G, g, l.floats(at.norm_hh));
      for (i64 v = 0; v < at.vectors; ++v) store(x + v * VL, add(load(x + v * VL), load(bias + v * VL)));
    }
    for (i64 b = 0; b < at.blocks; ++b) {
      const i64 unit = b * VL, n = s.H - unit;
      const auto both = [&](i64 g) { return add(load(x + (b * G + g) * VL), load(own + (b * G + g) * VL)); };
      if (s.cell == LSTM) {
        Vec ifgo[4] = {both(0), both(1), both(2), both(3)}, c = load(l.c_of(r) + unit, n);
        lstm_forward(ifgo, c);
        store(l.c_of(r) + unit, c, n);
        store(own + b * G * VL + 3 * VL, ifgo[3]);  // o, once c is normalised
      } else if (s.cell == GRU) {
        const Vec reset = sigmoid(both(0)), update = sigmoid(both(1));
        const Vec inner = add(load(own + (b * G + 2) * VL), load(l.floats(at.bias_n) + unit));
        const Vec candidate = tanh(fma(reset, inner, load(x + (b * G + 2) * VL)));
        l.put_cell(r, unit, gru_mix(update, candidate, load(l.h_of(r) + unit, n)));
      } else if (s.cell == GRU_BEFORE) {
        store(l.spare + r * ld + unit, mul(sigmoid(both(0)), load(l.h_of(r) + unit, n)));  // r h
        store(own + b * G * VL, sigmoid(both(1)));                                          // z
      } else {
        l.put_cell(r, unit, s.cell == RNN_RELU ? rnn_activation<true>(both(0)) : rnn_activation<false>(both(0)));
      }
    }
    if (s.cell == LSTM) {
      float* c = l.spare + r * ld;
      for (i64 b = 0; b < at.blocks; ++b) store(c + b * VL, load(l.c_of(r) + b * VL, s.H - b * VL));
      normalise(c, s.H, 1, 0, l.floats(at.norm_c));
      for (i64 b = 0; b < at.blocks; ++b) {
        const Vec inner = add(load(c + b * VL), load(l.floats(at.shift_c) + b * VL));
        l.put_cell(r, b * VL, mul(load(own + b * G * VL + 3 * VL), tanh(inner)));
      }
    }
  }
  if (s.cell != GRU_BEFORE) return;
  for (i64 r = 0; r < l.rows; ++r) l.h_scales[r] = to_words<KIND>(l.spare + r * ld, s.P, true, l.h_words + r * l.h.ld);
  matrix<KIND>(l, l.h, at.blocks, at.h_words, at.candidate, at.n_scales, at.n_begins,
               [&](i64 r, i64 v, Vec value) { store(gates + r * ld + (v * G + 2) * VL, value); });
  for (i64 r = 0; r < l.rows; ++r) {
    float *own = gates + r * ld, *x = l.projected + l.token(r) * wide;
    if (s.layer_norm) normalise(own, s.H, G, 2, l.floats(at.norm_hh));
    for (i64 b = 0; b < at.blocks; ++b) {
      const Vec candidate = tanh(add(load(x + (b * G + 2) * VL), load(own + (b * G + 2) * VL)));
      l.put_cell(r, b * VL, gru_mix(load(own + b * G * VL), candidate, load(l.h_of(r) + b * VL, s.H - b * VL)));
    }
  }
}

// All steps of one direction.
template <int KIND>
void layer_run(Layer& l, i64 tokens) {
  const Stage& s = *l.s;
  const bool apart = s.layer_norm || s.cell == GRU_BEFORE;
  if (tokens > l.stride || apart) {
    const auto put = [&](i64 k, i64 v, Vec value) HT_LAMBDA { store(l.projected + k * l.wide() + v * VL, value); };
    if (l.at->width == 4)
      project<KIND, 4>(l, tokens, !s.layer_norm, put);
    else
      project<KIND, 3>(l, tokens, !s.layer_norm, put);
  } else {
    l.projected = nullptr;
  }
  i64 active = l.stride;
  for (l.t = 0; l.t < l.T; ++l.t) {
    while (active > 0 && l.lengths[active - 1] <= l.t) --active;
    l.rows = active;
    read_h<KIND>(l);
    if (apart) {
      apart_step<KIND>(l);
    } else {
      switch (s.cell) {
        case RNN_TANH:
        case RNN_RELU: cell_step<RNN_TANH, KIND>(l); break;
        case LSTM: cell_step<LSTM, KIND>(l); break;
        case GRU: cell_step<GRU, KIND>(l); break;
      }
    }
    if (s.P == s.H) continue;
    const i64 ld = 3 * l.wide();
    Rows whole = {l.h_words, l.at->r_words, l.h_scales};
    for (i64 r = 0; r < l.rows; ++r) l.h_scales[r] = to_words<KIND>(l.spare + r * ld, s.H, true, l.h_words + r * whole.ld);
    matrix<KIND>(l, whole, ceil_div(s.P, VL), l.at->r_words, l.at->projection, l.at->r_scales, l.at->r_begins,
                 [&](i64 r, i64 v, Vec value) { l.put(r, v * VL, s.P - v * VL, value); });
  }
  for (i64 r = 0; r < l.stride; ++r) {  // what is no step is nothing
    for (i64 t = l.lengths[r]; t < l.T; ++t) std::memset(l.y + (t * l.stride + r) * l.ld_y + l.d * s.P, 0, size_t(s.P) * 4);
  }
}

// ---- a group of rows through the whole program -----------------------------------------------------------------------

// Whether the last product can be written where it is wanted: a vocabulary is not to be copied.
bool in_place(const Steps& u) {
  const Stage& last = u.program->stage[u.end - 1];
  return u.y && !u.order && last.op == LINEAR && (u.T == 1 || u.B == 1 || u.pooled());
}

// The memory that a group of rows needs for so many steps, in floats.
struct Room {
  i64 width = 0, vectors = 0, words = 0, h_words = 0, buffer, projected, x_words, h, spare, weights = 0, patches = 0, size;
  Room(const Steps& u, i64 rows, i64 steps) {
    const Program& p = *u.program;
    for (i64 i = u.begin; i < u.end; ++i) {
      const Stage& s = p.stage[i];
      width = max_of(width, i == u.end - 1 && in_place(u) ? s.I : max_of(s.I, s.O));
      if (s.op == ATTEND || s.op == WINDOW) weights = ASKERS * up16(u.S);
      if (!is_packed(s)) continue;
      const StepPack& at = StepPack::of(s.packs[0]);
      if (s.op == ATTEND)
        h_words = max_of(h_words, at.x_words);
      else if (s.op == CONV)
        patches = max_of(patches, s.places_down() * s.places_across() * (up16(s.patch()) + (p.precision == FLOAT32 ? 0 : at.x_words + 1)));
      else
        words = max_of(words, at.x_words);
      if (s.op == RECURRENT) h_words = max_of(h_words, max_of(at.h_words, at.r_words));
      if (s.op != LINEAR && s.op != CONV) vectors = max_of(vectors, at.vectors);
    }
    width = up16(width);
    const i64 tokens = rows * steps;
    buffer = tokens * width;
    projected = tokens * vectors * VL;
    x_words = p.precision == FLOAT32 ? 0 : up16(tokens * words + tokens);
    h = up16(rows * h_words + rows);
    spare = rows * 3 * vectors * VL;
    patches = up16(patches);
    size = 2 * buffer + projected + x_words + h + spare + weights + patches + 64;
    const double all = double(tokens) * double(2 * width + vectors * VL + words + 1);
    if (all > 1e15) size = i64(1) << 60;  // more than there is, even where the sums above have overflowed
  }
};

constexpr i64 GROUP = 48;    // rows at a time: a multiple of every tile's height
constexpr i64 TOKENS = 768;  // of a group at a time, where it can stop between
constexpr float NARROWEST = 10;  // of a window: a bell is exp(-NARROWEST * s * distance^2), 0 < s < 1

struct Group {
  const Steps& u;
  const Program& p;
  i64 first, rows, steps;  // in the order of falling length; steps at a time
  float* memory;
  Room room;
  i64 lengths[GROUP];
  float* states[GROUP];

  Group(const Steps& given, i64 steps_, const Room& needed, float* own)
      : u(given), p(*given.program), first(0), rows(0), steps(steps_), memory(own), room(needed) {}

  i64 row(i64 j) const { return u.order ? u.order[first + j] : first + j; }
  float* states_of(i64 j) const { return u.state ? u.state + u.slot(row(j)) * u.stride : nullptr; }

  template <int KIND>
  void run(i64 first_, i64 rows_) {
    first = first_, rows = rows_;
    i64 longest = 0;
    for (i64 j = 0; j < rows; ++j) {
      states[j] = states_of(j);
      longest = max_of(longest, u.length(row(j)));
    }
    const bool pooled = u.pooled();
    for (i64 done = 0; done < longest; done += steps) {
      const i64 now = min_of(steps, longest - done);
      for (i64 j = 0; j < rows; ++j) lengths[j] = max_of(0, min_of(now, u.length(row(j)) - done));
      const float* at = part<KIND>(u.begin, pooled ? p.pool + 1 : u.end, nullptr, done, now);
      if (!pooled && u.y) give(at, done, now);
    }
    for (i64 t = longest; t < u.T && u.attention; ++t) {
      for (i64 j = 0; j < rows; ++j) std::memset(attention_of(t, j), 0, size_t(u.S) * 4);
    }
    if (!u.y) return;
    for (i64 t = longest; t < u.T && !pooled; ++t) {
      for (i64 j = 0; j < rows; ++j) std::memset(y_of(t, j), 0, size_t(u.out()) * 4);
    }
    if (!pooled) return;
    // The answer so far, from the pool's state: a row is a token now.
    for (i64 j = 0; j < rows; ++j) lengths[j] = 1, pool_value(p.stage[p.pool], states[j], memory + j * room.width);
    give(part<KIND>(p.pool + 1, u.end, memory, 0, 1), 0, 1);
  }

  float* y_of(i64 t, i64 j) const { return u.y + (t * u.B + row(j)) * u.out(); }
  float* attention_of(i64 t, i64 j) const { return u.attention + (t * u.B + row(j)) * u.S; }

  void give(const float* from, i64 done, i64 now) {
    if (!from) return;  // written in place
    for (i64 t = 0; t < now; ++t) {
      for (i64 j = 0; j < rows; ++j) {
        if (t < lengths[j])
          std::memcpy(y_of(done + t, j), from + (t * rows + j) * room.width, size_t(u.out()) * 4);
        else
          std::memset(y_of(done + t, j), 0, size_t(u.out()) * 4);
      }
    }
  }

  // Stages from .. to over `now` steps that begin with `done`; gives where the last of them wrote.
  template <int KIND>
  const float* part(i64 from, i64 to, const float* input, i64 done, i64 now) {
    const i64 tokens = now * rows;
    float* buffers[2] = {memory, memory + room.buffer};
    float* projected = memory + 2 * room.buffer;
    u32* x_words = reinterpret_cast<u32*>(projected + room.projected);
    u32* h_words = x_words + room.x_words;
    float* spare = reinterpret_cast<float*>(h_words + room.h);
    float *weights = spare + room.spare, *patches = weights + room.weights;
    i64 ld = room.width, turn = input == memory;
    if (!input && p.stage[from].op != EMBED) {
      const i64 I = p.stage[from].I;
      if (!u.order && (u.B == rows || u.T == 1)) {  // side by side as they are
        input = u.x + (done * u.B + first) * I, ld = I;
      } else {
        for (i64 t = 0; t < now; ++t) {
          for (i64 j = 0; j < rows; ++j) {
            float* token = buffers[0] + (t * rows + j) * ld;
            if (t < lengths[j])
              std::memcpy(token, u.x + ((done + t) * u.B + row(j)) * I, size_t(I) * 4);
            else
              std::memset(token, 0, size_t(I) * 4);
          }
        }
        input = buffers[0], turn = 1;
      }
    }
    for (i64 i = from; i < to; ++i) {
      const Stage& s = p.stage[i];
      float* output = buffers[turn];
      const auto copy_input = [&](i64 t, i64 j, float* token) { copy(token, input + (t * rows + j) * ld, s.I); };
      if (s.op == EMBED) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) {
          copy(token, s.given[0].w_ih + u.ids[(done + t) * u.B + row(j)] * s.O, s.O);
        });
      } else if (s.op == RECALL) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) {
          copy_input(t, j, token), copy(token + s.I, states[j] + s.h, s.O - s.I);
        });
      } else if (s.op == KEEP) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { copy_input(t, j, token), copy(states[j] + s.h, token + s.O - s.P, s.P); });
      } else if (s.op == ATTEND) {
        each(now, output, s.O, copy_input);
        if (s.kind == ADDITIVE) {
          make_queries<KIND>(s, h_words, projected);
          answer(s, projected, StepPack::of(s.packs[0]).vectors * VL, output, weights, done, now);
        } else {
          answer(s, input, ld, output, weights, done, now);
        }
      } else if (s.op == POOL) {
        for (i64 j = 0; j < rows; ++j) {
          for (i64 t = 0; t < lengths[j]; ++t) pool_step(s, states[j], input + (t * rows + j) * ld);
          if (s.D == 2 && s.kind == LAST && lengths[j])  // the direction from the end has read all at the first step
            std::memcpy(states[j] + s.h + s.I / 2, input + j * ld + s.I / 2, size_t(s.I / 2) * 4);
        }
      } else if (s.op == CONV) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { convolve<KIND>(s, input + (t * rows + j) * ld, token, patches); });
      } else if (s.op == PEAKS) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { find_peaks(s, input + (t * rows + j) * ld, token); });
      } else {
        const StepPack& at = StepPack::of(s.packs[0]);
        Layer l = {};
        l.s = &s, l.at = &at, l.stride = rows, l.T = now, l.lengths = lengths, l.states = states;
        l.input = input, l.ld_input = ld, l.y = output, l.ld_y = room.width;
        l.x = {reinterpret_cast<const u32*>(input), ld, nullptr};
        if (KIND != FLOAT32) {
          float* scales = reinterpret_cast<float*>(x_words + tokens * at.x_words);
          for (i64 k = 0; k < tokens; ++k) scales[k] = to_words<KIND>(input + k * ld, s.I, s.bounded, x_words + k * at.x_words);
          l.x = {x_words, at.x_words, scales};
        }
        l.h_words = h_words, l.h_scales = reinterpret_cast<float*>(h_words + rows * room.h_words), l.spare = spare;
        l.h = {h_words, at.h_words, l.h_scales};
        if (s.op == LINEAR) {
          l.pack = s.packs[0];
          const bool last = i == u.end - 1 && in_place(u);
          if (last) l.y = u.y + (done * u.B + first) * s.O, l.ld_y = s.O;
          project<KIND, 4>(l, tokens, true, [&](i64 k, i64 v, Vec value) HT_LAMBDA {
            store(l.y + k * l.ld_y + v * VL, activate(s, value), s.O - v * VL);
          });
          if (last) return nullptr;
        } else if (s.op == WINDOW) {
          l.pack = s.packs[0];
          const i64 wide = at.vectors * VL;
          project<KIND, 4>(l, tokens, true, [&](i64 k, i64 v, Vec value) HT_LAMBDA { store(projected + k * wide + v * VL, sigmoid(value)); });
          for (i64 t = 0; t < now && u.attention; ++t) {
            for (i64 j = 0; j < rows; ++j) std::memset(attention_of(done + t, j), 0, size_t(u.S) * 4);
          }
          each(now, output, s.O, [&](i64 t, i64 j, float* token) {
            copy_input(t, j, token), look(s, projected + (t * rows + j) * wide, states[j] + s.h, j, done + t, token + s.I, weights);
          });
        }
        for (l.d = 0; s.op == RECURRENT && l.d < s.D; ++l.d) {
          l.pack = s.packs[l.d], l.projected = projected;
          layer_run<KIND>(l, tokens);
        }
      }
      if (s.op != POOL) input = output, ld = room.width, turn = !turn;
    }
    return input;
  }

  static void copy(float* to, const float* from, i64 n) { std::memcpy(to, from, size_t(n) * 4); }

  // body(step, row, token) for each step that a row takes; what is no step is nothing.
  template <class Body>
  void each(i64 now, float* output, i64 O, const Body& body) const {
    for (i64 t = 0; t < now; ++t) {
      for (i64 j = 0; j < rows; ++j) {
        float* token = output + (t * rows + j) * room.width;
        if (t < lengths[j])
          body(t, j, token);
        else
          std::memset(token, 0, size_t(O) * 4);
      }
    }
  }

  HT_INLINE static Vec activate(const Stage& s, Vec value) {
    return s.activation == TANH ? tanh(value) : s.activation == RELU ? positive_or_nan(value) : value;
  }

  // One picture: what each place reads stands in a row of its own, so that all places are one product.
  template <int KIND>
  static void convolve(const Stage& s, const float* picture, float* output, float* patches) {
    const StepPack& at = StepPack::of(s.packs[0]);
    const i64 down = s.places_down(), across = s.places_across(), places = down * across, ld = up16(s.patch());
    const i64 edge = s.kernel / 2, C = s.channels;
    for (i64 place = 0; place < places; ++place) {
      const i64 top = place / across * s.stride - edge, left = place % across * s.stride - edge;
      const i64 from = max_of(0, -left), to = min_of(s.kernel, s.width - left);  // columns that lie within the picture
      for (i64 y = 0; y < s.kernel; ++y) {
        float* row = patches + place * ld + y * s.kernel * C;
        const bool inside = top + y >= 0 && top + y < s.height && from < to;
        if (!inside || to - from < s.kernel) std::memset(row, 0, size_t(s.kernel * C) * 4);
        if (inside) copy(row + from * C, picture + ((top + y) * s.width + left + from) * C, (to - from) * C);
      }
    }
    Layer l = {};
    l.s = &s, l.at = &at, l.pack = s.packs[0], l.x = {reinterpret_cast<const u32*>(patches), ld, nullptr};
    if (KIND != FLOAT32) {
      u32* words = reinterpret_cast<u32*>(patches + places * ld);
      float* scales = reinterpret_cast<float*>(words + places * at.x_words);
      for (i64 i = 0; i < places; ++i) scales[i] = to_words<KIND>(patches + i * ld, s.patch(), s.bounded, words + i * at.x_words);
      l.x = {words, at.x_words, scales};
    }
    project<KIND, 4>(l, places, true, [&](i64 i, i64 v, Vec value) HT_LAMBDA {
      store(output + i * s.H + v * VL, activate(s, value), s.H - v * VL);
    });
  }

  // Of each channel of one picture how high it is where it is highest, and where that is, as far as one can say.
  static void find_peaks(const Stage& s, const float* picture, float* found) {
    const i64 C = s.channels, places = s.height * s.width;
    for (i64 c = 0; c < C; c += VL) {
      Vec top = set(-INFINITY), sum = zero(), across = zero(), down = zero();
      for (i64 place = 0; place < places; ++place) top = max_or_nan(load(picture + place * C + c, C - c), top);
      for (i64 place = 0; place < places; ++place) {
        const float x = float(2 * (place % s.width) + 1) / float(s.width) - 1, y = float(2 * (place / s.width) + 1) / float(s.height) - 1;
        const Vec e = exp(sub(load(picture + place * C + c, C - c), top));
        sum = add(sum, e), across = fma(e, set(x), across), down = fma(e, set(y), down);
      }
      store(found + c, top, C - c);
      store(found + C + c, div(across, sum), C - c);
      store(found + 2 * C + c, div(down, sum), C - c);
    }
  }

  // The bells of one token move on, and what it sees through them becomes its context. Numbers from 0 to 1 say for each bell how
  // high it is, how narrow, and how far it moves: by one place at most.
  void look(const Stage& s, const float* bells, float* stand, i64 j, i64 t, float* context, float* weights) const {
    const i64 P = s.P, M = s.O - s.I, r = u.memory(row(j)), n = u.memory_lengths[r];
    for (i64 k = 0; k < P; ++k) stand[k] += bells[2 * P + k];
    for (i64 place = 0; place < n; place += VL) {
      float numbers[VL];
      for (int lane = 0; lane < VL; ++lane) numbers[lane] = float(place + lane);
      Vec sum = zero();
      for (i64 k = 0; k < P; ++k) {
        const Vec off = sub(set(stand[k]), load(numbers));
        sum = fma(set(bells[k]), exp(mul(mul(off, off), set(-NARROWEST * bells[P + k]))), sum);
      }
      store(weights + place, sum, n - place);
    }
    const Memory m = {nullptr, u.values + r * u.S * M, n, 0, M};
    gather(m, 1, weights, 0, &context);
    if (u.attention) copy(attention_of(t, j), weights, n);
  }

  // What additive attention asks in this one step, from the rows' states.
  template <int KIND>
  void make_queries(const Stage& s, u32* words, float* queries) const {
    const StepPack& at = StepPack::of(s.packs[0]);
    float* scales = reinterpret_cast<float*>(words + rows * room.h_words);
    i64 active = rows;
    while (active > 0 && lengths[active - 1] == 0) --active;
    for (i64 j = 0; j < active; ++j) scales[j] = to_words<KIND>(states[j] + s.h, s.P, false, words + j * at.x_words);
    Layer l = {};
    l.at = &at, l.pack = s.packs[0], l.x = {words, at.x_words, scales};
    project<KIND, 4>(l, active, false, [&](i64 j, i64 v, Vec value) HT_LAMBDA { store(queries + j * l.wide() + v * VL, value); });
  }

  // Every token's context, after what its output has already: rows that share a memory ask it together.
  void answer(const Stage& s, const float* queries, i64 ld, float* output, float* weights, i64 done, i64 now) const {
    const float* asked[ASKERS];
    float *found[ASKERS], *wanted[ASKERS];
    const float* v = s.kind == ADDITIVE ? reinterpret_cast<const float*>(s.packs[0] + StepPack::of(s.packs[0]).v) : nullptr;
    const i64 M = s.O - s.I, ld_weights = up16(u.S);
    i64 count = 0, current = -1;
    const auto ask = [&] {
      if (!count) return;
      const Memory m = {u.keys + current * u.S * s.H, u.values + current * u.S * M, u.memory_lengths[current], s.H, M};
      attend(m, v, count, asked, weights, ld_weights, found);
      for (i64 k = 0; k < count && u.attention; ++k) {
        copy(wanted[k], weights + k * ld_weights, m.n);
        std::memset(wanted[k] + m.n, 0, size_t(u.S - m.n) * 4);
      }
      count = 0;
    };
    for (i64 j = 0; j < rows; ++j) {
      if (u.memory(row(j)) != current) ask(), current = u.memory(row(j));
      for (i64 t = 0; t < now; ++t) {
        if (t >= lengths[j]) {
          if (u.attention) std::memset(attention_of(done + t, j), 0, size_t(u.S) * 4);
          continue;
        }
        const i64 k = t * rows + j;
        asked[count] = queries + k * ld, found[count] = output + k * room.width + s.I;
        wanted[count++] = u.attention ? attention_of(done + t, j) : nullptr;
        if (count == ASKERS) ask();
      }
    }
    ask();
  }

  static void pool_step(const Stage& s, float* state, const float* x) {
    float *value = state + s.h, &count = state[s.c];
    if (s.kind == LAST) return copy(value, x, s.I);
    for (i64 k = 0; k < s.I; k += VL) {
      const i64 n = s.I - k;
      const Vec a = load(x + k, n), b = load(value + k, n);
      const Vec kept = s.kind == MEAN ? add(b, a) : count > 0 ? max_or_nan(a, b) : a;
      store(value + k, kept, n);
    }
    count += 1;
  }
  static void pool_value(const Stage& s, const float* state, float* to) {
    copy(to, state + s.h, s.I);
    if (s.kind != MEAN) return;
    const Vec count = set(state[s.c] > 1 ? state[s.c] : 1);
    for (i64 k = 0; k < s.I; k += VL) store(to + k, div(load(to + k, s.I - k), count), s.I - k);
  }
};

struct Work {
  const Steps* u;
  i64 rows, steps;  // of a group
  bool failed;  // once it is true it stays

  static void entry(void* self, int id, int n) {
    Work& w = *static_cast<Work*>(self);
    const Steps& u = *w.u;
    const Room room(u, w.rows, w.steps);
    float* memory = workspace(size_t(room.size));
    if (!memory) {
      w.failed = true;
      return;
    }
    const NoDenormals flushed;
    Group group(u, w.steps, room, memory);
    for (i64 first = id * w.rows; first < u.B; first += n * w.rows) {
      // States of many rows lie all over the memory: ask for the next ones while these are computed.
      for (i64 j = first + n * w.rows; u.slots && j < min_of(u.B, first + (n + 1) * w.rows); ++j) {
        const char* at = reinterpret_cast<const char*>(u.state + u.slot(u.order ? u.order[j] : j) * u.stride);
        for (i64 byte = 0; byte < u.program->state * 4; byte += 64) {
#if defined(__GNUC__)
          __builtin_prefetch(at + byte, 1);
#endif
        }
      }
      const i64 rows = min_of(w.rows, u.B - first);
      switch (u.program->precision) {
        case FLOAT32: group.run<FLOAT32>(first, rows); break;
        case BFLOAT16: group.run<BFLOAT16>(first, rows); break;
        case INT8: group.run<INT8>(first, rows); break;
      }
    }
  }
};

bool step_run(const Steps& u, int threads) {
  const Program& p = *u.program;
  Work work = {&u, min_of(GROUP, u.B), 1, false};
  if (u.B == 1 && u.T == 1) {  // a stream's step: nothing to plan
    Work::entry(&work, 0, 1);
    return !work.failed;
  }
  double per_token = 0;
  if (u.B == 0 || (u.T == 0 && !u.pooled())) return true;
  bool step_by_step = false;  // what a later stage did one step before is what an earlier one asks
  for (i64 i = u.begin; i < u.end; ++i) {
    const Stage& s = p.stage[i];
    per_token += s.op == ATTEND ? double(u.S) * double(s.H * (s.kind == ADDITIVE ? 32 : 2) + s.O * 2)
                 : s.op == CONV ? double(s.O) * double(s.patch()) * 2
                                : double(s.H) * double(s.I + s.P) * 8;
    step_by_step = step_by_step || s.op == KEEP || (s.op == ATTEND && s.kind == ADDITIVE);
  }
  if (per_token * double(u.B) * double(u.T) < 2e6) threads = 1;  // as in kernels.inc
  work.rows = min_of(work.rows, max_of(1, ceil_div(u.B, threads)));
  work.steps = step_by_step ? 1 : p.whole ? max_of(1, u.T) : max_of(1, min_of(u.T, TOKENS / max_of(1, work.rows)));
  while (p.whole && work.rows > 1 && Room(u, work.rows, work.steps).size > (i64(16) << 20)) work.rows = ceil_div(work.rows, 2);
  parallel(int(min_of(threads, ceil_div(u.B, max_of(1, work.rows)))), Work::entry, &work);
  return !work.failed;
}

void exponentials(const float* x, float* y, i64 n) {
  const NoDenormals flushed;
  for (i64 i = 0; i < n; i += VL) store(y + i, exp(load(x + i, n - i)), n - i);
}

}  // namespace

namespace hitherto {
extern const Stepper HT_STEPPER;
const Stepper HT_STEPPER = {HT_NAME, step_pack_size, step_pack, step_run, best_run, exponentials};
}  // namespace hitherto
