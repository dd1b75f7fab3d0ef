// Tests of the kernels that need no Python, so that sanitizers can watch them: each instruction set of this machine against
// plain loops in double precision, on buffers of exactly the size that the interface asks for; and the threads' own parts.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "kernels.h"
#include "pool.h"

using namespace hitherto;

namespace {

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
  ok ? ++passed : ++failed;
  if (!ok) std::printf("FAILED: %s\n", what.c_str());
}

std::mt19937 random_bits(7);

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Floats draw(i64 n, float scale = 1.0f) {
  std::uniform_real_distribution<float> uniform(-scale, scale);
  Floats out(static_cast<size_t>(n));
  for (float& v : out) v = uniform(random_bits);
  return out;
}

struct Case {
  int cell;
  i64 T, B, I, H, D;
  bool ragged, padded, bias, state;  // padded: inputs and outputs batch first, with rows that are no token's
  int threads, split;
};

std::string describe(const char* isa, const Case& c) {
  char text[200];
  std::snprintf(text, sizeof text, "%s cell %d T %lld B %lld I %lld H %lld D %lld ragged %d padded %d bias %d state %d threads %d split %d",
                isa, c.cell, static_cast<long long>(c.T), static_cast<long long>(c.B), static_cast<long long>(c.I),
                static_cast<long long>(c.H), static_cast<long long>(c.D), c.ragged, c.padded, c.bias, c.state, c.threads, c.split);
  return text;
}

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

// Everything that a layer has, float for the kernels; and room for what they write.
struct Layer {
  Case c;
  i64 G, GH, N, rows;
  std::vector<i64> sizes, offsets, places, lengths;
  Floats w_ih[2], w_hh[2], b_ih[2], b_hh[2], x, h0, c0, dy, dhT, dcT;
  Floats y, hT, cT, saved, cells, dx, dh0, dc0, dgates, dw_ih[2], dw_hh[2], db_ih[2], db_hh[2];

  explicit Layer(const Case& given) : c(given), G(gates_of(given.cell)), GH(G * given.H), N(0) {
    std::uniform_int_distribution<i64> any(0, c.T);
    lengths.assign(size_t(c.B), c.T);
    if (c.ragged) {
      for (i64& n : lengths) n = any(random_bits);
      if (c.B) lengths[0] = c.T;
      std::sort(lengths.rbegin(), lengths.rend());
    }
    offsets.push_back(0);
    for (i64 t = 0; t < c.T; ++t) {
      i64 active = 0;
      while (active < c.B && lengths[size_t(active)] > t) ++active;
      sizes.push_back(active);
      offsets.push_back(N += active);
    }
    rows = c.padded ? c.B * (c.T + 1) : N;
    for (i64 t = 0; c.padded && t < c.T; ++t) {
      for (i64 b = 0; b < sizes[size_t(t)]; ++b) places.push_back(b * (c.T + 1) + t);
    }
    const float scale = 1.2f / std::sqrt(float(c.H));
    for (i64 d = 0; d < c.D; ++d) {
      w_ih[d] = draw(GH * c.I, scale), w_hh[d] = draw(GH * c.H, scale), b_ih[d] = draw(GH), b_hh[d] = draw(GH);
      dw_ih[d] = draw(GH * c.I), dw_hh[d] = draw(GH * c.H), db_ih[d] = draw(GH), db_hh[d] = draw(GH);
    }
    const i64 states = c.D * c.B * c.H;
    x = draw(rows * c.I), dy = draw(rows * c.D * c.H), h0 = draw(states), c0 = draw(states), dhT = draw(states), dcT = draw(states);
    y = draw(rows * c.D * c.H), dx = draw(rows * c.I), hT = draw(states), cT = draw(states), dh0 = draw(states), dc0 = draw(states);
    saved = draw(c.D * N * saved_per_unit(c.cell) * c.H), cells = draw(c.cell == LSTM ? c.D * N * c.H : 0);
    dgates = draw(c.D * N * dgates_per_unit(c.cell) * c.H);
  }

