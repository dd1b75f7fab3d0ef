// The extension module. The sweeps of training take whole numbers and addresses: the caller owns all memory and keeps it
// alive, and hitherto.model.kernels, the only caller, checks shapes, types and layouts before it hands out an address.
// Programs and sessions run what comes in files, and take arrays: program.h checks every size of theirs again.
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "kernels.h"
#include "machine.h"
#include "pool.h"
#include "program.h"

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
  PyObject* object() {
    const Py_ssize_t i = at_++;
    return i < n_ ? args_[i] : Py_None;
  }
  // A number of threads: one at least, and no more than anybody has.
  int threads() {
    const i64 n = integer();
    bad_threads_ = bad_threads_ || n < 1;
    return int(n < MOST_THREADS ? n : MOST_THREADS);
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
    if (bad_threads_) {
      PyErr_Format(PyExc_ValueError, "%s: expected 1 thread or more", name);
      return false;
    }
    return true;
  }

 private:
  PyObject* const* args_;
  Py_ssize_t n_, at_ = 0;
  bool bad_cell_ = false, bad_threads_ = false;
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

// What both sweeps begin with. Gives how many rows x and y have.
i64 read_shape(Arguments& a, Unroll& u, Weights* weights) {
  u.cell = a.cell();
  u.split = int(a.integer());
  u.T = a.integer(), u.B = a.integer(), u.I = a.integer(), u.H = a.integer(), u.D = a.integer(), u.N = a.integer();
  u.sizes = a.address<const i64>();
  u.offsets = a.address<const i64>();
  u.places = a.address<const i64>();
  const i64 rows = a.integer();
  for (i64 d = 0; d < 2; ++d) {
    weights[d].w_ih = a.address<const float>();
    weights[d].w_hh = a.address<const float>();
    weights[d].b_ih = a.address<const float>();
    weights[d].b_hh = a.address<const float>();
  }
  return rows;
}

// Whether the rows are as the kernels need them and every place exists.
bool good_shape(const Unroll& u, i64 rows) {
  if (u.T < 0 || u.B < 0 || u.I < 0 || u.H < 1 || u.D < 1 || u.D > 2 || u.N < 0 || rows < 0 || !u.sizes != !u.offsets) return false;
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
  for (i64 d = 0; d < u.D && d < 2; ++d) needed("w_ih", u.I, weights[d].w_ih), needed("w_hh", 1, weights[d].w_hh);
  if (needed.missing) {
    PyErr_Format(PyExc_ValueError, "%s: %s has no memory: its address is 0", name, needed.missing);
  } else if (!good_shape(u, rows)) {
    PyErr_Format(PyExc_ValueError, "%s: expected sizes that do not rise, at most B, with the sum N, and places that exist", name);
  } else {
    return false;
  }
  return true;
}

PyObject* forward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Forward u = {};
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

PyObject* backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  Backward u = {};
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
  }
  u.dgates = a.address<float>();
  if (!a.ok("backward")) return nullptr;
  const bool lstm = u.cell == LSTM;
  Needed needed;
  needed("x", u.N && u.I, u.x), needed("y", u.N, u.y), needed("dh0", u.B, u.dh0), needed("dc0", u.B && lstm, u.dc0);
  needed("saved", u.N && saved_per_unit(u.cell), u.saved), needed("cells", u.N && lstm, u.cells), needed("dgates", u.N, u.dgates);
  if (sweep_refused("backward", u, u.weights, rows, needed)) return nullptr;
  bool ok;
  Py_BEGIN_ALLOW_THREADS;
  ok = chosen().backward(u, threads);
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
  return Py_BuildValue("{s:s,s:N,s:s,s:s}", "isa", stepper()->isa, "isas", isas, "pool", uses_openmp() ? "torch" : "own",
                       "compiler", compiler);
}

// ---- arrays ----------------------------------------------------------------------------------------------------------

