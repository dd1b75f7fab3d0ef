// What the instruction sets offer to the rest: plain structs and a table of functions for each.
#pragma once
#include <cstdint>

namespace hitherto {

using i64 = std::int64_t;

// Every enumeration has its names beside it; the binding exports them and takes them, so that nobody else needs the numbers.
enum Cell { RNN_TANH, RNN_RELU, LSTM, GRU, GRU_BEFORE, CELLS };
constexpr const char* CELL_NAMES[CELLS] = {"rnn_tanh", "rnn_relu", "lstm", "gru", "gru_before"};

constexpr int gates_of(int cell) { return cell == LSTM ? 4 : cell == GRU || cell == GRU_BEFORE ? 3 : 1; }

enum Precision { FLOAT32, BFLOAT16, INT8, PRECISIONS };
constexpr const char* PRECISION_NAMES[PRECISIONS] = {"float32", "bfloat16", "int8"};

// What multiplies bfloat16 numbers in training: nothing here, AVX512-BF16, or the tiles of AMX.
enum Bfloat16 { ABSENT, DOTS, TILES, BFLOAT16S };
constexpr const char* BFLOAT16_NAMES[BFLOAT16S] = {"", "avx512_bf16", "amx"};
Bfloat16 bfloat16_products();

// How the threads of one direction share its work. Rows need no barrier; units read each weight in one thread only.
enum Split { AUTO, ROWS, UNITS, SPLITS };
constexpr const char* SPLIT_NAMES[SPLITS] = {"auto", "rows", "units"};

// One layer with its D directions over packed rows: at time t the first sizes[t] rows are active, longest row first, and
// their tokens are numbered side by side from offset(t). Inputs and outputs may lie elsewhere, padded or batch first:
// token i is row place(i) of x, y, dx and dy. Pointers that may be null say so; matrices are row-major.
struct Unroll {
  int cell, split, precision;  // of the products: FLOAT32, or BFLOAT16 where bfloat16_products() has them
  i64 T, B, I, H, P, D, N;  // P: numbers of h. H, or fewer where LSTM projects it
  const i64* sizes;    // [T], or null: all B rows at every t
  const i64* offsets;  // [T + 1] where sizes is given
  const i64* places;   // [N], or null: row i for token i
  const float* mask;   // [D, B, P], what multiplies h where it enters the recurrent product; null: nothing does
  i64 active(i64 t) const { return sizes ? sizes[t] : B; }
  i64 offset(i64 t) const { return sizes ? offsets[t] : t * B; }
  i64 place(i64 token) const { return places ? places[token] : token; }
};

// The weights of each direction, as torch keeps them; biases may be null.
struct Weights {
  const float *w_ih, *w_hh, *b_ih, *b_hh, *w_hr;  // [G * H, I], [G * H, P], [G * H], and [P, H] where P is not H
};

struct Forward : Unroll {
  Weights weights[2];
  const float* x;        // [.., I]
  const float *h0, *c0;  // [D, B, P], [D, B, H]; null: zeros
  float* y;              // [.., D * P]
  float *hT, *cT;        // as h0, c0; cT for LSTM
  float* saved;          // [D, N, saved_per_unit * H]; null: nothing is kept for a backward pass
  float* cells;          // [D, N, H], LSTM's c; null as saved
};

// Gradients that are not wanted are null.
struct Gradients {
  float *w_ih, *w_hh, *b_ih, *b_hh, *w_hr;
};

struct Backward : Unroll {
  Weights weights[2];
  const float* x;
  const float *y, *h0, *c0;    // as in Forward
  const float *saved, *cells;  // as in Forward
  const float* dy;             // [.., D * P]; null: zeros
  const float *dhT, *dcT;      // [D, B, P], [D, B, H]; null: zeros
  float* dx;                   // [.., I]; null: not wanted
  float *dh0, *dc0;            // [D, B, P], [D, B, H]
  Gradients gradients[2];
  float* dgates;  // [D, N, dgates_per_unit * H]: room to work in
  float* douts;   // [D, N, P], the same, where P is not H: gradients of h
};

// Layer normalisation: `Forward` and `Backward` of a layer that normalises the state's part of its gates, and an LSTM its c as it
// leaves the cell. The input's part is made by the caller: x and dx are [D, N, G * H], token after token. Of the weights there is
// w_hh alone; P is H.
struct Normed {
  const float *scale, *bias_n;     // [G * H]; [H] what GRU's r multiplies too, or null
  const float *scale_c, *shift_c;  // LSTM: [H]; the second may be null
};
struct NormedForward : Forward {
  Normed norm[2];
  float* raw;  // [D, N, G * H] the state's part before it is normalised; null as saved
};
struct NormedGradients {
  float *scale, *bias_n, *scale_c, *shift_c;
};
struct NormedBackward : Backward {
  Normed norm[2];
  const float* raw;
  NormedGradients norm_gradients[2];
};
constexpr bool has_normed(int cell) { return cell != GRU_BEFORE; }

// Gates kept for the backward pass. LSTM: i f g o. GRU: r z n and U_n h + b'_n. GRU_BEFORE: r z n. RNN keeps y alone.
constexpr int saved_per_unit(int cell) { return cell == LSTM || cell == GRU ? 4 : cell == GRU_BEFORE ? 3 : 0; }
// Gradients of the gates. GRU has a fourth, of U_n h + b'_n, beside those of r z n.
constexpr int dgates_per_unit(int cell) { return cell == GRU ? 4 : gates_of(cell); }

// Rows of scores [n, V] with their true classes y: losses[r] is weights[r] times -log softmax at y[r], or times the mean of
// that over all classes for the share `smoothing` of it. Scores become the gradient of the sum of losses, where it is wanted.
struct Entropy {
  float* scores;
  const i64* y;          // [n], in 0 .. V - 1
  const float* weights;  // [n], or null: ones
  float* losses;         // [n]
  i64 n, V;
  float smoothing;
  bool gradient;
};

struct Kernels {
  const char* isa;
  bool (*forward)(const Forward&, int threads);  // false: out of memory, nothing written
  bool (*backward)(const Backward&, int threads);
  bool (*normed_forward)(const NormedForward&, int threads);
  bool (*normed_backward)(const NormedBackward&, int threads);
  void (*entropy)(const Entropy&, int threads);
  void (*activations)(const float* x, float* sigmoid, float* tanh, i64 n);  // for the tests
  double (*fma_flops)(i64 n);                                    // n rounds of multiply-adds: operations done
  double (*read_sum)(const float* buffer, i64 n, i64 rounds);  // reads it so often: bytes read in a round
};

// ---- a whole model, step by step -------------------------------------------------------------------------------------

enum Op { EMBED, RECURRENT, POOL, LINEAR, ATTEND, RECALL, KEEP, CONV, WINDOW, PEAKS, BAG, SUMMARY, JOIN, SPELL, SUBWORDS, OPS };
constexpr i64 LONGEST_GRAM = 8;  // in ids
constexpr i64 STATISTICS = 7;    // of each number that a summary reads
enum Pooling { LAST, MEAN, MAX, POOLINGS };
enum Attention { MULTIPLICATIVE, ADDITIVE, ATTENTIONS };
enum Activation { NONE, TANH, RELU, ACTIVATIONS };  // of a linear map or a convolution
constexpr const char* OP_NAMES[OPS] = {"embed", "recurrent", "pool", "linear", "attend", "recall", "keep", "conv", "window", "peaks",
                                       "bag", "summary", "join", "spell", "subwords"};
constexpr const char* POOLING_NAMES[POOLINGS] = {"last", "mean", "max"};
constexpr const char* ATTENTION_NAMES[ATTENTIONS] = {"multiplicative", "additive"};
constexpr const char* ACTIVATION_NAMES[ACTIVATIONS] = {"", "tanh", "relu"};

// One direction of a layer, as torch keeps it; or the weights of a linear map, w_ih and b_ih alone; or of additive attention,
// w_ih [H, P] what makes a query of a state and w_hh [H] what makes a score of a tanh. Any but w_ih may be null.
struct Parameters {
  const float *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *scale_ih, *scale_hh, *scale_c, *shift_c;
};
constexpr int PARAMETERS = 9;
constexpr const char* PARAMETER_NAMES[PARAMETERS] = {"weight_ih", "weight_hh", "bias_ih",  "bias_hh", "weight_hr",
                                                     "scale_ih",  "scale_hh",  "scale_c", "shift_c"};

// One operation of a program. Widths are of its input and output; a layer's state h has P units, c has H, and direction d
// has them at h + d * P and c + d * H of a row's states. A pool has its value and its count there.
//
// ATTEND joins its context to its input: keys have H numbers, values O - I. The query is the input, of H numbers too, or for
// additive attention it is made from the P floats of the state at h. RECALL joins the O - I floats of the state at h to its input.
// KEEP writes the last P numbers of its input there and passes its input on.
//
// CONV takes a step for a picture, [height, width, channels], and makes one of H channels of it: squares of `kernel` by `kernel`
// every `stride` pixels, with zeros around; w_ih is [H, kernel, kernel, channels]. WINDOW is an attention window of P Gaussian
// components that only move forward: from its input w_ih [3 P, I] computes how high and how narrow each is, and how far it moves;
// the P floats of the state at h are their positions. The context joins the input, O - I numbers, as in attention. PEAKS makes
// three numbers of each channel of a picture: its maximum, and its soft-argmax position across and down, where edges are -1 and 1.
//
// BAG reads ids and gives them on. Its state at h: H sums over the rows of w_ih [I + buckets, H] that the n-grams so far have, of up
// to P ids each; H values, the sums divided by the square root of the count; the count; and the last P ids and one. SUMMARY gives on
// its numbers too. Its state at h: 7 rows of I numbers, from which it makes 7 I + 1 statistics; those, less b_ih and times w_ih; and
// the count. JOIN joins the O - I floats of the state at h to its input, behind a pool.
// SPELL reads a word's number, its shape and I - 2 letters, whole numbers as floats; one that is out of range is the nearest that
// is not. There are P words, `height` shapes and `channels` letters; letter 0 is none. It gives the word's row of w_ih, [P, W]; the
// shape's row of b_hh, [height, width]; and of a convolution of the letters the maximum over the places of letters, H numbers. A
// place adds b_ih, [H], and for each of `kernel` letters around it a row of w_hh, [kernel, channels, H]. All stay where they are.
// SUBWORDS reads the same. It gives the mean of the word's row of w_ih, [P + buckets, W], and of those of all its n-grams of `kernel`
// to `stride` letters, which have rows by a hash; and the shape's row of b_hh.
struct Stage {
  int op, cell, kind, activation;     // kind: of a pool or of attention
  bool layer_norm, residual, bounded;  // bounded: no input is beyond -1 .. 1
  i64 I, O, H, P, D, h, c;
  i64 height, width, channels, kernel, stride, buckets;
  i64 places_down() const { return (height - 1) / stride + 1; }
  i64 places_across() const { return (width - 1) / stride + 1; }
  i64 patch() const { return kernel * kernel * channels; }
  bool reads_ids() const { return op == EMBED || op == BAG; }
  i64 word_width() const { return O - H - width; }  // of SPELL and SUBWORDS
  bool in_place() const { return op == EMBED || op == BAG || op == SUMMARY || op == SPELL || op == SUBWORDS; }  // it reads its weights where they are
  Parameters parameters[2];  // null once they are packed
  std::uint32_t* packs[2];
};

struct Program {
  int precision;
  i64 stages, state, I, O;  // floats of a row's states, numbers in (0: one id) and out
  i64 pool;                 // the stage that makes one row of all steps, or -1
  bool whole;               // some layer is read backward, so that a sequence cannot come in parts
  Stage* stage;
};

// Some steps of some rows. Row b has its states at state + slot(b) * stride, and takes its first length(b) steps.
struct Steps {
  const Program* program;
  i64 T, B;
  const i64* lengths;  // [B], or null: T
  const i64* slots;    // [B], or null: b
  const i64* order;    // [B] rows by falling length, or null where all are equal
  const float* x;      // [T, B, I], or null where ids are given
  const i64* ids;      // [T, B]
  float* state;
  i64 stride;
  float* y;  // [T, B, O], behind a pool [B, O]; null: only the states are wanted
  i64 begin, end;  // the stages that are run: all, the last alone, or all but the last
  // What attention reads: R memories of up to S places. Row b has memory memory(b); rows that share one should be neighbours.
  const float *keys, *values;  // [R, S, H], [R, S, M]
  const i64* memory_lengths;   // [R]
  const i64* memory_of;        // [B], or null: b
  i64 R, S;
  float* attention;  // [T, B, S] the weight of each place, 0 where there is none; null: not wanted
  i64 memory(i64 b) const { return memory_of ? memory_of[b] : b; }
  i64 length(i64 b) const { return lengths ? lengths[b] : T; }
  i64 slot(i64 b) const { return slots ? slots[b] : b; }
  i64 out() const { return program->stage[end - 1].O; }
  bool pooled() const { return program->pool >= begin && program->pool < end; }
};

// The k largest of each row in falling order, of equals the lower number first; and the logarithm of the sum of the row's
// exponentials. That is NaN for a row with a NaN, whose best are then any k of its numbers.
struct Best {
  const float* logits;  // [rows, V]
  i64 rows, V, k;       // 1 <= k <= V
  float* values;        // [rows, k]
  i64* ids;             // [rows, k]
  double* totals;       // [rows]
};

struct Stepper {
  const char* isa;
  i64 (*pack_size)(const Stage&, int precision);  // in words of 4 bytes, for one direction
  void (*pack)(const Stage&, int precision, i64 direction, std::uint32_t* to);
  bool (*run)(const Steps&, int threads);  // false: out of memory; the states are then not to be used
  void (*best)(const Best&, int threads);
  void (*exp)(const float* x, float* y, i64 n);  // for the tests
};

extern const Stepper stepper_base, stepper_avx2, stepper_avx512, stepper_avx512_vnni, stepper_avx512_bf16;
const Stepper* stepper();  // as kernels()
const Stepper* stepper(const char* isa);

extern const Kernels kernels_base, kernels_avx2, kernels_avx512;

// The instruction set in use: the best that the machine has, or what HITHERTO_ISA names. Null where that is unknown here.
const Kernels* kernels();
const Kernels* kernels(const char* isa);

}  // namespace hitherto