  i64 row(i64 t, i64 b) const { return c.padded ? b * (c.T + 1) + t : offsets[size_t(t)] + b; }

  template <class Args>
  void fill(Args& u) {
    u.cell = c.cell, u.split = c.split, u.T = c.T, u.B = c.B, u.I = c.I, u.H = c.H, u.D = c.D, u.N = N;
    u.sizes = c.ragged && c.T ? sizes.data() : nullptr;
    u.offsets = u.sizes ? offsets.data() : nullptr;
    u.places = c.padded && N ? places.data() : nullptr;
    for (i64 d = 0; d < c.D; ++d) {
      u.weights[d] = {w_ih[d].data(), w_hh[d].data(), c.bias ? b_ih[d].data() : nullptr, c.bias ? b_hh[d].data() : nullptr};
    }
    u.x = x.data();
    u.h0 = c.state ? h0.data() : nullptr;
    u.c0 = c.state && c.cell == LSTM ? c0.data() : nullptr;
  }

  bool run(const Kernels& k) {
    Forward f = {};
    fill(f);
    f.y = y.data(), f.hT = hT.data(), f.cT = cT.data(), f.saved = saved.data(), f.cells = cells.data();
    float none = 0;  // an empty vector has no address, and null would mean that nothing is kept
    if (!f.saved) f.saved = &none;
    if (!k.forward(f, c.threads)) return false;
    Backward g = {};
    fill(g);
    g.y = y.data(), g.saved = f.saved, g.cells = cells.data(), g.dy = dy.data();
    g.dhT = c.state ? dhT.data() : nullptr, g.dcT = c.state && c.cell == LSTM ? dcT.data() : nullptr;
    g.dx = dx.data(), g.dh0 = dh0.data(), g.dc0 = dc0.data(), g.dgates = dgates.data();
    for (i64 d = 0; d < c.D; ++d) {
      g.gradients[d] = {dw_ih[d].data(), dw_hh[d].data(), c.bias ? db_ih[d].data() : nullptr, c.bias ? db_hh[d].data() : nullptr};
    }
    return k.backward(g, c.threads);
  }
};

// The same in double precision, a row after the other.
struct Oracle {
  Doubles y, hT, cT, dx, dh0, dc0, dw_ih[2], dw_hh[2], db_ih[2], db_hh[2];

  explicit Oracle(const Layer& l) {
    const Case& c = l.c;
    const size_t H = size_t(c.H), I = size_t(c.I), GH = size_t(l.GH);
    y.assign(l.y.size(), 0), dx.assign(l.dx.size(), 0);
    hT.assign(l.hT.size(), 0), cT = dh0 = dc0 = hT;
    for (i64 d = 0; d < c.D; ++d) {
      dw_ih[d].assign(GH * I, 0), dw_hh[d].assign(GH * H, 0), db_ih[d].assign(GH, 0), db_hh[d].assign(GH, 0);
      for (i64 b = 0; b < c.B; ++b) one_row(l, d, b);
    }
  }