// An array's memory while it is used.
struct View {
  Py_buffer buffer = {};
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  ~View() { close(); }
  bool open(PyObject* object, int flags) {
    close();
    return PyObject_GetBuffer(object, &buffer, flags) == 0;
  }
  void close() {
    if (buffer.obj) PyBuffer_Release(&buffer);
  }
  bool of(const char* letters, Py_ssize_t size) const {
    const char* format = buffer.format;
    const bool aligned = reinterpret_cast<std::uintptr_t>(buffer.buf) % std::uintptr_t(size) == 0;
    return buffer.itemsize == size && format && format[0] && std::strchr(letters, format[0]) && !format[1] && aligned;
  }
  bool floats() const { return of("f", 4); }
  bool integers() const { return of("lq", 8); }
  template <class T>
  Numbers<T> numbers() {
    static T none[1] = {};  // an array of nothing has an address too
    return {buffer.buf ? static_cast<T*>(buffer.buf) : none, i64(buffer.len / buffer.itemsize)};
  }
};

constexpr int READ = PyBUF_ND | PyBUF_FORMAT, WRITE = READ | PyBUF_WRITABLE;

// The numbers of an array with so many dimensions, or any for 0; those of None are null.
template <class T>
bool read_array(PyObject* object, View& view, int dimensions, const char* name, Numbers<T>& to) {
  if (object == Py_None) return true;
  const bool integers = sizeof(T) == 8;
  if (!view.open(object, std::is_const<T>::value ? READ : WRITE)) return false;
  if (!(integers ? view.integers() : view.floats()) || (dimensions && view.buffer.ndim != dimensions)) {
    PyErr_Format(PyExc_ValueError, "run: expected %s as an aligned, contiguous array of %s", name, integers ? "int64" : "float32");
    return false;
  }
  to = view.numbers<T>();
  return true;
}

// Runs what touches nothing of Python without the lock. Memory that is not there is an error like others.
template <class F>
bool unlocked(const F& body) {
  bool ok = false;
  Py_BEGIN_ALLOW_THREADS;
  try {
    ok = body();
  } catch (const std::bad_alloc&) {
  }
  Py_END_ALLOW_THREADS;
  return ok;
}

