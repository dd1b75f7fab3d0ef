// The extension module: its functions, and what they refuse. The sweeps of training take whole numbers and addresses: the caller
// owns all memory and keeps it alive, and hitherto.model.kernels and hitherto.inspect.layers, the only callers, check shapes,
// types and layouts before they hand out an address.
#include <chrono>
#include <memory>

#include "bind.h"
#include "machine.h"
#include "pool.h"

namespace hitherto::python {

PyTypeObject* program_type = nullptr;

namespace {

const Kernels& chosen() { return *kernels(); }  // not null: the module refuses to load otherwise

// What both sweeps begin with. Gives how many rows x and y have.
i64 read_shape(Arguments& a, Unroll& u, Weights* weights) {
  u.cell = a.cell();
  u.split = int(a.integer());
  u.T = a.integer(), u.B = a.integer(), u.I = a.integer(), u.H = a.integer(), u.P = a.integer(), u.D = a.integer(), u.N = a.integer();
  u.sizes = a.address<const i64>();
  u.offsets = a.address<const i64>();
  u.places = a.address<const i64>();
  const i64 rows = a.integer();
  u.mask = a.address<const float>();
  for (i64 d = 0; d < 2; ++d) {
    weights[d].w_ih = a.address<const float>();
    weights[d].w_hh = a.address<const float>();
    weights[d].b_ih = a.address<const float>();
    weights[d].b_hh = a.address<const float>();
    weights[d].w_hr = a.address<const float>();
  }
  return rows;
}

// Whether the rows are as the kernels need them and every place exists.
bool good_shape(const Unroll& u, i64 rows) {
  if (u.T < 0 || u.B < 0 || u.I < 0 || u.H < 1 || u.D < 1 || u.D > 2 || u.N < 0 || rows < 0 || !u.sizes != !u.offsets) return false;
  if (u.P < 1 || u.P > u.H || (u.P != u.H && u.cell != LSTM)) return false;
  const i64 widest = u.I > u.H ? u.I : u.H;
  if (times({rows > u.N ? rows : u.N, widest, 16}) == LARGEST || times({u.B, widest, 16}) == LARGEST || times({widest, widest, 16}) == LARGEST) return false;
  if (!u.places && u.N != rows) return false;
  for (i64 i = 0; u.places && i < u.N; ++i) {
    if (u.places[i] < 0 || u.places[i] >= rows) return false;
  }
  if (!u.sizes) return u.N == times({u.T, u.B});
  i64 most = u.B, tokens = 0;
  for (i64 t = 0; t < u.T; ++t) {
    if (u.offsets[t] != tokens || u.sizes[t] < 0 || u.sizes[t] > most) return false;
    most = u.sizes[t];
    tokens += most;
  }
  return tokens == u.N;
}

// An array that has to be there for its numbers, or the name of one that is not.
struct Needed {
  const char* missing = nullptr;
  void operator()(const char* name, i64 numbers, const void* at) {
    if (numbers && !at) missing = name;
  }
};

// True with an error where the arguments of a sweep do not fit.
bool sweep_refused(const char* name, const Unroll& u, const Weights* weights, i64 rows, Needed& needed) {
  if (u.precision == BFLOAT16 && bfloat16_products() == ABSENT) {
    PyErr_Format(PyExc_ValueError, "%s: expected a processor that multiplies bfloat16 numbers; info() would name how", name);
    return true;
  }
  for (i64 d = 0; d < u.D && d < 2; ++d) needed("w_ih", u.I, weights[d].w_ih), needed("w_hh", 1, weights[d].w_hh), needed("w_hr", u.P != u.H, weights[d].w_hr);
  if (needed.missing) {
    PyErr_Format(PyExc_ValueError, "%s: %s has no memory: its address is 0", name, needed.missing);
  } else if (!good_shape(u, rows)) {
    PyErr_Format(PyExc_ValueError, "%s: expected sizes that do not rise, at most B, with the sum N, and places that exist", name);
  } else {
    return false;
  }
  return true;
}

template <int PRECISION>
PyObject* forward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Forward u = {};
  u.precision = PRECISION;
  const int threads = a.threads();
  const i64 rows = read_shape(a, u, u.weights);
  u.x = a.address<const float>();
  u.h0 = a.address<const float>();
  u.c0 = a.address<const float>();
  u.y = a.address<float>();
  u.hT = a.address<float>();
  u.cT = a.address<float>();
  u.saved = a.address<float>();
  u.cells = a.address<float>();
  if (!a.ok("forward")) return nullptr;
  const bool lstm = u.cell == LSTM;
  Needed needed;
  needed("x", u.N && u.I, u.x), needed("y", u.N, u.y), needed("hT", u.B, u.hT), needed("cT", u.B && lstm, u.cT);
  needed("cells", u.N && lstm && u.saved, u.cells);
  if (sweep_refused("forward", u, u.weights, rows, needed)) return nullptr;
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().forward(u, threads);
  Py_END_ALLOW_THREADS;
  return done(ok);
}

template <int PRECISION>
PyObject* backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Backward u = {};
  u.precision = PRECISION;
  const int threads = a.threads();
  const i64 rows = read_shape(a, u, u.weights);
  u.x = a.address<const float>();
  u.y = a.address<const float>();
  u.h0 = a.address<const float>();
  u.c0 = a.address<const float>();
  u.saved = a.address<const float>();
  u.cells = a.address<const float>();
  u.dy = a.address<const float>();
  u.dhT = a.address<const float>();
  u.dcT = a.address<const float>();
  u.dx = a.address<float>();
  u.dh0 = a.address<float>();
  u.dc0 = a.address<float>();
  for (Gradients& g : u.gradients) {
    g.w_ih = a.address<float>();
    g.w_hh = a.address<float>();
    g.b_ih = a.address<float>();
    g.b_hh = a.address<float>();
    g.w_hr = a.address<float>();
  }
  u.dgates = a.address<float>();
  u.douts = a.address<float>();
  if (!a.ok("backward")) return nullptr;
  const bool lstm = u.cell == LSTM;
  Needed needed;
  needed("x", u.N && u.I, u.x), needed("y", u.N, u.y), needed("dh0", u.B, u.dh0), needed("dc0", u.B && lstm, u.dc0);
  needed("saved", u.N && saved_per_unit(u.cell), u.saved), needed("cells", u.N && lstm, u.cells), needed("dgates", u.N, u.dgates);
  needed("douts", u.N && u.P != u.H, u.douts);
  if (sweep_refused("backward", u, u.weights, rows, needed)) return nullptr;
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().backward(u, threads);
  Py_END_ALLOW_THREADS;
  return done(ok);
}

