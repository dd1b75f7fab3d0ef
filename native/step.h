// A whole model, one step or some, for one row or many: what streams.
#pragma once
#include "best.h"
#include "pool.h"
#include "step_layer.h"
#include "step_branches.h"

namespace {

// Whether the last product can be written where it is wanted: a vocabulary is not to be copied.
bool in_place(const Steps& u) {
  const Stage& last = u.program->stage[u.end - 1];
  return u.y && !u.order && last.op == LINEAR && (u.T == 1 || u.B == 1 || u.pooled());
}

// The memory that a group of rows needs for so many steps, in floats.
struct Room {
  i64 width = 0, vectors = 0, words = 0, h_words = 0, buffer, projected, x_words, h, spare, weights = 0, patches = 0, size;
  Room(const Steps& u, i64 rows, i64 steps) {
    const Program& p = *u.program;
    for (i64 i = u.begin; i < u.end; ++i) {
      const Stage& s = p.stage[i];
      const i64 reads = s.reads_ids() ? 0 : s.I, gives = s.op == BAG || (i == u.end - 1 && in_place(u)) ? 0 : s.O;
      width = max_of(width, max_of(reads, gives));
      if (s.op == ATTEND || s.op == WINDOW) weights = ASKERS * up16(u.S);
      if (!is_packed(s)) continue;
      const StepPack& at = StepPack::of(s.packs[0]);
      if (s.op == ATTEND)
        h_words = max_of(h_words, at.x_words);
      else if (s.op == CONV)
        patches = max_of(patches, places_at_once(s) * (up16(s.patch()) + (p.precision == FLOAT32 ? 0 : at.x_words + 1)));
      else
        words = max_of(words, at.x_words);
      if (s.op == RECURRENT) h_words = max_of(h_words, max_of(at.h_words, at.r_words));
      if (s.op != LINEAR && s.op != CONV) vectors = max_of(vectors, at.vectors);
    }
    width = up16(width);
    const i64 tokens = rows * steps;
    buffer = tokens * width;
    projected = tokens * vectors * VL;
    x_words = p.precision == FLOAT32 ? 0 : up16(tokens * words + tokens);
    h = up16(rows * h_words + rows);
    spare = rows * 3 * vectors * VL;
    patches = up16(patches);
    size = 2 * buffer + projected + x_words + h + spare + weights + patches + 64;
    const double all = double(tokens) * double(2 * width + vectors * VL + words + 1);
    if (all > 1e15) size = i64(1) << 60;  // more than there is, even where the sums above have overflowed
  }
};

constexpr i64 TOKENS = 768;  // of a group at a time, where it can stop between
constexpr i64 ROOM = i64(16) << 20;  // floats of a group, where fewer rows or steps take less

struct Group {
  const Steps& u;
  const Program& p;
  i64 first, rows, steps;  // in the order of falling length; steps at a time
  float* memory;
  Room room;
  i64 lengths[GROUP], tokens_of[GROUP];
  float* states[GROUP];

  Group(const Steps& asked, i64 steps_, const Room& room_, float* memory_)
      : u(asked), p(*asked.program), first(0), rows(0), steps(steps_), memory(memory_), room(room_) {}

  i64 row(i64 j) const { return u.order ? u.order[first + j] : first + j; }
  float* states_of(i64 j) const { return u.state ? u.state + u.slot(row(j)) * u.stride : nullptr; }

  void run(i64 first_, i64 rows_) {
    first = first_, rows = rows_;
    i64 longest = 0;
    for (i64 j = 0; j < rows; ++j) {
      states[j] = states_of(j);
      longest = max_of(longest, u.length(row(j)));
    }
    const bool pooled = u.pooled();
    for (i64 done = 0; done < longest; done += steps) {
      const i64 now = min_of(steps, longest - done);
      for (i64 j = 0; j < rows; ++j) lengths[j] = max_of(0, min_of(now, u.length(row(j)) - done));
      const float* at = part(u.begin, pooled ? p.pool + 1 : u.end, nullptr, done, now);
      if (!pooled && u.y) give(at, done, now);
    }
    for (i64 t = longest; t < u.T && u.attention; ++t) {
      for (i64 j = 0; j < rows; ++j) std::memset(attention_of(t, j), 0, size_t(u.S) * 4);
    }
    if (!u.y) return;
    for (i64 t = longest; t < u.T && !pooled; ++t) {
      for (i64 j = 0; j < rows; ++j) std::memset(y_of(t, j), 0, size_t(u.out()) * 4);
    }
    if (!pooled) return;
    // The answer so far, from the pool's state: a row is a token now.
    for (i64 j = 0; j < rows; ++j) lengths[j] = 1, pool_value(p.stage[p.pool], states[j], memory + j * room.width);
    give(part(p.pool + 1, u.end, memory, 0, 1), 0, 1);
  }

