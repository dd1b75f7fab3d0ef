// One direction of a recurrent layer over the steps of a group of rows.
#pragma once
#include "cells.h"
#include "step_product.h"

namespace {

constexpr i64 GROUP = 48;  // rows at a time: a multiple of every tile's height

struct Layer {
  const Stage* s;
  const StepPack* at;
  const u32* pack;
  int precision;
  i64 d, T, t, rows;         // the direction, the step, and the rows that take it
  i64 stride;                // rows of the group: token (t, r) is t * stride + r
  const i64* lengths;        // of these rows, in these steps
  float* const* states;      // of these rows
  const float* input;        // [tokens, ld_input]
  float* y;                  // [tokens, ld_y]
  i64 ld_input, ld_y;
  Rows x;                    // the tokens in words
  float* projected;          // [tokens, vectors * VL] bias and x's part; null: computed with each step
  u32* h_words;              // [stride, ..] room for h in words, and for its scales
  float* h_scales;
  float* spare;              // [stride, 3 * vectors * VL]
  i64* tokens;               // of each row in this step

  const float* floats(i64 offset) const { return reinterpret_cast<const float*>(pack + offset); }
  float* h_of(i64 r) const { return states[r] + s->h + d * s->P; }
  float* c_of(i64 r) const { return states[r] + s->c + d * s->H; }
  i64 wide() const { return at->vectors * VL; }
  float* spare_of(i64 r) const { return spare + r * 3 * wide(); }
  float* gates_of_row(i64 r) const { return spare_of(r) + wide(); }
  float* projected_of(i64 r) const { return projected + tokens[r] * wide(); }
  // Numbers of each row in words, [rows, words].
  template <class From>
  Rows in_words(i64 K, bool bounded, i64 words, const From& from) const {
    for (i64 r = 0; r < rows; ++r) h_scales[r] = to_words(precision, from(r), K, bounded, h_words + r * words);
    return {h_words, words, h_scales};
  }
  Rows read_h() const {
    if (rows == 1 && precision == FLOAT32) return {reinterpret_cast<const u32*>(h_of(0)), 0, nullptr};  // not written before it is read
    return in_words(s->P, !(s->cell == RNN_RELU || s->P != s->H), at->h_words, [&](i64 r) { return h_of(r); });
  }
  Factor h_factor(const Rows& h, bool before) const {
    const i64 lead = at->x_words * VL;  // x's words stand first in a panel
    const u32* panels = pack + at->panels + (before ? at->gates * lead : 0);
    return {h, at->h_words, panels, at->panel_step(), before ? 0 : lead, pack + at->h_scales, pack + at->h_begins};
  }
  // A matrix of one gate that stands by itself in the pack.
  Factor matrix(const Rows& rows_, i64 words, i64 panels, i64 scales, i64 begins) const {
    return {rows_, words, pack + panels, 4 * words * VL, 0, pack + scales, pack + begins};
  }
};

// Where a layer's new h goes in this step, for one row: its state, its output, and what a residual adds to that.
struct Output {
  float *h, *y;
  const float* residual;
  i64 n;
  Output(const Layer& l, i64 r)
      : h(l.h_of(r)), y(l.y + l.tokens[r] * l.ld_y + l.d * l.s->P),
        residual(l.s->residual ? l.input + l.tokens[r] * l.ld_input + l.d * l.s->P : nullptr), n(l.s->P) {}
  HT_INLINE void put(i64 unit, Vec value) const {
    store(h + unit, value, n - unit);
    store(y + unit, residual ? add(value, load(residual + unit, n - unit)) : value, n - unit);
  }
};
// Where a cell's h goes: there, or where a projection reads it.
struct CellOutput {
  Output output;
  float* projected;
  CellOutput(const Layer& l, i64 r) : output(l, r), projected(l.s->P == l.s->H ? nullptr : l.spare_of(r)) {}
  HT_INLINE void put(i64 unit, Vec value) const {
    if (projected)
      store(projected + unit, value);
    else
      output.put(unit, value);
  }
};

// ---- a step where all gates are one product: everything but GRU_BEFORE and layer normalisation -------------------------

// Rows come one or two panels at a time: of these, what a loop needs is read before it, since any store might change the layer.

void rnn_tile(const Layer& l, const Tile& t) {
  const bool relu = l.s->cell == RNN_RELU;
  const float* from = t.values;
  for (i64 r = t.row; r < t.row + t.rows; ++r) {
    const CellOutput out(l, r);
    for (i64 v = t.vector; v < t.vector + t.vectors; ++v, from += VL) {
      const Vec a = load(from);
      out.put(v * VL, relu ? positive_or_nan(a) : tanh(a));
    }
  }
}

void lstm_tile(const Layer& l, const Tile& t) {
  const float* from = t.values;
  const i64 first = t.vector / 4 * VL, end = first + t.vectors / 4 * VL, H = l.s->H;
  for (i64 r = t.row; r < t.row + t.rows; ++r) {
    const CellOutput out(l, r);
    float* c = l.c_of(r);
    for (i64 unit = first; unit < end; unit += VL, from += 4 * VL) {
      Vec gates[4] = {load(from), load(from + VL), load(from + 2 * VL), load(from + 3 * VL)}, cell = load(c + unit, H - unit);
      const Vec h = lstm_forward(gates, cell);
      store(c + unit, cell, H - unit);
      out.put(unit, h);
    }
  }
}

void gru_tile(const Layer& l, const Tile& t) {
  const float *from = t.values, *x_part = t.x_part;
  const i64 first = t.vector / 3 * VL, end = first + t.vectors / 3 * VL, H = l.s->H;
  for (i64 r = t.row; r < t.row + t.rows; ++r) {
    const CellOutput out(l, r);
    const float* h = l.h_of(r);
    for (i64 unit = first; unit < end; unit += VL, from += 3 * VL, x_part += VL) {
      const Vec reset = sigmoid(load(from)), update = sigmoid(load(from + VL));
      const Vec candidate = tanh(fma(reset, load(from + 2 * VL), load(x_part)));
      out.put(unit, gru_mix(update, candidate, load(h + unit, H - unit)));
    }
  }
}

void cell_step(const Layer& l) {
  const StepPack& at = *l.at;
  const Factor h = l.h_factor(l.read_h(), false);
  Product p = x_product(at, l.pack, l.x, l.rows, true);
  if (l.projected)
    p.begin = l.projected, p.ld_begin = l.wide(), p.places = l.tokens, p.factor[0] = h;
  else
    p.factor[p.factors++] = h;
  void (*cell)(const Layer&, const Tile&) = l.s->cell == LSTM ? lstm_tile : l.s->cell == GRU ? gru_tile : rnn_tile;
  if (l.s->cell == GRU) p.bias_n = l.floats(at.bias_n);
  if (l.rows == 1) {  // all products first, then all gates: fewer beginnings and ends, which count in a small step
    float *gates = l.gates_of_row(0), *x_part = gates + l.wide();
    p.store_rows(gates, 0, at.width, ALL), p.x_part = x_part;
    multiply(p, at.width, l.precision);
    cell(l, {0, 1, 0, at.vectors, gates, x_part});
  } else {
    p.cell = cell, p.layer = &l;
    multiply(p, at.width, l.precision);
  }
}

// ---- a step where something stands between a product and the cell: layer normalisation, or GRU_BEFORE's second product --

// h's part of the gates that h itself enters, from zero, where the gates of a row lie.
void recurrent_part(const Layer& l) {
  const StepPack& at = *l.at;
  const bool before = l.s->cell == GRU_BEFORE;
  Product p(l.rows, at.blocks * at.recurrent_gates, l.h_factor(l.read_h(), before));
  const i64 width = before ? 2 : at.width;
  p.store_rows(l.gates_of_row(0), 3 * l.wide(), before ? 3 : width, ALL);
  multiply(p, width, l.precision);
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
    float centred[VL];  // the lanes past H must not count
    store(centred, sub(a, set(mean)));
    const Vec inside = load(centred, min_of(VL, H - b * VL));
    return mul(inside, inside);
  });
  const Vec inverse = set(1.0f / std::sqrt(square / float(H) + 1e-5f));
  for (i64 b = 0; b < blocks; ++b) {
    const i64 at = (b * gates + gate) * VL;
    store(v + at, mul(mul(sub(load(v + at), set(mean)), inverse), load(scale + at)));
  }
}

