// The time loop of a layer with layer normalisation, forward and backward.
//
// The caller projects the inputs and normalises what comes out, of all tokens at once. Here the state's part of the gates is
// normalised, step by step. That needs all units of a gate, so threads share the rows, never the units; and gates lie one after
// the other, not in the panels of unroll.h. GRU_BEFORE and projections are not here.
#pragma once
#include <cmath>
#include <type_traits>

#include "unroll.h"

namespace {

// What makes numbers of mean 0 and variance 1: (v - mean) times inverse.
struct Moments {
  float mean, inverse;
  HT_INLINE Vec of(const float* v, i64 n) const { return mul(sub(load(v, n), set(mean)), set(inverse)); }
};

// The first n lanes, and zeros.
HT_INLINE Vec first_lanes(Vec a, i64 n) {
  if (n >= VL) return a;
  float lanes_of[VL];
  store(lanes_of, a);
  return load(lanes_of, n);
}

// The sum of value(k, n) over H numbers, a vector at a time; n counts those that are left.
template <class Value>
HT_INLINE float sum_over(i64 H, const Value& value) {
  Vec sum = zero();
  for (i64 k = 0; k < H; k += VL) sum = add(sum, first_lanes(value(k, H - k), H - k));
  return total(sum);
}

inline Moments moments_of(const float* v, i64 H) {
  const float mean = sum_over(H, [&](i64 k, i64 n) HT_LAMBDA { return load(v + k, n); }) / float(H);
  const float variance = sum_over(H, [&](i64 k, i64 n) HT_LAMBDA {
    const Vec centred = sub(load(v + k, n), set(mean));
    return mul(centred, centred);
  }) / float(H);
  return {mean, 1.0f / std::sqrt(variance + 1e-5f)};
}

// The gradient of what was normalised, from that of its numbers: d(k, n) of vector k.
template <class Gradient, class Put>
HT_INLINE void norm_backward(const float* v, const Moments& at, i64 H, const Gradient& d, const Put& put) {
  const float mean = sum_over(H, [&](i64 k, i64 n) HT_LAMBDA { return d(k, n); }) / float(H);
  const float along = sum_over(H, [&](i64 k, i64 n) HT_LAMBDA { return mul(d(k, n), at.of(v + k, n)); }) / float(H);
  for (i64 k = 0; k < H; k += VL) {
    const i64 n = H - k;
    put(k, n, mul(set(at.inverse), nfma(at.of(v + k, n), set(along), sub(d(k, n), set(mean)))));
  }
}

// ---- packed weights: the gates of a state are one matrix of G * H rows ---------------------------------------------------

i64 pack_size(const NormedForward& u) { return blocks_of(gates_of(u.cell) * u.H) * VL * u.H; }
i64 pack_size(const NormedBackward& u) { return blocks_of(u.H) * VL * gates_of(u.cell) * u.H; }

struct NormedPack {
  const Unroll* u;
  const Weights* weights;
  float* packs;
  bool turned;  // for the backward sweep
  static void part(void* arg, int id, int n) {
    const NormedPack& j = *static_cast<NormedPack*>(arg);
    const i64 H = j.u->H, GH = gates_of(j.u->cell) * H, rows = j.turned ? H : GH, K = j.turned ? GH : H, P = blocks_of(rows);
    for (i64 d = 0; d < j.u->D; ++d) {
      pack_panels(j.packs + d * P * VL * K, j.weights[d].w_hh, j.turned ? 1 : H, j.turned ? H : 1, rows, K, 1, 4, P * id / n, P * (id + 1) / n);
    }
  }
};

// ---- forward ---------------------------------------------------------------------------------------------------------

struct NormedForwardSizes {
  i64 ldh, ldg, ldc, shared = 0, scratch;
  NormedForwardSizes(const NormedForward& u, const Crew& crew) {
    const i64 rows = ceil_div(u.B, crew.smallest_team());
    ldh = padded(u.H), ldg = padded(gates_of(u.cell) * u.H), ldc = blocks_of(u.H) * VL;
    scratch = ceil_div(rows * (2 * ldh + ldg + ldc) + ldc, 16) * 16;
  }
};

template <int CELL>
void forward_part(const NormedForward& u, const Member& m, const NormedForwardSizes& z) {
  constexpr int G = gates_of(CELL), S = saved_per_unit(CELL);
  const i64 H = u.H, GH = G * H, ldy = u.D * H;
  const Normed& norm = u.norm[m.d];
  float* h = m.scratch;                // [rows, H]
  float* read = h + m.rows * z.ldh;    // h under its mask
  float* gates = read + m.rows * z.ldh;  // [rows, G * H] the state's part
  float* c = gates + m.rows * z.ldg;
  float* out = c + m.rows * z.ldc;  // LSTM's o, of a row
  for (i64 j = 0; j < m.rows; ++j) {
    const i64 from = (m.d * u.B + m.row(j)) * H;
    for (i64 k = 0; k < H; k += VL) {
      store(h + j * z.ldh + k, u.h0 ? load(u.h0 + from + k, H - k) : zero());
      if (CELL == LSTM) store(c + j * z.ldc + k, u.c0 ? load(u.c0 + from + k, H - k) : zero());
    }
  }
  for (i64 step = 0; step < u.T; ++step) {
    const i64 t = m.d == 1 ? u.T - 1 - step : step, rows = m.active(u, t);
    for (i64 j = 0; u.mask && j < rows; ++j) {
      const float* mask = u.mask + (m.d * u.B + m.row(j)) * H;
      for (i64 k = 0; k < H; k += VL) store(read + j * z.ldh + k, mul(load(h + j * z.ldh + k), load(mask + k, H - k)));
    }
    FloatProduct p = {};
    p.a = u.mask ? read : h, p.lda = z.ldh, p.rows = rows, p.packed = m.pack, p.K = H, p.v1 = blocks_of(GH);
    p.store_rows(gates, z.ldg, ALL);
    product<false>(p, 4);
    for (i64 j = 0; j < rows; ++j) {
      const i64 token = m.token(u, t, j), at = m.d * u.N + token;
      const float* x = u.x + at * GH;
      float *a = gates + j * z.ldg, *h_of = h + j * z.ldh, *c_of = c + j * z.ldc, *y = u.y + u.place(token) * ldy + m.d * H;
      float *saved = u.saved ? u.saved + at * S * H : nullptr, *cells = u.cells ? u.cells + at * H : nullptr;
      if (u.raw) std::memcpy(u.raw + at * GH, a, size_t(GH) * 4);
      for (i64 g = 0; g < G; ++g) {
        const Moments moments = moments_of(a + g * H, H);
        for (i64 k = 0; k < H; k += VL) {
          const i64 n = H - k;
          Vec value = mul(moments.of(a + g * H + k, n), load(norm.scale + g * H + k, n));
          if (CELL == GRU && g == 2 && norm.bias_n) value = add(value, load(norm.bias_n + k, n));
          store(a + g * H + k, value, n);
        }
      }
      for (i64 k = 0; k < H; k += VL) {
        const i64 n = H - k;
        const auto gate = [&](i64 g) HT_LAMBDA { return add(load(x + g * H + k, n), load(a + g * H + k, n)); };
        const auto put = [&](Vec value) HT_LAMBDA { store(h_of + k, value), store(y + k, value, n); };
        if constexpr (CELL == LSTM) {
          Vec ifgo[4] = {gate(0), gate(1), gate(2), gate(3)}, cell = load(c_of + k);
          lstm_forward(ifgo, cell);
          store(c_of + k, cell), store(out + k, ifgo[3]);
          if (!saved) continue;
          for (i64 g = 0; g < 4; ++g) store(saved + g * H + k, ifgo[g], n);
          store(cells + k, cell, n);
        } else if constexpr (CELL == GRU) {
          const Vec reset = sigmoid(gate(0)), update = sigmoid(gate(1)), inner = load(a + 2 * H + k, n);
          const Vec candidate = tanh(fma(reset, inner, load(x + 2 * H + k, n)));
          put(gru_mix(update, candidate, load(h_of + k)));
          if (!saved) continue;
          store(saved + k, reset, n), store(saved + H + k, update, n), store(saved + 2 * H + k, candidate, n);
          store(saved + 3 * H + k, inner, n);
        } else {
          put(rnn_activation<CELL == RNN_RELU>(gate(0)));
        }
      }
      if constexpr (CELL == LSTM) {
        const Moments moments = moments_of(c_of, H);
        for (i64 k = 0; k < H; k += VL) {
          const i64 n = H - k;
          const Vec shift = norm.shift_c ? load(norm.shift_c + k, n) : zero();
          const Vec value = mul(load(out + k), tanh(fma(moments.of(c_of + k, n), load(norm.scale_c + k, n), shift)));
          store(h_of + k, value), store(y + k, value, n);
        }
      }
    }
  }
  for (i64 j = 0; j < m.rows; ++j) {  // a row that ended kept its state
    const i64 to = (m.d * u.B + m.row(j)) * H;
    for (i64 k = 0; k < H; k += VL) {
      store(u.hT + to + k, load(h + j * z.ldh + k), H - k);
      if (CELL == LSTM) store(u.cT + to + k, load(c + j * z.ldc + k), H - k);
    }
  }
}

// ---- backward --------------------------------------------------------------------------------------------------------

// Gradients that a thread sums up, at the beginning of its scratch: of scale, bias_n, scale_c, shift_c.
i64 normed_sums(const Unroll& u) { return (gates_of(u.cell) + 3) * u.H; }

struct NormedBackwardSizes {
  i64 ldu, ldd, shared = 0, scratch;
  NormedBackwardSizes(const NormedBackward& u, const Crew& crew) {
    const i64 rows = ceil_div(u.B, crew.smallest_team());
    ldu = padded(gates_of(u.cell) * u.H), ldd = blocks_of(u.H) * VL;
    scratch = ceil_div(normed_sums(u) + rows * (3 * ldd + ldu) + ldu + ldd, 16) * 16;
  }
};

template <int CELL>
void backward_part(const NormedBackward& u, const Member& m, const NormedBackwardSizes& z) {
  constexpr int G = gates_of(CELL), DG = dgates_per_unit(CELL), S = saved_per_unit(CELL);
  const i64 H = u.H, GH = G * H, ldy = u.D * H;
  const Normed& norm = u.norm[m.d];
  float *d_scale = m.scratch, *d_bias_n = d_scale + GH, *d_scale_c = d_bias_n + H, *d_shift_c = d_scale_c + H;
  float* dh = m.scratch + normed_sums(u);
  float* dc = dh + m.rows * z.ldd;
  float* back = dc + m.rows * z.ldd;  // under a mask, what the recurrent product gives
  float* du = back + m.rows * z.ldd;  // [rows, G * H] gradients of the state's part before it was normalised
  float* q = du + m.rows * z.ldu;     // [G * H] and after, of a row
  float* inner = q + z.ldu;           // LSTM: of what scale_c multiplies
  std::memset(m.scratch, 0, size_t(normed_sums(u)) * 4);
  const auto gather = [](float* sum, i64 n, Vec value) HT_LAMBDA { store(sum, add(load(sum, n), value), n); };
  for (i64 j = 0; j < m.rows; ++j) {
    const i64 row = (m.d * u.B + m.row(j)) * H;
    for (i64 k = 0; k < H; k += VL) {
      store(dh + j * z.ldd + k, u.dhT ? load(u.dhT + row + k, H - k) : zero());
      if (CELL == LSTM) store(dc + j * z.ldd + k, u.dcT ? load(u.dcT + row + k, H - k) : zero());
    }
  }
  for (i64 step = u.T - 1; step >= 0; --step) {
    const i64 t = m.d == 1 ? u.T - 1 - step : step, rows = m.active(u, t);
    const i64 t_before = m.d == 1 ? t + 1 : t - 1;
    const i64 rows_before = t_before < 0 || t_before >= u.T ? 0 : m.active(u, t_before);
    for (i64 j = 0; j < rows; ++j) {
      const i64 token = m.token(u, t, j), at = m.d * u.N + token, row = (m.d * u.B + m.row(j)) * H;
      const i64 token_before = j < rows_before ? m.token(u, t_before, j) : -1;  // -1: the row began with h0
      const float *saved = u.saved + at * S * H, *raw = u.raw + at * GH, *y = u.y + u.place(token) * ldy + m.d * H;
      float *dh_of = dh + j * z.ldd, *dc_of = dc + j * z.ldd, *dx = u.dx + at * GH;
      for (i64 k = 0; u.dy && k < H; k += VL) {
        store(dh_of + k, add(load(dh_of + k), load(u.dy + u.place(token) * ldy + m.d * H + k, H - k)));
      }
      if constexpr (CELL == LSTM) {
        const float *o = saved + 3 * H, *cell = u.cells + at * H;
        const float* cell_before = token_before >= 0 ? u.cells + (m.d * u.N + token_before) * H : u.c0 ? u.c0 + row : nullptr;
        const Moments moments = moments_of(cell, H);
        for (i64 k = 0; k < H; k += VL) {
          const i64 n = H - k;
          const Vec value = moments.of(cell + k, n), shift = norm.shift_c ? load(norm.shift_c + k, n) : zero();
          const Vec t_c = tanh(fma(value, load(norm.scale_c + k, n), shift)), d = load(dh_of + k), gate = load(o + k, n);
          const Vec d_inner = mul(mul(d, gate), tanh_slope(t_c));
          gather(d_scale_c + k, n, mul(d_inner, value)), gather(d_shift_c + k, n, d_inner);
          store(inner + k, mul(d_inner, load(norm.scale_c + k, n)));
          store(q + 3 * H + k, mul(mul(d, t_c), sigmoid_slope(gate)), n);
        }
        norm_backward(cell, moments, H, [&](i64 k, i64 n) HT_LAMBDA { return load(inner + k, n); },
                      [&](i64 k, i64, Vec value) HT_LAMBDA { store(dc_of + k, add(load(dc_of + k), value)); });
        for (i64 k = 0; k < H; k += VL) {
          const i64 n = H - k;
          const Vec i = load(saved + k, n), f = load(saved + H + k, n), g = load(saved + 2 * H + k, n), d = load(dc_of + k);
          store(q + k, mul(mul(d, g), sigmoid_slope(i)), n);
          store(q + H + k, mul(mul(d, cell_before ? load(cell_before + k, n) : zero()), sigmoid_slope(f)), n);
          store(q + 2 * H + k, mul(mul(d, i), tanh_slope(g)), n);
          store(dc_of + k, mul(d, f));
          store(dh_of + k, zero());
        }
        std::memcpy(dx, q, size_t(GH) * 4);
      } else if constexpr (CELL == GRU) {
        const float* before = token_before >= 0 ? u.y + u.place(token_before) * ldy + m.d * H : u.h0 ? u.h0 + row : nullptr;
        for (i64 k = 0; k < H; k += VL) {
          const i64 n = H - k;
          const Vec d = load(dh_of + k), reset = load(saved + k, n), update = load(saved + H + k, n), candidate = load(saved + 2 * H + k, n);
          const Vec da_n = mul(mul(d, one_minus(update)), tanh_slope(candidate)), da_hn = mul(da_n, reset);
          store(q + k, mul(mul(da_n, load(saved + 3 * H + k, n)), sigmoid_slope(reset)), n);
          store(q + H + k, mul(mul(d, sub(before ? load(before + k, n) : zero(), candidate)), sigmoid_slope(update)), n);
          store(q + 2 * H + k, da_hn, n);
          store(dx + 2 * H + k, da_n, n);
          gather(d_bias_n + k, n, da_hn);
          store(dh_of + k, mul(d, update));
        }
        std::memcpy(dx, q, size_t(2 * H) * 4);
      } else {
        for (i64 k = 0; k < H; k += VL) {
          store(q + k, rnn_backward<CELL == RNN_RELU>(load(dh_of + k), load(y + k, H - k)), H - k);
          store(dh_of + k, zero());
        }
        std::memcpy(dx, q, size_t(GH) * 4);
      }
      for (i64 g = 0; g < G; ++g) {
        const Moments moments = moments_of(raw + g * H, H);
        const float *scale = norm.scale + g * H, *of = q + g * H;
        for (i64 k = 0; k < H; k += VL) gather(d_scale + g * H + k, H - k, mul(load(of + k, H - k), moments.of(raw + g * H + k, H - k)));
        // GRU's candidate stands apart, where the gradient of its weights looks for it.
        float *to = du + j * z.ldu + g * H, *kept = u.dgates + (at * DG + (CELL == GRU && g == 2 ? 3 : g)) * H;
        norm_backward(raw + g * H, moments, H, [&](i64 k, i64 n) HT_LAMBDA { return mul(load(of + k, n), load(scale + k, n)); },
                      [&](i64 k, i64 n, Vec value) HT_LAMBDA { store(to + k, value, n), store(kept + k, value, n); });
      }
    }
    FloatProduct p = {};
    p.a = du, p.lda = z.ldu, p.rows = rows, p.packed = m.pack, p.K = GH, p.v1 = blocks_of(H);
    p.store_rows(u.mask ? back : dh, z.ldd, ALL);
    if (u.mask) std::memset(back, 0, size_t(rows * z.ldd) * 4);
    add_product(p);
    for (i64 j = 0; u.mask && j < rows; ++j) {
      const float* mask = u.mask + (m.d * u.B + m.row(j)) * H;
      for (i64 k = 0; k < H; k += VL) {
        float* to = dh + j * z.ldd + k;
        store(to, fma(load(back + j * z.ldd + k), load(mask + k, H - k), load(to)));
      }
    }
  }
  for (i64 j = 0; j < m.rows; ++j) {
    const i64 row = (m.d * u.B + m.row(j)) * H;
    for (i64 k = 0; k < H; k += VL) {
      store(u.dh0 + row + k, load(dh + j * z.ldd + k), H - k);
      if (CELL == LSTM) store(u.dc0 + row + k, load(dc + j * z.ldd + k), H - k);
    }
  }
}

}  // namespace
