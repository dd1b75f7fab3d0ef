// Sessions: one row of states, a step at a time.
#include <chrono>
#include <vector>

#include "bind.h"
#include "draw.h"

namespace hitherto::python {
namespace {

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
  PyObject* result = nullptr;
  if (fine) {
    result = PyObject_CallFunction(numpy_require, "OOs", array, floats ? numpy_float32 : numpy_int64, "CA");
  } else if (!PyErr_Occurred()) {
    misused(floats ? "expected real numbers, got %R" : "expected whole numbers, got %R", type ? type : x);
  }
  Py_XDECREF(letter);
  Py_XDECREF(type);
  Py_XDECREF(array);
  return result;
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

// (scores, written, seed, place, count, temperature, top_k, top_p, repetition_penalty, banned, stops): the tokens that are drawn,
// one after the other, each by the scores that the one before it made. A token of `stops` is the last. Scores are those of the
// next token, before and after.
PyObject* session_draw(PyObject* object, PyObject* args) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  PyObject *scores, *written, *banned, *stops;
  unsigned long long seed;
  long long place, count, top_k;
  DrawOptions options;
  if (!PyArg_ParseTuple(args, "OOKLLdLddOO", &scores, &written, &seed, &place, &count, &options.temperature, &top_k, &options.top_p,
                        &options.penalty, &banned, &stops)) {
    return nullptr;
  }
  options.top_k = top_k;
  const Hold hold(self);
  if (!hold.ok()) return nullptr;
  const Program& p = self->program->built->program();
  View views[4];
  Numbers<const i64> ids[3] = {};
  PyObject* const lists[3] = {written, banned, stops};
  for (int i = 0; i < 3; ++i) {
    if (!read_array(lists[i], views[i], 1, "tokens", ids[i])) return nullptr;
    for (i64 k = 0; k < ids[i].n; ++k) {
      if (ids[i].at[k] < 0 || ids[i].at[k] >= p.O) return PyErr_Format(PyExc_IndexError, "expected tokens in 0..%lld", static_cast<long long>(p.O - 1));
    }
  }
  if (!views[3].open(scores, WRITE)) return nullptr;
  const bool fits = views[3].of("d", 8) && views[3].buffer.len == p.O * 8 && !p.I && p.pool < 0 && p.O <= p.stage[0].I;
  if (!fits || place < 0 || count < 0 || top_k < 0 || !(options.temperature >= 0) || !(options.top_p > 0)) {
    return PyErr_Format(PyExc_ValueError, "draw: expected a model of tokens, its scores as float64, and options in their bounds");
  }
  double* const next = static_cast<double*>(views[3].buffer.buf);
  std::vector<i64> drawn;
  const bool ok = unlocked([&] {
    Draw draw(options, p.O);
    for (i64 k = 0; k < ids[0].n; ++k) draw.see(ids[0].at[k]);
    for (i64 k = 0; k < ids[1].n; ++k) draw.ban(ids[1].at[k]);
    std::vector<float> y(static_cast<size_t>(p.O));
    Steps u = {};
    u.program = &p, u.B = 1, u.T = 1, u.state = static_cast<float*>(self->state.buf), u.stride = p.state, u.end = p.stages, u.y = y.data();
    for (long long n = 0; n < count; ++n) {
      const i64 token = draw.token(next, seed, std::uint64_t(place + n));
      drawn.push_back(token);
      draw.see(token);
      if (std::find(ids[2].at, ids[2].at + ids[2].n, token) != ids[2].at + ids[2].n) break;
      u.ids = &token;
      if (!stepper()->run(u, 1)) return false;
      std::copy(y.begin(), y.end(), next);
    }
    return true;
  });
  if (!ok) return PyErr_NoMemory();
  PyObject* list = PyList_New(Py_ssize_t(drawn.size()));
  for (size_t i = 0; list && i < drawn.size(); ++i) {
    PyObject* token = PyLong_FromLongLong(drawn[i]);
    if (!token || PyList_SetItem(list, Py_ssize_t(i), token)) Py_CLEAR(list);
  }
  return list;
}

// (x, n): the seconds that n native steps of x take, one after the other, without Python.
PyObject* session_time(PyObject* object, PyObject* args) {
  SessionObject* self = reinterpret_cast<SessionObject*>(object);
  PyObject* input;
  long long n;
  if (!PyArg_ParseTuple(args, "OL", &input, &n)) return nullptr;
  const Hold hold(self);
  if (!hold.ok()) return nullptr;
  return guarded([&]() -> PyObject* {
    Steps u = {};
    Inputs inputs;
    if (!inputs.read(self, input, u)) return nullptr;
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
    {"draw", session_draw, METH_VARARGS,
     "(scores, written, seed, place, count, temperature, top_k, top_p, repetition_penalty, banned, stops): the next tokens"},
    {"time", session_time, METH_VARARGS, "(x, n): seconds of n native steps"},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot session_slots[] = {{Py_tp_new, reinterpret_cast<void*>(session_new)},
                               {Py_tp_dealloc, reinterpret_cast<void*>(session_free)},
                               {Py_tp_methods, session_methods},
                               {0, nullptr}};

}  // namespace

PyType_Spec session_spec = {"hitherto._native.Session", sizeof(SessionObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, session_slots};

}  // namespace hitherto::python
