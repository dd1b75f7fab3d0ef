// The branches beside the layers: n-grams of ids, and statistics of numbers.
#pragma once
#include "step_ops.h"

namespace {

// The row of an n-gram of a bag, oldest id first: the id itself of one, or a hash. branches.py says it in Python.
i64 gram_row(const Stage& s, const float* last, i64 n) {
  if (n == 1) return i64(last[0]) - 1;
  return s.I + bucket_of(n, s.buckets, [&](i64 k) { return u32(last[k]) - 1; });
}

// Whether a place of a state holds an id; a state may come from anywhere.
bool is_id(const Stage& s, float held) { return held >= 1 && held <= float(s.I); }

// One id more: the rows of all n-grams that end with it are added.
void bag_step(const Stage& s, float* state, i64 id) {
  float *sum = state + s.h, *value = sum + s.H, *count = value + s.H, *last = count + 1;
  for (i64 k = 0; k + 1 < s.P; ++k) last[k] = last[k + 1];
  last[s.P - 1] = float(id + 1);
  for (i64 n = 1; n <= s.P && is_id(s, last[s.P - n]); ++n) {
    const float* row = s.parameters[0].w_ih + gram_row(s, last + s.P - n, n) * s.H;
    for (i64 k = 0; k < s.H; k += VL) store(sum + k, add(load(sum + k, s.H - k), load(row + k, s.H - k)), s.H - k);
    *count += 1;
  }
  const Vec root = set(std::sqrt(*count > 1 ? *count : 1));
  for (i64 k = 0; k < s.H; k += VL) store(value + k, div(load(sum + k, s.H - k), root), s.H - k);
}

constexpr float WIDE = 8;  // a standardised statistic is cut to -WIDE .. WIDE

float cut(float x) { return x < -WIDE ? -WIDE : x > WIDE ? WIDE : x; }  // NaN stays

// One step more. Statistics are rows: mean, deviation, minimum, maximum, first, last, change; then log(1 + steps).
void summary_step(const Stage& s, float* state, const float* x) {
  const i64 I = s.I;
  float *parts = state + s.h, *value = parts + STATISTICS * I, &count = value[STATISTICS * I + 1];
  const float *scale = s.parameters[0].w_ih, *shift = s.parameters[0].b_ih;
  const bool first = !(count > 0);
  count += 1;
  const float several = count > 2 ? count - 1 : 1;
  for (i64 k = 0; k < I; ++k) {
    float *mean = parts + k, *square = mean + I, *low = square + I, *high = low + I, *begin = high + I, *last = begin + I, *moved = last + I;
    const float v = x[k], off = v - *mean;
    *moved += first ? 0 : std::fabs(v - *last);
    *mean += off / count;
    *square += off * (v - *mean);
    *low = first || v < *low || v != v ? v : *low;  // a NaN stays
    *high = first || v > *high || v != v ? v : *high;
    *begin = first ? v : *begin;
    *last = v;
    const float found[STATISTICS] = {*mean, std::sqrt(*square / count), *low, *high, *begin, v, *moved / several};
    for (i64 i = 0; i < STATISTICS; ++i) value[i * I + k] = cut((found[i] - shift[i * I + k]) * scale[i * I + k]);
  }
  const i64 end = STATISTICS * I;
  value[end] = cut((std::log1p(count) - shift[end]) * scale[end]);
}

}  // namespace
