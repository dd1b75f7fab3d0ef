// The extension module: integers and addresses in, nothing of torch or numpy. The caller owns all memory and keeps it
// alive; hitherto.model.kernels is the only caller and checks shapes, types and layouts before it hands out an address.
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "kernels.h"
#include "pool.h"

namespace {

using namespace hitherto;

// Arguments in order; an error is raised once, at the end.
class Arguments {
 public:
  Arguments(PyObject* const* args, Py_ssize_t n) : args_(args), n_(n) {}
  i64 integer() {
    const Py_ssize_t i = at_++;
    return i < n_ ? PyLong_AsLongLong(args_[i]) : 0;
  }
  template <class T>
  T* address() {
    return reinterpret_cast<T*>(static_cast<std::intptr_t>(integer()));
  }
  int cell() {
    const i64 c = integer();
    bad_cell_ = bad_cell_ || c < 0 || c >= CELLS;
    return int(c);
  }
  bool ok(const char* name) {
    if (PyErr_Occurred()) return false;
    if (at_ != n_) {
      PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", name, at_, n_);
      return false;
    }
    if (bad_cell_) {
      PyErr_Format(PyExc_ValueError, "%s: expected a cell from 0 to %d", name, CELLS - 1);
      return false;
    }
    return true;
  }

 private:
  PyObject* const* args_;
  Py_ssize_t n_, at_ = 0;
  bool bad_cell_ = false;
};

template <class F>
PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

const Kernels& chosen() { return *kernels(); }  // not null: the module refuses to load otherwise

PyObject* done(bool ok) {
  if (!ok) return PyErr_NoMemory();
  Py_RETURN_NONE;
}

// What both sweeps begin with. True if the rows are as the kernels need them and every place exists.
bool read_shape(Arguments& a, Unroll& u, Weights* weights) {
  u.cell = a.cell();
  u.split = int(a.integer());
  u.T = a.integer(), u.B = a.integer(), u.I = a.integer(), u.H = a.integer(), u.D = a.integer(), u.N = a.integer();
  u.sizes = a.address<const i64>();
  u.offsets = a.address<const i64>();
  u.places = a.address<const i64>();
  const i64 rows = a.integer();  // of x and y
  for (i64 d = 0; d < 2; ++d) {
    weights[d].w_ih = a.address<const float>();
    weights[d].w_hh = a.address<const float>();
    weights[d].b_ih = a.address<const float>();
    weights[d].b_hh = a.address<const float>();
  }
  if (u.T < 0 || u.B < 0 || u.I < 0 || u.H < 1 || u.D < 1 || u.D > 2 || !u.sizes != !u.offsets) return false;
  if (!u.places && u.N != rows) return false;
  for (i64 i = 0; u.places && i < u.N; ++i) {
    if (u.places[i] < 0 || u.places[i] >= rows) return false;
  }
  if (!u.sizes) return u.N == u.T * u.B;
  i64 most = u.B, tokens = 0;
  for (i64 t = 0; t < u.T; ++t) {
    if (u.offsets[t] != tokens || u.sizes[t] < 0 || u.sizes[t] > most) return false;
    most = u.sizes[t];
    tokens += most;
  }
  return tokens == u.N;
}

PyObject* forward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Forward u = {};
  const i64 threads = a.integer();
  const bool shape = read_shape(a, u, u.weights);
  u.x = a.address<const float>();
  u.h0 = a.address<const float>();
  u.c0 = a.address<const float>();
  u.y = a.address<float>();
  u.hT = a.address<float>();
  u.cT = a.address<float>();
  u.saved = a.address<float>();
  u.cells = a.address<float>();
  if (!a.ok("forward")) return nullptr;
  if (!shape) return PyErr_Format(PyExc_ValueError, "forward: expected sizes that do not rise, at most B, with the sum N, and places that exist");
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().forward(u, int(threads));
  Py_END_ALLOW_THREADS;
  return done(ok);
}

