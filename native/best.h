// The k largest numbers of a row and the logarithm of the sum of its exponentials: what a search asks of every step.
//
// A heap holds the best so far with the worst of them at its root; a row's numbers come in ascending order, so that one equal
// to the root is no better. Almost all are turned away four vectors at a time.
#pragma once
#include <cmath>

#include "kernels.h"
#include "pool.h"
#include "vec.h"

namespace {

using namespace hitherto;

// The heap lies where the result will.
struct Heap {
  float* values;
  i64* ids;

  bool worse(i64 a, i64 b) const { return values[a] < values[b] || (values[a] == values[b] && ids[a] > ids[b]); }
  // (value, id) comes in place of the root of n; what is worse rises.
  void sink(i64 root, i64 n, float value, i64 id) const {
    values[root] = value, ids[root] = id;
    for (i64 below = 2 * root + 1; below < n; below = 2 * root + 1) {
      if (below + 1 < n && worse(below + 1, below)) ++below;
      if (!worse(below, root)) return;
      const float v = values[root];
      const i64 i = ids[root];
      values[root] = values[below], ids[root] = ids[below];
      values[below] = v, ids[below] = i;
      root = below;
    }
  }
};

void best_of(const float* row, i64 V, i64 k, const Heap& heap) {
  for (i64 i = 0; i < k; ++i) heap.values[i] = row[i], heap.ids[i] = i;
  for (i64 i = k / 2; i-- > 0;) heap.sink(i, k, heap.values[i], heap.ids[i]);
  Vec bar = set(heap.values[0]);
  const auto take = [&](i64 first, Vec a) {
    std::uint32_t better = above(a, bar);
    if (!better) return;
    for (i64 i = first; better; ++i, better >>= 1) {
      if (better & 1 && row[i] > heap.values[0]) heap.sink(0, k, row[i], i);
    }
    bar = set(heap.values[0]);
  };
  i64 i = k;
  for (; i + 4 * VL <= V; i += 4 * VL) {
    const Vec a = load(row + i), b = load(row + i + VL), c = load(row + i + 2 * VL), d = load(row + i + 3 * VL);
    if (!above(max(max(a, b), max(c, d)), bar)) continue;
    take(i, a), take(i + VL, b), take(i + 2 * VL, c), take(i + 3 * VL, d);
  }
  for (; i < V; i += VL) take(i, load(row + i, V - i, -INFINITY));
  for (i64 n = k - 1; n > 0; --n) {  // the worst goes to the end
    const float value = heap.values[n];
    const i64 id = heap.ids[n];
    heap.values[n] = heap.values[0], heap.ids[n] = heap.ids[0];
    heap.sink(0, n, value, id);
  }
}

// `top` is the largest number of the row.
double log_total(const float* row, i64 V, float top) {
  if (top == INFINITY || top == -INFINITY) {
    for (i64 i = 0; i < V; ++i) {
      if (row[i] != row[i]) return row[i];
    }
    return top;
  }
  double sum = 0;
  const Vec most = set(top);
  for (i64 first = 0; first < V; first += 64 * VL) {  // short sums, so that their errors do not grow with the row
    Vec some = zero();
    for (i64 i = first; i < V && i < first + 64 * VL; i += VL) some = add(some, exp(sub(load(row + i, V - i, -INFINITY), most)));
    sum += double(total(some));
  }
  return double(top) + std::log(sum);
}

void best_part(void* arg, int id, int n) {
  const Best& b = *static_cast<const Best*>(arg);
  const NoDenormals flushed;
  for (i64 r = id; r < b.rows; r += n) {
    const float* row = b.logits + r * b.V;
    best_of(row, b.V, b.k, {b.values + r * b.k, b.ids + r * b.k});
    b.totals[r] = log_total(row, b.V, b.values[r * b.k]);
  }
}

void best_run(const Best& b, int threads) {
  if (b.rows * b.V < 65536) threads = 1;
  parallel(int(b.rows < threads ? b.rows : threads), best_part, const_cast<Best*>(&b));
}

}  // namespace
