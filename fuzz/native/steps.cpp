// libFuzzer: bytes become the stages of a program and then steps of it. Every array is as long as the checks of program.h
// demand and not a number longer, so that the address sanitizer sees whatever reads or writes past one. Now and then a number
// is twisted; what is refused then is fine, what was not twisted has to run, and its bits have to be those of one thread.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "program.h"

using namespace hitherto;

namespace {

// What libFuzzer counts beside the branches of what is compiled for it: the kernels may be another compiler's.
__attribute__((section("__libfuzzer_extra_counters"))) std::uint8_t seen[1 << 14];
void note(unsigned what) { seen[what * 2654435761u >> 18] = 1; }

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}
  int next() { return left_ ? (--left_, *at_++) : 0; }
  i64 below(i64 n) { return next() % n; }
  bool empty() const { return !left_; }

  bool twisted = false;
  // n, or seldom something else.
  i64 maybe(i64 n) {
    const int how = next();
    if (how < 250) return n;
    const i64 others[] = {n + 1, n - 1, -1, i64(1) << (next() % 64), n + next() - 128, 0};
    const i64 other = others[how - 250];
    twisted = twisted || other != n;
    return other;
  }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

// A block of its own for so many numbers; none where they are too many, or where they are left out.
template <class T>
class Block {
 public:
  i64 n = 0;
  void make(Bytes& bytes, i64 wanted) {
    n = wanted < 0 || wanted > (i64(1) << 20) ? 0 : bytes.maybe(wanted);
    if (n < 0 || n > (i64(1) << 20)) n = 0;
    bytes.twisted = bytes.twisted || n != wanted;
    at_.reset(new T[std::size_t(n)]);
  }
  T* at() { return at_.get(); }
  T& operator[](i64 i) { return at_[std::size_t(i)]; }
  operator Numbers<T>() { return {at_.get(), n}; }
  operator Numbers<const T>() const { return {at_.get(), n}; }

 private:
  std::unique_ptr<T[]> at_;
};

void fill(Block<float>& block, unsigned seed) {
  const float odd[] = {0, -0.0f, 1e30f, -1e30f, 1e-40f, __builtin_inff(), __builtin_nanf("")};
  for (i64 i = 0; i < block.n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    block[i] = seed >> 28 == 15 && (seed & 1024) ? odd[seed / 4096 % 7] : float(int(seed >> 8) - (1 << 23)) / float(1 << 23);
  }
}

struct Made {  // a program and what it was made of
  std::vector<Described> stages;
  std::vector<std::unique_ptr<Block<float>>> weights;
  Built built;
};

i64 divisor(i64 n, i64 most) {
  for (i64 d = most; d > 1; --d) {
    if (n % d == 0) return d;
  }
  return 1;
}