PyObject* backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Backward u = {};
  const i64 threads = a.integer();
  const bool shape = read_shape(a, u, u.weights);
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
  }
  u.dgates = a.address<float>();
  if (!a.ok("backward")) return nullptr;
  if (!shape) return PyErr_Format(PyExc_ValueError, "backward: expected sizes that do not rise, at most B, with the sum N, and places that exist");
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().backward(u, int(threads));
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
  if (n < 0 || V < 1 || !(smoothing >= 0 && smoothing < 1)) return PyErr_Format(PyExc_ValueError, "entropy: the sizes do not fit");
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
  chosen().activations(x, sigmoid, tanh, count);
  Py_RETURN_NONE;
}

PyObject* best(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Best b = {};
  b.logits = a.address<const float>();
  b.rows = a.integer(), b.V = a.integer(), b.k = a.integer();
  b.values = a.address<float>(), b.ids = a.address<i64>(), b.totals = a.address<double>();
  const i64 threads = a.integer();
  if (!a.ok("best")) return nullptr;
  if (b.rows < 0 || b.k < 1 || b.k > b.V) {
    return PyErr_Format(PyExc_ValueError, "best: expected rows of 0 or more and k from 1 to V, got rows %lld, V %lld, k %lld",
                        static_cast<long long>(b.rows), static_cast<long long>(b.V), static_cast<long long>(b.k));
  }
  Py_BEGIN_ALLOW_THREADS;
  stepper()->best(b, int(threads));
  Py_END_ALLOW_THREADS;
  Py_RETURN_NONE;
}

PyObject* adopt(PyObject*, PyObject*) { return PyBool_FromLong(adopt_openmp()); }