  void one_row(const Layer& l, i64 d, i64 b) {
    const Case& c = l.c;
    const size_t H = size_t(c.H), I = size_t(c.I), GH = size_t(l.GH), steps = size_t(l.lengths[size_t(b)]);
    const size_t at = size_t((d * c.B + b) * c.H);
    const Floats &wi = l.w_ih[d], &wh = l.w_hh[d];
    std::vector<Doubles> h(steps + 1, Doubles(H)), cell(steps + 1, Doubles(H)), gate(steps, Doubles(GH)), part(steps, Doubles(GH));
    for (size_t k = 0; k < H && c.state; ++k) h[0][k] = l.h0[at + k], cell[0][k] = c.cell == LSTM ? l.c0[at + k] : 0;
    const auto row_of = [&](size_t s) { return size_t(l.row(d ? i64(steps - 1 - s) : i64(s), b)); };
    const auto bias = [&](const Floats& v, size_t k) { return c.bias ? double(v[k]) : 0.0; };
    for (size_t s = 0; s < steps; ++s) {
      const float* x = l.x.data() + row_of(s) * I;
      Doubles &a = gate[s], &u = part[s];  // activated gates; the part of the pre-activation that comes from h
      const auto from_h = [&](size_t k, const Doubles& v) {
        double sum = bias(l.b_hh[d], k);
        for (size_t j = 0; j < H; ++j) sum += double(wh[k * H + j]) * v[j];
        return sum;
      };
      const bool before = c.cell == GRU_BEFORE;
      for (size_t k = 0; k < GH; ++k) {
        a[k] = bias(l.b_ih[d], k);
        for (size_t j = 0; j < I; ++j) a[k] += double(wi[k * I + j]) * x[j];
        if (!before || k < 2 * H) u[k] = from_h(k, h[s]);
      }
      for (size_t k = 0; k < H; ++k) {
        if (c.cell == RNN_TANH) h[s + 1][k] = std::tanh(a[k] + u[k]);
        if (c.cell == RNN_RELU) h[s + 1][k] = std::fmax(a[k] + u[k], 0.0);
        if (c.cell == LSTM) {
          for (size_t g = 0; g < 4; ++g) {
            double& v = a[g * H + k];
            v += u[g * H + k];
            v = g == 2 ? std::tanh(v) : sigmoid(v);
          }
          cell[s + 1][k] = a[H + k] * cell[s][k] + a[k] * a[2 * H + k];
          h[s + 1][k] = a[3 * H + k] * std::tanh(cell[s + 1][k]);
        }
        if (c.cell == GRU || before) a[k] = sigmoid(a[k] + u[k]), a[H + k] = sigmoid(a[H + k] + u[H + k]);
      }
      if (before) {
        Doubles rh(H);
        for (size_t k = 0; k < H; ++k) rh[k] = a[k] * h[s][k];
        for (size_t k = 0; k < H; ++k) u[2 * H + k] = from_h(2 * H + k, rh);
      }
      for (size_t k = 0; k < H && (c.cell == GRU || before); ++k) {
        const double n = std::tanh(a[2 * H + k] + (before ? 1 : a[k]) * u[2 * H + k]);
        a[2 * H + k] = n;
        h[s + 1][k] = (1 - a[H + k]) * n + a[H + k] * h[s][k];
      }
      for (size_t k = 0; k < H; ++k) y[row_of(s) * size_t(c.D) * H + size_t(d) * H + k] = h[s + 1][k];
    }
    for (size_t k = 0; k < H; ++k) hT[at + k] = h[steps][k], cT[at + k] = cell[steps][k];

    Doubles dh(H), dc(H);
    for (size_t k = 0; k < H && c.state; ++k) dh[k] = l.dhT[at + k], dc[k] = c.cell == LSTM ? l.dcT[at + k] : 0;
    for (size_t s = steps; s-- > 0;) {
      Doubles ax(GH), ah(GH), back(H);  // gradients of the two parts of the pre-activations; of h before
      const Doubles& a = gate[s];
      for (size_t k = 0; k < H; ++k) {
        const double g = dh[k] + l.dy[row_of(s) * size_t(c.D) * H + size_t(d) * H + k], out = h[s + 1][k];
        if (c.cell == RNN_TANH) ax[k] = g * (1 - out * out);
        if (c.cell == RNN_RELU) ax[k] = out > 0 ? g : 0;
        if (c.cell == LSTM) {
          const double i = a[k], f = a[H + k], n = a[2 * H + k], o = a[3 * H + k], t = std::tanh(cell[s + 1][k]);
          dc[k] += g * o * (1 - t * t);
          ax[k] = dc[k] * n * i * (1 - i), ax[H + k] = dc[k] * cell[s][k] * f * (1 - f);
          ax[2 * H + k] = dc[k] * i * (1 - n * n), ax[3 * H + k] = g * t * o * (1 - o);
          dc[k] *= f;
        }
        if (c.cell == GRU || c.cell == GRU_BEFORE) {
          const double r = a[k], z = a[H + k], n = a[2 * H + k];
          ax[2 * H + k] = g * (1 - z) * (1 - n * n), ax[H + k] = g * (h[s][k] - n) * z * (1 - z);
          back[k] = g * z;
          if (c.cell == GRU) ax[k] = ax[2 * H + k] * part[s][2 * H + k] * r * (1 - r);
        }
      }
      if (c.cell == GRU_BEFORE) {
        for (size_t k = 0; k < H; ++k) {
          double d_rh = 0;
          for (size_t j = 0; j < H; ++j) d_rh += ax[2 * H + j] * double(wh[(2 * H + j) * H + k]);
          ax[k] = d_rh * h[s][k] * a[k] * (1 - a[k]);
          back[k] += d_rh * a[k];
        }
      }
      ah = ax;
      for (size_t k = 0; k < H && c.cell == GRU; ++k) ah[2 * H + k] *= a[k];
      const float* x = l.x.data() + row_of(s) * I;
      for (size_t k = 0; k < GH; ++k) {
        db_ih[d][k] += ax[k], db_hh[d][k] += ah[k];
        for (size_t j = 0; j < I; ++j) {
          dw_ih[d][k * I + j] += ax[k] * x[j];
          dx[row_of(s) * I + j] += ax[k] * double(wi[k * I + j]);
        }
        const bool reset = c.cell == GRU_BEFORE && k >= 2 * H;
        for (size_t j = 0; j < H; ++j) {
          dw_hh[d][k * H + j] += ah[k] * (reset ? a[j] : 1) * h[s][j];
          if (!reset) back[j] += ah[k] * double(wh[k * H + j]);
        }
      }
      dh = back;
    }
    for (size_t k = 0; k < H; ++k) dh0[at + k] = dh[k], dc0[at + k] = dc[k];
  }
};

