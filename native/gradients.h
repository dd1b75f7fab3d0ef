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
  static i64 pack_size(const Unroll& u) { return depth_of(u.precision, gates_of(u.cell) * u.H) * ceil_div(u.I, VL) * VL; }
  static i64 scratch_size(const Unroll& u) {
    const i64 K = gates_of(u.cell) * u.H;
    return ROWS * padded(K) + (u.precision == BFLOAT16 ? words_of_rows(ROWS, K) : 0);
  }

  static void pack_part(void* arg, int id, int n) {
    const InputGradient& g = *static_cast<InputGradient*>(arg);
    const i64 P = ceil_div(g.u->I, VL), K = gates_of(g.u->cell) * g.u->H;
    for (i64 d = 0; d < g.u->D; ++d) {
      pack_panels(g.u->precision, const_cast<float*>(g.packs[d]), g.u->weights[d].w_ih, 1, g.u->I, g.u->I, K, 1, 4, P * id / n, P * (id + 1) / n);
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
        if (u.precision == BFLOAT16) p.words = reinterpret_cast<u32*>(block + ROWS * lda);
        p.store_rows(u.places ? u.dx : u.dx + row * I, I, I);
        p.places = u.places ? u.places + row : nullptr;
        add_multiply(p);
      }
    }
  }
};

// dW = dgates^T z, where z is x, or the h that each step read, or r h (GRU_BEFORE); or dh^T z, where z is what was projected.
// A thread has some of the rows of dW.
struct WeightGradient {
  const Backward* u;
  float* memory;
  static constexpr i64 ROWS = 384, TOKENS = 256;
  static i64 room_of(i64 width) { return TOKENS * ceil_div(width, VL) * VL; }
  static i64 scratch_size(const Unroll& u) { return TOKENS * padded(ROWS) + room_of(u.I) + room_of(u.H); }

  enum Source { INPUT, STATE, RESET_STATE, INNER };
  // The rows of a matrix [.., width] of gradients, and what multiplies them.
  struct Target {
    float* dw;
    Source source;
    i64 width;
    Target from(i64 row) const { return {dw ? dw + row * width : nullptr, source, width}; }
  };

  static void part(void* arg, int id, int n) {
    const WeightGradient& g = *static_cast<WeightGradient*>(arg);
    const Backward& u = *g.u;
    const i64 H = u.H, GH = gates_of(u.cell) * H;
    for (i64 d = 0; d < u.D; ++d) {
      const Gradients& w = u.gradients[d];
      const Target x = {w.w_ih, INPUT, u.I}, h = {w.w_hh, STATE, u.P};
      g.rows({w.w_hr, INNER, H}, {}, d, 0, u.P, id, n);
      if (u.cell == GRU) {
        g.rows(x, h, d, 0, 2 * H, id, n);
        g.rows(x.from(2 * H), {}, d, 2 * H, H, id, n);
        g.rows(h.from(2 * H), {}, d, 3 * H, H, id, n);
      } else if (u.cell == GRU_BEFORE) {
        g.rows(x, h, d, 0, 2 * H, id, n);
        g.rows(x.from(2 * H), {h.from(2 * H).dw, RESET_STATE, H}, d, 2 * H, H, id, n);
      } else {
        g.rows(x, h, d, 0, GH, id, n);
      }
    }
  }

  // This thread's share of M rows of two matrices, or one, whose row 0 belongs to column `first` of dgates. Both are made of the
  // same gradients, which are brought together once.
  void rows(const Target& one, const Target& two, i64 d, i64 first, i64 M, int id, int n) const {
    const Target* const targets[2] = {&one, &two};
    if (!one.dw && !two.dw) return;
    constexpr i64 step = REGISTERS == 32 ? 24 : 12;  // whole tiles
    const i64 shares = ceil_div(M, step), end = min_of(M, shares * (id + 1) / n * step);
    const i64 ld = one.source == INNER ? u->P : dgates_per_unit(u->cell) * u->H, lda = padded(ROWS);
    const float* gradients = one.source == INNER ? u->douts : u->dgates;
    const bool halves = u->precision == BFLOAT16;
    const i64 most = halves ? 2 * TOKENS : TOKENS;
    float* a = memory + id * scratch_size(*u);
    float* z = a + TOKENS * lda;
    for (i64 m = shares * id / n * step; m < end; m += ROWS) {
      const i64 count = min_of(ROWS, end - m);
      i64 t = 0;  // the time of the token at hand
      for (i64 token = 0; token < u->N || token == 0; token += most) {
        const i64 tokens = min_of(most, u->N - token), depth = depth_of(u->precision, tokens);
        const float* from = gradients + (d * u->N + token) * ld + first + m;
        if (halves) columns_to_words(reinterpret_cast<u32*>(a), from, ld, count, tokens);
        for (i64 k = 0; !halves && k < tokens; ++k) std::memcpy(a + k * lda, from + k * ld, size_t(count) * 4);
        const i64 t_first = t;
        for (const Target* target : targets) {
          if (!target->dw) continue;
          const i64 width = target->width, P = ceil_div(width, VL);
          if (2 * depth > tokens && halves) std::memset(z, 0, size_t(depth * P * VL) * 4);  // what is past the last token
          t = t_first;
          for (i64 k = 0; k < tokens; ++k) put_panels(z, k, depth, token + k, target->source, d, width, t);
          FloatProduct p = {};
          p.a = a, p.lda = lda, p.rows = count, p.packed = z, p.K = tokens, p.v1 = P;
          p.store_rows(target->dw + m * width, width, width);
          p.add = token > 0;
          if (halves) {
            p.a = nullptr, p.words = reinterpret_cast<u32*>(a);
            word_product(p, 4);
          } else {
            product<true>(p, 4);
          }
        }
      }
    }
  }

  // Row k of the panels of z, which are `depth` deep: what the step of a token read. t follows the token.
  void put_panels(float* z, i64 k, i64 depth, i64 token, Source source, i64 d, i64 width, i64& t) const {
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
      float* at = z + panel * depth * VL + ((u->precision == BFLOAT16 ? k / 2 : k) * vectors + v - panel) * VL;
      if (u->precision == BFLOAT16)
        store_half(at, value, k % 2);
      else
        store(at, value);
    }
  }
};

}  // namespace