PyObject* info(PyObject*, PyObject*) {
  PyObject* isas = PyList_New(0);
  if (!isas) return nullptr;
  for (const char* isa : {"avx512_bf16", "avx512_vnni", "avx512", "avx2", "base"}) {
    PyObject* name = kernels(isa) ? PyUnicode_FromString(isa) : nullptr;
    if (name) PyList_Append(isas, name);
    Py_XDECREF(name);
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
  return Py_BuildValue("{s:s,s:N,s:s,s:s}", "isa", stepper()->isa, "isas", isas, "pool", uses_openmp() ? "torch" : "own",
                       "compiler", compiler);
}

// ---- programs: models that run step by step --------------------------------------------------------------------------

constexpr i64 WIDEST = i64(1) << 24;  // of any number of units or inputs: beyond it sizes could overflow

struct ProgramObject {
  PyObject_HEAD
  Program program;
  std::vector<Stage>* stages;
  unsigned char* memory;  // the packs
  i64 bytes;
};

unsigned char* aligned(unsigned char* p) { return reinterpret_cast<unsigned char*>((reinterpret_cast<std::uintptr_t>(p) + 63) / 64 * 64); }

// What looks at a memory in a program, or null.
const Stage* attention_of(const Program& p, i64 begin, i64 end) {
  for (i64 i = begin; i < end; ++i) {
    if (p.stage[i].op == ATTEND || p.stage[i].op == WINDOW) return &p.stage[i];
  }
  return nullptr;
}

// Whether a stage's sizes are those of its operation, and its states lie within a row's.
bool fits(const Stage& s, i64 state) {
  const i64 added = s.O - s.I;
  switch (s.op) {
    case RECURRENT:
      return s.H > 0 && s.P > 0 && s.O == s.P * s.D && s.h + s.D * s.P <= state && (s.cell != LSTM || s.c + s.D * s.H <= state);
    case POOL: return s.kind < POOLINGS && s.h + s.I <= state && s.c < state;
    case ATTEND:
      if (s.kind >= ATTENTIONS || s.H < 1 || added < 1 || s.D != 1) return false;
      return s.kind == MULTIPLICATIVE ? s.H == s.I : s.P > 0 && s.h + s.P <= state && s.given[0].w_ih && s.given[0].w_hh;
    case RECALL: return added > 0 && s.h + added <= state;
    case LINEAR: return s.H == s.O && s.given[0].w_ih;
    case KEEP: return added == 0 && s.P > 0 && s.P <= s.I && s.h + s.P <= state;
    case CONV:
      if (s.height < 1 || s.width < 1 || s.channels < 1 || s.kernel < 1 || s.kernel % 2 == 0 || s.stride < 1 || s.H < 1) return false;
      return s.height * s.width * s.channels == s.I && s.places_down() * s.places_across() * s.H == s.O && s.given[0].w_ih;
    case PEAKS:
      return s.height > 0 && s.width > 0 && s.channels > 0 && s.height * s.width * s.channels == s.I && s.O == 3 * s.channels;
    case WINDOW: return added > 0 && s.P > 0 && s.H == 3 * s.P && s.h + s.P <= state && s.D == 1 && s.given[0].w_ih;
    default: return true;
  }
}

// (precision, floats of a row's states, then for each stage: op, cell, kind, activation, layer_norm, residual, bounded, I, O, H, P, D, h, c, height,
// width, channels, kernel, stride, and for both directions w_ih, w_hh, b_ih, b_hh, w_hr, scale_ih, scale_hh, scale_c, shift_c)
PyObject* program_new(PyTypeObject* type, PyObject* args, PyObject*) {
  std::vector<PyObject*> items;
  for (Py_ssize_t i = 0; i < PyTuple_Size(args); ++i) items.push_back(PyTuple_GetItem(args, i));
  Arguments a(items.data(), Py_ssize_t(items.size()));
  Program p = {};
  p.precision = int(a.integer()), p.state = a.integer(), p.pool = -1;
  std::vector<Stage> stages;
  bool good = p.precision >= 0 && p.precision < PRECISIONS && p.state >= 0 && p.state < WIDEST * 64;
  const size_t count = items.size() < 2 ? 0 : (items.size() - 2) / 37;
  i64 attends = 0;
  bool decodes = false;
  for (size_t i = 0; i < count; ++i) {
    Stage s = {};
    s.op = int(a.integer()), s.cell = int(a.integer()), s.kind = int(a.integer()), s.activation = int(a.integer());
    s.layer_norm = a.integer(), s.residual = a.integer(), s.bounded = a.integer();
    s.I = a.integer(), s.O = a.integer(), s.H = a.integer(), s.P = a.integer(), s.D = a.integer(), s.h = a.integer(), s.c = a.integer();
    for (i64* n : {&s.height, &s.width, &s.channels, &s.kernel, &s.stride}) *n = a.integer();
    for (Parameters& g : s.given) {
      for (const float** to : {&g.w_ih, &g.w_hh, &g.b_ih, &g.b_hh, &g.w_hr, &g.scale_ih, &g.scale_hh, &g.scale_c, &g.shift_c}) {
        *to = a.address<const float>();
      }
    }
    good = s.op >= 0 && s.op < OPS && s.cell >= 0 && s.cell < CELLS && s.kind >= 0 && s.D >= 1 && s.D <= 2;
    good = good && s.activation >= 0 && s.activation < ACTIVATIONS;
    for (i64 n : {s.height, s.width, s.channels, s.kernel, s.stride}) good = good && n >= 0 && n < i64(1) << 16;
    for (i64 n : {s.I, s.O, s.H, s.P}) good = good && n >= 0 && n < WIDEST;
    good = good && s.h >= 0 && s.c >= 0 && (s.op == EMBED || stages.empty() || stages.back().O == s.I);
    good = good && fits(s, p.state) && (s.op != POOL || p.pool < 0);
    if (s.op == POOL) p.pool = i64(i);
    p.whole = p.whole || (s.op == RECURRENT && s.D == 2);
    attends += s.op == ATTEND || s.op == WINDOW;
    decodes = decodes || s.op == ATTEND || s.op == WINDOW || s.op == RECALL || s.op == KEEP;
    stages.push_back(s);
  }
  // A memory has the keys of one attention; and what is decoded step by step is neither pooled nor read backward.
  good = good && attends < 2 && !(decodes && (p.whole || p.pool >= 0));
  if (!a.ok("Program")) return nullptr;
  if (!good || stages.empty()) return PyErr_Format(PyExc_ValueError, "Program: the stages do not fit together");
  p.stages = i64(stages.size()), p.I = stages[0].op == EMBED ? 0 : stages[0].I, p.O = stages.back().O;
  i64 words = 16;
  for (const Stage& s : stages) words += s.D * (stepper()->pack_size(s, p.precision) + 16);
  ProgramObject* self = reinterpret_cast<ProgramObject*>(reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc))(type, 0));
  if (!self) return nullptr;
  self->memory = static_cast<unsigned char*>(std::malloc(size_t(words) * 4));
  self->stages = new (std::nothrow) std::vector<Stage>(std::move(stages));
  if (!self->memory || !self->stages) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  self->bytes = words * 4;
  self->program = p;
  self->program.stage = self->stages->data();
  Py_BEGIN_ALLOW_THREADS;
  unsigned char* at = aligned(self->memory);
  for (Stage& s : *self->stages) {
    if (!stepper()->pack_size(s, p.precision)) continue;
    for (i64 d = 0; d < s.D; ++d) {
      s.packs[d] = reinterpret_cast<std::uint32_t*>(at);
      stepper()->pack(s, p.precision, d, s.packs[d]);
      at = aligned(at + stepper()->pack_size(s, p.precision) * 4);
    }
    s.given[0] = s.given[1] = {};
  }
  Py_END_ALLOW_THREADS;
  return reinterpret_cast<PyObject*>(self);
}

