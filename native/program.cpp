#include "program.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hitherto {
namespace {

constexpr i64 WIDEST = i64(1) << 24;  // of any number of units or inputs

template <class T>
bool aligned(const Numbers<T>& a) {
  return reinterpret_cast<std::uintptr_t>(a.at) % alignof(T) == 0;
}

// Whether numbers are there and as many as `wanted`. None are needed where none are wanted.
template <class T>
bool there(const Numbers<T>& a, i64 wanted) {
  return a.n == wanted && wanted < LARGEST && (a.at || !wanted) && aligned(a);
}

bool inside(i64 first, i64 n, i64 all) { return first >= 0 && n >= 0 && first <= all && n <= all - first; }

bool has_states(const Stage& s) {
  return s.op == RECURRENT || s.op == POOL || s.op == RECALL || s.op == KEEP || s.op == WINDOW || s.op == BAG || s.op == SUMMARY || s.op == JOIN || (s.op == ATTEND && s.kind == ADDITIVE);
}
bool looks(const Stage& s) { return s.op == ATTEND || s.op == WINDOW; }

// ---- a stage ---------------------------------------------------------------------------------------------------------

bool numbers_fit(const Stage& s) {
  if (s.cell < 0 || s.cell >= CELLS || s.kind < 0 || s.activation < 0 || s.activation >= ACTIVATIONS || s.D < 1 || s.D > 2) return false;
  for (i64 n : {s.height, s.width, s.channels, s.kernel, s.stride}) {
    if (n < 0 || n >= i64(1) << 16) return false;
  }
  for (i64 n : {s.H, s.P}) {
    if (n < 0 || n >= WIDEST) return false;
  }
  return s.I > 0 && s.I < WIDEST && s.O > 0 && s.O < WIDEST && s.h >= 0 && s.c >= 0;
}

// Whether a stage's sizes are those of its operation, and its states lie within a row's.
bool sizes_fit(const Stage& s, i64 state) {
  const i64 added = s.O - s.I;
  switch (s.op) {
    case EMBED: return s.D == 1;
    case RECURRENT:
      if (s.H < 1 || s.P < 1 || s.O != s.P * s.D || (s.residual && s.O != s.I)) return false;
      if (s.P > s.H || (s.P != s.H && s.cell != LSTM)) return false;  // only that cell's step does not read its h again
      return inside(s.h, s.D * s.P, state) && (s.cell != LSTM || inside(s.c, s.D * s.H, state));
    case POOL: return s.kind < POOLINGS && added == 0 && inside(s.h, s.I, state) && s.c < state;
    case LINEAR: return s.H == s.O && s.D == 1;
    case ATTEND:
      if (s.kind >= ATTENTIONS || s.H < 1 || added < 1 || s.D != 1) return false;
      return s.kind == MULTIPLICATIVE ? s.H == s.I : s.P > 0 && inside(s.h, s.P, state);
    case RECALL: return added > 0 && inside(s.h, added, state) && s.D == 1;
    case KEEP: return added == 0 && s.P > 0 && s.P <= s.I && inside(s.h, s.P, state) && s.D == 1;
    case CONV:
      if (s.height < 1 || s.width < 1 || s.channels < 1 || s.kernel < 1 || s.kernel % 2 == 0 || s.stride < 1 || s.H < 1 || s.D != 1) return false;
      if (times({s.places_down(), s.places_across(), s.patch()}) >= i64(1) << 40) return false;  // what all places read
      return s.height * s.width * s.channels == s.I && times({s.places_down(), s.places_across(), s.H}) == s.O;
    case WINDOW: return added > 0 && s.P > 0 && s.H == 3 * s.P && inside(s.h, s.P, state) && s.D == 1;
    case SPELL:
      if (s.P < 1 || s.height < 1 || s.width < 1 || s.channels < 1 || s.H < 1 || s.kernel % 2 == 0 || s.I < 3 || s.D != 1) return false;
      return s.word_width() > 0;
    case SUBWORDS:
      if (s.P < 1 || s.height < 1 || s.width < 1 || s.channels < 1 || s.H != 0 || s.I < 3 || s.D != 1) return false;
      if (s.buckets < 1 || s.buckets > i64(1) << 24 || s.kernel < 2 || s.stride > s.I - 2) return false;
      return s.word_width() > 0;
    case PEAKS:
      return s.height > 0 && s.width > 0 && s.channels > 0 && s.height * s.width * s.channels == s.I && s.O == 3 * s.channels && s.D == 1;
    case BAG:
      if (added != 0 || s.D != 1 || s.H < 1 || s.P < 1 || s.P > LONGEST_GRAM || s.buckets < 1 || s.buckets > i64(1) << 24) return false;
      return inside(s.h, 2 * s.H + 1 + s.P, state);
    case SUMMARY: return added == 0 && s.D == 1 && inside(s.h, 2 * STATISTICS * s.I + 2, state);
    case JOIN: return added > 0 && inside(s.h, added, state) && s.D == 1;
  }
  return false;
}

bool weights_fit(const Described& s, i64 number, Refusal& why) {
  i64 wanted[PARAMETERS];
  bool may[PARAMETERS];
  weights_of(s, wanted, may);
  for (i64 d = 0; d < 2; ++d) {
    for (int i = 0; i < PARAMETERS; ++i) {
      const Numbers<const float>& w = s.weights[d][i];
      const i64 n = d < s.D ? wanted[i] : 0;
      if ((!w.at && !w.n && may[i]) || (n ? there(w, n) : !w.at && !w.n)) continue;
      return why("the stages do not fit together: stage ", number, " (", OP_NAMES[s.op], ") needs ", n, " numbers as ", PARAMETER_NAMES[i], ", and got ",
                 w.n, aligned(w) ? "" : " that are not aligned");
    }
  }
  return true;
}

i64 up64(i64 bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

i64 times(std::initializer_list<i64> factors) {
  i64 product = 1;
  bool over = false;
  for (i64 f : factors) {
    if (f == 0) return 0;
    over = over || product >= LARGEST / f;
    product = over ? 1 : product * f;
  }
  return over ? LARGEST : product;
}

void weights_of(const Stage& s, i64 (&wanted)[PARAMETERS], bool (&may)[PARAMETERS]) {
  for (int i = 0; i < PARAMETERS; ++i) wanted[i] = 0, may[i] = false;
  const auto bias = [&](int i, i64 n) { wanted[i] = n, may[i] = true; };
  const i64 G = times({gates_of(s.cell), s.H});
  switch (s.op) {
    case EMBED: wanted[0] = times({s.I, s.O}); break;
    case BAG: wanted[0] = times({s.I + s.buckets, s.H}); break;
    case SUMMARY: wanted[0] = wanted[2] = STATISTICS * s.I + 1; break;
    case RECURRENT:
      wanted[0] = times({G, s.I}), wanted[1] = times({G, s.P});
      bias(2, G), bias(3, G);
      if (s.P != s.H) wanted[4] = times({s.P, s.H});
      if (!s.layer_norm) break;
      wanted[5] = wanted[6] = G;
      if (s.cell == LSTM) wanted[7] = wanted[8] = s.H;
      break;
    case LINEAR:
    case WINDOW: wanted[0] = times({s.H, s.I}), bias(2, s.H); break;
    case ATTEND:
      if (s.kind == ADDITIVE) wanted[0] = times({s.H, s.P}), wanted[1] = s.H, bias(2, s.H);
      break;
    case CONV: wanted[0] = times({s.H, s.kernel, s.kernel, s.channels}), bias(2, s.H); break;
    case SUBWORDS: wanted[0] = times({s.P + s.buckets, s.word_width()}), wanted[3] = times({s.height, s.width}); break;
    case SPELL:
      wanted[0] = times({s.P, s.word_width()}), wanted[1] = times({s.kernel, s.channels, s.H});
      wanted[2] = s.H, wanted[3] = times({s.height, s.width});
      break;
  }
}

void Refusal::add(const char* part) {
  const int n = std::snprintf(text_ + n_, sizeof text_ - size_t(n_), "%s", part);
  n_ = n < 0 || n_ + n >= int(sizeof text_) ? int(sizeof text_) - 1 : n_ + n;
}
void Refusal::add(i64 part) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(part));
  add(digits);
}

