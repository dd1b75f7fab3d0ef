// Tests of the kernels that need no Python, so that sanitizers can watch them: each instruction set of this machine against
// plain loops in double precision, on buffers of exactly the size that the interface asks for; and the threads' own parts.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
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
#include "program.h"

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
  bool masked = false;  // recurrent dropout
  i64 P = 0;            // numbers of h where an LSTM projects it, else 0
  i64 out() const { return P ? P : H; }
};

std::string describe(const char* isa, const Case& c) {
  char text[200];
  std::snprintf(text, sizeof text, "%s cell %d T %lld B %lld I %lld H %lld D %lld ragged %d padded %d bias %d state %d threads %d split %d masked %d P %lld",
                isa, c.cell, static_cast<long long>(c.T), static_cast<long long>(c.B), static_cast<long long>(c.I),
                static_cast<long long>(c.H), static_cast<long long>(c.D), c.ragged, c.padded, c.bias, c.state, c.threads, c.split, c.masked, static_cast<long long>(c.P));
  return text;
}

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

// Everything that a layer has, float for the kernels; and room for what they write.
struct Layer {
  Case c;
  i64 G, GH, N, rows;
  std::vector<i64> sizes, offsets, places, lengths;
  Floats w_ih[2], w_hh[2], b_ih[2], b_hh[2], w_hr[2], x, h0, c0, mask, dy, dhT, dcT;
  Floats y, hT, cT, saved, cells, dx, dh0, dc0, dgates, douts, dw_ih[2], dw_hh[2], db_ih[2], db_hh[2], dw_hr[2];

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
      w_ih[d] = draw(GH * c.I, scale), w_hh[d] = draw(GH * c.out(), scale), b_ih[d] = draw(GH), b_hh[d] = draw(GH);
      dw_ih[d] = draw(GH * c.I), dw_hh[d] = draw(GH * c.out()), db_ih[d] = draw(GH), db_hh[d] = draw(GH);
      w_hr[d] = draw(c.P * c.H, scale), dw_hr[d] = draw(c.P * c.H);
    }
    const i64 states = c.D * c.B * c.out(), cell_states = c.D * c.B * c.H;
    for (i64 i = 0; c.masked && i < states; ++i) mask.push_back(i * 7 % 3 ? 1.5f : 0.0f);
    x = draw(rows * c.I), dy = draw(rows * c.D * c.out()), h0 = draw(states), c0 = draw(cell_states), dhT = draw(states), dcT = draw(cell_states);
    y = draw(rows * c.D * c.out()), dx = draw(rows * c.I), hT = draw(states), cT = draw(cell_states), dh0 = draw(states), dc0 = draw(cell_states);
    saved = draw(c.D * N * saved_per_unit(c.cell) * c.H), cells = draw(c.cell == LSTM ? c.D * N * c.H : 0);
    dgates = draw(c.D * N * dgates_per_unit(c.cell) * c.H), douts = draw(c.D * N * c.P);
  }

  i64 row(i64 t, i64 b) const { return c.padded ? b * (c.T + 1) + t : offsets[size_t(t)] + b; }

  template <class Args>
  void fill(Args& u) {
    u.cell = c.cell, u.split = c.split, u.T = c.T, u.B = c.B, u.I = c.I, u.H = c.H, u.P = c.out(), u.D = c.D, u.N = N;
    u.sizes = c.ragged && c.T ? sizes.data() : nullptr;
    u.offsets = u.sizes ? offsets.data() : nullptr;
    u.places = c.padded && N ? places.data() : nullptr;
    for (i64 d = 0; d < c.D; ++d) {
      u.weights[d] = {w_ih[d].data(), w_hh[d].data(), c.bias ? b_ih[d].data() : nullptr, c.bias ? b_hh[d].data() : nullptr, c.P ? w_hr[d].data() : nullptr};
    }
    u.mask = c.masked ? mask.data() : nullptr;
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
    g.dx = dx.data(), g.dh0 = dh0.data(), g.dc0 = dc0.data(), g.dgates = dgates.data(), g.douts = douts.data();
    for (i64 d = 0; d < c.D; ++d) {
      g.gradients[d] = {dw_ih[d].data(), dw_hh[d].data(), c.bias ? db_ih[d].data() : nullptr, c.bias ? db_hh[d].data() : nullptr, c.P ? dw_hr[d].data() : nullptr};
    }
    return k.backward(g, c.threads);
  }
};

// The same in double precision, a row after the other.
struct Oracle {
  Doubles y, hT, cT, dx, dh0, dc0, dw_ih[2], dw_hh[2], db_ih[2], db_hh[2], dw_hr[2];

  explicit Oracle(const Layer& l) {
    const Case& c = l.c;
    const size_t I = size_t(c.I), GH = size_t(l.GH), O = size_t(c.out());
    y.assign(l.y.size(), 0), dx.assign(l.dx.size(), 0);
    hT.assign(l.hT.size(), 0), dh0 = hT, cT.assign(l.cT.size(), 0), dc0 = cT;
    for (i64 d = 0; d < c.D; ++d) {
      dw_ih[d].assign(GH * I, 0), dw_hh[d].assign(GH * O, 0), db_ih[d].assign(GH, 0), db_hh[d].assign(GH, 0);
      dw_hr[d].assign(l.dw_hr[d].size(), 0);
      for (i64 b = 0; b < c.B; ++b) one_row(l, d, b);
    }
  }