void program_free(PyObject* object) {
  ProgramObject* self = reinterpret_cast<ProgramObject*>(object);
  std::free(self->memory);
  delete self->stages;
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

bool run_steps(const Steps& u, i64 bytes, i64 threads) {
  // Handing the lock back and forth takes as long as a small step.
  if (bytes * u.T * (u.B > 1 ? u.B : 1) < (i64(1) << 20)) return stepper()->run(u, int(threads));
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = stepper()->run(u, int(threads));
  Py_END_ALLOW_THREADS;
  return ok;
}

// Whether what attention reads is there; else a ValueError.
bool good_memory(const Steps& u, const Stage& attention) {
  if (u.R < 0 || u.S < 0) {
    PyErr_Format(PyExc_ValueError, "run: expected R and S of 0 or more");
  } else if ((u.R && !u.memory_lengths) || (u.R && u.S && ((attention.op == ATTEND && !u.keys) || !u.values)) || (!u.R && u.B)) {
    PyErr_Format(PyExc_ValueError, "run: this program attends, and needs keys, values and memory_lengths");
  } else if (!u.memory_of && u.B > u.R) {
    PyErr_Format(PyExc_ValueError, "run: %lld rows have %lld memories, and no memory_of says which", static_cast<long long>(u.B),
                 static_cast<long long>(u.R));
  }
  for (i64 b = 0; b < u.B && u.memory_of && !PyErr_Occurred(); ++b) {
    if (u.memory_of[b] >= 0 && u.memory_of[b] < u.R) continue;
    PyErr_Format(PyExc_ValueError, "run: memory_of must be from 0 to %lld, but row %lld has %lld", static_cast<long long>(u.R - 1),
                 static_cast<long long>(b), static_cast<long long>(u.memory_of[b]));
  }
  for (i64 r = 0; r < u.R && !PyErr_Occurred(); ++r) {
    if (u.memory_lengths[r] >= 0 && u.memory_lengths[r] <= u.S) continue;
    PyErr_Format(PyExc_ValueError, "run: memory_lengths must be from 0 to %lld, but memory %lld has %lld", static_cast<long long>(u.S),
                 static_cast<long long>(r), static_cast<long long>(u.memory_lengths[r]));
  }
  return !PyErr_Occurred();
}

// Steps of rows: the caller has checked shapes; what could reach outside the memory is checked here again.
PyObject* program_run(PyObject* object, PyObject* const* args, Py_ssize_t n) {
  ProgramObject* self = reinterpret_cast<ProgramObject*>(object);
  Arguments a(args, n);
  Steps u = {};
  u.program = &self->program;
  u.T = a.integer(), u.B = a.integer();
  u.lengths = a.address<const i64>(), u.slots = a.address<const i64>(), u.order = a.address<const i64>();
  u.x = a.address<const float>(), u.ids = a.address<const i64>();
  u.state = a.address<float>(), u.stride = a.integer();
  u.y = a.address<float>();
  u.begin = a.integer(), u.end = a.integer();
  const i64 threads = a.integer();
  u.keys = a.address<const float>(), u.values = a.address<const float>();
  u.memory_lengths = a.address<const i64>(), u.memory_of = a.address<const i64>();
  u.R = a.integer(), u.S = a.integer();
  u.attention = a.address<float>();
  if (!a.ok("run")) return nullptr;
  if (u.T < 0 || u.B < 0 || u.begin < 0 || u.begin >= u.end || u.end > self->program.stages || u.stride < self->program.state) {
    return PyErr_Format(PyExc_ValueError, "run: the sizes do not fit the program");
  }
  const Stage* attention = attention_of(self->program, u.begin, u.end);
  if (!attention) {
    u.keys = u.values = nullptr, u.attention = nullptr, u.R = u.S = 0;
  } else if (!good_memory(u, *attention)) {
    return nullptr;
  }
  const i64 read = attention ? u.S * (attention->H + attention->O) * 4 : 0;  // of a memory, by each row
  return done(run_steps(u, self->bytes + read, threads));
}

PyObject* program_bytes(PyObject* object, void*) { return PyLong_FromLongLong(reinterpret_cast<ProgramObject*>(object)->bytes); }

PyMethodDef program_methods[] = {
    {"run", as_method(program_run), METH_FASTCALL,
     "(T, B, lengths, slots, order, x, ids, state, stride, y, begin, end, threads, keys, values, memory_lengths, memory_of, R, S, attention)"},
    {nullptr, nullptr, 0, nullptr}};
PyGetSetDef program_members[] = {{"bytes", program_bytes, nullptr, "of the packed weights", nullptr}, {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyType_Slot program_slots[] = {{Py_tp_new, reinterpret_cast<void*>(program_new)},
                               {Py_tp_dealloc, reinterpret_cast<void*>(program_free)},
                               {Py_tp_methods, program_methods},
                               {Py_tp_getset, program_members},
                               {0, nullptr}};
PyType_Spec program_spec = {"hitherto._native.Program", sizeof(ProgramObject), 0, Py_TPFLAGS_DEFAULT, program_slots};

// ---- sessions: one row of states, a step at a time --------------------------------------------------------------------

PyTypeObject* program_type = nullptr;
PyObject *numpy_empty = nullptr, *numpy_float32 = nullptr, *numpy_asarray = nullptr, *numpy_int64 = nullptr;

// An array's memory while it is used.
struct View {
  Py_buffer buffer = {};
  bool open(PyObject* object, int flags) {
    close();
    return PyObject_GetBuffer(object, &buffer, flags) == 0;
  }
  void close() {
    if (buffer.obj) PyBuffer_Release(&buffer);
  }
  bool floats() const { return buffer.itemsize == 4 && buffer.format && buffer.format[0] == 'f' && !buffer.format[1]; }
};

// x and out of the last step stay open: who pushes the same arrays again pays for asking once.
struct SessionObject {
  PyObject_HEAD
  ProgramObject* program;
  Py_buffer state;
  PyObject* width;  // of an output, as numpy wants it
  View x, out;
};

// (program, float32 array of the program's states)
PyObject* session_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *program, *state;
  if (!PyArg_ParseTuple(args, "OO", &program, &state)) return nullptr;
  if (Py_TYPE(program) != program_type) return PyErr_Format(PyExc_TypeError, "expected a Program, got %R", program);
  const Program& p = reinterpret_cast<ProgramObject*>(program)->program;
  if (attention_of(p, 0, p.stages)) {
    return PyErr_Format(PyExc_ValueError, "this program attends to a source, and a session has none: run the program");
  }
  if (!numpy_empty) {
    PyObject* numpy = PyImport_ImportModule("numpy");
    if (!numpy) return nullptr;
    numpy_float32 = PyObject_GetAttrString(numpy, "float32");
    numpy_int64 = PyObject_GetAttrString(numpy, "int64");
    numpy_asarray = PyObject_GetAttrString(numpy, "ascontiguousarray");
    numpy_empty = PyObject_GetAttrString(numpy, "empty");
    Py_DECREF(numpy);
    if (!numpy_empty || !numpy_float32 || !numpy_asarray || !numpy_int64) return nullptr;
  }
  SessionObject* self = reinterpret_cast<SessionObject*>(reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc))(type, 0));
  if (!self) return nullptr;
  Py_INCREF(program);
  self->program = reinterpret_cast<ProgramObject*>(program);
  self->width = PyLong_FromLongLong(self->program->program.O);
  if (PyObject_GetBuffer(state, &self->state, PyBUF_WRITABLE | PyBUF_ND | PyBUF_FORMAT)) {
    self->state.obj = nullptr;
    Py_DECREF(self);
    return nullptr;
  }
  if (self->state.itemsize != 4 || self->state.len < self->program->program.state * 4) {
    Py_DECREF(self);
    return PyErr_Format(PyExc_ValueError, "the states need %lld float32", static_cast<long long>(self->program->program.state));
  }
  return reinterpret_cast<PyObject*>(self);
}