  float* y_of(i64 t, i64 j) const { return u.y + (t * u.B + row(j)) * u.out(); }
  float* attention_of(i64 t, i64 j) const { return u.attention + (t * u.B + row(j)) * u.S; }

  void give(const float* from, i64 done, i64 now) {
    if (!from) return;  // written in place
    for (i64 t = 0; t < now; ++t) {
      for (i64 j = 0; j < rows; ++j) {
        if (t < lengths[j])
          std::memcpy(y_of(done + t, j), from + (t * rows + j) * room.width, size_t(u.out()) * 4);
        else
          std::memset(y_of(done + t, j), 0, size_t(u.out()) * 4);
      }
    }
  }

  // Stages from .. to over `now` steps that begin with `done`; gives where the last of them wrote.
  const float* part(i64 from, i64 to, const float* input, i64 done, i64 now) {
    const i64 tokens = now * rows;
    float* buffers[2] = {memory, memory + room.buffer};
    float* projected = memory + 2 * room.buffer;
    u32* x_words = reinterpret_cast<u32*>(projected + room.projected);
    u32* h_words = x_words + room.x_words;
    float* spare = reinterpret_cast<float*>(h_words + room.h);
    float *weights = spare + room.spare, *patches = weights + room.weights;
    i64 ld = room.width, turn = input == memory;
    if (!input && !p.stage[from].reads_ids()) {
      const i64 I = p.stage[from].I;
      if (!u.order && (u.B == rows || u.T == 1)) {  // side by side as they are
        input = u.x + (done * u.B + first) * I, ld = I;
      } else {
        for (i64 t = 0; t < now; ++t) {
          for (i64 j = 0; j < rows; ++j) {
            float* token = buffers[0] + (t * rows + j) * ld;
            if (t < lengths[j])
              std::memcpy(token, u.x + ((done + t) * u.B + row(j)) * I, size_t(I) * 4);
            else
              std::memset(token, 0, size_t(I) * 4);
          }
        }
        input = buffers[0], turn = 1;
      }
    }
    for (i64 i = from; i < to; ++i) {
      const Stage& s = p.stage[i];
      float* output = buffers[turn];
      const auto copy_input = [&](i64 t, i64 j, float* token) { copy(token, input + (t * rows + j) * ld, s.I); };
      if (s.op == EMBED) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) {
          copy(token, s.parameters[0].w_ih + u.ids[(done + t) * u.B + row(j)] * s.O, s.O);
        });
      } else if (s.op == BAG) {
        for (i64 j = 0; j < rows; ++j) {
          for (i64 t = 0; t < lengths[j]; ++t) bag_step(s, states[j], u.ids[(done + t) * u.B + row(j)]);
        }
      } else if (s.op == SUMMARY) {
        for (i64 j = 0; j < rows; ++j) {
          for (i64 t = 0; t < lengths[j]; ++t) summary_step(s, states[j], input + (t * rows + j) * ld);
        }
      } else if (s.op == RECALL || s.op == JOIN) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) {
          copy_input(t, j, token), copy(token + s.I, states[j] + s.h, s.O - s.I);
        });
      } else if (s.op == KEEP) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { copy_input(t, j, token), copy(states[j] + s.h, token + s.O - s.P, s.P); });
      } else if (s.op == ATTEND) {
        each(now, output, s.O, copy_input);
        if (s.kind == ADDITIVE) {
          make_queries(s, h_words, projected);
          answer(s, projected, StepPack::of(s.packs[0]).vectors * VL, output, weights, done, now);
        } else {
          answer(s, input, ld, output, weights, done, now);
        }
      } else if (s.op == POOL) {
        for (i64 j = 0; j < rows; ++j) {
          for (i64 t = 0; t < lengths[j]; ++t) pool_step(s, states[j], input + (t * rows + j) * ld);
          if (s.D == 2 && s.kind == LAST && lengths[j])  // the direction from the end has read all at the first step
            std::memcpy(states[j] + s.h + s.I / 2, input + j * ld + s.I / 2, size_t(s.I / 2) * 4);
        }
      } else if (s.op == CONV) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { convolve(s, p.precision, input + (t * rows + j) * ld, token, patches); });
      } else if (s.op == SPELL) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { spell(s, input + (t * rows + j) * ld, token); });
      } else if (s.op == SUBWORDS) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { subwords(s, input + (t * rows + j) * ld, token); });
      } else if (s.op == PEAKS) {
        each(now, output, s.O, [&](i64 t, i64 j, float* token) { find_peaks(s, input + (t * rows + j) * ld, token); });
      } else {
        const StepPack& at = StepPack::of(s.packs[0]);
        const Rows x = in_words(p.precision, input, ld, tokens, s.I, s.bounded, at.x_words, x_words);
        if (s.op == LINEAR) {
          const bool last = i == u.end - 1 && in_place(u);
          if (last) {
            linear(s, p.precision, x, tokens, u.y + (done * u.B + first) * s.O, s.O);
            return nullptr;
          }
          linear(s, p.precision, x, tokens, output, room.width);
        } else if (s.op == WINDOW) {
          look(s, x, input, ld, projected, output, weights, done, now);
        } else {
          Layer l;
          l.s = &s, l.at = &at, l.precision = p.precision, l.stride = rows, l.T = now, l.lengths = lengths, l.states = states;
          l.input = input, l.ld_input = ld, l.y = output, l.ld_y = room.width, l.x = x, l.spare = spare, l.tokens = tokens_of;
          l.h_words = h_words, l.h_scales = reinterpret_cast<float*>(h_words + rows * room.h_words);
          for (l.d = 0; l.d < s.D; ++l.d) {
            l.pack = s.packs[l.d], l.projected = projected;
            layer_run(l, tokens);
          }
        }
      }
      if (s.op != POOL && s.op != BAG && s.op != SUMMARY) input = output, ld = room.width, turn = !turn;
    }
    if (u.y && input && ld != room.width) {  // no stage has written: these are the caller's numbers, side by side
      float* output = buffers[turn];
      each(now, output, ld, [&](i64 t, i64 j, float* token) { copy(token, input + (t * rows + j) * ld, ld); });
      input = output;
    }
    return input;
  }

  // body(step, row, token) for each step that a row takes; what is no step is nothing.
  template <class Body>
  void each(i64 now, float* output, i64 O, const Body& body) const {
    for (i64 t = 0; t < now; ++t) {
      for (i64 j = 0; j < rows; ++j) {
        float* token = output + (t * rows + j) * room.width;
        if (t < lengths[j])
          body(t, j, token);
        else
          std::memset(token, 0, size_t(O) * 4);
      }
    }
  }

  Memory memory_at(i64 r, i64 H, i64 M) const {
    return {H ? u.keys + r * u.S * H : nullptr, u.values + r * u.S * M, u.memory_lengths[r], H, M};
  }

  // An attention window moves with every token, and what it covers joins the token.
  void look(const Stage& s, const Rows& x, const float* input, i64 ld, float* parameters, float* output, float* weights, i64 done,
            i64 now) const {
    const StepPack& at = StepPack::of(s.packs[0]);
    const i64 wide = at.vectors * VL;
    Product product = x_product(at, s.packs[0], x, now * rows, true);
    product.store_rows(parameters, wide, 4, ALL);
    multiply(product, 4, p.precision);
    for (i64 k = 0; k < now * rows * wide; k += VL) store(parameters + k, sigmoid(load(parameters + k)));
    for (i64 t = 0; t < now && u.attention; ++t) {
      for (i64 j = 0; j < rows; ++j) std::memset(attention_of(done + t, j), 0, size_t(u.S) * 4);
    }
    each(now, output, s.O, [&](i64 t, i64 j, float* token) {
      const Memory m = memory_at(u.memory(row(j)), 0, s.O - s.I);
      copy(token, input + (t * rows + j) * ld, s.I);
      move_window(s, m, parameters + (t * rows + j) * wide, states[j] + s.h, weights, token + s.I);
      if (u.attention) copy(attention_of(done + t, j), weights, m.n);
    });
  }

  // The queries of additive attention in this one step, from the rows' states.
  void make_queries(const Stage& s, u32* words, float* queries) const {
    const StepPack& at = StepPack::of(s.packs[0]);
    float* scales = reinterpret_cast<float*>(words + rows * room.h_words);
    i64 active = rows;
    while (active > 0 && lengths[active - 1] == 0) --active;
    for (i64 j = 0; j < active; ++j) scales[j] = to_words(p.precision, states[j] + s.h, s.P, false, words + j * at.x_words);
    Product product = x_product(at, s.packs[0], {words, at.x_words, scales}, active, false);
    product.store_rows(queries, at.vectors * VL, 4, ALL);
    multiply(product, 4, p.precision);
  }

  // Every token's context, after what its output has already: rows that share a memory ask it together.
  void answer(const Stage& s, const float* queries, i64 ld, float* output, float* weights, i64 done, i64 now) const {
    const float* asked[ASKERS];
    float *contexts[ASKERS], *wanted[ASKERS];
    const float* v = s.kind == ADDITIVE ? reinterpret_cast<const float*>(s.packs[0] + StepPack::of(s.packs[0]).v) : nullptr;
    const i64 M = s.O - s.I, ld_weights = up16(u.S);
    i64 count = 0, current = -1;
    const auto ask = [&] {
      if (!count) return;
      const Memory m = memory_at(current, s.H, M);
      attend(m, v, count, asked, weights, ld_weights, contexts);
      for (i64 k = 0; k < count && u.attention; ++k) {
        copy(wanted[k], weights + k * ld_weights, m.n);
        std::memset(wanted[k] + m.n, 0, size_t(u.S - m.n) * 4);
      }
      count = 0;
    };
    for (i64 j = 0; j < rows; ++j) {
      if (u.memory(row(j)) != current) ask(), current = u.memory(row(j));
      for (i64 t = 0; t < now; ++t) {
        if (t >= lengths[j]) {
          if (u.attention) std::memset(attention_of(done + t, j), 0, size_t(u.S) * 4);
          continue;
        }
        const i64 k = t * rows + j;
        asked[count] = queries + k * ld, contexts[count] = output + k * room.width + s.I;
        wanted[count++] = u.attention ? attention_of(done + t, j) : nullptr;
        if (count == ASKERS) ask();
      }
    }
    ask();
  }
};