// ---- programs --------------------------------------------------------------------------------------------------------

Built::~Built() { std::free(memory_); }

const Stage* Built::attention(i64 begin, i64 end) const {
  for (i64 i = begin; i < end; ++i) {
    if (looks(program_.stage[i])) return &program_.stage[i];
  }
  return nullptr;
}

bool Built::reads(const void* weights) const {
  for (const Stage& s : stages_) {
    const Parameters& at = s.parameters[0];
    for (const float* w : {at.w_ih, at.w_hh, at.b_ih, at.b_hh}) {
      if (w && w == weights) return true;
    }
  }
  return false;
}

bool Built::build(int precision, i64 state, const std::vector<Described>& stages, Refusal& why) {
  Program p = {};
  p.precision = precision, p.state = state, p.stages = i64(stages.size()), p.pool = -1;
  if (precision < 0 || precision >= PRECISIONS || state < 0 || state >= WIDEST * 64 || p.stages < 1 || p.stages > MOST_STAGES) {
    return why("the stages do not fit together: expected a precision from 0 to ", i64(PRECISIONS - 1), ", up to ", WIDEST * 64,
               " floats of states and 1 to ", MOST_STAGES, " stages, got ", i64(precision), ", ", state, " and ", p.stages);
  }
  i64 attends = 0;
  bool decodes = false;
  for (i64 i = 0; i < p.stages; ++i) {
    const Described& s = stages[size_t(i)];
    if (s.op < 0 || s.op >= OPS || !numbers_fit(s) || !sizes_fit(s, state)) {
      return why("the stages do not fit together: stage ", i, " is no operation of such sizes");
    }
    if (i > 0 && (s.reads_ids() != (stages[size_t(i - 1)].op == BAG) || stages[size_t(i - 1)].O != s.I)) {
      return why("the stages do not fit together: stage ", i, " (", OP_NAMES[s.op], ") cannot read what stage ", i - 1, " gives");
    }
    if (!weights_fit(s, i, why)) return false;
    // Behind a pool a row is one token, computed again at each peek: nothing there may have states of its own.
    if (p.pool >= 0 && s.op != JOIN && (has_states(s) || looks(s))) {
      return why("the stages do not fit together: stage ", i, " (", OP_NAMES[s.op], ") stands behind a pool");
    }
    if (s.op == POOL) p.pool = i;
    p.whole = p.whole || ((s.op == RECURRENT || s.op == POOL) && s.D == 2);  // a pool takes the first step as the last then
    attends += looks(s);
    decodes = decodes || looks(s) || s.op == RECALL || s.op == KEEP;
  }
  if (attends > 1) return why("the stages do not fit together: a memory has the keys of one attention, and ", attends, " ask");
  if (decodes && (p.whole || p.pool >= 0)) {
    return why("the stages do not fit together: what is decoded step by step is neither pooled nor read backward");
  }
  if (stages.back().op == BAG) return why("the stages do not fit together: the last one gives ids, and nothing reads them");
  p.I = stages[0].reads_ids() ? 0 : stages[0].I, p.O = stages.back().O;

  stages_.assign(stages.begin(), stages.end());  // without the sizes of their weights
  i64 size = 64;
  for (size_t i = 0; i < stages_.size(); ++i) {
    Stage& s = stages_[i];
    for (i64 d = 0; d < 2; ++d) {
      const Numbers<const float>(&w)[PARAMETERS] = stages[i].weights[d];
      s.parameters[d] = {w[0].at, w[1].at, w[2].at, w[3].at, w[4].at, w[5].at, w[6].at, w[7].at, w[8].at};
      s.packs[d] = nullptr;
    }
    const i64 words = stepper()->pack_size(s, precision);
    if (words >= LARGEST / 64 || (size += s.D * up64(words * 4)) >= LARGEST / 64) return false;
  }
  memory_ = std::malloc(size_t(size));
  if (!memory_) return false;
  bytes_ = size;
  program_ = p;
  program_.stage = stages_.data();

  unsigned char* at = static_cast<unsigned char*>(memory_);
  at += (64 - reinterpret_cast<std::uintptr_t>(at) % 64) % 64;
  for (Stage& s : stages_) {
    const i64 words = stepper()->pack_size(s, program_.precision);
    for (i64 d = 0; words && d < s.D; ++d, at += up64(words * 4)) {
      s.packs[d] = reinterpret_cast<std::uint32_t*>(at);
      stepper()->pack(s, program_.precision, d, s.packs[d]);
    }
    if (!s.in_place()) s.parameters[0] = s.parameters[1] = {};
  }
  return true;
}