void session_free(PyObject* object) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  if (self->state.obj) PyBuffer_Release(&self->state);
  self->x.close();
  self->out.close();
  Py_XDECREF(reinterpret_cast<PyObject*>(self->program));
  Py_XDECREF(self->width);
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

// The steps that x holds, read into `u`: one, [I] floats or an id; or some, [T, I] or [T].
bool read_input(SessionObject* self, PyObject* x, i64& id, Steps& u) {
  View& view = self->x;
  const Program& p = self->program->program;
  const char* wanted = p.I ? "expected %lld float32 for a step, or [T, %lld] for some" : "expected an id, or an array of them";
  u.program = &p, u.B = 1, u.T = 1, u.state = static_cast<float*>(self->state.buf), u.stride = p.state, u.end = p.stages;
  if (!p.I && PyLong_Check(x)) {
    id = PyLong_AsLongLong(x);
    if (id == -1 && PyErr_Occurred()) return false;
    u.ids = &id;
  } else {
    const bool ready = p.I && (view.buffer.obj == x || (view.open(x, PyBUF_ND | PyBUF_FORMAT) && view.floats()));
    if (!ready) {
      PyErr_Clear();
      view.close();
      PyObject* array = PyObject_CallFunctionObjArgs(numpy_asarray, x, p.I ? numpy_float32 : numpy_int64, nullptr);
      if (!array) return false;
      const bool opened = view.open(array, PyBUF_ND | PyBUF_FORMAT);
      Py_DECREF(array);  // the view keeps it
      if (!opened) return false;
    }
    const Py_buffer& b = view.buffer;
    const bool many = b.ndim == (p.I ? 2 : 1);
    if (!(many || b.ndim == (p.I ? 1 : 0)) || (p.I && b.shape[b.ndim - 1] != p.I)) {
      PyErr_Format(PyExc_ValueError, wanted, static_cast<long long>(p.I), static_cast<long long>(p.I));
      return false;
    }
    u.T = many ? i64(b.shape[0]) : 1;
    if (p.I)
      u.x = static_cast<const float*>(b.buf);
    else
      u.ids = static_cast<const i64*>(b.buf);
  }
  for (i64 t = 0; !p.I && t < u.T; ++t) {
    if (u.ids[t] < 0 || u.ids[t] >= p.stage[0].I) {
      PyErr_Format(PyExc_ValueError, "expected an id in 0..%lld, got %lld", static_cast<long long>(p.stage[0].I - 1),
                   static_cast<long long>(u.ids[t]));
      return false;
    }
  }
  return true;
}

