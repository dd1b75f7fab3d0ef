// Attention: what rows take from the places of a memory.
//
// A score is one sum over the key, in vectors of ascending units whose lanes are added at the end; a context is one sum over
// the places, in ascending order. Each is a chain of its own, so its bits do not depend on what is computed beside it.
//
// Tokens that share a memory take it in tiles, a part that the cache holds after the other. One alone waits for the memory
// rather than for its sums, and reads it from the first number to the last: that is how it comes fastest.
#pragma once
#include <cmath>

#include "gemm.h"

namespace {

struct Memory {
  const float *keys, *values;  // [n, H], [n, M]
  i64 n, H, M;
};

constexpr i64 ASKERS = 32;  // tokens that ask the same memory at a time

// body(first, N) for all of n numbers, `unit` of them in each of N parts; one part at a time at the end.
template <int N, class Body>
HT_INLINE void in_parts(i64 n, i64 unit, const Body& body) {
  i64 i = 0;
  for (; i + N * unit <= n; i += N * unit) body(i, Constant<N>());
  for (; i < n; i += unit) body(i, Constant<1>());
}

// The scores of N places for R queries; additive where there is a v. Queries and v have zeros up to a whole vector then.
template <bool ADDS, int R, int N>
HT_INLINE void score(const Memory& m, const float* v, const float* const* queries, i64 place, float* scores, i64 ld) {
  Vec sum[R][N];
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int p = 0; p < N; ++p) sum[r][p] = zero();
  }
  const float* keys = m.keys + place * m.H;
  const auto add_units = [&](i64 h, const auto& at) HT_LAMBDA {
    Vec key[N];
    HT_UNROLL
    for (int p = 0; p < N; ++p) key[p] = at(keys + p * m.H + h);
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vec query = at(queries[r] + h);
      HT_UNROLL
      for (int p = 0; p < N; ++p) {
        if constexpr (ADDS)
          sum[r][p] = fma(load(v + h), tanh(add(key[p], query)), sum[r][p]);
        else
          sum[r][p] = fma(query, key[p], sum[r][p]);
      }
    }
  };
  i64 h = 0;
  for (; h + VL <= m.H; h += VL) add_units(h, [](const float* p) HT_LAMBDA { return load(p); });
  if (h < m.H) add_units(h, [&](const float* p) HT_LAMBDA { return load(p, m.H - h); });
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int p = 0; p < N; ++p) scores[r * ld + place + p] = total(sum[r][p]);
  }
}

float largest(Vec a) {
  float lanes_[VL], out = -INFINITY;
  store(lanes_, a);
  for (float lane : lanes_) out = lane > out ? lane : out;
  return out;
}

void softmax(float* a, i64 n) {
  Vec top = set(-INFINITY), sum = zero();
  for (i64 i = 0; i < n; i += VL) top = max(load(a + i, n - i, -INFINITY), top);
  top = set(largest(top));
  for (i64 i = 0; i < n; i += VL) {
    const Vec e = exp(sub(load(a + i, n - i, -INFINITY), top));
    store(a + i, e, n - i), sum = add(sum, e);
  }
  sum = set(total(sum));
  for (i64 i = 0; i < n; i += VL) store(a + i, div(load(a + i, n - i), sum), n - i);
}

// What places from .. to add to N vectors of the contexts of R tokens, from unit `first` on.
template <int R, int N>
HT_INLINE void add_values(const Memory& m, i64 from, i64 to, const float* weights, i64 ld, i64 first, float* const* contexts) {
  const i64 left = m.M - first;  // only a vector alone may be the last
  Vec sum[R][N];
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int i = 0; i < N; ++i) sum[r][i] = N == 1 ? load(contexts[r] + first, left) : load(contexts[r] + first + i * VL);
  }
  const float* values = m.values + from * m.M + first;
  for (i64 place = from; place < to; ++place, values += m.M) {
    Vec value[N];
    HT_UNROLL
    for (int i = 0; i < N; ++i) value[i] = N == 1 ? load(values, left) : load(values + i * VL);
    HT_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vec weight = set(weights[r * ld + place]);
      HT_UNROLL
      for (int i = 0; i < N; ++i) sum[r][i] = fma(weight, value[i], sum[r][i]);
    }
  }
  HT_UNROLL
  for (int r = 0; r < R; ++r) {
    HT_UNROLL
    for (int i = 0; i < N; ++i) N == 1 ? store(contexts[r] + first, sum[r][i], left) : store(contexts[r] + first + i * VL, sum[r][i]);
  }
}

// What `count` tokens with these weights find, in their contexts: zeros where there are no places.
void gather(const Memory& m, i64 count, const float* weights, i64 ld, float* const* contexts) {
  for (i64 r = 0; r < count; ++r) std::memset(contexts[r], 0, size_t(m.M) * 4);
  if (count == 1) {
    constexpr int most = REGISTERS / 2;
    const i64 places = m.M > most * VL ? 1 : m.n;  // at a time: all where a context fits into the registers
    for (i64 from = 0; from < m.n; from += places) {
      in_parts<most>(m.M, VL, [&](i64 first, auto N) HT_LAMBDA {
        add_values<1, N.value>(m, from, from + places, weights, ld, first, contexts);
      });
    }
  } else {
    in_parts<4>(m.M, VL, [&](i64 first, auto N) HT_LAMBDA {
      in_tiles<4>(count, [&](i64 r, auto R) HT_LAMBDA {
        add_values<R.value, N.value>(m, 0, m.n, weights + r * ld, ld, first, contexts + r);
      });
    });
  }
}

// `count` tokens ask a memory: their weights go to weights[token * ld ..] and what they find to their contexts.
void attend(const Memory& m, const float* v, i64 count, const float* const* queries, float* weights, i64 ld,
            float* const* contexts) {
  if (v) {
    in_parts<4>(m.n, 1, [&](i64 place, auto N) HT_LAMBDA {
      for (i64 r = 0; r < count; ++r) score<true, 1, N.value>(m, v, queries + r, place, weights + r * ld, ld);
    });
  } else if (count == 1) {
    for (i64 place = 0; place < m.n; ++place) score<false, 1, 1>(m, v, queries, place, weights, ld);
  } else {
    in_parts<4>(m.n, 1, [&](i64 place, auto N) HT_LAMBDA {
      in_tiles<4>(count, [&](i64 r, auto R) HT_LAMBDA {
        score<false, R.value, N.value>(m, v, queries + r, place, weights + r * ld, ld);
      });
    });
  }
  for (i64 r = 0; r < count; ++r) softmax(weights + r * ld, m.n);
  gather(m, count, weights, ld, contexts);
}

}  // namespace