// ---- steps -----------------------------------------------------------------------------------------------------------

const i64* Checked::keep(const Numbers<const i64>& from) {
  if (!from.at) return nullptr;
  std::vector<i64>& to = kept_[keeps_++];
  to.assign(from.at, from.at + from.n);
  to.reserve(1);  // an address, even of none
  return to.data();
}

bool Checked::check(const Built& built, const Asked& a, Refusal& why) {
  const Program& p = built.program();
  if (a.T < 0 || a.B < 0 || a.begin < 0 || a.begin >= a.end || a.end > p.stages) {
    return why("expected T and B of 0 or more and stages within 0..", p.stages, ", got T ", a.T, ", B ", a.B, " and stages ", a.begin, "..", a.end);
  }
  if (a.threads < 1) return why("expected 1 thread or more, got ", a.threads);
  threads_ = int(std::min(a.threads, MOST_THREADS));
  if (p.stage[a.end - 1].op == BAG && a.y.at) return why("stage ", a.end - 1, " gives ids on, and no numbers come out of it");
  Steps& u = steps_;
  u = {};
  u.program = &p, u.T = a.T, u.B = a.B, u.begin = a.begin, u.end = a.end;
  if (!inputs_fit(built, a, why) || !rows_fit(built, a, why)) return false;
  read_ = built.bytes();
  const Stage* attention = built.attention(a.begin, a.end);
  if (!attention) return true;
  if (!memory_fits(*attention, a, why)) return false;
  read_ += times({a.S, attention->H + attention->O, 4});
  return true;
}