PyObject* session_push(PyObject* object, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  const Program& p = self->program->program;
  PyObject* out = nullptr;
  if (names && PyTuple_Size(names) == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GetItem(names, 0), "out") == 0) {
    out = args[n] == Py_None ? nullptr : args[n];
  } else if (names && PyTuple_Size(names)) {
    return PyErr_Format(PyExc_TypeError, "push takes one input and out=");
  }
  if (n != 1) return PyErr_Format(PyExc_TypeError, "push takes one input, got %zd", n);
  Steps u = {};
  View& y = self->out;
  i64 id = 0;
  if (!read_input(self, args[0], id, u)) return nullptr;
  if (p.pool >= 0) {  // nothing is final before the end
    if (out) return PyErr_Format(PyExc_ValueError, "this model answers at its end: push gives nothing to write; peek does");
    u.end = p.pool + 1;
    if (!run_steps(u, self->program->bytes, 1)) return PyErr_NoMemory();
    Py_RETURN_NONE;
  }
  const bool given = out != nullptr;
  if (given) {
    Py_INCREF(out);
  } else if (u.ids != &id && self->x.buffer.ndim == (p.I ? 2 : 1)) {
    PyObject* shape = Py_BuildValue("(LO)", static_cast<long long>(u.T), self->width);
    if (!shape) return nullptr;
    out = PyObject_CallFunctionObjArgs(numpy_empty, shape, numpy_float32, nullptr);
    Py_DECREF(shape);
  } else {
    out = PyObject_CallFunctionObjArgs(numpy_empty, self->width, numpy_float32, nullptr);
  }
  if (!out) return nullptr;
  const bool known = y.buffer.obj == out || (y.open(out, PyBUF_WRITABLE | PyBUF_ND | PyBUF_FORMAT) && y.floats());
  if (!known || y.buffer.len != u.T * p.O * 4) {
    if (!known) y.close();
    if (!PyErr_Occurred()) {
      PyErr_Format(PyExc_ValueError, "out must be a contiguous float32 array of %lld numbers", static_cast<long long>(u.T * p.O));
    }
    Py_DECREF(out);
    return nullptr;
  }
  u.y = static_cast<float*>(y.buffer.buf);
  if (!given) y.close();  // an array of ours is the caller's now, to do with what they like
  if (!run_steps(u, self->program->bytes, 1)) {
    Py_DECREF(out);
    return PyErr_NoMemory();
  }
  return out;
}