Described stage(Bytes& b, bool reads_ids, bool first, i64 I, i64& state) {
  Described s = {};
  s.op = int(b.below(OPS)), s.cell = int(b.below(CELLS)), s.activation = int(b.below(ACTIVATIONS));
  const int flags = b.next();
  s.layer_norm = flags & 1, s.bounded = flags & 2, s.D = 1, s.I = I, s.O = I;
  const i64 size = 1 + b.below(40), more = 1 + b.below(20);
  const auto states = [&](i64 n) {
    state += n;
    return state - n;
  };
  if (s.reads_ids() && !reads_ids) s.op = LINEAR;
  if (!s.reads_ids() && reads_ids && !first) s.op = EMBED;
  if ((s.op == SPELL || s.op == SUBWORDS) && I < 3) s.op = LINEAR;  // a number, a shape and a letter
  switch (s.op) {
    case EMBED: s.O = size; break;
    case RECURRENT:
      s.H = size, s.P = s.cell == LSTM && flags & 4 ? 1 + more % size : size, s.D = flags & 8 ? 2 : 1;
      s.O = s.P * s.D, s.residual = (flags & 16) && s.O == I;
      s.h = states(s.D * s.P);
      if (s.cell == LSTM) s.c = states(s.D * s.H);
      break;
    case POOL: s.kind = int(more % POOLINGS), s.D = flags & 8 ? 2 : 1, s.h = states(I), s.c = states(1); break;
    case LINEAR: s.O = s.H = size; break;
    case ATTEND:
      s.kind = flags & 4 ? ADDITIVE : MULTIPLICATIVE, s.O = I + more, s.H = I;
      if (s.kind == ADDITIVE) s.H = size, s.P = more, s.h = state > more && flags & 8 ? state - more : states(more);
      break;
    case RECALL: s.h = states(more), s.O = I + more; break;
    case KEEP: s.P = 1 + more % I, s.h = state > s.P && flags & 8 ? state - s.P : states(s.P); break;
    case CONV:
    case PEAKS:
      s.height = divisor(I, 1 + more % 6), s.width = divisor(I / s.height, 1 + size % 9), s.channels = I / s.height / s.width;
      if (s.op == PEAKS) {
        s.O = 3 * s.channels;
      } else {
        s.kernel = 1 + 2 * (flags % 3), s.stride = 1 + flags % 5, s.H = more, s.O = s.places_down() * s.places_across() * s.H;
      }
      break;
    case WINDOW: s.P = 1 + more % 5, s.H = 3 * s.P, s.O = I + size, s.h = states(s.P); break;
    case BAG: s.H = size, s.P = 1 + more % LONGEST_GRAM, s.buckets = 1 + 3 * size, s.h = states(2 * s.H + 1 + s.P); break;
    case SUMMARY: s.h = states(2 * STATISTICS * I + 2); break;
    case JOIN: s.O = I + more, s.h = state > more && flags & 8 ? state - more : states(more); break;
    case SPELL:
    case SUBWORDS:
      s.P = size, s.height = 1 + more % 5, s.width = 1 + size % 7, s.channels = 1 + more;
      if (s.op == SPELL) {
        s.H = 1 + size % 9, s.kernel = 1 + 2 * (flags % 3);
      } else {
        s.buckets = 1 + 3 * size, s.kernel = 2 + flags % 3, s.stride = I - 2 < 6 ? I - 2 : 6;
      }
      s.O = more + s.width + s.H;
      break;
  }
  const int twist = b.next();
  if (twist < 240) return s;
  b.twisted = true;
  i64* const sizes[] = {&s.I, &s.O, &s.H, &s.P, &s.D, &s.h, &s.c, &s.height, &s.width, &s.channels, &s.kernel, &s.stride};
  if (twist == 252) s.op = b.next() - 2;
  if (twist == 253) s.cell = b.next() - 2;
  if (twist == 254) s.kind = b.next() - 2;
  if (twist == 255) s.residual = true;
  if (twist < 252) *sizes[twist - 240] = b.below(3) ? *sizes[twist - 240] + b.below(5) - 2 : i64(b.next() - 8) * (i64(1) << b.below(55));
  return s;
}

bool make(Bytes& b, Made& made) {
  const i64 count = 1 + b.below(6);
  i64 I = 1 + b.below(30), state = 0;
  for (i64 i = 0; i < count; ++i) {
    made.stages.push_back(stage(b, i == 0 || made.stages.back().op == BAG, i == 0, I, state));
    Described& s = made.stages.back();
    I = s.O > 0 && s.O < 200 ? s.O : 1;
    i64 wanted[PARAMETERS];
    bool may[PARAMETERS];
    weights_of(s, wanted, may);
    for (i64 d = 0; d < 2 && d < s.D; ++d) {
      for (int k = 0; k < PARAMETERS; ++k) {
        if (!wanted[k] || (may[k] && b.below(4) == 0)) continue;
        made.weights.emplace_back(new Block<float>);
        made.weights.back()->make(b, wanted[k]);
        fill(*made.weights.back(), unsigned(i * 100 + d * 10 + k + b.next()));
        s.weights[d][k] = *made.weights.back();
      }
    }
  }
  Refusal why;
  const int precision = int(b.maybe(b.below(PRECISIONS)));
  return made.built.build(precision, b.maybe(state), made.stages, why);
}

