// Tokens drawn from scores, as `decode.sample` draws them: the filters in its order, its sums in double, numpy's random numbers.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels.h"

namespace hitherto {

// The first number, in [0, 1), of numpy's Generator(Philox(key=[seed, place])).
inline double philox(std::uint64_t seed, std::uint64_t place) {
  const auto product = [](std::uint64_t a, std::uint64_t b, std::uint64_t& high) {
    const std::uint64_t a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
    const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & 0xffffffff);
    high = a1 * b1 + (middle >> 32) + (other >> 32);
    return a * b;
  };
  std::uint64_t c[4] = {1, 0, 0, 0};  // the counter, which numpy raises before it draws
  for (int round = 0; round < 10; ++round, seed += 0x9E3779B97F4A7C15u, place += 0xBB67AE8584CAA73Bu) {
    std::uint64_t high0, high1;
    const std::uint64_t low0 = product(0xD2E7470EE14C6C93u, c[0], high0), low1 = product(0xCA5A826395121157u, c[2], high1);
    c[0] = high1 ^ c[1] ^ seed, c[1] = low1, c[2] = high0 ^ c[3] ^ place, c[3] = low0;
  }
  return double(c[0] >> 11) * 0x1p-53;
}

struct DrawOptions {
  double temperature, top_p, penalty;  // a penalty of 1 has no effect
  i64 top_k;                           // 0: all
};

// Room for one draw after the other, of V tokens each.
class Draw {
 public:
  Draw(const DrawOptions& options, i64 V) : options_(options), banned_(size_t(V)), seen_(size_t(V)), scores_(size_t(V)), order_(size_t(V)) {}
  void ban(i64 token) { banned_[size_t(token)] = 1; }
  void see(i64 token) { seen_[size_t(token)] = 1; }

  // A token, by log-probabilities or those plus a number.
  i64 token(const double* log_probs, std::uint64_t seed, std::uint64_t place) {
    const size_t V = scores_.size();
    const double total = options_.penalty == 1 ? 0 : log_total(log_probs);
    for (size_t i = 0; i < V; ++i) {
      double score = banned_[i] ? -INFINITY : log_probs[i] - total;
      if (seen_[i] && options_.penalty != 1) score *= options_.penalty;
      if (options_.temperature != 0) score /= options_.temperature;
      scores_[i] = std::isnan(score) ? -INFINITY : score;  // of numbers that cannot be ordered nothing is drawn
    }
    if (options_.temperature == 0) return std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
    keep_best();
    const double most = *std::max_element(scores_.begin(), scores_.end());
    double sum = 0;
    for (double& score : scores_) score = sum += score == -INFINITY ? 0.0 : std::exp(score - most);
    const double at = philox(seed, place) * sum;
    const auto found = std::upper_bound(scores_.begin(), scores_.end(), at);
    return std::min(found - scores_.begin(), std::ptrdiff_t(V) - 1);
  }

 private:
  double log_total(const double* log_probs) const {
    const double most = *std::max_element(log_probs, log_probs + scores_.size());
    double sum = 0;
    for (size_t i = 0; i < scores_.size(); ++i) sum += std::exp(log_probs[i] - most);
    return most + std::log(sum);
  }

  // All but the top_k highest become impossible, and then all but the most probable that make up top_p together.
  void keep_best() {
    const i64 V = i64(scores_.size());
    const bool few = options_.top_k && options_.top_k < V, nucleus = options_.top_p < 1;
    if (!few && !nucleus) return;
    for (i64 i = 0; i < V; ++i) order_[size_t(i)] = i;
    const auto better = [this](i64 a, i64 b) {
      const double left = scores_[size_t(a)], right = scores_[size_t(b)];
      return left > right || (left == right && a < b);
    };
    auto end = order_.end();
    if (few) {
      end = order_.begin() + options_.top_k;
      std::nth_element(order_.begin(), end - 1, order_.end(), better);
    }
    if (nucleus) {
      const double most = scores_[size_t(*std::min_element(order_.begin(), end, better))];
      double sum = 0, before = 0;
      for (auto i = order_.begin(); i != end; ++i) sum += std::exp(scores_[size_t(*i)] - most);
      // The best of a heap goes to the end of it, as long as those before do not make up enough.
      const auto worse = [&](i64 a, i64 b) { return better(b, a); };
      auto rest = end;
      std::make_heap(order_.begin(), rest, worse);
      while (rest != order_.begin() && (rest == end || before < options_.top_p * sum)) {
        std::pop_heap(order_.begin(), rest--, worse);
        before += std::exp(scores_[size_t(*rest)] - most);
      }
      std::rotate(order_.begin(), rest, end);
      end = order_.begin() + (end - rest);
    }
    for (auto i = end; i != order_.end(); ++i) scores_[size_t(*i)] = -INFINITY;
  }

  DrawOptions options_;
  std::vector<char> banned_, seen_;
  std::vector<double> scores_;
  std::vector<i64> order_;
};

}  // namespace hitherto