bool Checked::inputs_fit(const Built& built, const Asked& a, Refusal& why) {
  const Program& p = built.program();
  Steps& u = steps_;
  const Stage& first = p.stage[a.begin];
  const i64 tokens = times({a.T, a.B});
  if (first.reads_ids()) {
    if (a.x.at || !there(a.ids, tokens)) return why("expected ", tokens, " ids, got ", a.ids.n, " and ", a.x.n, " other numbers");
    u.ids = keep(a.ids);
    for (i64 i = 0; i < tokens; ++i) {
      if (u.ids[i] < 0 || u.ids[i] >= first.I) return why("expected ids from 0 to ", first.I - 1, ", got ", u.ids[i]);
    }
  } else {
    const i64 wanted = times({tokens, first.I});
    if (a.ids.at || !there(a.x, wanted)) return why("expected ", wanted, " numbers for stage ", a.begin, ", got ", a.x.n, " and ", a.ids.n, " ids");
    u.x = a.x.at;
  }
  if (a.y.at) {
    const i64 wanted = times({u.pooled() ? 1 : a.T, a.B, u.out()});
    if (!there(a.y, wanted)) return why("expected room for ", wanted, " numbers that come out, got ", a.y.n);
    u.y = a.y.at;
  }
  if (!a.lengths.at) return true;
  if (!there(a.lengths, a.B)) return why("expected ", a.B, " lengths, got ", a.lengths.n);
  u.lengths = keep(a.lengths);
  bool equal = true;
  for (i64 b = 0; b < a.B; ++b) {
    if (u.lengths[b] < 0 || u.lengths[b] > a.T) return why("expected lengths from 0 to ", a.T, ", but row ", b, " has ", u.lengths[b]);
    equal = equal && u.lengths[b] == u.lengths[0];
  }
  if (equal) return true;
  std::vector<i64>& order = kept_[keeps_++];
  order.resize(size_t(a.B));
  for (i64 b = 0; b < a.B; ++b) order[size_t(b)] = b;
  std::stable_sort(order.begin(), order.end(), [&](i64 one, i64 other) { return u.lengths[one] > u.lengths[other]; });
  u.order = order.data();
  return true;
}