// A function of Python whose body may run out of memory.
template <class F>
PyObject* guarded(const F& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

// ---- programs: models that run step by step --------------------------------------------------------------------------

struct ProgramObject {
  PyObject_HEAD
  Built* built;
  View* tables;  // what embeddings read, of every stage
};

// (precision, floats of a row's states, then for each stage: op, cell, kind, activation, layer_norm, residual, bounded, I, O, H, P, D, h, c, height,
// width, channels, kernel, stride, and for both directions the arrays w_ih, w_hh, b_ih, b_hh, w_hr, scale_ih, scale_hh, scale_c, shift_c or None)
constexpr Py_ssize_t STAGE = 19 + 2 * PARAMETERS;

PyObject* program_new(PyTypeObject* type, PyObject* args, PyObject*) {
  const Py_ssize_t given = PyTuple_Size(args), count = given < 2 ? 0 : (given - 2) / STAGE;
  if (given != 2 + count * STAGE) {
    return PyErr_Format(PyExc_TypeError, "Program: expected 2 arguments and %zd for each stage, got %zd", STAGE, given);
  }
  if (count > MOST_STAGES) return PyErr_Format(PyExc_ValueError, "Program: expected up to %lld stages, got %zd", static_cast<long long>(MOST_STAGES), count);
  return guarded([&]() -> PyObject* {
    std::vector<PyObject*> items(static_cast<size_t>(given));
    for (Py_ssize_t i = 0; i < given; ++i) items[size_t(i)] = PyTuple_GetItem(args, i);
    std::vector<Described> stages(static_cast<size_t>(count));
    std::unique_ptr<View[]> views(new View[size_t(2 * PARAMETERS * count + 1)]);
    View* view = views.get();
    Arguments a(items.data(), given);
    const i64 precision = a.integer(), state = a.integer();
    bool whole = true;
    const auto number = [&] {  // of those that are not sizes
      const i64 n = a.integer();
      whole = whole && n >= 0 && n < 256;
      return int(n);
    };
    for (Described& s : stages) {
      s.op = number(), s.cell = number(), s.kind = number(), s.activation = number();
      s.layer_norm = number(), s.residual = number(), s.bounded = number();
      for (i64* n : {&s.I, &s.O, &s.H, &s.P, &s.D, &s.h, &s.c, &s.height, &s.width, &s.channels, &s.kernel, &s.stride}) *n = a.integer();
      if (PyErr_Occurred()) return nullptr;
      for (auto& direction : s.weights) {
        for (Numbers<const float>& w : direction) {
          PyObject* object = a.object();
          if (object == Py_None) continue;
          if (!view->open(object, READ)) return nullptr;
          if (!view->floats()) return PyErr_Format(PyExc_ValueError, "Program: expected weights as aligned, contiguous arrays of float32, got %R", Py_TYPE(object));
          w = view++->numbers<const float>();
        }
      }
    }
    if (!a.ok("Program")) return nullptr;
    whole = whole && precision >= 0 && precision < PRECISIONS;
    ProgramObject* self = reinterpret_cast<ProgramObject*>(reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc))(type, 0));
    if (!self) return nullptr;
    self->built = new (std::nothrow) Built;
    Refusal why;
    if (!whole) why("the stages do not fit together: a number is out of its range");
    const bool ok = self->built && whole && unlocked([&] { return self->built->build(int(precision), state, stages, why); });
    if (ok) {
      self->tables = views.release();
      for (View* v = self->tables; v != view; ++v) {
        if (stages[0].op != EMBED || v->buffer.buf != stages[0].weights[0][0].at) v->close();
      }
      return reinterpret_cast<PyObject*>(self);
    }
    Py_DECREF(self);
    return why.empty() ? PyErr_NoMemory() : PyErr_Format(PyExc_ValueError, "Program: %s", why.text());
  });
}

void program_free(PyObject* object) {
  ProgramObject* self = reinterpret_cast<ProgramObject*>(object);
  delete self->built;
  delete[] self->tables;
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

bool run_steps(const Steps& u, i64 bytes, int threads) {
  // Handing the lock back and forth takes as long as a small step.
  if (double(bytes) * double(u.T) * double(u.B > 1 ? u.B : 1) < (1 << 20)) return stepper()->run(u, threads);
  return unlocked([&] { return stepper()->run(u, threads); });
}

// (x, states, y, lengths, slots, begin, end, threads, keys, values, memory_lengths, memory_of, attention)
PyObject* program_run(PyObject* object, PyObject* const* args, Py_ssize_t n) {
  if (n != 13) return PyErr_Format(PyExc_TypeError, "run: expected 13 arguments, got %zd", n);
  return guarded([&]() -> PyObject* {
    const Built& built = *reinterpret_cast<ProgramObject*>(object)->built;
    Arguments a(args, n);
    Asked asked = {};
    View x, state, y, lengths, slots, keys, values, memory_lengths, memory_of, attention;
    PyObject* inputs = a.object();
    if (inputs == Py_None || !x.open(inputs, READ)) {
      if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "run: expected inputs, got None");
      return nullptr;
    }
    if (x.integers() && x.buffer.ndim == 2) {
      asked.ids = x.numbers<const i64>();
    } else if (x.floats() && x.buffer.ndim == 3) {
      asked.x = x.numbers<const float>();
    } else {
      return PyErr_Format(PyExc_ValueError, "run: expected inputs as an aligned, contiguous array: float32 [T, B, I] or int64 [T, B]");
    }
    asked.T = x.buffer.shape[0], asked.B = x.buffer.shape[1];
    bool ok = read_array(a.object(), state, 2, "states", asked.state);
    if (ok && state.buffer.obj) asked.rows = state.buffer.shape[0], asked.stride = state.buffer.shape[1];
    ok = ok && read_array(a.object(), y, 0, "y", asked.y);
    ok = ok && read_array(a.object(), lengths, 1, "lengths", asked.lengths) && read_array(a.object(), slots, 1, "slots", asked.slots);
    if (!ok) return nullptr;
    asked.begin = a.integer(), asked.end = a.integer(), asked.threads = a.integer();
    ok = read_array(a.object(), keys, 3, "keys", asked.keys) && read_array(a.object(), values, 3, "values", asked.values);
    ok = ok && read_array(a.object(), memory_lengths, 1, "memory_lengths", asked.memory_lengths);
    ok = ok && read_array(a.object(), memory_of, 1, "memory_of", asked.memory_of) && read_array(a.object(), attention, 3, "attention", asked.attention);
    if (!ok || !a.ok("run")) return nullptr;
    if (values.buffer.obj) asked.R = values.buffer.shape[0], asked.S = values.buffer.shape[1];
    Refusal why;
    Checked checked;
    if (!checked.check(built, asked, why)) return PyErr_Format(PyExc_ValueError, "run: %s", why.text());
    return done(run_steps(checked.steps(), checked.read(), checked.threads()));
  });
}

