// The cells, one vector of units at a time: what follows the products forward, and their derivatives backward.
#pragma once
#include "vec.h"

namespace {

HT_INLINE Vec one_minus(Vec a) { return sub(set(1.0f), a); }
HT_INLINE Vec sigmoid_slope(Vec s) { return mul(s, one_minus(s)); }  // of the sigmoid, by its value
HT_INLINE Vec tanh_slope(Vec t) { return nfma(t, t, set(1.0f)); }

template <bool RELU>
HT_INLINE Vec rnn_activation(Vec a) {
  if constexpr (RELU) return positive_or_nan(a);
  return tanh(a);
}
template <bool RELU>
HT_INLINE Vec rnn_backward(Vec dh, Vec h) {
  if constexpr (RELU) return where_positive(h, dh);
  return mul(dh, tanh_slope(h));
}

// Pre-activations to activated gates in place; c to c'; returns h'.
HT_INLINE Vec lstm_forward(Vec* ifgo, Vec& c) {
  ifgo[0] = sigmoid(ifgo[0]);
  ifgo[1] = sigmoid(ifgo[1]);
  ifgo[2] = tanh(ifgo[2]);
  ifgo[3] = sigmoid(ifgo[3]);
  c = fma(ifgo[1], c, mul(ifgo[0], ifgo[2]));
  return mul(ifgo[3], tanh(c));
}
// Activated gates, c' and c of the step, dh' and dc' to the gates' gradients in place and dc.
HT_INLINE void lstm_backward(Vec* ifgo, Vec c_after, Vec c_before, Vec dh, Vec& dc) {
  const Vec i = ifgo[0], f = ifgo[1], g = ifgo[2], o = ifgo[3], t = tanh(c_after);
  dc = fma(mul(dh, o), tanh_slope(t), dc);
  ifgo[0] = mul(mul(dc, g), sigmoid_slope(i));
  ifgo[1] = mul(mul(dc, c_before), sigmoid_slope(f));
  ifgo[2] = mul(mul(dc, i), tanh_slope(g));
  ifgo[3] = mul(mul(dh, t), sigmoid_slope(o));
  dc = mul(dc, f);
}

// h' = (1 - z) n + z h, written so that one rounding is saved.
HT_INLINE Vec gru_mix(Vec z, Vec n, Vec h) { return fma(z, sub(h, n), n); }

}  // namespace