// Of rows that are no token's, nothing is asked: `only` says which count.
bool near(const Floats& got, const Doubles& expected, const std::vector<bool>& only = {}, size_t width = 1) {
  double scale = 1;
  for (double v : expected) scale = std::fmax(scale, std::fabs(v));
  for (size_t i = 0; i < got.size(); ++i) {
    if (!only.empty() && !only[i / width]) continue;
    if (!(std::fabs(double(got[i]) - expected[i]) <= 2e-5 * scale)) return false;
  }
  return true;
}

void compare(const Kernels& k, const Case& c) {
  Layer l(c);
  const Oracle o(l);
  const Floats y_before = l.y, dx_before = l.dx;
  const std::string what = describe(k.isa, c);
  check(l.run(k), what + ": ran");
  std::vector<bool> token(size_t(l.rows), !c.padded);
  for (i64 p : l.places) token[size_t(p)] = true;
  bool untouched = true;
  for (i64 r = 0; r < l.rows; ++r) {
    const size_t width = size_t(c.D * c.H), row = size_t(r);
    if (token[row]) continue;
    untouched = untouched && !std::memcmp(&l.y[row * width], &y_before[row * width], width * 4) &&
                !std::memcmp(&l.dx[row * size_t(c.I)], &dx_before[row * size_t(c.I)], size_t(c.I) * 4);
  }
  check(untouched, what + ": padding untouched");
  check(near(l.y, o.y, token, size_t(c.D * c.H)) && near(l.hT, o.hT) && (c.cell != LSTM || near(l.cT, o.cT)), what + ": values");
  bool gradients = near(l.dx, o.dx, token, size_t(c.I)) && near(l.dh0, o.dh0) && (c.cell != LSTM || near(l.dc0, o.dc0));
  for (i64 d = 0; d < c.D; ++d) {
    gradients = gradients && near(l.dw_ih[d], o.dw_ih[d]) && near(l.dw_hh[d], o.dw_hh[d]);
    if (c.bias) gradients = gradients && near(l.db_ih[d], o.db_ih[d]) && near(l.db_hh[d], o.db_hh[d]);
  }
  check(gradients, what + ": gradients");
}