PyObject* program_bytes(PyObject* object, void*) { return PyLong_FromLongLong(reinterpret_cast<ProgramObject*>(object)->built->bytes()); }

PyMethodDef program_methods[] = {
    {"run", as_method(program_run), METH_FASTCALL,
     "(x, states, y, lengths, slots, begin, end, threads, keys, values, memory_lengths, memory_of, attention): arrays, or None where there are none"},
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
PyObject *numpy_empty = nullptr, *numpy_float32 = nullptr, *numpy_int64 = nullptr, *numpy_asarray = nullptr, *numpy_require = nullptr;

// A UsageError of hitherto.errors: what users of a session see.
template <class... Parts>
std::nullptr_t misused(const char* format, Parts... parts) {
  PyObject* errors = PyImport_ImportModule("hitherto.errors");
  PyObject* type = errors ? PyObject_GetAttrString(errors, "UsageError") : nullptr;
  if (type) PyErr_Format(type, format, parts...);
  Py_XDECREF(errors);
  Py_XDECREF(type);
  return nullptr;
}

struct SessionObject {
  PyObject_HEAD
  ProgramObject* program;
  Py_buffer state;
  PyObject* width;  // of an output, as numpy wants it
  bool busy;        // a step is being taken; only read and written with the lock held
};

// A session while it is used: by one thread, and by nobody else in between.
class Hold {
 public:
  explicit Hold(SessionObject* session) : session_(session->busy ? nullptr : session) {
    if (session_)
      session_->busy = true;
    else
      misused("this session is in use: it takes steps for one thread at a time; fork() gives each thread its own");
  }
  ~Hold() {
    if (session_) session_->busy = false;
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  bool ok() const { return session_; }

 private:
  SessionObject* session_;
};

// (program, float32 array of the program's states)
PyObject* session_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *program, *state;
  if (!PyArg_ParseTuple(args, "OO", &program, &state)) return nullptr;
  if (Py_TYPE(program) != program_type) return PyErr_Format(PyExc_TypeError, "expected a Program, got %R", program);
  const Built& built = *reinterpret_cast<ProgramObject*>(program)->built;
  const Program& p = built.program();
  if (built.attention(0, p.stages)) {
    return PyErr_Format(PyExc_ValueError, "this program attends to a source, and a session has none: run the program");
  }
  if (!numpy_empty) {
    PyObject* numpy = PyImport_ImportModule("numpy");
    if (!numpy) return nullptr;
    numpy_float32 = PyObject_GetAttrString(numpy, "float32");
    numpy_int64 = PyObject_GetAttrString(numpy, "int64");
    numpy_asarray = PyObject_GetAttrString(numpy, "asarray");
    numpy_require = PyObject_GetAttrString(numpy, "require");
    PyObject* empty = PyObject_GetAttrString(numpy, "empty");
    Py_DECREF(numpy);
    if (!empty || !numpy_float32 || !numpy_asarray || !numpy_int64 || !numpy_require) return nullptr;
    numpy_empty = empty;
  }
  SessionObject* self = reinterpret_cast<SessionObject*>(reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc))(type, 0));
  if (!self) return nullptr;
  Py_INCREF(program);
  self->program = reinterpret_cast<ProgramObject*>(program);
  self->width = PyLong_FromLongLong(p.O);
  if (!self->width || PyObject_GetBuffer(state, &self->state, WRITE)) {
    self->state.obj = nullptr;
    Py_DECREF(self);
    return nullptr;
  }
  const bool floats = self->state.itemsize == 4 && self->state.format && !std::strcmp(self->state.format, "f");
  if (!floats || self->state.len < p.state * 4 || reinterpret_cast<std::uintptr_t>(self->state.buf) % 4) {
    Py_DECREF(self);
    return PyErr_Format(PyExc_ValueError, "the states need %lld float32", static_cast<long long>(p.state));
  }
  return reinterpret_cast<PyObject*>(self);
}