void apart_step(const Layer& l) {
  const Stage& s = *l.s;
  const StepPack& at = *l.at;
  const i64 G = at.gates;
  recurrent_part(l);
  const float* bias = l.floats(at.bias);
  for (i64 r = 0; r < l.rows; ++r) {
    const CellOutput out(l, r);
    float *gates = l.gates_of_row(r), *x = l.projected_of(r);  // without bias where it is normalised
    if (s.layer_norm) {
      for (i64 g = 0; g < G; ++g) normalise(x, s.H, G, g, l.floats(at.norm_ih));
      for (i64 g = 0; g < at.recurrent_gates; ++g) normalise(gates, s.H, G, g, l.floats(at.norm_hh));
      for (i64 v = 0; v < at.vectors; ++v) store(x + v * VL, add(load(x + v * VL), load(bias + v * VL)));
    }
    for (i64 b = 0; b < at.blocks; ++b) {
      const i64 unit = b * VL, n = s.H - unit;
      const auto both = [&](i64 g) { return add(load(x + (b * G + g) * VL), load(gates + (b * G + g) * VL)); };
      if (s.cell == LSTM) {
        Vec ifgo[4] = {both(0), both(1), both(2), both(3)}, c = load(l.c_of(r) + unit, n);
        lstm_forward(ifgo, c);
        store(l.c_of(r) + unit, c, n);
        store(gates + b * G * VL + 3 * VL, ifgo[3]);  // o, once c is normalised
      } else if (s.cell == GRU) {
        const Vec reset = sigmoid(both(0)), update = sigmoid(both(1));
        const Vec inner = add(load(gates + (b * G + 2) * VL), load(l.floats(at.bias_n) + unit));
        const Vec candidate = tanh(fma(reset, inner, load(x + (b * G + 2) * VL)));
        out.put(unit, gru_mix(update, candidate, load(l.h_of(r) + unit, n)));
      } else if (s.cell == GRU_BEFORE) {
        store(l.spare_of(r) + unit, mul(sigmoid(both(0)), load(l.h_of(r) + unit, n)));  // r h
        store(gates + b * G * VL, sigmoid(both(1)));                                    // z
      } else {
        out.put(unit, s.cell == RNN_RELU ? rnn_activation<true>(both(0)) : rnn_activation<false>(both(0)));
      }
    }
    if (s.cell == LSTM) {
      float* c = l.spare_of(r);
      for (i64 b = 0; b < at.blocks; ++b) store(c + b * VL, load(l.c_of(r) + b * VL, s.H - b * VL));
      normalise(c, s.H, 1, 0, l.floats(at.norm_c));
      for (i64 b = 0; b < at.blocks; ++b) {
        const Vec inner = add(load(c + b * VL), load(l.floats(at.shift_c) + b * VL));
        out.put(b * VL, mul(load(gates + b * G * VL + 3 * VL), tanh(inner)));
      }
    }
  }
  if (s.cell != GRU_BEFORE) return;
  const Rows reset_h = l.in_words(s.P, true, at.h_words, [&](i64 r) { return l.spare_of(r); });
  Product p(l.rows, at.blocks, l.matrix(reset_h, at.h_words, at.candidate, at.n_scales, at.n_begins));
  p.to = l.gates_of_row(0) + 2 * VL, p.ld = 3 * l.wide(), p.panel_step = 4 * G, p.vector_step = G, p.valid = ALL;
  multiply(p, 4, l.precision);
  for (i64 r = 0; r < l.rows; ++r) {
    const CellOutput out(l, r);
    float *gates = l.gates_of_row(r), *x = l.projected_of(r);
    if (s.layer_norm) normalise(gates, s.H, G, 2, l.floats(at.norm_hh));
    for (i64 b = 0; b < at.blocks; ++b) {
      const Vec candidate = tanh(add(load(x + (b * G + 2) * VL), load(gates + (b * G + 2) * VL)));
      out.put(b * VL, gru_mix(load(gates + b * G * VL), candidate, load(l.h_of(r) + b * VL, s.H - b * VL)));
    }
  }
}

