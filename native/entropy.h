// Cross-entropy of rows of scores, and its gradient in their place: what stands between the last product of a model with a
// large vocabulary and the products that go back from it. A row stays in the cache for all three passes over it.
#pragma once
#include <cmath>

#include "kernels.h"
#include "pool.h"
#include "vec.h"

namespace {

using namespace hitherto;

// Sums of short stretches, so that their errors do not grow with the row.
constexpr i64 STRETCH = 64 * VL;

// Some rows: all threads share them, each row in one fixed order.
void entropy_part(void* arg, int id, int n) {
  const Entropy& e = *static_cast<const Entropy*>(arg);
  const float even = e.smoothing / float(e.V);
  for (i64 r = e.n * id / n; r < e.n * (id + 1) / n; ++r) {
    float* row = e.scores + r * e.V;
    const float weight = e.weights ? e.weights[r] : 1.0f, target = row[e.y[r]];
    Vec most = set(-INFINITY);
    for (i64 i = 0; i < e.V; i += VL) most = max(load(row + i, e.V - i, -INFINITY), most);
    float lanes_[VL], top = -INFINITY;
    store(lanes_, most);
    for (float lane : lanes_) top = lane > top ? lane : top;
    most = set(top);
    double sum = 0, scores = 0;
    for (i64 first = 0; first < e.V; first += STRETCH) {
      Vec some = zero(), plain = zero();
      for (i64 i = first; i < e.V && i < first + STRETCH; i += VL) {
        const Vec p = exp(sub(load(row + i, e.V - i, -INFINITY), most));
        if (e.smoothing > 0) plain = add(plain, load(row + i, e.V - i));
        if (e.gradient) store(row + i, p, e.V - i);
        some = add(some, p);
      }
      sum += double(total(some)), scores += double(total(plain));
    }
    const double all = double(top) + std::log(sum);  // of the exponentials of all scores, the logarithm
    const double mean = e.smoothing > 0 ? scores / double(e.V) : 0;
    e.losses[r] = float(double(weight) * (all - (1 - double(e.smoothing)) * target - double(e.smoothing) * mean));
    if (!e.gradient) continue;
    const Vec share = set(float(double(weight) / sum)), less = set(weight * even);
    for (i64 i = 0; i < e.V; i += VL) store(row + i, sub(mul(load(row + i, e.V - i), share), less), e.V - i);
    row[e.y[r]] -= weight * (1 - e.smoothing);
  }
}

void entropy(const Entropy& e, int threads) {
  if (e.n * e.V < 65536) threads = 1;
  parallel(int(e.n < threads ? (e.n > 0 ? e.n : 1) : threads), entropy_part, const_cast<Entropy*>(&e));
}

}  // namespace
