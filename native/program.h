// All that a C++ caller needs to run programs: models, step by step. Everything comes with its size; what fits is run, and what does
// not is refused with a sentence. Nothing else stands between a caller's numbers and the kernels, which trust what they get.
//
//   Described stage;                       one operation: its fields, and its weights with how many numbers each has
//   weights_of(stage, wanted, may)         how many numbers each weight has, and which may be missing
//   Built program; program.build(..)       checks stages and packs their weights
//   program.program(), .bytes()            sizes: numbers in and out, floats of a row's states; bytes of the packed weights
//   program.attention(begin, end)          the stage that reads a memory, if there is one
//   Asked asked; Checked steps; steps.check(program, asked, why)     inputs, states and room for outputs, checked
//   run(steps), run(steps, threads)        takes the steps: states move on in place, outputs are written
//   Refusal why; why.text()                why something was refused
//
// kernels.h has the structs, the names of all enumerations, and the tables of the instruction sets; `kernels()` and `stepper()`
// choose one. The sweeps of training, forward and backward, are in `kernels()`: they check nothing.
#pragma once
#include <initializer_list>
#include <vector>

#include "kernels.h"

namespace hitherto {

// Why something was refused, in words.
class Refusal {
 public:
  // Always false, so that a check can return it.
  template <class... Parts>
  bool operator()(Parts... parts) {
    (add(parts), ...);
    return false;
  }
  const char* text() const { return text_; }
  bool empty() const { return n_ == 0; }

 private:
  void add(const char* part);
  void add(i64 part);
  char text_[256] = "";
  int n_ = 0;
};

// Numbers in memory and how many they are; null and none where they are not given.
template <class T>
struct Numbers {
  T* at = nullptr;
  i64 n = 0;
};

// A product of numbers that are not negative, or LARGEST where it is not below that: more numbers than any memory has, so that
// sums of a few of them, and bytes, do not overflow.
constexpr i64 LARGEST = i64(1) << 56;
i64 times(std::initializer_list<i64> factors);

constexpr i64 MOST_STAGES = 4096;
constexpr i64 MOST_THREADS = 1024;

// A stage whose `parameters` is not read yet.
struct Described : Stage {
  Numbers<const float> weights[2][PARAMETERS];
};

// How many numbers each weight of a direction of a stage has; `may` says of which there may be none.
void weights_of(const Stage& s, i64 (&wanted)[PARAMETERS], bool (&may)[PARAMETERS]);

// A program with its packed weights. What a stage reads in place stays where it is, and has to outlive the program.
class Built {
 public:
  Built() = default;
  Built(const Built&) = delete;
  Built& operator=(const Built&) = delete;
  ~Built();
  // Once; takes no longer than a copy of the weights. False with a refusal where something does not fit, and with none where
  // there is no memory; may throw bad_alloc too.
  bool build(int precision, i64 state, const std::vector<Described>& stages, Refusal& why);
  const Program& program() const { return program_; }
  i64 bytes() const { return bytes_; }
  // What looks at a memory in stages begin .. end - 1, or null.
  const Stage* attention(i64 begin, i64 end) const;
  // Whether these are weights that steps read where they are, which have to outlive the program.
  bool reads(const void* weights) const;

 private:
  Program program_ = {};
  std::vector<Stage> stages_;
  void* memory_ = nullptr;
  i64 bytes_ = 0;
};

// Steps that someone asks for, as `Steps` describes them. The states are `rows` rows of `stride` floats.
struct Asked {
  i64 T, B, begin, end, threads, rows, stride, R, S;
  Numbers<const i64> lengths, slots, ids, memory_lengths, memory_of;
  Numbers<const float> x, keys, values;
  Numbers<float> state, y, attention;
};

// Steps that were asked for and fit. Whole numbers are copies: another thread may change the caller's while they are used.
class Checked {
 public:
  // Once. False with a refusal; may throw bad_alloc.
  bool check(const Built& built, const Asked& asked, Refusal& why);
  const Steps& steps() const { return steps_; }
  int threads() const { return threads_; }
  i64 read() const { return read_; }  // bytes of weights and memories, by each row in a step

 private:
  bool rows_fit(const Built& built, const Asked& asked, Refusal& why);
  bool inputs_fit(const Built& built, const Asked& asked, Refusal& why);
  bool memory_fits(const Stage& attention, const Asked& asked, Refusal& why);
  const i64* keep(const Numbers<const i64>& from);

  Steps steps_ = {};
  int threads_ = 1;
  i64 read_ = 0;
  std::vector<i64> kept_[6];
  int keeps_ = 0;
};

// Takes the steps. False where there is no memory: the states are then not to be used.
bool run(const Checked& steps);
bool run(const Checked& steps, int threads);

}  // namespace hitherto