bool Checked::rows_fit(const Built& built, const Asked& a, Refusal& why) {
  const Program& p = built.program();
  Steps& u = steps_;
  bool states = false;
  for (i64 i = a.begin; i < a.end; ++i) states = states || has_states(p.stage[i]);
  if (!states) return true;  // nothing looks at them, so they need not be there
  if (a.rows < 0 || a.stride < p.state || !there(a.state, times({a.rows, a.stride}))) {
    return why("expected ", a.rows, " rows of ", a.stride, " floats as states, at least ", p.state, " in each, got ", a.state.n);
  }
  u.state = a.state.at, u.stride = a.stride;
  if (!a.slots.at) {
    if (a.rows != a.B) return why("there are states of ", a.rows, " rows, but inputs of ", a.B);
    return true;
  }
  if (!there(a.slots, a.B)) return why("expected ", a.B, " slots, got ", a.slots.n);
  u.slots = keep(a.slots);
  bool rising = true;
  for (i64 b = 0; b < a.B; ++b) {
    if (u.slots[b] < 0 || u.slots[b] >= a.rows) return why("expected slots from 0 to ", a.rows - 1, ", but row ", b, " has ", u.slots[b]);
    rising = rising && (b == 0 || u.slots[b] > u.slots[b - 1]);
  }
  if (rising || a.B < 2) return true;
  std::vector<bool> taken(size_t(a.rows), false);
  for (i64 b = 0; b < a.B; ++b) {
    if (taken[size_t(u.slots[b])]) return why("slot ", u.slots[b], " stands twice: two rows cannot have the same states");
    taken[size_t(u.slots[b])] = true;
  }
  return true;
}

bool Checked::memory_fits(const Stage& attention, const Asked& a, Refusal& why) {
  Steps& u = steps_;
  if (a.R < 0 || a.S < 0) return why("expected R and S of 0 or more");
  const i64 places = times({a.R, a.S}), H = attention.op == ATTEND ? attention.H : 0, M = attention.O - attention.I;
  if ((a.B && !a.R) || !there(a.memory_lengths, a.R) || !there(a.values, times({places, M})) || (H && !there(a.keys, times({places, H})))) {
    return why("this program attends, and needs keys, values and memory_lengths: of ", a.R, " memories ", times({places, H}), ", ",
               times({places, M}), " and ", a.R, " numbers, got ", a.keys.n, ", ", a.values.n, " and ", a.memory_lengths.n);
  }
  u.R = a.R, u.S = a.S, u.keys = H ? a.keys.at : nullptr, u.values = a.values.at, u.memory_lengths = keep(a.memory_lengths);
  for (i64 r = 0; r < a.R; ++r) {
    if (u.memory_lengths[r] < 0 || u.memory_lengths[r] > a.S) {
      return why("memory_lengths must be from 0 to ", a.S, ", but memory ", r, " has ", u.memory_lengths[r]);
    }
  }
  if (a.memory_of.at) {
    if (!there(a.memory_of, a.B)) return why("expected ", a.B, " numbers as memory_of, got ", a.memory_of.n);
    u.memory_of = keep(a.memory_of);
    for (i64 b = 0; b < a.B; ++b) {
      if (u.memory_of[b] < 0 || u.memory_of[b] >= a.R) {
        return why("memory_of must be from 0 to ", a.R - 1, ", but row ", b, " has ", u.memory_of[b]);
      }
    }
  } else if (a.B > a.R) {
    return why(a.B, " rows have ", a.R, " memories, and no memory_of says which");
  }
  if (!a.attention.at) return true;
  const i64 wanted = times({a.T, a.B, a.S});
  if (!there(a.attention, wanted)) return why("expected room for ", wanted, " weights of attention, got ", a.attention.n);
  u.attention = a.attention.at;
  return true;
}

bool run(const Checked& steps) { return run(steps, steps.threads()); }
bool run(const Checked& steps, int threads) { return stepper()->run(steps.steps(), threads); }

}  // namespace hitherto