  void one_row(const Layer& l, i64 d, i64 b) {
    const Case& c = l.c;
    const size_t H = size_t(c.H), I = size_t(c.I), GH = size_t(l.GH), O = size_t(c.out()), steps = size_t(l.lengths[size_t(b)]);
    const size_t at = size_t(d * c.B + b) * O, cell_at = size_t(d * c.B + b) * H;
    const Floats &wi = l.w_ih[d], &wh = l.w_hh[d];
    std::vector<Doubles> h(steps + 1, Doubles(O)), inner(steps, Doubles(H)), cell(steps + 1, Doubles(H)), gate(steps, Doubles(GH)), part(steps, Doubles(GH));
    for (size_t k = 0; k < O && c.state; ++k) h[0][k] = l.h0[at + k];
    for (size_t k = 0; k < H && c.state && c.cell == LSTM; ++k) cell[0][k] = l.c0[cell_at + k];
    const auto row_of = [&](size_t s) { return size_t(l.row(d ? i64(steps - 1 - s) : i64(s), b)); };
    const auto bias = [&](const Floats& v, size_t k) { return c.bias ? double(v[k]) : 0.0; };
    const auto mask = [&](size_t k) { return c.masked ? double(l.mask[at + k]) : 1.0; };
    for (size_t s = 0; s < steps; ++s) {
      const float* x = l.x.data() + row_of(s) * I;
      Doubles &a = gate[s], &u = part[s];  // activated gates; the part of the pre-activation that comes from h
      const auto from_h = [&](size_t k, const Doubles& v) {
        double sum = bias(l.b_hh[d], k);
        for (size_t j = 0; j < O; ++j) sum += double(wh[k * O + j]) * v[j] * mask(j);
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
          inner[s][k] = a[3 * H + k] * std::tanh(cell[s + 1][k]);
          if (!c.P) h[s + 1][k] = inner[s][k];
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
      for (size_t p = 0; p < size_t(c.P); ++p) {
        for (size_t k = 0; k < H; ++k) h[s + 1][p] += double(l.w_hr[d][p * H + k]) * inner[s][k];
      }
      for (size_t k = 0; k < O; ++k) y[row_of(s) * size_t(c.D) * O + size_t(d) * O + k] = h[s + 1][k];
    }
    for (size_t k = 0; k < O; ++k) hT[at + k] = h[steps][k];
    for (size_t k = 0; k < H; ++k) cT[cell_at + k] = cell[steps][k];

    Doubles dh(O), dc(H);
    for (size_t k = 0; k < O && c.state; ++k) dh[k] = l.dhT[at + k];
    for (size_t k = 0; k < H && c.state && c.cell == LSTM; ++k) dc[k] = l.dcT[cell_at + k];
    for (size_t s = steps; s-- > 0;) {
      Doubles ax(GH), ah(GH), back(O), into(H);  // gradients of the two parts of the pre-activations; of h before; of what makes h
      for (size_t p = 0; p < O; ++p) dh[p] += l.dy[row_of(s) * size_t(c.D) * O + size_t(d) * O + p];
      for (size_t k = 0; k < H; ++k) {
        if (!c.P) into[k] = dh[k];
        for (size_t p = 0; p < size_t(c.P); ++p) into[k] += dh[p] * double(l.w_hr[d][p * H + k]), dw_hr[d][p * H + k] += dh[p] * inner[s][k];
      }
      const Doubles& a = gate[s];
      for (size_t k = 0; k < H; ++k) {
        const double g = into[k], out = c.P ? 0 : h[s + 1][k];
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
          ax[k] = d_rh * mask(k) * h[s][k] * a[k] * (1 - a[k]);
          back[k] += d_rh * mask(k) * a[k];
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
        for (size_t j = 0; j < O; ++j) {
          dw_hh[d][k * O + j] += ah[k] * (reset ? a[j] : 1) * mask(j) * h[s][j];
          if (!reset) back[j] += ah[k] * double(wh[k * O + j]) * mask(j);
        }
      }
      dh = back;
    }
    for (size_t k = 0; k < O; ++k) dh0[at + k] = dh[k];
    for (size_t k = 0; k < H; ++k) dc0[cell_at + k] = dc[k];
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
    const size_t width = size_t(c.D * c.out()), row = size_t(r);
    if (token[row]) continue;
    untouched = untouched && !std::memcmp(&l.y[row * width], &y_before[row * width], width * 4) &&
                !std::memcmp(&l.dx[row * size_t(c.I)], &dx_before[row * size_t(c.I)], size_t(c.I) * 4);
  }
  check(untouched, what + ": padding untouched");
  check(near(l.y, o.y, token, size_t(c.D * c.out())) && near(l.hT, o.hT) && (c.cell != LSTM || near(l.cT, o.cT)), what + ": values");
  bool gradients = near(l.dx, o.dx, token, size_t(c.I)) && near(l.dh0, o.dh0) && (c.cell != LSTM || near(l.dc0, o.dc0));
  for (i64 d = 0; d < c.D; ++d) {
    gradients = gradients && near(l.dw_ih[d], o.dw_ih[d]) && near(l.dw_hh[d], o.dw_hh[d]) && near(l.dw_hr[d], o.dw_hr[d]);
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
                      turn % 11 % 3, turn % 13 % 2 == 1, cell == LSTM && turn % 4 < 2 ? s[3] * 2 / 3 : 0});
        }
      }
    }
  }
}

bool same(const Floats& a, const Floats& b) { return a.size() == b.size() && !std::memcmp(a.data(), b.data(), a.size() * 4); }