// (x, n): the seconds that n native steps of x take, one after the other, without Python.
PyObject* session_time(PyObject* object, PyObject* args) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  PyObject* given;
  long long n;
  if (!PyArg_ParseTuple(args, "OL", &given, &n)) return nullptr;
  Steps u = {};
  i64 id = 0;
  if (!read_input(self, given, id, u)) return nullptr;
  std::vector<float> y(size_t(u.T * self->program->program.O));
  u.y = y.data();
  bool ok = true;
  const auto start = std::chrono::steady_clock::now();
  for (long long i = 0; i < n; ++i) ok = ok && stepper()->run(u, 1);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return ok ? PyFloat_FromDouble(seconds) : PyErr_NoMemory();
}

PyMethodDef session_methods[] = {
    {"push", as_method(session_push), METH_FASTCALL | METH_KEYWORDS, "push($self, x, /, *, out=None)\n--\n\nTake a step, or some: what the model says after each."},
    {"time", session_time, METH_VARARGS, "(x, n): seconds of n native steps"},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot session_slots[] = {{Py_tp_new, reinterpret_cast<void*>(session_new)},
                               {Py_tp_dealloc, reinterpret_cast<void*>(session_free)},
                               {Py_tp_methods, session_methods},
                               {0, nullptr}};
PyType_Spec session_spec = {"hitherto._native.Session", sizeof(SessionObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, session_slots};

// ---- what this machine can do ----------------------------------------------------------------------------------------

struct Calibration {
  const char* kind;
  i64 n;
  Barrier* barrier;
  std::vector<double> seconds, work;  // of each thread
};

void calibration_part(void* arg, int id, int n) {
  Calibration& c = *static_cast<Calibration*>(arg);
  const bool fma = !std::strcmp(c.kind, "fma"), read = !std::strcmp(c.kind, "read");
  std::vector<float> buffer(read ? size_t(c.n / 4 / n) : 0, 1.0f);
  const auto start = std::chrono::steady_clock::now();
  if (fma) {
    c.work[size_t(id)] = chosen().fma_flops(c.n);
  } else if (read) {
    const i64 rounds = 1 + (i64(256) << 20) / (c.n / n + 1);
    c.work[size_t(id)] = double(rounds) * chosen().read_sum(buffer.data(), i64(buffer.size()), rounds);
  } else {
    for (i64 k = 0; k < c.n; ++k) c.barrier->wait();
    c.work[size_t(id)] = double(c.n);
  }
  c.seconds[size_t(id)] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

PyObject* calibrate(PyObject*, PyObject* args) {
  const char* kind;
  long long n;
  int threads;
  if (!PyArg_ParseTuple(args, "sLi", &kind, &n, &threads)) return nullptr;
  if ((std::strcmp(kind, "fma") && std::strcmp(kind, "read") && std::strcmp(kind, "barrier")) || n < 1 || threads < 1 || threads > 256) {
    return PyErr_Format(PyExc_ValueError, "calibrate: expected kind fma, read or barrier, n and threads at least 1");
  }
  double result = 0;
  Py_BEGIN_ALLOW_THREADS;
  Barrier barrier(threads);
  Calibration c = {kind, n, &barrier, std::vector<double>(size_t(threads)), std::vector<double>(size_t(threads))};
  parallel(threads, [](void* arg, int id, int got) {
    // A barrier for more threads than came would never open.
    Calibration& c = *static_cast<Calibration*>(arg);
    if (got == int(c.seconds.size())) calibration_part(arg, id, got);
  }, &c);
  double work = 0, seconds = 0;
  for (size_t i = 0; i < c.seconds.size(); ++i) {
    work += c.work[i];
    seconds = c.seconds[i] > seconds ? c.seconds[i] : seconds;
  }
  if (seconds > 0) result = std::strcmp(kind, "barrier") ? work / seconds / 1e9 : seconds * 1e9 / double(n);
  Py_END_ALLOW_THREADS;
  return PyFloat_FromDouble(result);
}

PyMethodDef methods[] = {
    {"forward", as_method(forward), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, D, N, sizes, offsets, places, rows, 2 x (w_ih, w_hh, b_ih, b_hh), x, h0, c0, y, hT, cT, saved, cells)"},
    {"backward", as_method(backward), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, D, N, sizes, offsets, places, rows, 2 x (w_ih, w_hh, b_ih, b_hh), x, y, h0, c0, saved, cells, dy, dhT, "
     "dcT, dx, dh0, dc0, 2 x (dw_ih, dw_hh, db_ih, db_hh), dgates)"},
    {"entropy", entropy, METH_VARARGS, "(scores, n, V, y, weights, smoothing, losses, gradient, threads)"},
    {"activations", as_method(activations), METH_FASTCALL, "(x, sigmoid, tanh, n)"},
    {"best", as_method(best), METH_FASTCALL,
     "(logits, rows, V, k, values, ids, totals, threads): of each row the k largest in falling order with their places, and the logarithm of "
     "the sum of its exponentials"},
    {"adopt_openmp", adopt, METH_NOARGS, "Use the threads of the OpenMP runtime that torch has loaded, if there is one."},
    {"info", info, METH_NOARGS, "What is in use: isa, isas usable here, pool of threads, compiler."},
    {"calibrate", calibrate, METH_VARARGS,
     "(kind, n, threads): fma GFLOP/s over n rounds, read GB/s over n bytes, barrier ns over n rounds; 0 where that many threads "
     "are not to be had."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "hitherto._native", "Kernels of the cells.", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__native() {
  if (!kernels()) {
    return PyErr_Format(PyExc_ImportError,
                        "HITHERTO_ISA names an instruction set that this machine or build lacks: expected avx512_bf16, avx512_vnni, avx512, "
                        "avx2 or base "
                        "(base runs everywhere); unset it to let Hitherto choose");
  }
  PyObject* made = PyModule_Create(&module);
  PyObject* program = PyType_FromSpec(&program_spec);
  PyObject* session = PyType_FromSpec(&session_spec);
  if (!made || !program || !session || PyModule_AddObjectRef(made, "Program", program) || PyModule_AddObjectRef(made, "Session", session)) {
    Py_XDECREF(made);
    Py_XDECREF(program);
    Py_XDECREF(session);
    return nullptr;
  }
  program_type = reinterpret_cast<PyTypeObject*>(program);  // kept for good
  Py_DECREF(session);
  return made;
}
