// What remains after the backward sweep: products over all tokens, of the gates' gradients with the recurrent layer's inputs
// and weights. Sums run over tokens or gates in ascending order, whatever the number of threads.
#pragma once
#include "unroll.h"

namespace {

// dx = dgates W_ih, over both directions. A thread has some of the tokens.
struct InputGradient {
  const Backward* u;
  const float* packs[2];  // W_ih by columns
  float* memory;
  static constexpr i64 ROWS = 96;  // of dgates, copied together: panels pass by while they stay in the cache
  static i64 pack_size(const Unroll& u) { return gates_of(u.cell) * u.H * ceil_div(u.I, VL) * VL; }
  static i64 scratch_size(const Unroll& u) { return ROWS * padded(gates_of(u.cell) * u.H); }

  static void pack_part(void* arg, int id, int n) {
    const InputGradient& g = *static_cast<InputGradient*>(arg);
    const i64 P = ceil_div(g.u->I, VL), K = gates_of(g.u->cell) * g.u->H;
    for (i64 d = 0; d < g.u->D; ++d) {
      pack_panels(const_cast<float*>(g.packs[d]), g.u->weights[d].w_ih, 1, g.u->I, g.u->I, K, 1, 4, P * id / n, P * (id + 1) / n);
    }
  }

  static void part(void* arg, int id, int n) {
    const InputGradient& g = *static_cast<InputGradient*>(arg);
    const Backward& u = *g.u;
    const i64 I = u.I, P = ceil_div(I, VL), K = gates_of(u.cell) * u.H, ld = dgates_per_unit(u.cell) * u.H;
    const i64 lda = padded(K);
    float* block = g.memory + id * scratch_size(u);
    const i64 last = u.N * (id + 1) / n;
    for (i64 row = u.N * id / n; row < last; row += ROWS) {
      const i64 rows = min_of(ROWS, last - row);
      for (i64 d = 0; d < u.D; ++d) {
        for (i64 r = 0; r < rows; ++r) {
          std::memcpy(block + r * lda, u.dgates + (d * u.N + row + r) * ld, size_t(K) * 4);
          if (d == 0) std::memset(u.dx + u.place(row + r) * I, 0, size_t(I) * 4);
        }
        FloatProduct p = {};
        p.a = block, p.lda = lda, p.rows = rows, p.packed = g.packs[d], p.K = K, p.v1 = P;
        p.store_rows(u.places ? u.dx : u.dx + row * I, I, I);
        p.places = u.places ? u.places + row : nullptr;
        add_product(p);
      }
    }
  }
};

// dW = dgates^T z, where z is x, or the h that each step read, or r h (GRU_BEFORE); or dh^T z, where z is what was projected.
// A thread has some of the rows of dW.
struct WeightGradient {
  const Backward* u;
  float* memory;
  static constexpr i64 ROWS = 192, TOKENS = 256;
  static i64 scratch_size(const Unroll& u) {
    return TOKENS * (padded(ROWS) + ceil_div(max_of(u.I, u.H), VL) * VL);
  }

  enum Source { INPUT, STATE, RESET_STATE, INNER };

  static void part(void* arg, int id, int n) {
    const WeightGradient& g = *static_cast<WeightGradient*>(arg);
    const Backward& u = *g.u;
    const i64 H = u.H, GH = gates_of(u.cell) * H, O = u.P;
    for (i64 d = 0; d < u.D; ++d) {
      const Gradients& w = u.gradients[d];
      if (w.w_ih) g.rows(w.w_ih, d, INPUT, 0, GH, u.I, id, n);
      if (w.w_hr) g.rows(w.w_hr, d, INNER, 0, O, H, id, n);
      if (!w.w_hh) continue;
      if (u.cell == GRU || u.cell == GRU_BEFORE) {
        g.rows(w.w_hh, d, STATE, 0, 2 * H, H, id, n);
        g.rows(w.w_hh + 2 * H * H, d, u.cell == GRU ? STATE : RESET_STATE, u.cell == GRU ? 3 * H : 2 * H, H, H, id, n);
      } else {
        g.rows(w.w_hh, d, STATE, 0, GH, O, id, n);
      }
    }
  }

  // This thread's share of dw [M, width], whose row 0 belongs to column `first` of dgates.
  void rows(float* dw, i64 d, Source source, i64 first, i64 M, i64 width, int id, int n) const {
    constexpr i64 step = REGISTERS == 32 ? 24 : 12;  // whole tiles
    const i64 shares = ceil_div(M, step), end = min_of(M, shares * (id + 1) / n * step);
    const i64 P = ceil_div(width, VL), ld = source == INNER ? u->P : dgates_per_unit(u->cell) * u->H, lda = padded(ROWS);
    const float* gradients = source == INNER ? u->douts : u->dgates;
    float* a = memory + id * scratch_size(*u);
    float* z = a + TOKENS * lda;
    for (i64 m = shares * id / n * step; m < end; m += ROWS) {
      const i64 count = min_of(ROWS, end - m);
      i64 t = 0;  // the time of the token at hand
      for (i64 token = 0; token < u->N || token == 0; token += TOKENS) {
        const i64 tokens = min_of(TOKENS, u->N - token);
        for (i64 k = 0; k < tokens; ++k) {
          std::memcpy(a + k * lda, gradients + (d * u->N + token + k) * ld + first + m, size_t(count) * 4);
          put_panels(z, k, tokens, token + k, source, d, width, t);
        }
        FloatProduct p = {};
        p.a = a, p.lda = lda, p.rows = count, p.packed = z, p.K = tokens, p.v1 = P;
        p.store_rows(dw + m * width, width, width);
        p.add = token > 0;
        product<true>(p, 4);
      }
    }
  }

  // Row k of the panels of z: what the step of a token read. t follows the token.
  void put_panels(float* z, i64 k, i64 tokens, i64 token, Source source, i64 d, i64 width, i64& t) const {
    const float *from = u->x + u->place(token) * u->I, *reset = nullptr, *mask = nullptr;
    const float *out = nullptr, *cell = nullptr;  // of what was projected
    if (source == INNER) {
      out = u->saved + ((d * u->N + token) * saved_per_unit(u->cell) + 3) * u->H, cell = u->cells + (d * u->N + token) * u->H;
    } else if (source != INPUT) {
      while (token >= u->offset(t) + u->active(t)) ++t;
      const i64 row = token - u->offset(t), t_before = d == 1 ? t + 1 : t - 1;
      const bool began = t_before < 0 || t_before >= u->T || row >= u->active(t_before);
      if (!began)
        from = u->y + u->place(u->offset(t_before) + row) * u->D * u->P + d * u->P;
      else
        from = u->h0 ? u->h0 + (d * u->B + row) * u->P : nullptr;
      if (u->mask) mask = u->mask + (d * u->B + row) * u->P;
      if (source == RESET_STATE) reset = u->saved + (d * u->N + token) * saved_per_unit(u->cell) * u->H;
    }
    const i64 P = ceil_div(width, VL);
    for (i64 v = 0; v < P; ++v) {
      const i64 panel = v / 4 * 4, vectors = min_of(4, P - panel), n = width - v * VL;
      Vec value = cell ? mul(load(out + v * VL, n), tanh(load(cell + v * VL, n))) : from ? load(from + v * VL, n) : zero();
      if (mask) value = mul(value, load(mask + v * VL, n));
      if (reset) value = mul(value, load(reset + v * VL, n));
      store(z + panel * tokens * VL + (k * vectors + v - panel) * VL, value);
    }
  }
};

}  // namespace