void session_free(PyObject* object) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  if (self->state.obj) PyBuffer_Release(&self->state);
  Py_XDECREF(reinterpret_cast<PyObject*>(self->program));
  Py_XDECREF(self->width);
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

// x as an array of float32 or int64, if nothing but digits is lost.
PyObject* converted(PyObject* x, bool floats) {
  PyObject* array = PyObject_CallFunctionObjArgs(numpy_asarray, x, nullptr);
  PyObject* type = array ? PyObject_GetAttrString(array, "dtype") : nullptr;
  PyObject* letter = type ? PyObject_GetAttrString(type, "kind") : nullptr;
  bool fine = false;
  for (const char* kind : {"i", "u", "b", "f"}) {
    fine = fine || (letter && PyUnicode_CompareWithASCIIString(letter, kind) == 0 && (floats || *kind == 'i' || *kind == 'u'));
  }
  if (!fine && array && !PyErr_Occurred() && PyObject_Size(array) == 0) fine = true;  // of nothing numpy says that it is floats
  if (PyErr_Occurred() == PyExc_TypeError || PyErr_Occurred() == PyExc_ValueError) PyErr_Clear();  // numpy's own
  PyObject* found = nullptr;
  if (fine) {
    found = PyObject_CallFunction(numpy_require, "OOs", array, floats ? numpy_float32 : numpy_int64, "CA");
  } else if (!PyErr_Occurred()) {
    misused(floats ? "expected real numbers, got %R" : "expected whole numbers, got %R", type ? type : x);
  }
  Py_XDECREF(letter);
  Py_XDECREF(type);
  Py_XDECREF(array);
  return found;
}

// The steps that x holds, read into `u`: one, [I] floats or an id; or some, [T, I] or [T].
struct Inputs {
  View view;
  i64 id = 0;
  std::vector<i64> ids;  // a copy: another thread may change the caller's
  bool many = false;

  bool read(SessionObject* self, PyObject* x, Steps& u) {
    const Built& built = *self->program->built;
    const Program& p = built.program();
    u.program = &p, u.B = 1, u.T = 1, u.state = static_cast<float*>(self->state.buf), u.stride = p.state, u.end = p.stages;
    if (!p.I && PyLong_Check(x)) {
      int over = 0;
      id = PyLong_AsLongLongAndOverflow(x, &over);
      if (over) id = -1;
      u.ids = &id;
    } else {
      if (!p.I || !view.open(x, READ) || !view.floats()) {
        PyErr_Clear();
        view.close();
        PyObject* array = converted(x, p.I > 0);
        if (!array) return false;
        const bool opened = view.open(array, READ);
        Py_DECREF(array);  // the view keeps it
        if (!opened) return false;
      }
      const Py_buffer& b = view.buffer;
      many = b.ndim == (p.I ? 2 : 1);
      if (!(many || b.ndim == (p.I ? 1 : 0)) || (p.I && b.shape[b.ndim - 1] != p.I)) {
        const long long I = p.I;
        p.I ? misused("expected %lld float32 for a step, or [T, %lld] for some", I, I) : misused("expected an id, or an array of them");
        return false;
      }
      u.T = many ? i64(b.shape[0]) : 1;
      if (p.I) {
        u.x = static_cast<const float*>(b.buf);
      } else {
        const i64* from = static_cast<const i64*>(b.buf);
        ids.assign(from, from + u.T);
        u.ids = ids.data();
      }
    }
    for (i64 t = 0; !p.I && t < u.T; ++t) {
      if (u.ids[t] < 0 || u.ids[t] >= p.stage[0].I) {
        if (u.ids == &id) {
          misused("expected an id in 0..%lld, got %S", static_cast<long long>(p.stage[0].I - 1), x);
        } else {
          misused("expected an id in 0..%lld, got %lld", static_cast<long long>(p.stage[0].I - 1), static_cast<long long>(u.ids[t]));
        }
        return false;
      }
    }
    return true;
  }
};

