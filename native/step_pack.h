// Packed weights of a step: where each part of a stage's pack lies, and how torch's weights get there.
//
// Each product reads its weights in panels as gemm.h does, but the panels of x and of h lie side by side,
// [panel][x words, then h words][N][VL], in words of four bytes: one float32, two bfloat16 or four int8 along the depth.
//
// int8: a weight is an integer times the scale of its row. What it multiplies is an integer too: with scale 1/127 where no number
// is beyond -1 .. 1, else with the scale of the row's largest. Sums of integers are exact; states and all else stay float32.
#pragma once
#include <cmath>

#include "gemm.h"
#include "kernels.h"

namespace {

using namespace hitherto;
using u32 = std::uint32_t;

constexpr i64 up16(i64 n) { return ceil_div(n, 16) * 16; }
constexpr int word_depth(int precision) { return precision == INT8 ? 4 : precision == BFLOAT16 ? 2 : 1; }

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
  // The panel whose first vector is v, and how far it is from one to the next.
  i64 panel(i64 v) const { return panels + (v * x_words + v / gates * recurrent_gates * h_words) * VL; }
  i64 panel_step() const { return panel(width) - panels; }
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
// with: what multiplies it may be unsigned, DOT4_BIAS too high.
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
    return u32(-DOT4_BIAS * sum);
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
  const Parameters& p = s.parameters[direction];
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

}  // namespace