void run(Bytes& b, const Made& made, Block<float>& states, i64 rows, i64 stride) {
  const Program& p = made.built.program();
  const bool once = b.twisted;  // what comes after a twist has to be twisted itself to be refused
  b.twisted = false;
  Asked asked = {};
  const i64 T = b.below(5) ? b.below(7) : b.below(40), B = b.below(3) ? b.below(5) : b.below(120);
  asked.T = b.maybe(T), asked.B = b.maybe(B);
  const i64 begin = b.below(4) ? 0 : b.below(p.stages), end = b.below(4) ? p.stages : begin + 1 + b.below(p.stages - begin);
  asked.begin = b.maybe(begin), asked.end = b.maybe(end), asked.threads = 1 + b.below(3);
  asked.rows = rows, asked.stride = stride, asked.state = states;
  const Stage& first = p.stage[begin];
  Block<float> x, y, keys, values, attention;
  Block<i64> ids, lengths, slots, memory_lengths, memory_of;
  const auto number = [&](i64 n) { return b.maybe(n > 0 ? b.below(n) : 0); };
  if (first.reads_ids()) {
    ids.make(b, T * B);
    for (i64 i = 0; i < ids.n; ++i) ids[i] = number(first.I);
    asked.ids = ids;
  } else {
    x.make(b, T * B * first.I);
    fill(x, unsigned(b.next()));
    asked.x = x;
  }
  const bool pooled = p.pool >= begin && p.pool < end;
  if (b.below(5) && p.stage[end - 1].op != BAG) y.make(b, (pooled ? 1 : T) * B * p.stage[end - 1].O), asked.y = y;
  if (b.below(2)) {
    lengths.make(b, B);
    for (i64 i = 0; i < lengths.n; ++i) lengths[i] = number(T + 1);
    asked.lengths = lengths;
  }
  const bool slotted = rows != B || b.below(2) == 0;
  if (slotted) {
    slots.make(b, B);
    const i64 from = rows ? b.below(rows) : 0;
    for (i64 i = 0; i < slots.n; ++i) slots[i] = rows ? number(1) + (from + i) % rows : 0;
    b.twisted = b.twisted || B > rows;
    asked.slots = slots;
  }
  if (const Stage* looks = made.built.attention(begin, end)) {
    const i64 R = 1 + b.below(4), S = b.below(20), M = looks->O - looks->I;
    asked.R = b.maybe(R), asked.S = b.maybe(S);
    values.make(b, R * S * M), fill(values, 1u), asked.values = values;
    if (looks->op == ATTEND) keys.make(b, R * S * looks->H), fill(keys, 2u), asked.keys = keys;
    memory_lengths.make(b, R);
    for (i64 i = 0; i < memory_lengths.n; ++i) memory_lengths[i] = number(S + 1);
    asked.memory_lengths = memory_lengths;
    if (b.below(3) || B > R) {
      memory_of.make(b, B);
      for (i64 i = 0; i < memory_of.n; ++i) memory_of[i] = number(R);
      asked.memory_of = memory_of;
    }
    if (b.below(3)) attention.make(b, T * B * S), asked.attention = attention;
  }
  Refusal why;
  Checked checked;
  const std::vector<float> before(states.at(), states.at() + states.n);
  if (!checked.check(made.built, asked, why)) {
    if (b.twisted) return void(b.twisted = b.twisted || once);
    std::fprintf(stderr, "refused without a reason: %s\n", why.text());
    std::abort();
  }
  for (i64 i = begin; i < end; ++i) {  // what a caller bounds by the size of the weights, which a window does not have
    if (double(p.stage[i].O) * double(T) * double(B) > double(1 << 24)) return;
  }
  unsigned before_it = 99;
  for (i64 i = begin; i < end; ++i) {  // which operations stood beside one another, on how much
    const Stage& s = p.stage[i];
    const unsigned self = unsigned(s.op * 64 + (s.op == RECURRENT ? s.cell * 8 + s.layer_norm * 4 + s.residual * 2 + (s.P != s.H) : s.kind) + (s.D - 1) * 32);
    const unsigned rows_ = B < 2 ? unsigned(B) : B < 49 ? 2 : 3, steps_ = T < 3 ? unsigned(T) : 3;
    note(((self * 1024 + before_it) * 4 + rows_) * 64 + steps_ * 16 + unsigned(p.precision) * 4 + (asked.lengths.at ? 2 : 0) + (asked.y.at ? 1 : 0));
    before_it = self;
  }
  if (!hitherto::run(checked)) std::abort();
  const auto copy = [](Block<float>& block) { return std::vector<float>(block.at(), block.at() + block.n); };
  const std::vector<float> after = copy(states), said = copy(y), looked = copy(attention);
  if (!before.empty()) std::memcpy(states.at(), before.data(), before.size() * 4);
  if (!hitherto::run(checked, 1)) std::abort();
  const auto same = [](Block<float>& one, const std::vector<float>& other) {
    for (i64 i = 0; i < one.n; ++i) {  // which NaN it is may differ
      const float x = other[std::size_t(i)];
      if (std::memcmp(&one[i], &x, 4) && (x == x || one[i] == one[i])) return false;
    }
    return true;
  };
  if (!same(states, after) || !same(y, said) || !same(attention, looked)) {
    std::fprintf(stderr, "the bits depend on the threads\n");
    std::abort();
  }
  b.twisted = b.twisted || once;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes b(data, size);
  Made made;
  if (!make(b, made)) return 0;
  const Program& p = made.built.program();
  const i64 rows = b.below(130), stride = p.state + b.below(3);
  Block<float> states;
  states.make(b, rows * stride);
  if (states.n != rows * stride) return 0;
  fill(states, 3u);
  for (int i = 0; i < 3 && (i == 0 || !b.empty()); ++i) run(b, made, states, rows, stride);
  return 0;
}