PyObject* session_push(PyObject* object, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  const Program& p = self->program->built->program();
  const i64 bytes = self->program->built->bytes();
  PyObject* out = nullptr;
  if (names && PyTuple_Size(names) == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GetItem(names, 0), "out") == 0) {
    out = args[n] == Py_None ? nullptr : args[n];
  } else if (names && PyTuple_Size(names)) {
    return PyErr_Format(PyExc_TypeError, "push takes one input and out=");
  }
  if (n != 1) return PyErr_Format(PyExc_TypeError, "push takes one input, got %zd", n);
  const Hold hold(self);
  if (!hold.ok()) return nullptr;
  return guarded([&]() -> PyObject* {
    Steps u = {};
    Inputs inputs;
    if (!inputs.read(self, args[0], u)) return nullptr;
    if (p.pool >= 0) {  // nothing is final before the end
      if (out) return misused("this model answers at its end: push gives nothing to write; peek does");
      u.end = p.pool + 1;
      if (!run_steps(u, bytes, 1)) return PyErr_NoMemory();
      Py_RETURN_NONE;
    }
    if (out) {
      Py_INCREF(out);
    } else if (inputs.many) {
      PyObject* shape = Py_BuildValue("(LO)", static_cast<long long>(u.T), self->width);
      if (!shape) return nullptr;
      out = PyObject_CallFunctionObjArgs(numpy_empty, shape, numpy_float32, nullptr);
      Py_DECREF(shape);
    } else {
      out = PyObject_CallFunctionObjArgs(numpy_empty, self->width, numpy_float32, nullptr);
    }
    if (!out) return nullptr;
    View y;
    if (!y.open(out, WRITE) || !y.floats() || y.buffer.len != u.T * p.O * 4) {
      PyErr_Clear();
      misused("out must be a contiguous float32 array of %lld numbers that can be written to", static_cast<long long>(u.T * p.O));
      Py_DECREF(out);
      return nullptr;
    }
    u.y = static_cast<float*>(y.buffer.buf);
    if (!run_steps(u, bytes, 1)) {
      Py_DECREF(out);
      return PyErr_NoMemory();
    }
    return out;
  });
}

// (x, n): the seconds that n native steps of x take, one after the other, without Python.
PyObject* session_time(PyObject* object, PyObject* args) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  PyObject* given;
  long long n;
  if (!PyArg_ParseTuple(args, "OL", &given, &n)) return nullptr;
  const Hold hold(self);
  if (!hold.ok()) return nullptr;
  return guarded([&]() -> PyObject* {
    Steps u = {};
    Inputs inputs;
    if (!inputs.read(self, given, u)) return nullptr;
    std::vector<float> y(size_t(times({u.T, self->program->built->program().O})));
    u.y = y.data();
    bool ok = true;
    const auto start = std::chrono::steady_clock::now();
    for (long long i = 0; i < n; ++i) ok = ok && stepper()->run(u, 1);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return ok ? PyFloat_FromDouble(seconds) : PyErr_NoMemory();
  });
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