// Scale, bias_n, scale_c and shift_c of both directions, and whether they are there.
void read_norms(Arguments& a, const Unroll& u, Normed* norms, Needed& needed) {
  for (i64 d = 0; d < 2; ++d) {
    norms[d] = {a.address<const float>(), a.address<const float>(), a.address<const float>(), a.address<const float>()};
    if (d >= u.D) continue;
    needed("scale_hh", 1, norms[d].scale), needed("scale_c", u.cell == LSTM, norms[d].scale_c);
  }
}

// True with an error where a cell or a layer is not normalised here.
bool normed_refused(const char* name, const Unroll& u) {
  if (has_normed(u.cell) && u.P == u.H && u.I == 0 && !u.places) return false;
  PyErr_Format(PyExc_ValueError, "%s: expected rnn, lstm or gru without a projection or places, the inputs projected", name);
  return true;
}

PyObject* normed_forward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  NormedForward u = {};
  Needed needed;
  const int threads = a.threads();
  const i64 rows = read_shape(a, u, u.weights);
  u.split = ROWS;
  u.x = a.address<const float>();
  u.h0 = a.address<const float>(), u.c0 = a.address<const float>();
  u.y = a.address<float>();
  u.hT = a.address<float>(), u.cT = a.address<float>();
  u.saved = a.address<float>(), u.cells = a.address<float>(), u.raw = a.address<float>();
  read_norms(a, u, u.norm, needed);
  if (!a.ok("normed_forward") || normed_refused("normed_forward", u)) return nullptr;
  const bool lstm = u.cell == LSTM;
  needed("x", u.N, u.x), needed("y", u.N, u.y), needed("hT", u.B, u.hT), needed("cT", u.B && lstm, u.cT);
  needed("cells", u.N && lstm && u.raw, u.cells), needed("saved", u.N && saved_per_unit(u.cell) && u.raw, u.saved);
  if (sweep_refused("normed_forward", u, u.weights, rows, needed)) return nullptr;
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().normed_forward(u, threads);
  Py_END_ALLOW_THREADS;
  return done(ok);
}