struct Work {
  const Steps* u;
  i64 rows, steps;  // of a group
  bool failed;  // once it is true it stays

  static void entry(void* self, int id, int n) {
    Work& w = *static_cast<Work*>(self);
    const Steps& u = *w.u;
    const Room room(u, w.rows, w.steps);
    float* memory = workspace(size_t(room.size));
    if (!memory) {
      w.failed = true;
      return;
    }
    const NoDenormals flushed;
    Group group(u, w.steps, room, memory);
    for (i64 first = id * w.rows; first < u.B; first += n * w.rows) {
      // States of many rows lie all over the memory: ask for the next ones while these are computed.
      for (i64 j = first + n * w.rows; u.slots && j < min_of(u.B, first + (n + 1) * w.rows); ++j) {
        const char* at = reinterpret_cast<const char*>(u.state + u.slot(u.order ? u.order[j] : j) * u.stride);
        for (i64 byte = 0; byte < u.program->state * 4; byte += 64) {
#if defined(__GNUC__)
          __builtin_prefetch(at + byte, 1);
#endif
        }
      }
      group.run(first, min_of(w.rows, u.B - first));
    }
  }
};

bool step_run(const Steps& u, int threads) {
  const Program& p = *u.program;
  Work work = {&u, min_of(GROUP, u.B), 1, false};
  if (u.B == 1 && u.T == 1) {  // a stream's step: nothing to plan
    Work::entry(&work, 0, 1);
    return !work.failed;
  }
  double per_token = 0;
  if (u.B == 0 || (u.T == 0 && !u.pooled())) return true;
  bool step_by_step = false;  // what a later stage did one step before is what an earlier one asks
  for (i64 i = u.begin; i < u.end; ++i) {
    const Stage& s = p.stage[i];
    per_token += s.op == ATTEND ? double(u.S) * double(s.H * (s.kind == ADDITIVE ? 32 : 2) + s.O * 2)
                 : s.op == SPELL ? double(s.H) * double(s.I * s.kernel)
                 : s.op == SUBWORDS ? double(s.O) * double(s.I) * double(s.stride - s.kernel + 1)
                 : s.op == CONV ? double(s.O) * double(s.patch()) * 2
                 : s.op == BAG  ? double(s.H) * double(s.P)
                                : double(s.H) * double(s.I + s.P) * 8;
    step_by_step = step_by_step || s.op == KEEP || (s.op == ATTEND && s.kind == ADDITIVE);
  }
  if (per_token * double(u.B) * double(u.T) < 2e6) threads = 1;  // as in kernels.inc
  work.rows = min_of(work.rows, max_of(1, ceil_div(u.B, threads)));
  work.steps = step_by_step ? 1 : p.whole ? max_of(1, u.T) : max_of(1, min_of(u.T, TOKENS / max_of(1, work.rows)));
  while (Room(u, work.rows, work.steps).size > ROOM) {  // however wide a stage is
    i64& fewer = work.steps > 1 && !p.whole ? work.steps : work.rows;
    if (fewer <= 1) break;
    fewer = ceil_div(fewer, 2);
  }
  parallel(int(min_of(threads, ceil_div(u.B, max_of(1, work.rows)))), Work::entry, &work);
  return !work.failed;
}

void exponentials(const float* x, float* y, i64 n) {
  const NoDenormals flushed;
  for (i64 i = 0; i < n; i += VL) store(y + i, exp(load(x + i, n - i)), n - i);
}

}  // namespace

namespace hitherto {
extern const Stepper HT_STEPPER;
const Stepper HT_STEPPER = {HT_NAME, step_pack_size, step_pack, step_run, best_run, exponentials};
}  // namespace hitherto