// ---- all steps of one direction ----------------------------------------------------------------------------------------

// LSTM's projection: h' of the cell to the layer's h.
void project_h(const Layer& l) {
  const i64 P = l.s->P;
  const StepPack& at = *l.at;
  const Rows h = l.in_words(l.s->H, true, at.r_words, [&](i64 r) { return l.spare_of(r); });
  Product p(l.rows, ceil_div(P, VL), l.matrix(h, at.r_words, at.projection, at.r_scales, at.r_begins));
  p.store_rows(l.gates_of_row(0), 3 * l.wide(), 4, ALL);
  multiply(p, 4, l.precision);
  for (i64 r = 0; r < l.rows; ++r) {
    const Output out(l, r);
    const float* from = l.gates_of_row(r);
    for (i64 unit = 0; unit < P; unit += VL) out.put(unit, load(from + unit));
  }
}

void layer_run(Layer& l, i64 tokens) {
  const Stage& s = *l.s;
  const bool apart = s.layer_norm || s.cell == GRU_BEFORE;
  if (tokens > l.stride || apart) {
    Product p = x_product(*l.at, l.pack, l.x, tokens, !s.layer_norm);
    p.store_rows(l.projected, l.wide(), l.at->width, ALL);
    multiply(p, l.at->width, l.precision);
  } else {
    l.projected = nullptr;
  }
  l.rows = l.stride;
  for (l.t = 0; l.t < l.T; ++l.t) {
    while (l.rows > 0 && l.lengths[l.rows - 1] <= l.t) --l.rows;
    for (i64 r = 0; r < l.rows; ++r) l.tokens[r] = (l.d ? l.lengths[r] - 1 - l.t : l.t) * l.stride + r;
    if (apart)
      apart_step(l);
    else
      cell_step(l);
    if (s.P != s.H) project_h(l);
  }
  for (i64 r = 0; r < l.stride; ++r) {  // zeros where a row takes no step
    for (i64 t = l.lengths[r]; t < l.T; ++t) std::memset(l.y + (t * l.stride + r) * l.ld_y + l.d * s.P, 0, size_t(s.P) * 4);
  }
}

}  // namespace