PyObject* normed_backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  NormedBackward u = {};
  Needed needed;
  const int threads = a.threads();
  const i64 rows = read_shape(a, u, u.weights);
  u.split = ROWS;
  u.y = a.address<const float>();
  u.h0 = a.address<const float>(), u.c0 = a.address<const float>();
  u.saved = a.address<const float>(), u.cells = a.address<const float>(), u.raw = a.address<const float>();
  u.dy = a.address<const float>();
  u.dhT = a.address<const float>(), u.dcT = a.address<const float>();
  u.dx = a.address<float>();
  u.dh0 = a.address<float>(), u.dc0 = a.address<float>();
  u.dgates = a.address<float>();
  read_norms(a, u, u.norm, needed);
  for (i64 d = 0; d < 2; ++d) {
    u.gradients[d].w_hh = a.address<float>();
    u.norm_gradients[d] = {a.address<float>(), a.address<float>(), a.address<float>(), a.address<float>()};
  }
  if (!a.ok("normed_backward") || normed_refused("normed_backward", u)) return nullptr;
  const bool lstm = u.cell == LSTM;
  needed("y", u.N, u.y), needed("dh0", u.B, u.dh0), needed("dc0", u.B && lstm, u.dc0), needed("dx", u.N, u.dx);
  needed("saved", u.N && saved_per_unit(u.cell), u.saved), needed("cells", u.N && lstm, u.cells), needed("raw", u.N, u.raw);
  needed("dgates", u.N, u.dgates);
  if (sweep_refused("normed_backward", u, u.weights, rows, needed)) return nullptr;
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().normed_backward(u, threads);
  Py_END_ALLOW_THREADS;
  return done(ok);
}

// (scores, n, V, y, weights, smoothing, losses, gradient, threads)
PyObject* entropy(PyObject*, PyObject* args) {
  long long scores, y, weights, losses, n, V;
  float smoothing;
  int gradient, threads;
  if (!PyArg_ParseTuple(args, "LLLLLfLpi", &scores, &n, &V, &y, &weights, &smoothing, &losses, &gradient, &threads)) return nullptr;
  Entropy e = {reinterpret_cast<float*>(scores), reinterpret_cast<const i64*>(y), reinterpret_cast<const float*>(weights),
               reinterpret_cast<float*>(losses), n, V, smoothing, gradient != 0};
  const bool there = !n || (scores && y && losses);
  if (n < 0 || V < 1 || !there || threads < 1 || !(smoothing >= 0 && smoothing < 1)) return PyErr_Format(PyExc_ValueError, "entropy: the sizes do not fit");
  if (threads > MOST_THREADS) threads = int(MOST_THREADS);
  for (i64 r = 0; r < n; ++r) {
    if (e.y[r] < 0 || e.y[r] >= V) return PyErr_Format(PyExc_IndexError, "class %lld of row %lld is out of bounds: 0..%lld", e.y[r], r, V - 1);
  }
  Py_BEGIN_ALLOW_THREADS;
  chosen().entropy(e, threads);
  Py_END_ALLOW_THREADS;
  Py_RETURN_NONE;
}

PyObject* activations(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  const float* x = a.address<const float>();
  float *sigmoid = a.address<float>(), *tanh = a.address<float>();
  const i64 count = a.integer();
  if (!a.ok("activations")) return nullptr;
  if (count > 0 && !(x && sigmoid && tanh)) return PyErr_Format(PyExc_ValueError, "activations: an address is 0");
  chosen().activations(x, sigmoid, tanh, count);
  Py_RETURN_NONE;
}

PyObject* best(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Best b = {};
  b.logits = a.address<const float>();
  b.rows = a.integer(), b.V = a.integer(), b.k = a.integer();
  b.values = a.address<float>(), b.ids = a.address<i64>(), b.totals = a.address<double>();
  const int threads = a.threads();
  if (!a.ok("best")) return nullptr;
  if (b.rows < 0 || b.k < 1 || b.k > b.V) {
    return PyErr_Format(PyExc_ValueError, "best: expected rows of 0 or more and k from 1 to V, got rows %lld, V %lld, k %lld",
                        static_cast<long long>(b.rows), static_cast<long long>(b.V), static_cast<long long>(b.k));
  }
  if (b.rows && !(b.logits && b.values && b.ids && b.totals)) return PyErr_Format(PyExc_ValueError, "best: an address is 0");
  Py_BEGIN_ALLOW_THREADS;
  stepper()->best(b, threads);
  Py_END_ALLOW_THREADS;
  Py_RETURN_NONE;
}

PyObject* adopt(PyObject*, PyObject*) { return PyBool_FromLong(adopt_openmp()); }