// What is null is not written, and nothing else changes by it: all other results keep their bits.
void any_of_the_outputs_may_be_null(const Kernels& k) {
  for (int cell = 0; cell < CELLS; ++cell) {
    const Case c = {cell, 6, 9, 21, 70, 2, true, true, true, true, 1 + cell % 3, AUTO, cell % 2 == 1, cell == LSTM ? i64(33) : 0};
    Layer l(c);
    std::fill(l.dy.begin(), l.dy.end(), 0.0f);
    l.run(k);
    const Layer full = l;
    const std::string what = describe(k.isa, c);

    l.y.assign(l.y.size(), 0), l.hT = Floats(l.hT.size()), l.cT = Floats(l.cT.size());
    Forward f = {};
    l.fill(f);
    f.y = l.y.data(), f.hT = l.hT.data(), f.cT = l.cT.data();
    bool equal = k.forward(f, c.threads) && same(l.hT, full.hT) && (cell != LSTM || same(l.cT, full.cT));
    for (i64 p : l.places) equal = equal && !std::memcmp(&l.y[size_t(p * 2 * c.out())], &full.y[size_t(p * 2 * c.out())], size_t(2 * c.out()) * 4);
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
      g.dh0 = l.dh0.data(), g.dc0 = l.dc0.data(), g.dgates = l.dgates.data(), g.douts = l.douts.data();
      for (int d = 0; d < 2; ++d) {
        Floats* const all[4] = {&l.dw_ih[d], &l.dw_hh[d], &l.db_ih[d], &l.db_hh[d]};
        float* to[4];
        for (int i = 0; i < 4; ++i) all[i]->assign(all[i]->size(), 0), to[i] = wanted >> (i + 1) & 1 ? all[i]->data() : nullptr;
        l.dw_hr[d].assign(l.dw_hr[d].size(), 0);
        g.gradients[d] = {to[0], to[1], to[2], to[3], wanted == 31 && c.P ? l.dw_hr[d].data() : nullptr};
      }
      equal = k.backward(g, c.threads) && same(l.dh0, full.dh0) && (cell != LSTM || same(l.dc0, full.dc0));
      if (g.dx) equal = equal && same(l.dx, full.dx);
      for (int d = 0; d < 2; ++d) {
        const Gradients& to = g.gradients[d];
        equal = equal && (!to.w_ih || same(l.dw_ih[d], full.dw_ih[d])) && (!to.w_hh || same(l.dw_hh[d], full.dw_hh[d])) &&
                (!to.w_hr || same(l.dw_hr[d], full.dw_hr[d])) && (!to.b_ih || same(l.db_ih[d], full.db_ih[d])) && (!to.b_hh || same(l.db_hh[d], full.db_hh[d]));
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

// Cross-entropy and its gradient beside plain sums in double; the bits do not depend on threads or neighbours.
void entropy_equals_the_oracle(const Kernels& k) {
  for (i64 V : {1, 3, 16, 77, 1030, 5000}) {
    for (int variant = 0; variant < 4; ++variant) {
      const i64 n = 19;
      const float smoothing = variant & 1 ? 0.1f : 0.0f;
      const Floats scores = draw(n * V, 15), weights = draw(n, 2);
      std::vector<i64> y(static_cast<size_t>(n));
      for (i64 r = 0; r < n; ++r) y[size_t(r)] = (r * 7) % V;
      const auto run = [&](Floats& to, Floats& losses, bool gradient, i64 first, i64 count, int threads) {
        to.assign(scores.begin() + first * V, scores.begin() + (first + count) * V);
        losses.assign(size_t(count), 0);
        k.entropy({to.data(), y.data() + first, variant & 2 ? weights.data() + first : nullptr, losses.data(), count, V, smoothing, gradient}, threads);
      };
      Floats found, losses, other, others;
      run(found, losses, true, 0, n, 1);
      bool good = true;
      for (i64 r = 0; r < n; ++r) {
        const float* row = scores.data() + r * V;
        const double w = variant & 2 ? weights[size_t(r)] : 1;
        double sum = 0, mean = 0;
        for (i64 i = 0; i < V; ++i) sum += std::exp(double(row[i])), mean += double(row[i]) / double(V);
        const double loss = w * (std::log(sum) - (1 - double(smoothing)) * row[y[size_t(r)]] - double(smoothing) * mean);
        good = good && std::fabs(losses[size_t(r)] - loss) <= 1e-5 * (1 + std::fabs(loss));
        for (i64 i = 0; i < V; ++i) {
          const double g = w * (std::exp(double(row[i])) / sum - double(smoothing) / double(V) - (i == y[size_t(r)]) * (1 - double(smoothing)));
          good = good && std::fabs(found[size_t(r * V + i)] - g) <= 2e-6 * (1 + std::fabs(g));
        }
      }
      const std::string what = std::string(k.isa) + " entropy V " + std::to_string(V) + " variant " + std::to_string(variant);
      check(good, what);
      run(other, others, true, 0, n, 3);
      check(same(found, other) && same(losses, others), what + " threads");
      run(other, others, true, 5, 1, 1);
      check(same(Floats(found.begin() + 5 * V, found.begin() + 6 * V), other) && losses[5] == others[0], what + " alone");
      run(other, others, false, 0, n, 2);
      check(same(scores, other) && same(losses, others), what + " without a gradient");
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

// ---- steps -----------------------------------------------------------------------------------------------------------

// A program with its packs, each on memory of exactly the size that was asked for.
struct Compiled {
  std::vector<Stage> stages;
  std::vector<std::vector<std::uint32_t>> packs;
  Program program = {};
  i64 taken = 0;  // floats of the states

  void add(Stage s) {
    if (s.op != ATTEND && s.op != KEEP) s.h = taken;  // theirs is another's state
    taken += s.op == RECURRENT ? s.D * s.P : s.op == POOL ? s.I : s.op == RECALL ? s.O - s.I : s.op == WINDOW ? s.P : 0;
    s.c = taken, taken += s.op == RECURRENT && s.cell == LSTM ? s.D * s.H : s.op == POOL ? 1 : 0;
    stages.push_back(s);
  }
  void finish(const Stepper& stepper, int precision) {
    program.precision = precision, program.stages = i64(stages.size()), program.state = taken, program.pool = -1;
    program.I = stages[0].op == EMBED ? 0 : stages[0].I, program.O = stages.back().O;
    packs.reserve(2 * stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      Stage& s = stages[i];
      if (s.op == POOL) program.pool = i64(i);
      program.whole = program.whole || (s.op == RECURRENT && s.D == 2);
      for (i64 d = 0; d < s.D && stepper.pack_size(s, precision); ++d) {
        packs.emplace_back(size_t(stepper.pack_size(s, precision)));
        s.packs[d] = packs.back().data();
        stepper.pack(s, precision, d, s.packs[d]);
      }
    }
    program.stage = stages.data();
  }
};

struct Memories {  // what is attended to; `of` may be empty: row b has memory b
  i64 R, S, H, M;
  std::vector<i64> lengths, of;
  Floats keys, values;

  i64 memory(i64 b) const { return of.empty() ? b : of[size_t(b)]; }
};

struct Sequence {  // what goes in, for B rows of T steps
  i64 T, B;
  std::vector<i64> lengths, ids;
  Floats x;
  Memories memories = {};
};

// Runs steps from .. to of the sequence for rows row0 .. row0 + rows - 1; states [rows, state] go on in place.
Floats run(const Stepper& s, const Compiled& c, const Sequence& q, i64 row0, i64 rows, i64 from, i64 to, Floats& state, int threads,
           Floats* attention = nullptr) {
  const i64 T = to - from, I = c.program.I, O = c.program.O;
  Floats x(size_t(T * rows * I)), y(size_t((c.program.pool < 0 ? T : 1) * rows * O));
  std::vector<i64> lengths, ids(size_t(I ? 0 : T * rows)), order;
  for (i64 b = 0; b < rows; ++b) {
    lengths.push_back(std::max<i64>(0, std::min(T, q.lengths[size_t(row0 + b)] - from)));
    order.push_back(b);
    for (i64 t = 0; t < T; ++t) {
      const i64 source = (from + t) * q.B + row0 + b;
      for (i64 i = 0; i < I; ++i) x[size_t((t * rows + b) * I + i)] = q.x[size_t(source * I + i)];
      if (!I) ids[size_t(t * rows + b)] = q.ids[size_t(source)];
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](i64 a, i64 b) { return lengths[size_t(a)] > lengths[size_t(b)]; });
  const bool equal = rows == 0 || lengths[size_t(order.front())] == lengths[size_t(order.back())];
  Steps u = {};
  u.program = &c.program, u.T = T, u.B = rows, u.lengths = lengths.data(), u.order = equal ? nullptr : order.data();
  u.x = x.data(), u.ids = ids.data(), u.state = state.data(), u.stride = c.taken, u.y = y.data(), u.end = c.program.stages;
  const Memories& m = q.memories;
  const std::vector<i64> of(m.of.begin() + (m.of.empty() ? 0 : row0), m.of.begin() + (m.of.empty() ? 0 : row0 + rows));
  u.keys = m.keys.data(), u.values = m.values.data(), u.memory_lengths = m.lengths.data(), u.R = m.R, u.S = m.S;
  u.memory_of = m.of.empty() ? nullptr : of.data();
  if (attention) attention->assign(size_t(T * rows * m.S), 7.0f), u.attention = attention->data();
  check(s.run(u, threads), "memory for steps");
  return y;
}

Stage linear(i64 I, i64 O, const Floats& w, const Floats& b) {
  Stage s = {};
  s.op = LINEAR, s.I = I, s.O = s.H = O, s.D = 1;
  s.parameters[0].w_ih = w.data(), s.parameters[0].b_ih = b.data();
  return s;
}

void steps_equal_the_oracle(const Stepper& s) {
  for (int cell = 0; cell < CELLS; ++cell) {
    for (const Case& c : {Case{cell, 5, 3, 7, 21, 1, true, false, true, false, 1, AUTO}, Case{cell, 9, 50, 16, 32, 2, true, false, true, false, 2, AUTO},
                          Case{cell, 4, 1, 5, 64, 1, false, false, true, false, 1, AUTO}, Case{cell, 1, 7, 33, 5, 1, false, false, false, false, 1, AUTO},
                          Case{cell, 0, 2, 3, 4, 1, false, false, true, false, 1, AUTO}}) {
      const Layer l(c);
      const Oracle oracle(l);
      Compiled compiled;
      Stage stage = {};
      stage.op = RECURRENT, stage.cell = cell, stage.I = c.I, stage.H = stage.P = c.H, stage.D = c.D, stage.O = c.D * c.H;
      for (i64 d = 0; d < c.D; ++d) {
        stage.parameters[d].w_ih = l.w_ih[d].data(), stage.parameters[d].w_hh = l.w_hh[d].data();
        if (c.bias) stage.parameters[d].b_ih = l.b_ih[d].data(), stage.parameters[d].b_hh = l.b_hh[d].data();
      }
      compiled.add(stage);
      compiled.finish(s, FLOAT32);
      Sequence q = {c.T, c.B, l.lengths, {}, Floats(size_t(c.T * c.B * c.I), 1e9f)};
      Doubles expected(size_t(c.T * c.B * stage.O));
      for (i64 t = 0; t < c.T; ++t) {
        for (i64 b = 0; b < c.B && l.lengths[size_t(b)] > t; ++b) {
          for (i64 i = 0; i < c.I; ++i) q.x[size_t((t * c.B + b) * c.I + i)] = l.x[size_t(l.row(t, b) * c.I + i)];
          for (i64 i = 0; i < stage.O; ++i) expected[size_t((t * c.B + b) * stage.O + i)] = oracle.y[size_t(l.row(t, b) * stage.O + i)];
        }
      }
      for (i64 b = 0; b < c.B; ++b) {
        if (l.lengths[size_t(b)] < 0 || l.lengths[size_t(b)] > c.T) check(false, "lengths");
      }
      Floats state(size_t(c.B * compiled.taken));
      const Floats y = run(s, compiled, q, 0, c.B, 0, c.T, state, c.threads);
      check(near(y, expected), "steps beside the oracle: " + describe(s.isa, c));
    }
  }
}

// Whole models in every precision: a row's bits are those it has alone, in chunks and in any number of threads.
void steps_keep_their_bits(const Stepper& s) {
  for (int precision = 0; precision < PRECISIONS; ++precision) {
    for (int kind = 0; kind < 24; ++kind) {
      const int cell = kind % CELLS;
      const bool ids = kind & 1, pooled = kind & 2, norm = kind & 4, both = kind % 7 == 3, projected = cell == LSTM && kind & 8;
      const i64 I = 13, H = 19, P = projected ? 6 : H, D = both ? 2 : 1, G = gates_of(cell), V = 11, O = 5;
      Compiled compiled;
      std::vector<Floats> kept;
      kept.reserve(64);
      const auto weight = [&](i64 n) { return kept.emplace_back(draw(n, 0.3f)).data(); };
      if (ids) {
        Stage embed = {};
        embed.op = EMBED, embed.I = V, embed.O = I, embed.D = 1;
        embed.parameters[0].w_ih = weight(V * I);
        compiled.add(embed);
      }
      for (i64 layer = 0; layer < 2; ++layer) {
        Stage r = {};
        r.op = RECURRENT, r.cell = cell, r.I = layer ? P * D : I, r.H = H, r.P = P, r.D = D, r.O = P * D;
        r.layer_norm = norm, r.residual = layer == 1, r.bounded = layer == 1 && !projected && cell != RNN_RELU;
        for (i64 d = 0; d < D; ++d) {
          Parameters& g = r.parameters[d];
          g.w_ih = weight(G * H * r.I), g.w_hh = weight(G * H * P), g.b_ih = weight(G * H), g.b_hh = weight(G * H);
          if (projected) g.w_hr = weight(P * H);
          if (norm) g.scale_ih = weight(G * H), g.scale_hh = weight(G * H);
          if (norm && cell == LSTM) g.scale_c = weight(H), g.shift_c = weight(H);
        }
        compiled.add(r);
      }
      if (pooled) {
        Stage pool = {};
        pool.op = POOL, pool.I = pool.O = P * D, pool.D = D, pool.kind = kind % POOLINGS;
        compiled.add(pool);
      }
      const Floats w = draw(O * P * D), b = draw(O);
      compiled.add(linear(P * D, O, w, b));
      compiled.finish(s, precision);
      const i64 T = 17, B = 53;
      Sequence q = {T, B, {}, {}, draw(T * B * I)};
      std::uniform_int_distribution<i64> any(0, T), word(0, V - 1);
      for (i64 row = 0; row < B; ++row) q.lengths.push_back(any(random_bits));
      for (i64 i = 0; i < T * B; ++i) q.ids.push_back(word(random_bits));
      Floats state(size_t(B * compiled.taken)), other = state;
      const Floats whole = run(s, compiled, q, 0, B, 0, T, state, 1);
      const std::string name = std::string(s.isa) + " precision " + std::to_string(precision) + " kind " + std::to_string(kind);
      check(run(s, compiled, q, 0, B, 0, T, other, 3) == whole && other == state, "bits of steps in threads: " + name);
      bool finite = true, same = true;
      for (float v : whole) finite = finite && std::isfinite(v);
      check(finite, "steps are finite: " + name);
      for (i64 row = 0; row < B; row += 13) {
        for (i64 cut : {T, i64(5)}) {
          if (both && cut != T) continue;
          Floats own(size_t(compiled.taken));
          Floats first = run(s, compiled, q, row, 1, 0, cut, own, 1);
          const Floats second = run(s, compiled, q, row, 1, cut, T, own, 1);
          if (pooled) first = second;
          else first.insert(first.end(), second.begin(), second.end());
          for (i64 i = 0; i < i64(first.size()); ++i) same = same && first[size_t(i)] == whole[size_t((i / O * B + row) * O + i % O)];
          same = same && std::equal(own.begin(), own.end(), state.begin() + row * compiled.taken);
        }
      }
      check(same, "bits of steps beside others and in chunks: " + name);
    }
  }
}

// ---- decoders --------------------------------------------------------------------------------------------------------

Memories remember(i64 B, i64 R, i64 S, i64 H, i64 M, bool shared) {
  Memories m = {R, S, H, M, {}, {}, draw(R * S * H, 2 / std::sqrt(float(H))), draw(R * S * M)};
  std::uniform_int_distribution<i64> length(0, S), any(0, R ? R - 1 : 0);
  for (i64 r = 0; r < R; ++r) m.lengths.push_back(r == 0 ? S : r == 1 ? 0 : length(random_bits));
  for (i64 b = 0; b < B && shared; ++b) m.of.push_back(b % 7 == 3 ? any(random_bits) : b * R / B);  // mostly neighbours
  return m;
}

// A row's steps in double precision, a stage after the other: every decoder whose layers are plain RNNs.
struct Slow {
  const Compiled& c;
  const Memories& m;
  Doubles state, weights;  // of the last step

  Doubles product(const float* w, const float* b, size_t O, const Doubles& x) const {
    Doubles y(O);
    for (size_t o = 0; o < O; ++o) {
      y[o] = b ? double(b[o]) : 0.0;
      for (size_t i = 0; i < x.size(); ++i) y[o] += double(w[o * x.size() + i]) * x[i];
    }
    return y;
  }
  static Doubles convolved(const Stage& s, const Doubles& x) {
    Doubles y;
    for (i64 top = 0; top < s.height; top += s.stride) {
      for (i64 left = 0; left < s.width; left += s.stride) {
        for (i64 o = 0; o < s.H; ++o) {
          double sum = s.parameters[0].b_ih[o];
          for (i64 i = 0; i < s.patch(); ++i) {
            const i64 row = top + i / s.channels / s.kernel - s.kernel / 2, column = left + i / s.channels % s.kernel - s.kernel / 2;
            if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
            sum += double(s.parameters[0].w_ih[o * s.patch() + i]) * x[size_t((row * s.width + column) * s.channels + i % s.channels)];
          }
          y.push_back(s.activation == RELU ? std::fmax(sum, 0) : s.activation == TANH ? std::tanh(sum) : sum);
        }
      }
    }
    return y;
  }
  Doubles part_of_state(const Stage& s, i64 n) const { return Doubles(state.begin() + s.h, state.begin() + s.h + n); }
  Doubles step(const Doubles& given, i64 row) {
    Doubles x = given;
    for (const Stage& s : c.stages) {
      const Parameters& p = s.parameters[0];
      if (s.op == LINEAR) {
        x = product(p.w_ih, p.b_ih, size_t(s.O), x);
        for (double& v : x) v = s.activation == TANH ? std::tanh(v) : v;
      } else if (s.op == RECURRENT) {
        const Doubles h = product(p.w_hh, p.b_hh, size_t(s.H), part_of_state(s, s.P));
        x = product(p.w_ih, p.b_ih, size_t(s.H), x);
        for (size_t i = 0; i < x.size(); ++i) state[size_t(s.h) + i] = x[i] = std::tanh(x[i] + h[i]);
      } else if (s.op == RECALL) {
        const Doubles value = part_of_state(s, s.O - s.I);
        x.insert(x.end(), value.begin(), value.end());
      } else if (s.op == KEEP) {
        std::copy(x.end() - s.P, x.end(), state.begin() + s.h);
      } else if (s.op == CONV) {
        x = convolved(s, x);
      } else if (s.op == PEAKS) {
        const size_t C = size_t(s.channels);
        Doubles found(3 * C);
        for (size_t c = 0; c < C; ++c) {
          double top = -1e300, sum = 0;
          for (size_t i = c; i < x.size(); i += C) top = std::fmax(top, x[i]);
          for (size_t i = c; i < x.size(); i += C) {
            const double e = std::exp(x[i] - top);
            sum += e;
            found[C + c] += e * ((2 * double(i / C % size_t(s.width)) + 1) / double(s.width) - 1);
            found[2 * C + c] += e * ((2 * double(i / C / size_t(s.width)) + 1) / double(s.height) - 1);
          }
          found[c] = top, found[C + c] /= sum, found[2 * C + c] /= sum;
        }
        x = found;
      } else if (s.op == WINDOW) {
        const Doubles bells = product(p.w_ih, p.b_ih, size_t(s.H), x);
        const auto bell = [&](i64 i) { return 1 / (1 + std::exp(-bells[size_t(i)])); };
        const size_t M = size_t(m.M), at = size_t(m.memory(row) * m.S), n = size_t(m.lengths[size_t(m.memory(row))]);
        weights.assign(size_t(m.S), 0);
        for (i64 k = 0; k < s.P; ++k) {
          const double place = state[size_t(s.h + k)] += bell(2 * s.P + k);
          for (size_t u = 0; u < n; ++u) weights[u] += bell(k) * std::exp(-10 * bell(s.P + k) * (place - double(u)) * (place - double(u)));
        }
        x.resize(x.size() + M);
        for (size_t u = 0; u < n; ++u) {
          for (size_t i = 0; i < M; ++i) x[size_t(s.I) + i] += weights[u] * m.values[(at + u) * M + i];
        }
      } else if (s.op == ATTEND) {
        const size_t H = size_t(m.H), M = size_t(m.M), at = size_t(m.memory(row) * m.S), n = size_t(m.lengths[size_t(m.memory(row))]);
        const Doubles query = s.kind == ADDITIVE ? product(p.w_ih, nullptr, H, part_of_state(s, s.P)) : x;
        double top = -1e300, sum = 0;
        weights.assign(size_t(m.S), 0);
        for (size_t place = 0; place < n; ++place) {
          for (size_t i = 0; i < H; ++i) {
            const double key = m.keys[(at + place) * H + i];
            weights[place] += s.kind == ADDITIVE ? double(p.w_hh[i]) * std::tanh(key + query[i]) : key * query[i];
          }
          top = std::fmax(top, weights[place]);
        }
        for (size_t place = 0; place < n; ++place) sum += weights[place] = std::exp(weights[place] - top);
        x.resize(x.size() + M);
        for (size_t place = 0; place < n; ++place) {
          weights[place] /= sum;
          for (size_t i = 0; i < M; ++i) x[size_t(s.I) + i] += weights[place] * m.values[(at + place) * M + i];
        }
      }
    }
    return x;
  }
};

struct Shape {
  i64 T, B, I, P, H, M, S, R;
  bool additive, feeding, recurrent, head, shared;
};

// (recall) (attend before) (recurrent) (attend after) (linear with tanh) (keep) (head)
Compiled decoder(const Shape& c, std::vector<Floats>& kept) {
  Compiled out;
  kept.reserve(kept.size() + 16);
  i64 width = c.I, heard = 0;
  const auto weight = [&](i64 n, i64 fan) { return kept.emplace_back(draw(n, 1.5f / std::sqrt(float(fan)))).data(); };
  const auto attend = [&](i64 h) {
    Stage s = {};
    s.op = ATTEND, s.kind = c.additive ? ADDITIVE : MULTIPLICATIVE, s.I = width, s.O = width + c.M, s.H = c.additive ? c.H : width, s.D = 1;
    if (c.additive) s.P = c.P, s.h = h, s.parameters[0].w_ih = weight(c.H * c.P, c.P), s.parameters[0].w_hh = weight(c.H, 1);
    out.add(s);
    width = s.O;
  };
  const auto map = [&](i64 O, bool tanh) {
    Stage s = {};
    s.op = LINEAR, s.I = width, s.O = s.H = O, s.D = 1, s.activation = tanh ? TANH : NONE;
    s.parameters[0].w_ih = weight(width * O, width), s.parameters[0].b_ih = weight(O, 1);
    out.add(s);
    width = O;
  };
  if (c.feeding) {
    Stage s = {};
    s.op = RECALL, s.I = width, s.O = width + c.I + 1, s.D = 1;
    heard = out.taken;
    out.add(s);
    width = s.O;
  }
  const i64 h = out.taken;
  if (c.additive) attend(h);
  if (c.recurrent) {
    Stage s = {};
    s.op = RECURRENT, s.cell = RNN_TANH, s.I = width, s.H = s.P = s.O = c.P, s.D = 1;
    s.parameters[0].w_ih = weight(c.P * width, width), s.parameters[0].w_hh = weight(c.P * c.P, c.P), s.parameters[0].b_ih = weight(c.P, 1);
    out.add(s);
    width = c.P;
  } else if (c.additive) {
    out.taken += c.P;  // the state that it asks is nobody's
  }
  if (!c.additive) attend(0);
  if (c.feeding) {
    map(c.I + 1, true);
    Stage s = {};
    s.op = KEEP, s.I = s.O = s.P = width, s.D = 1, s.h = heard;
    out.add(s);
  }
  if (c.head) map(11, false);
  return out;
}

std::string describe(const char* isa, const Shape& c, int precision) {
  char text[240];
  std::snprintf(text, sizeof text, "%s precision %d T %d B %d I %d P %d H %d M %d S %d R %d additive %d feeding %d recurrent %d head %d shared %d",
                isa, precision, int(c.T), int(c.B), int(c.I), int(c.P), int(c.H), int(c.M), int(c.S), int(c.R), c.additive, c.feeding,
                c.recurrent, c.head, c.shared);
  return text;
}

Sequence sequence(const Shape& c, const Compiled& compiled) {
  Sequence q = {c.T, c.B, {}, {}, draw(c.T * c.B * c.I), {}};
  std::uniform_int_distribution<i64> any(0, c.T);
  for (i64 b = 0; b < c.B; ++b) q.lengths.push_back(c.shared ? any(random_bits) : c.T);
  for (const Stage& s : compiled.stages) {
    if (s.op == ATTEND) q.memories = remember(c.B, c.R, c.S, s.H, c.M, c.shared);
  }
  return q;
}

void equals_the_oracle(const Stepper& s, const Compiled& compiled, const Sequence& q, const std::string& name) {
  const Memories& m = q.memories;
  const i64 O = compiled.program.O, I = compiled.program.I, taken = compiled.taken;
  Floats state = draw(q.B * taken), attention;
  for (const Stage& stage : compiled.stages) {  // bells stand where they may
    for (i64 b = 0; b < q.B && stage.op == WINDOW; ++b) {
      for (i64 k = 0; k < stage.P; ++k) state[size_t(b * taken + stage.h + k)] = float(k % (m.S + 1));
    }
  }
  Doubles expected(size_t(q.T * q.B * O)), weights(size_t(q.T * q.B * m.S)), after;
  for (i64 b = 0; b < q.B; ++b) {
    Slow slow = {compiled, m, Doubles(state.begin() + b * taken, state.begin() + (b + 1) * taken), {}};
    for (i64 t = 0; t < q.lengths[size_t(b)]; ++t) {
      const auto x = q.x.begin() + (t * q.B + b) * I;
      const Doubles y = slow.step(Doubles(x, x + I), b);
      std::copy(y.begin(), y.end(), expected.begin() + (t * q.B + b) * O);
      std::copy(slow.weights.begin(), slow.weights.end(), weights.begin() + (t * q.B + b) * m.S);
    }
    after.insert(after.end(), slow.state.begin(), slow.state.end());
  }
  const Floats y = run(s, compiled, q, 0, q.B, 0, q.T, state, 2, &attention);
  const auto off = [](const Floats& got, const Doubles& wanted) {
    double most = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const double apart = std::fabs(double(got[i]) - wanted[i]) / std::fmax(1, std::fabs(wanted[i]));
      most = apart <= most ? most : apart;
    }
    return most;
  };
  const int precision = compiled.program.precision;
  const double bound = precision == FLOAT32 ? 1e-5 : precision == BFLOAT16 ? 0.03 : 0.06;
  check(off(y, expected) <= bound && off(state, after) <= bound, "steps beside the oracle: " + name);
  check(off(attention, weights) <= bound, "weights of attention: " + name);
  bool zeros = true;
  for (size_t i = 0; i < weights.size(); ++i) zeros = zeros && (weights[i] != 0 || attention[i] == 0);
  check(zeros, "no weight past the end of a source: " + name);
}

// A row's bits are those it has alone, in chunks and in any number of threads, whoever asks its memory too.
void keeps_its_bits(const Stepper& s, const Compiled& compiled, const Sequence& q, const std::string& name) {
  const i64 O = compiled.program.O, taken = compiled.taken, S = q.memories.S;
  const Floats start = draw(q.B * taken);
  Floats state = start, other = start, attention, again;
  const Floats whole = run(s, compiled, q, 0, q.B, 0, q.T, state, 1, &attention);
  const bool equal = run(s, compiled, q, 0, q.B, 0, q.T, other, 3, &again) == whole && other == state && again == attention;
  check(equal, "bits of steps in threads: " + name);
  bool same = true;
  for (i64 row = 0; row < q.B; row += 9) {
    for (i64 rows : {i64(1), i64(2), i64(5)}) {
      for (i64 cut : {q.T, i64(4)}) {
        if (row + rows > q.B) continue;
        Floats own(start.begin() + row * taken, start.begin() + (row + rows) * taken), weights, rest;
        Floats y = run(s, compiled, q, row, rows, 0, cut, own, 1, &weights);
        const Floats second = run(s, compiled, q, row, rows, cut, q.T, own, 1, &rest);
        y.insert(y.end(), second.begin(), second.end()), weights.insert(weights.end(), rest.begin(), rest.end());
        same = same && std::equal(own.begin(), own.end(), state.begin() + row * taken);
        for (i64 t = 0; t < q.T; ++t) {
          same = same && std::equal(y.begin() + t * rows * O, y.begin() + (t + 1) * rows * O, whole.begin() + (t * q.B + row) * O) &&
                 std::equal(weights.begin() + t * rows * S, weights.begin() + (t + 1) * rows * S, attention.begin() + (t * q.B + row) * S);
        }
      }
    }
  }
  check(same, "bits of steps beside others and in chunks: " + name);
}

void decoders_equal_the_oracle(const Stepper& s) {
  const Shape shapes[] = {
      {1, 1, 1, 1, 1, 1, 1, 1, false, false, false, false, false},     {3, 5, 33, 7, 0, 70, 9, 5, false, false, false, false, false},
      {4, 9, 64, 8, 0, 64, 3, 4, false, false, false, true, true},      {5, 70, 7, 20, 0, 130, 37, 12, false, false, true, true, true},
      {2, 40, 16, 300, 0, 256, 50, 3, false, true, true, true, true},   {1, 7, 3, 5, 6, 40, 4, 7, true, false, false, false, false},
      {6, 50, 9, 21, 17, 33, 11, 60, true, false, true, true, true},    {3, 49, 12, 35, 80, 19, 8, 10, true, true, true, true, true},
      {4, 1, 5, 16, 32, 64, 23, 1, true, true, true, false, false},     {4, 1, 5, 16, 0, 150, 23, 1, false, true, true, false, false},
      {2, 3, 4, 5, 6, 7, 0, 3, true, false, true, false, true},         {0, 3, 4, 5, 6, 7, 8, 3, false, true, true, true, true},
      {3, 0, 4, 5, 6, 7, 8, 0, true, true, true, true, true},           {5, 6, 8, 9, 0, 10, 5, 1, false, true, false, true, true},
  };
  for (const Shape& c : shapes) {
    for (int precision = 0; precision < PRECISIONS; ++precision) {
      std::vector<Floats> kept;
      Compiled compiled = decoder(c, kept);
      compiled.finish(s, precision);
      const Sequence q = sequence(c, compiled);
      equals_the_oracle(s, compiled, q, describe(s.isa, c, precision));
    }
  }
}

void decoders_keep_their_bits(const Stepper& s) {
  for (int precision = 0; precision < PRECISIONS; ++precision) {
    for (int kind = 0; kind < 8; ++kind) {
      const bool additive = kind & 1, feeding = kind & 2, wide = kind & 4;
      const Shape c = {9, 101, 13, wide ? 70 : 19, 24, wide ? 130 : 21, 17, 30, additive, feeding, true, true, true};
      std::vector<Floats> kept;
      Compiled compiled = decoder(c, kept);
      compiled.finish(s, precision);
      const Sequence q = sequence(c, compiled);
      keeps_its_bits(s, compiled, q, describe(s.isa, c, precision));
    }
  }
}

struct Picture {
  i64 height, width, channels, filters, kernel, stride;
};

// Two convolutions, the second on what the first gives, perhaps their peaks, and a layer or a window behind them.
Compiled viewer(const Picture& c, bool peaks, bool window, i64 memory, std::vector<Floats>& kept) {
  Compiled out;
  kept.reserve(kept.size() + 16);
  const auto weight = [&](i64 n, i64 fan) { return kept.emplace_back(draw(n, 1.5f / std::sqrt(float(fan)))).data(); };
  Stage conv = {};
  conv.op = CONV, conv.D = 1, conv.height = c.height, conv.width = c.width, conv.channels = c.channels, conv.kernel = c.kernel;
  conv.stride = c.stride, conv.H = c.filters, conv.I = c.height * c.width * c.channels;
  for (int layer = 0; layer < 2; ++layer) {
    conv.activation = layer ? RELU : TANH;
    conv.O = conv.places_down() * conv.places_across() * conv.H;
    conv.parameters[0].w_ih = weight(conv.H * conv.patch(), conv.patch()), conv.parameters[0].b_ih = weight(conv.H, 1);
    out.add(conv);
    conv.height = conv.places_down(), conv.width = conv.places_across(), conv.channels = conv.H, conv.H = c.filters + 3, conv.I = conv.O;
  }
  if (peaks) {
    conv.op = PEAKS, conv.O = 3 * conv.channels;
    out.add(conv);
  }
  Stage s = {};
  s.I = out.stages.back().O, s.D = 1;
  if (window) {
    s.op = WINDOW, s.P = 3, s.H = 9, s.O = s.I + memory;
    s.parameters[0].w_ih = weight(s.H * s.I, s.I), s.parameters[0].b_ih = weight(s.H, 1);
  } else {
    s.op = RECURRENT, s.cell = RNN_TANH, s.H = s.P = s.O = 21;
    s.parameters[0].w_ih = weight(s.H * s.I, s.I), s.parameters[0].w_hh = weight(s.H * s.P, s.P), s.parameters[0].b_ih = weight(s.H, 1);
  }
  out.add(s);
  return out;
}

void pictures_and_windows(const Stepper& s) {
  const Picture pictures[] = {{1, 1, 1, 1, 1, 1}, {1, 1, 3, 5, 3, 2}, {7, 5, 1, 4, 3, 1}, {9, 12, 3, 17, 5, 2}, {6, 4, 2, 40, 3, 3}, {2, 3, 1, 2, 7, 1}};
  for (const Picture& c : pictures) {
    for (int kind = 0; kind < 4 * PRECISIONS; ++kind) {
      const bool window = kind % 2, peaks = kind / 2 % 2;
      const i64 T = 9, B = 55, M = 6, I = c.height * c.width * c.channels;
      std::vector<Floats> kept;
      Compiled compiled = viewer(c, peaks, window, M, kept);
      compiled.finish(s, kind / 4);
      Sequence q = {T, B, {}, {}, draw(T * B * I), window ? remember(B, 20, 11, 1, M, true) : Memories{}};
      std::uniform_int_distribution<i64> any(0, T);
      for (i64 b = 0; b < B; ++b) q.lengths.push_back(any(random_bits));
      const std::string name = std::string(s.isa) + " precision " + std::to_string(kind / 4) + (peaks ? " peaks of" : "") + " picture " + std::to_string(c.height) + " x " +
                               std::to_string(c.width) + (window ? " before a window" : "");
      equals_the_oracle(s, compiled, q, name);
      keeps_its_bits(s, compiled, q, name);
    }
  }
}

double ulps(float got, double expected) {
  int exponent;
  std::frexp(expected, &exponent);
  return std::fabs(double(got) - expected) / std::ldexp(1.0, exponent - 24);
}

void functions_are_exact_to_some_ulps(const Stepper& s) {
  const i64 n = 200003;
  Floats x = draw(n, 87.0f), y(static_cast<size_t>(n));
  for (i64 i = 0; i < n; i += 2) x[size_t(i)] *= x[size_t(i)] / 87 * x[size_t(i)] / 87;  // more of them near zero
  s.exp(x.data(), y.data(), n);
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) most = std::fmax(most, ulps(y[i], std::exp(double(x[i]))));
  check(most <= 2, std::string(s.isa) + ": exp is off by ulps " + std::to_string(most));
  const float odd[] = {0.0f, -0.0f, -INFINITY, -200.0f, NAN};
  float got[5];
  s.exp(odd, got, 5);
  check(got[0] == 1 && got[1] == 1 && got[2] == 0 && got[3] == 0 && std::isnan(got[4]), std::string(s.isa) + ": exp of odd numbers");

  Compiled pool;
  Stage kept = {};
  kept.op = POOL, kept.kind = MAX, kept.I = kept.O = 19, kept.D = 1;
  pool.add(kept), pool.finish(s, FLOAT32);
  for (i64 t = 0; t < 3; ++t) {
    Sequence some = {3, 1, {3}, {}, draw(3 * 19), {}};
    some.x[size_t(t * 19 + 17)] = NAN;
    Floats state(size_t(pool.taken));
    const Floats top = run(s, pool, some, 0, 1, 0, 3, state, 1);
    for (i64 i = 0; i < 19; ++i) check(std::isnan(top[size_t(i)]) == (i == 17), std::string(s.isa) + ": a NaN in the maximum of a pool");
  }

  const Floats in = draw(3 * 37 * 5, 4.0f), w = draw(37 * 41), b = draw(41);
  Compiled plain, curved;
  Stage stage = linear(37, 41, w, b);
  plain.add(stage), stage.activation = TANH, curved.add(stage);
  plain.finish(s, FLOAT32), curved.finish(s, FLOAT32);
  const Sequence q = {3, 5, {3, 3, 3, 3, 3}, {}, in, {}};
  Floats none(1);
  const Floats before = run(s, plain, q, 0, 5, 0, 3, none, 1), after = run(s, curved, q, 0, 5, 0, 3, none, 1);
  most = 0;
  for (size_t i = 0; i < before.size(); ++i) most = std::fmax(most, ulps(after[i], std::tanh(double(before[i]))));
  check(most <= 3, std::string(s.isa) + ": tanh of a linear map is off by ulps " + std::to_string(most));
}

void the_best_are_the_largest(const Stepper& s) {
  const float infinity = INFINITY;
  for (const i64 V : {1, 2, 15, 16, 17, 63, 64, 65, 1000, 5003, 20000}) {
    for (const i64 k : {i64(1), i64(2), i64(5), i64(33), i64(64), V}) {
      if (k > V) continue;
      const i64 rows = V > 5000 ? 9 : 21;
      Floats logits = draw(rows * V, 12.0f);
      for (i64 r = 0; r < rows; ++r) {
        float* row = logits.data() + r * V;
        for (i64 i = 0; i < V; ++i) {
          if (r % 3 == 1) row[i] = std::round(row[i]);  // many are equal
          if (r % 7 == 2 && i % 3) row[i] = -infinity;
          if (r == 3) row[i] = float(i);  // each is better than all before
          if (r == 4) row[i] = -float(i) * 100;
          if (r == 5) row[i] = -infinity;
        }
        if (r == 6) row[V / 2] = infinity;
        if (r == 7) row[V - 1] = NAN;
        if (r == 8) row[V - 1] = infinity, row[0] = NAN;
      }
      Floats values(size_t(rows * k)), values_again = values;
      std::vector<i64> ids(size_t(rows * k)), ids_again = ids;
      Doubles totals(size_t(rows), 0), totals_again = totals;
      const Best b = {logits.data(), rows, V, k, values.data(), ids.data(), totals.data()};
      s.best(b, 1);
      s.best({logits.data(), rows, V, k, values_again.data(), ids_again.data(), totals_again.data()}, 3);
      bool right = true;
      for (i64 r = 0; r < rows; ++r) {
        const float* row = logits.data() + r * V;
        std::vector<i64> order;
        for (i64 i = 0; i < V; ++i) order.push_back(i);
        if (r == 7 || r == 8) {  // NaN: the places exist, and each comes once
          std::vector<i64> got(ids.begin() + r * k, ids.begin() + (r + 1) * k);
          std::sort(got.begin(), got.end());
          right = right && std::isnan(totals[size_t(r)]) && got[0] >= 0 && got.back() < V && std::unique(got.begin(), got.end()) == got.end();
          continue;
        }
        std::stable_sort(order.begin(), order.end(), [&](i64 x, i64 y) { return row[x] > row[y]; });
        for (i64 i = 0; i < k; ++i) {
          right = right && ids[size_t(r * k + i)] == order[size_t(i)] && values[size_t(r * k + i)] == row[order[size_t(i)]];
        }
        const double top = row[order[0]];
        double sum = 0;
        for (i64 i = 0; i < V; ++i) sum += std::exp(double(row[i]) - top);
        const double total = std::isinf(top) ? top : top + std::log(sum);
        right = right && (total == totals[size_t(r)] || std::fabs(totals[size_t(r)] - total) < 3e-7);
        // the same beside no others
        Floats alone(static_cast<size_t>(k));
        std::vector<i64> alone_ids(static_cast<size_t>(k));
        double alone_total;
        s.best({row, 1, V, k, alone.data(), alone_ids.data(), &alone_total}, 2);
        right = right && std::equal(alone.begin(), alone.end(), values.begin() + r * k) && alone_total == totals[size_t(r)];
      }
      right = right && same(values, values_again) && ids == ids_again && !std::memcmp(totals.data(), totals_again.data(), totals.size() * 8);
      check(right, std::string(s.isa) + ": the best " + std::to_string(k) + " of " + std::to_string(V));
    }
  }
  s.best({nullptr, 0, 5, 2, nullptr, nullptr, nullptr}, 3);
}

// Found by fuzz_steps: a pool of both directions takes the first step of its input as the last, so the input comes whole.
void a_pool_of_both_ends_keeps_its_bits() {
  const i64 T = 30, B = 76, I = 6;
  std::vector<Described> stages(1);
  Described& s = stages[0];
  s.op = POOL, s.kind = LAST, s.I = s.O = I, s.D = 2, s.c = I;
  Built built;
  Refusal why;
  check(built.build(FLOAT32, I + 1, stages, why), "a pool of both ends is built");
  Floats x = draw(T * B * I), states[2], said[2];
  std::vector<i64> lengths(static_cast<size_t>(B));
  for (i64 b = 0; b < B; ++b) lengths[size_t(b)] = b % (T + 1);
  for (int threads : {1, 2}) {
    Floats &state = states[threads - 1], &y = said[threads - 1];
    state.assign(size_t(B * (I + 1)), 0), y.assign(size_t(B * I), 0);
    Asked asked = {};
    asked.T = T, asked.B = B, asked.end = 1, asked.threads = threads, asked.rows = B, asked.stride = I + 1;
    asked.x = {x.data(), i64(x.size())}, asked.state = {state.data(), i64(state.size())}, asked.y = {y.data(), i64(y.size())};
    asked.lengths = {lengths.data(), B};
    Checked checked;
    check(checked.check(built, asked, why) && run(checked, threads), "a pool of both ends runs");
  }
  bool first = true;
  for (i64 b = 0; b < B; ++b) {
    for (i64 i = I / 2; i < I && lengths[size_t(b)]; ++i) first = first && said[0][size_t(b * I + i)] == x[size_t(b * I + i)];
  }
  check(first && same(said[0], said[1]) && same(states[0], states[1]), "a pool of both ends: bits");
}

// Who waits for long, for the others of a region or at a barrier, sleeps: of 0.3 seconds the processor sees next to nothing.
void waiting_is_sleeping() {
  struct Shared {
    Barrier barrier{2};
    bool at_barrier;
    std::atomic<int> came{0};
  };
  for (bool at_barrier : {false, true}) {
    Shared shared;
    shared.at_barrier = at_barrier;
    const std::clock_t before = std::clock();
    parallel(
        2,
        [](void* arg, int id, int n) {
          Shared& s = *static_cast<Shared*>(arg);
          if (id == 1) std::this_thread::sleep_for(std::chrono::milliseconds(300));
          if (n == 2 && s.at_barrier) s.barrier.wait();
          s.came += n;
        },
        &shared);
    check(shared.came == 4 && double(std::clock() - before) / CLOCKS_PER_SEC < 0.15, at_barrier ? "asleep at a barrier" : "asleep until all is done");
  }
}

}  // namespace

int main() {
  pool_runs_every_part();
  waiting_is_sleeping();
  a_pool_of_both_ends_keeps_its_bits();
  for (const char* isa : {"avx512", "avx2", "base"}) {
    const Kernels* k = kernels(isa);
    if (!k) {
      std::printf("this machine has no %s\n", isa);
      continue;
    }
    kernels_equal_the_oracle(*k);
    entropy_equals_the_oracle(*k);
    any_of_the_outputs_may_be_null(*k);
    bits_do_not_depend_on_threads_or_neighbours(*k);
    callers_at_once(*k);
    a_forked_child_has_threads(*k);
  }
  for (const char* isa : {"avx512_bf16", "avx512_vnni", "avx512", "avx2", "base"}) {
    if (!stepper(isa)) continue;
    steps_equal_the_oracle(*stepper(isa));
    steps_keep_their_bits(*stepper(isa));
    decoders_equal_the_oracle(*stepper(isa));
    decoders_keep_their_bits(*stepper(isa));
    pictures_and_windows(*stepper(isa));
    functions_are_exact_to_some_ulps(*stepper(isa));
    the_best_are_the_largest(*stepper(isa));
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
