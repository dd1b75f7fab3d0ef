// What the instruction sets offer to the rest: plain structs and a table of functions for each.
#pragma once
#include <cstdint>

namespace hitherto {

using i64 = std::int64_t;

enum Cell { RNN_TANH, RNN_RELU, LSTM, GRU, GRU_BEFORE, CELLS };

constexpr int gates_of(int cell) { return cell == LSTM ? 4 : cell == GRU || cell == GRU_BEFORE ? 3 : 1; }

// How the threads of one direction share its work. Rows need no barrier; units read each weight in one thread only.
enum Split { AUTO, ROWS, UNITS };

// One layer with its D directions over packed rows: at time t the first sizes[t] rows are active, longest row first, and
// their tokens are numbered side by side from offset(t). Inputs and outputs may lie elsewhere, padded or batch first:
// token i is row place(i) of x, y, dx and dy. Pointers that may be null say so; matrices are row-major.
struct Unroll {
  int cell, split;
  i64 T, B, I, H, D, N;
  const i64* sizes;    // [T], or null: all B rows at every t
  const i64* offsets;  // [T + 1] where sizes is given
  const i64* places;   // [N], or null: row i for token i
  i64 active(i64 t) const { return sizes ? sizes[t] : B; }
  i64 offset(i64 t) const { return sizes ? offsets[t] : t * B; }
  i64 place(i64 token) const { return places ? places[token] : token; }
};

// The weights of each direction, as torch keeps them; biases may be null.
struct Weights {
  const float *w_ih, *w_hh, *b_ih, *b_hh;  // [G * H, I], [G * H, H], [G * H]
};

struct Forward : Unroll {
  Weights weights[2];
  const float* x;        // [.., I]
  const float *h0, *c0;  // [D, B, H]; null: zeros
  float* y;              // [.., D * H]
  float *hT, *cT;        // [D, B, H]; cT for LSTM
  float* saved;          // [D, N, saved_per_unit * H]; null: nothing is kept for a backward pass
  float* cells;          // [D, N, H], LSTM's c; null as saved
};

// Gradients that are not wanted are null.
struct Gradients {
  float *w_ih, *w_hh, *b_ih, *b_hh;
};

struct Backward : Unroll {
  Weights weights[2];
  const float* x;
  const float *y, *h0, *c0;    // as in Forward
  const float *saved, *cells;  // as in Forward
  const float* dy;             // [.., D * H]; null: zeros
  const float *dhT, *dcT;      // [D, B, H]; null: zeros
  float* dx;                   // [.., I]; null: not wanted
  float *dh0, *dc0;            // [D, B, H]
  Gradients gradients[2];
  float* dgates;  // [D, N, dgates_per_unit * H]: room to work in
};

// Gates kept for the backward pass. LSTM: i f g o. GRU: r z n and U_n h + b'_n. GRU_BEFORE: r z n. RNN keeps y alone.
constexpr int saved_per_unit(int cell) { return cell == LSTM || cell == GRU ? 4 : cell == GRU_BEFORE ? 3 : 0; }
// Gradients of the gates. GRU has a fourth, of U_n h + b'_n, beside those of r z n.
constexpr int dgates_per_unit(int cell) { return cell == GRU ? 4 : gates_of(cell); }

struct Kernels {
  const char* isa;
  bool (*forward)(const Forward&, int threads);  // false: out of memory, nothing written
  bool (*backward)(const Backward&, int threads);
  void (*activations)(const float* x, float* sigmoid, float* tanh, i64 n);  // for the tests
  double (*fma_flops)(i64 n);                                    // n rounds of multiply-adds: operations done
  double (*read_sum)(const float* buffer, i64 n, i64 rounds);  // reads it so often: bytes read in a round
};

extern const Kernels kernels_base, kernels_avx2, kernels_avx512;

// The instruction set in use: the best that the machine has, or what HITHERTO_ISA names. Null where that is unknown here.
const Kernels* kernels();
const Kernels* kernels(const char* isa);

}  // namespace hitherto