PyObject* info(PyObject*, PyObject*) {
  PyObject* isas = PyList_New(0);
  if (!isas) return nullptr;
  for (const char* isa : ISAS) {
    if (!kernels(isa)) continue;
    PyObject* name = PyUnicode_FromString(isa);
    const bool added = name && PyList_Append(isas, name) == 0;
    Py_XDECREF(name);
    if (!added) {
      Py_DECREF(isas);
      return nullptr;
    }
  }
#if defined(__clang__)
  const char* compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
  const char* compiler = "gcc " __VERSION__;
#elif defined(_MSC_VER)
  const char* compiler = "msvc";
#else
  const char* compiler = "unknown";
#endif
  return Py_BuildValue("{s:s,s:N,s:s,s:s,s:s}", "isa", stepper()->isa, "isas", isas, "bfloat16", BFLOAT16_NAMES[bfloat16_products()], "pool",
                       uses_openmp() ? "torch" : "own", "compiler", compiler);
}

// ---- what this machine can do ----------------------------------------------------------------------------------------

constexpr int CALIBRATED = 256;  // threads at most

struct Calibration {
  const char* kind;
  i64 n;
  int threads;
  Barrier* barrier;
  double seconds[CALIBRATED], work[CALIBRATED];  // of each thread
};

void calibration_part(void* arg, int id, int n) {
  Calibration& c = *static_cast<Calibration*>(arg);
  if (n != c.threads) return;  // a barrier for more threads than came would never open
  const bool fma = !std::strcmp(c.kind, "fma"), read = !std::strcmp(c.kind, "read");
  const i64 count = read ? c.n / 4 / n : 0;
  const std::unique_ptr<float[]> buffer(new (std::nothrow) float[size_t(count)]);
  for (i64 i = 0; buffer && i < count; ++i) buffer[size_t(i)] = 1;
  const auto start = std::chrono::steady_clock::now();
  if (fma) {
    c.work[id] = chosen().fma_flops(c.n);
  } else if (read) {
    const i64 rounds = 1 + (i64(256) << 20) / (c.n / n + 1);
    c.work[id] = buffer ? double(rounds) * chosen().read_sum(buffer.get(), count, rounds) : 0;
  } else {
    for (i64 k = 0; k < c.n; ++k) c.barrier->wait();
    c.work[id] = double(c.n);
  }
  c.seconds[id] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

PyObject* calibrate(PyObject*, PyObject* args) {
  const char* kind;
  long long n;
  int threads;
  if (!PyArg_ParseTuple(args, "sLi", &kind, &n, &threads)) return nullptr;
  if ((std::strcmp(kind, "fma") && std::strcmp(kind, "read") && std::strcmp(kind, "barrier")) || n < 1 || n >= LARGEST || threads < 1 ||
      threads > CALIBRATED) {
    return PyErr_Format(PyExc_ValueError, "calibrate: expected kind fma, read or barrier, n and threads at least 1");
  }
  double result = 0;
  Py_BEGIN_ALLOW_THREADS;
  Barrier barrier(threads);
  Calibration c = {kind, n, threads, &barrier, {}, {}};
  parallel(threads, calibration_part, &c);
  double work = 0, seconds = 0;
  for (int i = 0; i < threads; ++i) {
    work += c.work[i];
    seconds = c.seconds[i] > seconds ? c.seconds[i] : seconds;
  }
  if (seconds > 0) result = std::strcmp(kind, "barrier") ? work / seconds / 1e9 : seconds * 1e9 / double(n);
  Py_END_ALLOW_THREADS;
  return PyFloat_FromDouble(result);
}

// ---- names and sizes, which Python takes from here ----------------------------------------------------------------------

bool put(PyObject* module_, const char* name, PyObject* value) {
  const bool ok = value && PyModule_AddObjectRef(module_, name, value) == 0;
  Py_XDECREF(value);
  return ok;
}

template <int COUNT>
PyObject* names_of(const char* const (&names)[COUNT]) {
  PyObject* tuple = PyTuple_New(COUNT);
  for (int i = 0; tuple && i < COUNT; ++i) {
    PyObject* name = PyUnicode_FromString(names[i]);
    if (!name) {
      Py_DECREF(tuple);
      return nullptr;
    }
    PyTuple_SetItem(tuple, i, name);  // takes the reference
  }
  return tuple;
}

// By name its number, and for each unit: gates, gates kept for the backward pass, gradients of gates.
PyObject* cells() {
  PyObject* rows = PyDict_New();
  for (int c = 0; rows && c < CELLS; ++c) {
    PyObject* row = Py_BuildValue("{s:i,s:i,s:i,s:i,s:i}", "number", c, "gates", gates_of(c), "saved", saved_per_unit(c), "dgates", dgates_per_unit(c),
                                  "normed", has_normed(c));
    const bool ok = row && PyDict_SetItemString(rows, CELL_NAMES[c], row) == 0;
    Py_XDECREF(row);
    if (ok) continue;
    Py_DECREF(rows);
    return nullptr;
  }
  return rows;
}

bool add_names(PyObject* module_) {
  return put(module_, "CELLS", cells()) && put(module_, "SPLITS", names_of(SPLIT_NAMES)) && put(module_, "PRECISIONS", names_of(PRECISION_NAMES)) &&
         put(module_, "OPS", names_of(OP_NAMES)) && put(module_, "POOLINGS", names_of(POOLING_NAMES)) &&
         put(module_, "ATTENTIONS", names_of(ATTENTION_NAMES)) && put(module_, "ACTIVATIONS", names_of(ACTIVATION_NAMES)) &&
         put(module_, "WEIGHTS", names_of(PARAMETER_NAMES));
}

PyMethodDef methods[] = {
    {"forward", as_method(forward<FLOAT32>), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, P, D, N, sizes, offsets, places, rows, mask, 2 x (w_ih, w_hh, b_ih, b_hh, w_hr), x, h0, c0, y, hT, cT, saved, cells)"},
    {"backward", as_method(backward<FLOAT32>), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, P, D, N, sizes, offsets, places, rows, mask, 2 x (w_ih, w_hh, b_ih, b_hh, w_hr), x, y, h0, c0, saved, cells, dy, dhT, "
     "dcT, dx, dh0, dc0, 2 x (dw_ih, dw_hh, db_ih, db_hh, dw_hr), dgates, douts)"},
    {"bfloat16_forward", as_method(forward<BFLOAT16>), METH_FASTCALL, "(.. as forward): the factors of products are rounded to bfloat16"},
    {"bfloat16_backward", as_method(backward<BFLOAT16>), METH_FASTCALL, "(.. as backward): the factors of products are rounded to bfloat16"},
    {"normed_forward", as_method(normed_forward), METH_FASTCALL,
     "(.. as forward up to w_hr, x, h0, c0, y, hT, cT, saved, cells, raw, 2 x (scale_hh, bias_n, scale_c, shift_c)): with layer normalisation; x is "
     "the inputs' part of the gates"},
    {"normed_backward", as_method(normed_backward), METH_FASTCALL,
     "(.. as backward up to w_hr, y, h0, c0, saved, cells, raw, dy, dhT, dcT, dx, dh0, dc0, dgates, 2 x (scale_hh, bias_n, scale_c, shift_c), "
     "2 x (dw_hh, dscale_hh, dbias_n, dscale_c, dshift_c))"},
    {"entropy", entropy, METH_VARARGS, "(scores, n, V, y, weights, smoothing, losses, gradient, threads)"},
    {"activations", as_method(activations), METH_FASTCALL, "(x, sigmoid, tanh, n)"},
    {"best", as_method(best), METH_FASTCALL,
     "(logits, rows, V, k, values, ids, totals, threads): of each row the k largest in falling order with their places, and the logarithm of "
     "the sum of its exponentials"},
    {"adopt_openmp", adopt, METH_NOARGS, "Use the threads of the OpenMP runtime that torch has loaded, if there is one."},
    {"info", info, METH_NOARGS, "What is in use: isa, isas usable here, what multiplies bfloat16 in training, pool of threads, compiler."},
    {"calibrate", calibrate, METH_VARARGS,
     "(kind, n, threads): fma GFLOP/s over n rounds, read GB/s over n bytes, barrier ns over n rounds; 0 where that many threads "
     "are not to be had."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "hitherto._native", "Kernels of the cells.", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace hitherto::python

PyMODINIT_FUNC PyInit__native() {
  using namespace hitherto::python;
  using hitherto::kernels;
  if (!kernels()) {
    return PyErr_Format(PyExc_ImportError,
                        "HITHERTO_ISA names an instruction set that this machine or build lacks: expected avx512_bf16, avx512_vnni, avx512, "
                        "avx2 or base "
                        "(base runs everywhere); unset it to let Hitherto choose");
  }
  PyObject* made = PyModule_Create(&module);
  PyObject* program = PyType_FromSpec(&program_spec);
  PyObject* session = PyType_FromSpec(&session_spec);
  if (!made || !add_names(made) || !program || !session || PyModule_AddObjectRef(made, "Program", program) || PyModule_AddObjectRef(made, "Session", session)) {
    Py_XDECREF(made);
    Py_XDECREF(program);
    Py_XDECREF(session);
    return nullptr;
  }
  program_type = reinterpret_cast<PyTypeObject*>(program);  // kept for good
  Py_DECREF(session);
  return made;
}
