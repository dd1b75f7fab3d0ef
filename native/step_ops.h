// The operations of a program that are no recurrent layer: convolution, peaks, pooling and the attention window of a pen.
#pragma once
#include "attend.h"
#include "step_product.h"

namespace {

constexpr float NARROWEST = 10;  // a Gaussian component of a window is exp(-NARROWEST * s * distance^2), 0 < s < 1

void copy(float* to, const float* from, i64 n) { std::memcpy(to, from, size_t(n) * 4); }

// `count` rows of K numbers in words; float32 stays where it is. `room` holds the words, and after them the scales.
Rows in_words(int precision, const float* from, i64 ld, i64 count, i64 K, bool bounded, i64 words, u32* room) {
  if (precision == FLOAT32) return {reinterpret_cast<const u32*>(from), ld, nullptr};
  float* scales = reinterpret_cast<float*>(room + count * words);
  for (i64 i = 0; i < count; ++i) scales[i] = to_words(precision, from + i * ld, K, bounded, room + i * words);
  return {room, words, scales};
}

// A linear map of `count` rows, with its activation.
void linear(const Stage& s, int precision, const Rows& x, i64 count, float* to, i64 ld) {
  Product p = x_product(StepPack::of(s.packs[0]), s.packs[0], x, count, true);
  p.store_rows(to, ld, 4, s.H);
  multiply(p, 4, precision);
  activate(s.activation, to, ld, count, s.H);
}

// How many places of a picture are one product: with large kernels the patches of all of them would be far larger than the picture.
i64 places_at_once(const Stage& s) { return min_of(s.places_down() * s.places_across(), max_of(1, (i64(1) << 20) / up16(s.patch()))); }

// One picture. The patch that each place reads becomes a row, so that many places are one product.
void convolve(const Stage& s, int precision, const float* picture, float* output, float* patches) {
  const StepPack& at = StepPack::of(s.packs[0]);
  const i64 across = s.places_across(), places = s.places_down() * across, ld = up16(s.patch()), most = places_at_once(s);
  const i64 edge = s.kernel / 2, C = s.channels;
  for (i64 first = 0; first < places; first += most) {
    const i64 count = min_of(most, places - first);
    for (i64 place = first; place < first + count; ++place) {
      const i64 top = place / across * s.stride - edge, left = place % across * s.stride - edge;
      const i64 from = max_of(0, -left), to = min_of(s.kernel, s.width - left);  // columns that lie within the picture
      for (i64 y = 0; y < s.kernel; ++y) {
        float* row = patches + (place - first) * ld + y * s.kernel * C;
        const bool inside = top + y >= 0 && top + y < s.height && from < to;
        if (!inside || to - from < s.kernel) std::memset(row, 0, size_t(s.kernel * C) * 4);
        if (inside) copy(row + from * C, picture + ((top + y) * s.width + left + from) * C, (to - from) * C);
      }
    }
    u32* room = reinterpret_cast<u32*>(patches + count * ld);
    const Rows x = in_words(precision, patches, ld, count, s.patch(), s.bounded, at.x_words, room);
    linear(s, precision, x, count, output + first * s.H, s.H);
  }
}

// Of each channel of one picture its maximum, and the soft-argmax of its position across and down.
void find_peaks(const Stage& s, const float* picture, float* peaks) {
  const i64 C = s.channels, places = s.height * s.width;
  for (i64 c = 0; c < C; c += VL) {
    Vec top = set(-INFINITY), sum = zero(), across = zero(), down = zero();
    for (i64 place = 0; place < places; ++place) top = max_or_nan(load(picture + place * C + c, C - c), top);
    for (i64 place = 0; place < places; ++place) {
      const float x = float(2 * (place % s.width) + 1) / float(s.width) - 1, y = float(2 * (place / s.width) + 1) / float(s.height) - 1;
      const Vec e = exp(sub(load(picture + place * C + c, C - c), top));
      sum = add(sum, e), across = fma(e, set(x), across), down = fma(e, set(y), down);
    }
    store(peaks + c, top, C - c);
    store(peaks + C + c, div(across, sum), C - c);
    store(peaks + 2 * C + c, div(down, sum), C - c);
  }
}

// The whole number that a float is, at least 0 and below n; 0 where it is none.
i64 number_below(float x, i64 n) { return !(x > 0) ? 0 : x < float(n - 1) ? i64(x) : n - 1; }

// The bucket of n whole numbers, of which `number` gives the oldest first. branches.py says it in Python.
template <class Number>
i64 bucket_of(i64 n, i64 buckets, const Number& number) {
  u32 h = u32(n);
  for (i64 k = 0; k < n; ++k) h = (h ^ number(k)) * 16777619u;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return i64((h ^ (h >> 15)) % u32(buckets));
}

// A word by the mean of its row and those of the n-grams of its letters; and by its shape.
void subwords(const Stage& s, const float* word, float* to) {
  const Parameters& w = s.parameters[0];
  const i64 W = s.word_width(), L = s.I - 2;
  copy(to, w.w_ih + number_below(word[0], s.P) * W, W);
  copy(to + W, w.b_hh + number_below(word[1], s.height) * s.width, s.width);
  float count = 1;
  for (i64 n = s.kernel; n <= s.stride; ++n) {
    for (i64 at = 0; at + n <= L; ++at) {
      const auto letter = [&](i64 k) { return u32(number_below(word[2 + at + k], s.channels)); };
      bool whole = true;
      for (i64 k = 0; k < n; ++k) whole = whole && letter(k);
      if (!whole) continue;
      const float* row = w.w_ih + (s.P + bucket_of(n, s.buckets, letter)) * W;
      for (i64 k = 0; k < W; k += VL) store(to + k, add(load(to + k, W - k), load(row + k, W - k)), W - k);
      count += 1;
    }
  }
  const Vec by = set(count);
  for (i64 k = 0; k < W; k += VL) store(to + k, div(load(to + k, W - k), by), W - k);
}

// A word by its number, its shape, and the maximum of a convolution over its letters.
void spell(const Stage& s, const float* word, float* to) {
  const Parameters& w = s.parameters[0];
  const i64 W = s.word_width(), F = s.H, half = s.kernel / 2;
  copy(to, w.w_ih + number_below(word[0], s.P) * W, W);
  copy(to + W, w.b_hh + number_below(word[1], s.height) * s.width, s.width);
  to += W + s.width, word += 2;
  i64 L = s.I - 2;  // behind the last letter there is nothing
  while (L > 0 && number_below(word[L - 1], s.channels) == 0) --L;
  for (i64 f = 0; f < F; f += VL) {
    const i64 n = F - f;
    Vec top = zero();
    bool any = false;
    for (i64 at = 0; at < L; ++at) {
      if (number_below(word[at], s.channels) == 0) continue;
      Vec sum = load(w.b_ih + f, n);
      for (i64 k = max_of(0, half - at); k < min_of(s.kernel, L + half - at); ++k) {
        const i64 letter = number_below(word[at + k - half], s.channels);
        if (letter) sum = add(sum, load(w.w_hh + (k * s.channels + letter) * F + f, n));
      }
      top = any ? max_or_nan(sum, top) : sum;
      any = true;
    }
    store(to + f, top, n);
  }
}

// The Gaussian components of the attention window move on, and what the window covers becomes the context. `parameters` has for
// each component its height, how narrow it is, and how far it moves, all from 0 to 1: it moves by one place at most.
void move_window(const Stage& s, const Memory& m, const float* parameters, float* positions, float* weights, float* context) {
  const i64 P = s.P;
  for (i64 k = 0; k < P; ++k) positions[k] += parameters[2 * P + k];
  for (i64 place = 0; place < m.n; place += VL) {
    float numbers[VL];
    for (int lane = 0; lane < VL; ++lane) numbers[lane] = float(place + lane);
    Vec sum = zero();
    for (i64 k = 0; k < P; ++k) {
      const Vec off = sub(set(positions[k]), load(numbers));
      sum = fma(set(parameters[k]), exp(mul(mul(off, off), set(-NARROWEST * parameters[P + k]))), sum);
    }
    store(weights + place, sum, m.n - place);
  }
  gather(m, 1, weights, 0, &context);
}

void pool_step(const Stage& s, float* state, const float* x) {
  float *value = state + s.h, &count = state[s.c];
  if (s.kind == LAST) return copy(value, x, s.I);
  for (i64 k = 0; k < s.I; k += VL) {
    const i64 n = s.I - k;
    const Vec a = load(x + k, n), b = load(value + k, n);
    store(value + k, s.kind == MEAN ? add(b, a) : count > 0 ? max_or_nan(a, b) : a, n);
  }
  count += 1;
}

void pool_value(const Stage& s, const float* state, float* to) {
  copy(to, state + s.h, s.I);
  if (s.kind != MEAN) return;
  const Vec count = set(state[s.c] > 1 ? state[s.c] : 1);
  for (i64 k = 0; k < s.I; k += VL) store(to + k, div(load(to + k, s.I - k), count), s.I - k);
}

}  // namespace