void kernels_equal_the_oracle(const Kernels& k) {
  const i64 shapes[][4] = {{5, 3, 4, 7}, {1, 1, 1, 1}, {7, 13, 33, 32}, {3, 9, 20, 65}, {4, 5, 3, 150}, {0, 2, 3, 4}, {3, 0, 3, 4}, {6, 40, 17, 16}, {9, 12, 40, 100}};
  int turn = 0;
  for (int cell = 0; cell < CELLS; ++cell) {
    for (const auto& s : shapes) {
      for (i64 D = 1; D <= 2; ++D) {
        for (int ragged = 0; ragged < 2; ++ragged) {
          ++turn;  // the other choices take turns, at periods that share no factor with those above
          compare(k, {cell, s[0], s[1], s[2], s[3], D, ragged == 1, turn % 5 < 2, turn % 7 != 0, turn % 3 != 0, 1 + turn % 3,
                      turn % 11 % 3});
        }
      }
    }
  }
}

bool same(const Floats& a, const Floats& b) { return a.size() == b.size() && !std::memcmp(a.data(), b.data(), a.size() * 4); }

// What is null is not written, and nothing else changes by it: all other results keep their bits.
void any_of_the_outputs_may_be_null(const Kernels& k) {
  for (int cell = 0; cell < CELLS; ++cell) {
    const Case c = {cell, 6, 9, 21, 70, 2, true, true, true, true, 1 + cell % 3, AUTO};
    Layer l(c);
    std::fill(l.dy.begin(), l.dy.end(), 0.0f);
    l.run(k);
    const Layer full = l;
    const std::string what = describe(k.isa, c);

    l.y.assign(l.y.size(), 0), l.hT = l.cT = Floats(l.hT.size());
    Forward f = {};
    l.fill(f);
    f.y = l.y.data(), f.hT = l.hT.data(), f.cT = l.cT.data();
    bool equal = k.forward(f, c.threads) && same(l.hT, full.hT) && (cell != LSTM || same(l.cT, full.cT));
    for (i64 p : l.places) equal = equal && !std::memcmp(&l.y[size_t(p * 2 * c.H)], &full.y[size_t(p * 2 * c.H)], size_t(2 * c.H) * 4);
    check(equal, what + ": nothing kept");
    l.y = full.y;

    for (int wanted = 0; wanted < 32; ++wanted) {  // a bit for each of dx, dW_ih, dW_hh, db_ih, db_hh
      Backward g = {};
      l.fill(g);
      float none = 0;
      g.y = l.y.data(), g.saved = l.saved.empty() ? &none : l.saved.data(), g.cells = l.cells.data();  // dy is null: zeros
      g.dhT = l.dhT.data(), g.dcT = cell == LSTM ? l.dcT.data() : nullptr;
      l.dx = full.dx;  // where no token is, nothing is written
      for (i64 p : l.places) std::fill_n(l.dx.begin() + p * c.I, c.I, 0.0f);
      g.dx = wanted & 1 ? l.dx.data() : nullptr;
      l.dh0.assign(l.dh0.size(), 0), l.dc0.assign(l.dc0.size(), 0);
      g.dh0 = l.dh0.data(), g.dc0 = l.dc0.data(), g.dgates = l.dgates.data();
      for (int d = 0; d < 2; ++d) {
        Floats* const all[4] = {&l.dw_ih[d], &l.dw_hh[d], &l.db_ih[d], &l.db_hh[d]};
        float* to[4];
        for (int i = 0; i < 4; ++i) all[i]->assign(all[i]->size(), 0), to[i] = wanted >> (i + 1) & 1 ? all[i]->data() : nullptr;
        g.gradients[d] = {to[0], to[1], to[2], to[3]};
      }
      equal = k.backward(g, c.threads) && same(l.dh0, full.dh0) && (cell != LSTM || same(l.dc0, full.dc0));
      if (g.dx) equal = equal && same(l.dx, full.dx);
      for (int d = 0; d < 2; ++d) {
        const Gradients& to = g.gradients[d];
        equal = equal && (!to.w_ih || same(l.dw_ih[d], full.dw_ih[d])) && (!to.w_hh || same(l.dw_hh[d], full.dw_hh[d])) &&
                (!to.b_ih || same(l.db_ih[d], full.db_ih[d])) && (!to.b_hh || same(l.db_hh[d], full.db_hh[d]));
      }
      check(equal, what + ": wanted " + std::to_string(wanted));
    }
  }
}

