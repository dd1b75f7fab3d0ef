// The time loop of a layer, forward and backward, over the work of one thread.
//
// A thread owns some rows of the batch (all units), or some units (all rows, with a barrier at each step). Forward, it
// projects the inputs of a chunk of steps at once, so that the projections stay in its cache, then walks the steps: the
// recurrent product begins with the projection and ends, still in registers, in the cell's state. Backward, it turns the
// gradient of h at each step into the gates' gradients and those, through the recurrent weights, into the gradient of the
// h before. The products over all tokens that remain (weights, inputs) are the caller's.
#pragma once
#include "bfloat16.h"
#include "cells.h"
#include "kernels.h"
#include "pool.h"

namespace {

using namespace hitherto;

constexpr i64 blocks_of(i64 H) { return ceil_div(H, VL); }
constexpr i64 STRIPE = 4;  // blocks of units that stay in one thread: the width of the widest panel

// Panels hold all gates of a block of units; with a single gate, four blocks.
constexpr int panel_width(int gates) { return gates == 1 ? 4 : gates; }

// ---- packed weights --------------------------------------------------------------------------------------------------

struct ForwardPack {  // offsets into the pack, in floats
  i64 bias, bias_n, w_ih, w_hh, w_n, w_hr, size;
  ForwardPack(int cell, i64 I, i64 H, i64 O, int precision) {
    const i64 P = blocks_of(H), V = P * gates_of(cell), deep = depth_of(precision, H);
    bias = 0;
    bias_n = bias + V * VL;  // GRU's b'_n, which r multiplies
    w_ih = bias_n + (cell == GRU ? P * VL : 0);
    w_hh = w_ih + V * VL * depth_of(precision, I);
    w_n = w_hh + 2 * P * VL * deep;  // GRU_BEFORE's U_n, which multiplies r h
    w_hr = w_hh + V * VL * depth_of(precision, O);
    size = w_hr + (O == H ? 0 : blocks_of(O) * VL * deep);
  }
};

struct BackwardPack {
  i64 w_hh, w_n, w_hr, size;
  BackwardPack(int cell, i64 H, i64 O, int precision) {
    const i64 columns = blocks_of(O) * VL;
    w_hh = 0;
    w_n = depth_of(precision, 2 * H) * columns;
    w_hr = cell == GRU_BEFORE ? w_n + depth_of(precision, H) * columns : depth_of(precision, gates_of(cell) * H) * columns;
    size = w_hr + (O == H ? 0 : depth_of(precision, O) * blocks_of(H) * VL);
  }
};

struct PackJob {
  int cell, precision;
  i64 I, H, O;  // O: numbers of h
  Weights weights;
  float* pack;
};

void forward_pack_part(void* arg, int id, int n) {
  const PackJob& j = *static_cast<PackJob*>(arg);
  const i64 H = j.H, P = blocks_of(H);
  const int G = gates_of(j.cell), W = panel_width(G);
  const ForwardPack at(j.cell, j.I, H, j.O, j.precision);
  const auto part = [&](i64 vectors, i64 t) { return vectors * t / n; };
  const i64 v0 = part(P * G, id), v1 = part(P * G, id + 1);
  pack_panels(j.precision, j.pack + at.w_ih, j.weights.w_ih, j.I, 1, H, j.I, G, W, v0, v1);
  if (j.cell == GRU_BEFORE) {
    pack_panels(j.precision, j.pack + at.w_hh, j.weights.w_hh, H, 1, H, H, 2, 2, part(2 * P, id), part(2 * P, id + 1));
    pack_panels(j.precision, j.pack + at.w_n, j.weights.w_hh + 2 * H * H, H, 1, H, H, 1, 4, part(P, id), part(P, id + 1));
  } else {
    pack_panels(j.precision, j.pack + at.w_hh, j.weights.w_hh, j.O, 1, H, j.O, G, W, v0, v1);
  }
  if (j.O != H) pack_panels(j.precision, j.pack + at.w_hr, j.weights.w_hr, H, 1, j.O, H, 1, 4, part(blocks_of(j.O), id), part(blocks_of(j.O), id + 1));
  if (id != 0) return;
  for (i64 v = 0; v < P * G; ++v) {
    const i64 gate = v % G, unit = v / G * VL, valid = min_of(VL, H - unit);
    const Vec a = j.weights.b_ih ? load(j.weights.b_ih + gate * H + unit, valid) : zero();
    const Vec b = j.weights.b_hh ? load(j.weights.b_hh + gate * H + unit, valid) : zero();
    const bool apart = j.cell == GRU && gate == 2;
    store(j.pack + at.bias + v * VL, apart ? a : add(a, b));
    if (apart) store(j.pack + at.bias_n + unit, b);
  }
}

void backward_pack_part(void* arg, int id, int n) {
  const PackJob& j = *static_cast<PackJob*>(arg);
  const i64 H = j.H, P = blocks_of(j.O), v0 = P * id / n, v1 = P * (id + 1) / n;
  const BackwardPack at(j.cell, H, j.O, j.precision);
  if (j.cell == GRU_BEFORE) {
    pack_panels(j.precision, j.pack + at.w_hh, j.weights.w_hh, 1, H, H, 2 * H, 1, 4, v0, v1);
    pack_panels(j.precision, j.pack + at.w_n, j.weights.w_hh + 2 * H * H, 1, H, H, H, 1, 4, v0, v1);
  } else {
    pack_panels(j.precision, j.pack + at.w_hh, j.weights.w_hh, 1, j.O, j.O, gates_of(j.cell) * H, 1, 4, v0, v1);
  }
  if (j.O != H) {
    const i64 Q = blocks_of(H);
    pack_panels(j.precision, j.pack + at.w_hr, j.weights.w_hr, 1, H, H, j.O, 1, 4, Q * id / n, Q * (id + 1) / n);
  }
}

// ---- who does what ---------------------------------------------------------------------------------------------------

// A thread's part of one direction.
struct Member {
  i64 d;                      // the direction
  i64 row0, stride, rows;     // rows row0, row0 + stride, .. of the batch: longest first, so that lengths are shared evenly
  i64 home;                   // where these rows stand in what the threads of a direction share
  i64 b0, b1;                 // blocks of units
  Barrier* barrier;           // null where no other thread has these rows
  const float* pack;          // the direction's packed weights
  float *shared, *scratch;        // memory
  // Of the rows active at t: how many are of this member, and the token of its row j.
  i64 active(const Unroll& u, i64 t) const { return max_of(0, ceil_div(u.active(t) - row0, stride)); }
  i64 token(const Unroll& u, i64 t, i64 j) const { return u.offset(t) + row0 + j * stride; }
  i64 row(i64 j) const { return row0 + j * stride; }
  void meet() const {
    if (barrier) barrier->wait();
  }
};

struct Crew {  // how n threads share the work
  i64 n, teams;  // directions at the same time
  bool by_units;
  Crew(const Unroll& u, i64 threads) : n(threads), teams(u.D == 2 && threads > 1 ? 2 : 1), by_units(false) {
    const i64 team = team_size(0), stripes = ceil_div(blocks_of(u.H), STRIPE);
    if (team > 1 && u.split != ROWS && u.P == u.H) {
      // By rows each thread reads all recurrent weights at each step; by units each reads what the others have just written,
      // line by line out of their caches. Measured, the second pays only for a row or a few, and weights past the own cache.
      const i64 weights = gates_of(u.cell) * u.H * u.H * 4, rows = u.B / team;
      const bool few = (rows < 1 && weights > (200 << 10)) || (rows < 4 && weights > (900 << 10));
      by_units = u.split == UNITS || (stripes >= team && few);
    }
  }
  i64 team_of(i64 id) const { return id % teams; }
  i64 rank(i64 id) const { return id / teams; }
  i64 team_size(i64 t) const { return (n - t + teams - 1) / teams; }
  Member member(const Unroll& u, i64 id) const {
    const i64 team = team_size(team_of(id)), r = rank(id), P = blocks_of(u.H), stripes = ceil_div(P, STRIPE);
    Member m = {};
    m.d = team_of(id);
    if (by_units) {
      m.stride = 1, m.rows = u.B;
      m.b0 = min_of(P, stripes * r / team * STRIPE), m.b1 = min_of(P, stripes * (r + 1) / team * STRIPE);
    } else {
      m.row0 = r, m.stride = team, m.rows = max_of(0, ceil_div(u.B - r, team)), m.home = r * ceil_div(u.B, team);
      m.b1 = P;
    }
    return m;
  }
  i64 smallest_team() const { return team_size(teams - 1); }  // whose members have the most to do
  i64 shared_rows(const Unroll& u) const { return u.B + team_size(0); }
};

// ---- forward ---------------------------------------------------------------------------------------------------------

// Where the rows of one step lie, at unit 0. Whoever takes a tile copies this: a store could change what is behind a pointer, and
// it would be read again after each.
struct StepRows {
  i64 H, O, ldh, ldb, ldg, ldc, ldy, ld_saved, first, stride;
  const i64* places;
  const float *before, *x_part;  // h, and the projected inputs
  float *after, *c, *y, *saved, *cells;  // the last two may be null
  const float* mask;                     // null: none
  float* whole;  // under a mask, h where GRU's state needs it; else null. What `after` has the next product reads.
  i64 token(i64 r) const { return first + r * stride; }
  const float* before_of(i64 r) const { return before + r * ldb; }
  float* after_of(i64 r) const { return after + r * ldh; }
  float* c_of(i64 r) const { return c + r * ldc; }
  const float* mask_of(i64 r) const { return mask + r * stride * O; }
  // The new h of row r.
  HT_INLINE void put(i64 r, i64 unit, float* after_row, float* y_row, Vec h) const {
    store(y_row + unit, h, O - unit);
    if (mask) {
      if (whole) store(whole + r * ldc + unit, h);
      h = mul(h, load(mask_of(r) + unit, O - unit));
    }
    store(after_row + unit, h);
  }
  float* y_of(i64 r) const { return y + (places ? places[token(r)] : token(r)) * ldy; }
  float* saved_of(i64 r) const { return saved ? saved + token(r) * ld_saved : nullptr; }
  float* cells_of(i64 r) const { return cells ? cells + token(r) * H : nullptr; }
};

constexpr bool keeps_h(int cell) { return cell == GRU || cell == GRU_BEFORE; }  // a share of h passes each step by

struct ForwardSizes {
  i64 ldh, vectors, chunk, lda, planes, shared, words, scratch;
  ForwardSizes(const Forward& u, const Crew& crew) {
    const i64 P = blocks_of(u.H), G = gates_of(u.cell), team = crew.smallest_team();
    const i64 rows = crew.by_units ? u.B : ceil_div(u.B, team);
    const i64 blocks = crew.by_units ? min_of(P, ceil_div(ceil_div(P, STRIPE), team) * STRIPE) : P;
    ldh = padded(u.H);
    lda = padded(u.I);
    vectors = blocks * G;
    // Tokens projected at once: as many as half of a level-2 cache holds, and enough to make use of each weight.
    const i64 fit = min_of(512, max_of(48, (i64(96) << 10) / (vectors * VL + lda)));
    chunk = max_of(rows, min_of(fit, rows * u.T));
    planes = u.cell == GRU_BEFORE || u.P != u.H ? 3 : 2;
    shared = crew.shared_rows(u) * ldh * planes;
    const i64 kept = (u.cell == LSTM || u.cell == GRU_BEFORE) + (u.mask && keeps_h(u.cell));
    scratch = words = ceil_div(chunk * (lda + vectors * VL) + rows * blocks * VL * kept + 64, 16) * 16;  // where words begin
    if (u.precision == BFLOAT16) scratch += max_of(words_of_rows(chunk, u.I), words_of_rows(rows, max_of(u.H, u.P)));
  }
};

template <int CELL>
void forward_part(const Forward& u, const Member& m, const ForwardSizes& z) {
  constexpr int G = gates_of(CELL), W = panel_width(G);
  const i64 H = u.H, I = u.I, O = u.P, ldy = u.D * O, ldg = z.vectors * VL, ldc = (m.b1 - m.b0) * VL;
  const i64 v0 = m.b0 * G, v1 = m.b1 * G;
  const bool reverse = m.d == 1, projects = CELL == LSTM && O != H;
  const i64 o1 = projects ? blocks_of(O) : m.b1;  // blocks of h, from m.b0 on
  const ForwardPack at(CELL, I, H, O, u.precision);
  const float* pack = m.pack;
  // h before and after a step change places; a third holds r h in GRU_BEFORE, and what an LSTM projects.
  const i64 plane = z.shared / z.planes;
  float* state[2] = {m.shared + m.home * z.ldh, m.shared + plane + m.home * z.ldh};
  float* gx = m.scratch;
  float* inputs = gx + z.chunk * ldg;
  float* c = inputs + z.chunk * z.lda;  // LSTM's c; in GRU_BEFORE z, between its two products
  float* whole = u.mask && keeps_h(CELL) ? c + (CELL == GRU_BEFORE ? m.rows * ldc : 0) : nullptr;
  u32* const words = u.precision == BFLOAT16 ? reinterpret_cast<u32*>(m.scratch + z.words) : nullptr;

  for (i64 j = 0; j < m.rows; ++j) {
    const i64 cell = m.d * u.B + m.row(j), from = cell * O;
    for (i64 b = m.b0; b < o1; ++b) {
      const i64 unit = b * VL, n = min_of(VL, O - unit);
      Vec h = u.h0 ? load(u.h0 + from + unit, n) : zero();
      if (whole) store(whole + j * ldc + (b - m.b0) * VL, h);
      if (u.mask) h = mul(h, load(u.mask + from + unit, n));
      store(state[0] + j * z.ldh + unit, h);
      store(state[1] + j * z.ldh + unit, h);
    }
    for (i64 b = m.b0; CELL == LSTM && b < m.b1; ++b) {
      store(c + j * ldc + (b - m.b0) * VL, u.c0 ? load(u.c0 + cell * H + b * VL, H - b * VL) : zero());
    }
  }
  m.meet();

  for (i64 begin = 0, end; begin < u.T; begin = end) {
    // Bring the inputs of this chunk together and project them.
    i64 tokens = 0;
    for (end = begin; end < u.T; ++end) {
      const i64 t = reverse ? u.T - 1 - end : end, rows = m.active(u, t);
      if (tokens + rows > z.chunk) break;
      for (i64 j = 0; j < rows; ++j, ++tokens) std::memcpy(inputs + tokens * z.lda, u.x + u.place(m.token(u, t, j)) * I, I * 4);
    }
    FloatProduct p = {};
    p.a = inputs, p.lda = z.lda, p.rows = tokens, p.packed = pack + at.w_ih, p.K = I, p.v0 = v0, p.v1 = v1, p.words = words;
    p.begin_with(pack + at.bias + v0 * VL, 0, W, 1);
    p.store_rows(gx, ldg, ALL);
    multiply(p, W);

    const float* g = gx;
    for (i64 step = begin; step < end; ++step) {
      const i64 t = reverse ? u.T - 1 - step : step, rows = m.active(u, t);
      const float* h = state[step & 1];
      float* h_after = state[(step + 1) & 1];
      StepRows step_rows = {};
      step_rows.H = H, step_rows.O = O, step_rows.before = h, step_rows.after = h_after, step_rows.ldb = step_rows.ldh = z.ldh;
      if (u.mask) step_rows.mask = u.mask + (m.d * u.B + m.row0) * O;
      if (whole) step_rows.before = step_rows.whole = whole - m.b0 * VL, step_rows.ldb = ldc;
      step_rows.x_part = g - v0 * VL, step_rows.ldg = ldg, step_rows.c = c - m.b0 * VL, step_rows.ldc = ldc;
      step_rows.first = m.token(u, t, 0), step_rows.stride = m.stride, step_rows.places = u.places;
      step_rows.y = u.y + m.d * O, step_rows.ldy = ldy;
      if (u.saved) step_rows.saved = u.saved + m.d * u.N * saved_per_unit(CELL) * H, step_rows.ld_saved = saved_per_unit(CELL) * H;
      if (u.saved && CELL == LSTM) step_rows.cells = u.cells + m.d * u.N * H;
      FloatProduct p = {};
      p.a = h, p.lda = z.ldh, p.rows = rows, p.packed = pack + at.w_hh, p.K = O, p.v0 = v0, p.v1 = v1, p.words = words;
      p.begin_with(g, ldg, W, 1);
      if constexpr (CELL == RNN_TANH || CELL == RNN_RELU) {
        const auto take = [&](Tile tile) {
          const StepRows now = step_rows;
          for (i64 j = 0; j < tile.rows; ++j) {
            const i64 r = tile.row + j;
            float *after = now.after_of(r), *y = now.y_of(r);
            for (i64 k = 0; k < tile.vectors; ++k) {
              const i64 unit = (tile.vector + k) * VL;
              const Vec value = rnn_activation<CELL == RNN_RELU>(load(tile.at(j, k)));
              now.put(r, unit, after, y, value);
            }
          }
        };
        p.give_to(take);
        multiply(p, W);
      } else if constexpr (CELL == LSTM) {
        float* const inner = projects ? m.shared + 2 * plane + m.home * z.ldh : nullptr;
        const auto take = [&](Tile tile) {
          const StepRows now = step_rows;
          float* const inner_all = inner;
          const i64 H = now.H;
          for (i64 j = 0; j < tile.rows; ++j) {
            const i64 r = tile.row + j;
            float *after = now.after_of(r), *y = now.y_of(r), *saved = now.saved_of(r), *c_of = now.c_of(r);
            float* cells = now.cells_of(r);
            for (i64 k = 0; k < tile.vectors; k += 4) {
              const i64 unit = (tile.vector + k) / 4 * VL, n = H - unit;
              const float* from = tile.at(j, k);
              Vec gates[4] = {load(from), load(from + VL), load(from + 2 * VL), load(from + 3 * VL)}, cell = load(c_of + unit);
              const Vec value = lstm_forward(gates, cell);
              store(c_of + unit, cell);
              if (inner_all)
                store(inner_all + r * now.ldh + unit, value);
              else
                now.put(r, unit, after, y, value);
              if (!saved) continue;
              for (i64 i = 0; i < 4; ++i) store(saved + i * H + unit, gates[i], n);
              store(cells + unit, cell, n);
            }
          }
        };
        p.give_to(take);
        multiply(p, W);
        if (projects) {
          const auto take_projected = [&](Tile tile) {
            const StepRows now = step_rows;
            for (i64 j = 0; j < tile.rows; ++j) {
              const i64 r = tile.row + j;
              float *after = now.after_of(r), *y = now.y_of(r);
              for (i64 k = 0; k < tile.vectors; ++k) now.put(r, (tile.vector + k) * VL, after, y, load(tile.at(j, k)));
            }
          };
          FloatProduct q = {};
          q.a = inner, q.lda = z.ldh, q.rows = rows, q.packed = pack + at.w_hr, q.K = H, q.v1 = o1, q.words = words;
          q.give_to(take_projected);
          multiply(q, 4);
        }
      } else if constexpr (CELL == GRU) {
        p.bias_n = pack + at.bias_n;
        const auto take = [&](Tile tile) {
          const StepRows now = step_rows;
          const i64 H = now.H;
          for (i64 j = 0; j < tile.rows; ++j) {
            const i64 r = tile.row + j;
            const float *before = now.before_of(r), *x_part = now.x_part + r * now.ldg + tile.vector * VL;
            float *after = now.after_of(r), *y = now.y_of(r), *saved = now.saved_of(r);
            for (i64 k = 0; k < tile.vectors; k += 3) {
              const i64 unit = (tile.vector + k) / 3 * VL, n = H - unit;
              const float* from = tile.at(j, k);
              const Vec reset = sigmoid(load(from)), update = sigmoid(load(from + VL)), inner = load(from + 2 * VL);
              const Vec candidate = tanh(fma(reset, inner, load(x_part + (k + 2) * VL)));
              const Vec value = gru_mix(update, candidate, load(before + unit));
              now.put(r, unit, after, y, value);
              if (!saved) continue;
              store(saved + unit, reset, n), store(saved + H + unit, update, n), store(saved + 2 * H + unit, candidate, n);
              store(saved + 3 * H + unit, inner, n);
            }
          }
        };
        p.give_to(take);
        multiply(p, W);
      } else {
        float* reset_h = m.shared + 2 * plane + m.home * z.ldh;
        p.v0 = 2 * m.b0, p.v1 = 2 * m.b1;
        p.begin_with(g, ldg, G, 1);  // r and z of a block
        const auto take_reset = [&](Tile tile) {
          const StepRows now = step_rows;
          float* const reset_all = reset_h;
          const i64 H = now.H;
          for (i64 j = 0; j < tile.rows; ++j) {
            const i64 r = tile.row + j;
            const float* before = now.before_of(r);
            float *reset_of = reset_all + r * now.ldh, *update_of = now.c_of(r), *saved = now.saved_of(r);
            for (i64 k = 0; k < tile.vectors; k += 2) {
              const i64 unit = (tile.vector + k) / 2 * VL, n = H - unit;
              const Vec reset = sigmoid(load(tile.at(j, k))), update = sigmoid(load(tile.at(j, k + 1)));
              Vec h_read = load(before + unit);
              if (now.mask) h_read = mul(h_read, load(now.mask_of(r) + unit, n));
              store(reset_of + unit, mul(reset, h_read));
              store(update_of + unit, update);
              if (saved) store(saved + unit, reset, n), store(saved + H + unit, update, n);
            }
          }
        };
        p.give_to(take_reset);
        multiply(p, 2);
        m.meet();
        p.a = reset_h, p.packed = pack + at.w_n, p.v0 = m.b0, p.v1 = m.b1;
        p.begin_with(g + 2 * VL, ldg, 4 * G, G);  // n of four blocks
        const auto take_candidate = [&](Tile tile) {
          const StepRows now = step_rows;
          const i64 H = now.H;
          for (i64 j = 0; j < tile.rows; ++j) {
            const i64 r = tile.row + j;
            const float *before = now.before_of(r), *update_of = now.c_of(r);
            float *after = now.after_of(r), *y = now.y_of(r), *saved = now.saved_of(r);
            for (i64 k = 0; k < tile.vectors; ++k) {
              const i64 unit = (tile.vector + k) * VL, n = H - unit;
              const Vec candidate = tanh(load(tile.at(j, k)));
              const Vec value = gru_mix(load(update_of + unit), candidate, load(before + unit));
              now.put(r, unit, after, y, value);
              if (saved) store(saved + 2 * H + unit, candidate, n);
            }
          }
        };
        p.give_to(take_candidate);
        multiply(p, 4);
      }
      g += rows * ldg;
      m.meet();
    }
  }

  // Each row ends with the h of its last token.
  for (i64 j = 0; j < m.rows; ++j) {
    const i64 row = m.row(j), to = (m.d * u.B + row) * O, cell = (m.d * u.B + row) * H;
    i64 last = -1;  // the time of the last step that this row took
    if (reverse)
      last = u.T > 0 && row < u.active(0) ? 0 : -1;
    else if (u.T > 0 && row < u.active(0)) {
      i64 lo = 0, hi = u.T - 1;  // active(t) does not rise: the last t at which the row is active
      while (lo < hi) {
        const i64 mid = (lo + hi + 1) / 2;
        if (row < u.active(mid))
          lo = mid;
        else
          hi = mid - 1;
      }
      last = lo;
    }
    for (i64 b = m.b0; b < o1; ++b) {
      const i64 unit = b * VL, n = O - unit;
      const Vec h = last < 0 ? (u.h0 ? load(u.h0 + to + unit, n) : zero())
                             : load(u.y + u.place(m.token(u, last, j)) * ldy + m.d * O + unit, n);
      store(u.hT + to + unit, h, n);
    }
    for (i64 b = m.b0; CELL == LSTM && b < m.b1; ++b) store(u.cT + cell + b * VL, load(c + j * ldc + (b - m.b0) * VL), H - b * VL);
  }
}

// ---- backward --------------------------------------------------------------------------------------------------------

struct BackwardSizes {
  i64 ldg, blocks, gradients, shared, words, scratch;
  BackwardSizes(const Backward& u, const Crew& crew) {
    const i64 P = blocks_of(u.H), team = crew.smallest_team();
    const i64 rows = crew.by_units ? u.B : ceil_div(u.B, team);
    blocks = crew.by_units ? min_of(P, ceil_div(ceil_div(P, STRIPE), team) * STRIPE) : P;
    ldg = padded(gates_of(u.cell) * u.H);
    gradients = dgates_per_unit(u.cell) * blocks * VL;
    shared = crew.shared_rows(u) * ldg * 2;
    words = ceil_div(rows * blocks * VL * (2 + (u.mask != nullptr) + (u.P != u.H)) + gradients, 16) * 16;
    scratch = words + (u.precision == BFLOAT16 ? words_of_rows(rows, gates_of(u.cell) * u.H) : 0);
  }
};

template <int CELL>
void backward_part(const Backward& u, const Member& m, const BackwardSizes& z) {
  constexpr int G = gates_of(CELL), DG = dgates_per_unit(CELL), S = saved_per_unit(CELL);
  const i64 H = u.H, O = u.P, ldy = u.D * O, ldd = (m.b1 - m.b0) * VL;
  const bool reverse = m.d == 1, projects = CELL == LSTM && O != H;
  const i64 o1 = projects ? blocks_of(O) : m.b1;  // blocks of h, from m.b0 on
  const BackwardPack at(CELL, H, O, u.precision);
  const float* pack = m.pack;
  float* dh = m.scratch;                  // [rows, units of this member]: the gradient that comes from the step after
  float* dc = dh + m.rows * ldd;      // LSTM's c; in GRU_BEFORE dh as it enters a step
  float* dbias = dc + m.rows * ldd;   // [gate, units of this member]
  float* back = dbias + DG * ldd;     // under a mask, what the recurrent product gives; without one that is added to dh
  float* inner = back + (u.mask ? m.rows * ldd : 0);  // the gradient of what was projected
  u32* const words = u.precision == BFLOAT16 ? reinterpret_cast<u32*>(m.scratch + z.words) : nullptr;
  std::memset(dbias, 0, size_t(DG * ldd) * 4);

  for (i64 j = 0; j < m.rows; ++j) {
    const i64 row = m.d * u.B + m.row(j);
    float *dh_of = dh + j * ldd - m.b0 * VL, *dc_of = dc + j * ldd - m.b0 * VL;
    for (i64 k = m.b0 * VL; k < o1 * VL; k += VL) store(dh_of + k, u.dhT ? load(u.dhT + row * O + k, O - k) : zero());
    for (i64 k = m.b0 * VL; CELL == LSTM && k < m.b1 * VL; k += VL) store(dc_of + k, u.dcT ? load(u.dcT + row * H + k, H - k) : zero());
  }

  for (i64 step = u.T - 1; step >= 0; --step) {
    const i64 t = reverse ? u.T - 1 - step : step, rows = m.active(u, t);
    // The step before this one of row j: its token, or -1 where the row began with h0.
    const i64 t_before = reverse ? t + 1 : t - 1;
    const i64 rows_before = t_before < 0 || t_before >= u.T ? 0 : m.active(u, t_before);
    const auto before = [&](const float* rows_of, i64 ld, bool placed, const float* first, i64 j, i64 unit) HT_LAMBDA {
      if (j < rows_before) {
        const i64 token = m.token(u, t_before, j);
        return load(rows_of + (placed ? u.place(token) : token) * ld + unit, H - unit);
      }
      return first ? load(first + (m.d * u.B + m.row(j)) * H + unit, H - unit) : zero();
    };
    const auto masked = [&](i64 j, i64 unit, Vec value) HT_LAMBDA {
      return u.mask ? mul(value, load(u.mask + (m.d * u.B + m.row(j)) * O + unit, O - unit)) : value;
    };
    // Threads may still read the gates' gradients of the step after: the two take turns.
    float* gates = m.shared + (step & 1) * (z.shared / 2) + m.home * z.ldg;
    const auto put = [&](i64 j, i64 b, int gate, Vec value) HT_LAMBDA {
      store(u.dgates + ((m.d * u.N + m.token(u, t, j)) * DG + gate) * H + b * VL, value, H - b * VL);
      float* sum = dbias + gate * ldd + (b - m.b0) * VL;
      store(sum, add(load(sum), value));
    };
    // What the recurrent product reads. The last block may reach past a gate's end: the next gate is written after it.
    const auto put_recurrent = [&](i64 j, i64 b, int gate, Vec value) HT_LAMBDA {
      store(gates + j * z.ldg + gate * H + b * VL, value, H - b * VL);
    };

    if (projects) {
      for (i64 j = 0; j < rows; ++j) {
        const i64 token = m.token(u, t, j);
        for (i64 k = 0; k < o1 * VL; k += VL) {
          Vec d = load(dh + j * ldd + k);
          if (u.dy) d = add(d, load(u.dy + u.place(token) * ldy + m.d * O + k, O - k));
          store(dh + j * ldd + k, d);
          store(u.douts + (m.d * u.N + token) * O + k, d, O - k);
        }
      }
      FloatProduct q = {};
      q.a = dh, q.lda = ldd, q.rows = rows, q.packed = pack + at.w_hr, q.K = O, q.v1 = m.b1, q.words = words;
      q.store_rows(inner, ldd, ALL);
      multiply(q, 4);
    }
    for (i64 j = 0; j < rows; ++j) {
      const i64 token = m.d * u.N + m.token(u, t, j);
      for (i64 b = m.b0; b < m.b1; ++b) {
        const i64 unit = b * VL, n = H - unit;
        float *dh_at = dh + j * ldd + (b - m.b0) * VL, *dc_at = dc + j * ldd + (b - m.b0) * VL;
        Vec d = load(projects ? inner + j * ldd + b * VL : dh_at);
        if (u.dy && !projects) d = add(d, load(u.dy + u.place(m.token(u, t, j)) * ldy + m.d * H + unit, n));
        const float* saved = u.saved + token * S * H + unit;
        if constexpr (CELL == RNN_TANH || CELL == RNN_RELU) {
          const Vec y = load(u.y + u.place(m.token(u, t, j)) * ldy + m.d * H + unit, n);
          const Vec da = rnn_backward<CELL == RNN_RELU>(d, y);
          put(j, b, 0, da);
          put_recurrent(j, b, 0, da);
          store(dh_at, zero());
        } else if constexpr (CELL == LSTM) {
          Vec a[4] = {load(saved, n), load(saved + H, n), load(saved + 2 * H, n), load(saved + 3 * H, n)};
          const float* cells = u.cells + m.d * u.N * H;
          Vec dcell = load(dc_at);
          lstm_backward(a, load(u.cells + token * H + unit, n), before(cells, H, false, u.c0, j, unit), d, dcell);
          store(dc_at, dcell);
          for (int k = 0; k < 4; ++k) put(j, b, k, a[k]), put_recurrent(j, b, k, a[k]);
          store(dh_at, zero());
        } else {
          const Vec h = before(u.y + m.d * H, ldy, true, u.h0, j, unit);
          const Vec r = load(saved, n), update = load(saved + H, n), candidate = load(saved + 2 * H, n);
          const Vec da_n = mul(mul(d, one_minus(update)), tanh_slope(candidate));
          const Vec da_z = mul(mul(d, sub(h, candidate)), sigmoid_slope(update));
          put(j, b, 1, da_z);
          put(j, b, 2, da_n);
          put_recurrent(j, b, 1, da_z);
          store(dh_at, mul(d, update));
          if constexpr (CELL == GRU) {
            const Vec da_r = mul(mul(da_n, load(saved + 3 * H, n)), sigmoid_slope(r)), da_hn = mul(da_n, r);
            put(j, b, 0, da_r);
            put(j, b, 3, da_hn);
            put_recurrent(j, b, 0, da_r);
            put_recurrent(j, b, 2, da_hn);
          } else {
            put_recurrent(j, b, 2, da_n);
          }
        }
      }
    }
    m.meet();
    FloatProduct p = {};
    p.a = gates, p.lda = z.ldg, p.rows = rows, p.packed = pack + at.w_hh, p.K = G * H, p.v0 = m.b0, p.v1 = o1, p.words = words;
    if constexpr (CELL == GRU_BEFORE) {
      // d(r h) = dn U_n, from which r's gradient and a share of dh; then the rest of dh through r and z.
      FloatProduct q = p;
      q.a = gates + 2 * H, q.packed = pack + at.w_n, q.K = H;
      const auto take = [&](Tile tile) {
        for (i64 i = 0; i < tile.rows; ++i) {
          const i64 j = tile.row + i, token = m.d * u.N + m.token(u, t, j);
          for (i64 k = 0; k < tile.vectors; ++k) {
            const i64 b = tile.vector + k, unit = b * VL;
            float* dh_at = dh + j * ldd + (b - m.b0) * VL;
            const Vec d_reset_h = load(tile.at(i, k)), r = load(u.saved + token * S * H + unit, H - unit);
            const Vec h = before(u.y + m.d * H, ldy, true, u.h0, j, unit);
            const Vec d_reset = masked(j, unit, d_reset_h), da_r = mul(mul(d_reset, h), sigmoid_slope(r));
            put(j, b, 0, da_r);
            put_recurrent(j, b, 0, da_r);
            store(dh_at, fma(d_reset, r, load(dh_at)));
          }
        }
      };
      q.give_to(take);
      multiply(q, 4);
      m.meet();
      p.K = 2 * H;
    }
    p.store_rows(u.mask ? back : dh, ldd, ALL);
    if (u.mask) std::memset(back, 0, size_t(rows * ldd) * 4);
    add_multiply(p);
    for (i64 j = 0; u.mask && j < rows; ++j) {
      for (i64 k = 0; k < (o1 - m.b0) * VL; k += VL) {
        float* dh_at = dh + j * ldd + k;
        store(dh_at, add(load(dh_at), masked(j, m.b0 * VL + k, load(back + j * ldd + k))));
      }
    }
  }

  for (i64 j = 0; j < m.rows; ++j) {
    const i64 row = m.d * u.B + m.row(j);
    const float *dh_of = dh + j * ldd - m.b0 * VL, *dc_of = dc + j * ldd - m.b0 * VL;
    for (i64 k = m.b0 * VL; k < o1 * VL; k += VL) store(u.dh0 + row * O + k, load(dh_of + k), O - k);
    for (i64 k = m.b0 * VL; CELL == LSTM && k < m.b1 * VL; k += VL) store(u.dc0 + row * H + k, load(dc_of + k), H - k);
  }
}

}  // namespace