void bits_do_not_depend_on_threads_or_neighbours(const Kernels& k) {
  for (int cell = 0; cell < CELLS; ++cell) {
    Layer one({cell, 9, 6, 5, 130, 1, false, false, true, true, 1, ROWS});
    one.run(k);
    const Floats y = one.y;
    for (int threads = 1; threads <= 3; ++threads) {
      for (int split : {ROWS, UNITS}) {
        one.c.threads = threads, one.c.split = split;
        one.run(k);
        check(!std::memcmp(y.data(), one.y.data(), y.size() * 4), describe(k.isa, one.c) + ": bits");
      }
    }
  }
}

void pool_runs_every_part() {
  for (int threads = 1; threads <= 4; ++threads) {
    struct Shared {
      std::atomic<int> sum{0};
      Barrier* barrier;
      std::vector<int> order;
    } shared;
    Barrier barrier(threads);
    shared.barrier = &barrier;
    shared.order.assign(size_t(threads), 0);
    bool met = true;
    for (int round = 0; round < 200; ++round) {
      shared.sum = 0;
      parallel(
          threads,
          [](void* arg, int id, int n) {
            Shared& s = *static_cast<Shared*>(arg);
            if (n != int(s.order.size())) return;
            s.order[size_t(id)] = id + 1;
            s.barrier->wait();
            int sum = 0;  // what the others wrote before the barrier
            for (int v : s.order) sum += v;
            s.sum += sum;
            s.barrier->wait();
            s.order[size_t(id)] = 0;
          },
          &shared);
      met = met && shared.sum == threads * threads * (threads + 1) / 2;
    }
    check(met, "pool and barrier, threads " + std::to_string(threads));
  }
}

void callers_at_once(const Kernels& k) {
  std::vector<Layer> layers;
  for (int i = 0; i < 4; ++i) layers.emplace_back(Case{LSTM, 6, 8, 9, 40, 1, false, false, true, true, 2, AUTO});
  std::vector<Oracle> oracles(layers.begin(), layers.end());
  std::vector<std::thread> threads;
  for (Layer& l : layers) {
    threads.emplace_back([&l, &k] {
      for (int i = 0; i < 20; ++i) l.run(k);
    });
  }
  for (std::thread& t : threads) t.join();
  for (size_t i = 0; i < layers.size(); ++i) check(near(layers[i].y, oracles[i].y), "callers at once");
}

void a_forked_child_has_threads(const Kernels& k) {
#if !defined(_WIN32) && !defined(__SANITIZE_THREAD__)
  Layer l({GRU, 20, 16, 32, 64, 1, false, false, true, true, 2, ROWS});
  const Oracle o(l);
  l.run(k);
  const pid_t child = fork();
  if (child == 0) _exit(l.run(k) && near(l.y, o.y) ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child");
#else
  (void)k;
#endif
}

}  // namespace

int main() {
  pool_runs_every_part();
  for (const char* isa : {"avx512", "avx2", "base"}) {
    const Kernels* k = kernels(isa);
    if (!k) {
      std::printf("this machine has no %s\n", isa);
      continue;
    }
    kernels_equal_the_oracle(*k);
    any_of_the_outputs_may_be_null(*k);
    bits_do_not_depend_on_threads_or_neighbours(*k);
    callers_at_once(*k);
    a_forked_child_has_threads(*k);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
