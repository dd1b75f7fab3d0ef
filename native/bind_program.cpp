// Programs: models that run step by step. They come in files, so program.h checks every size of theirs again.
#include <memory>
#include <vector>

#include "bind.h"

namespace hitherto::python {
namespace {

// The number of a name, or -1 with an error.
template <int COUNT>
int number_of(const char* what, PyObject* name, const char* const (&names)[COUNT]) {
  for (int i = 0; i < COUNT; ++i) {
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, names[i]) == 0) return i;
  }
  PyErr_Format(PyExc_ValueError, "Program: the stages do not fit together: there is no %s %R", what, name);
  return -1;
}

struct SizeField {
  const char* name;
  i64 Stage::*field;
};
constexpr SizeField SIZES[] = {{"I", &Stage::I}, {"O", &Stage::O}, {"H", &Stage::H}, {"P", &Stage::P}, {"D", &Stage::D}, {"h", &Stage::h},
                               {"c", &Stage::c}, {"height", &Stage::height}, {"width", &Stage::width}, {"channels", &Stage::channels},
                               {"kernel", &Stage::kernel}, {"stride", &Stage::stride}, {"buckets", &Stage::buckets}};
struct FlagField {
  const char* name;
  bool Stage::*field;
};
constexpr FlagField FLAGS[] = {{"layer_norm", &Stage::layer_norm}, {"residual", &Stage::residual}, {"bounded", &Stage::bounded}};

bool is(PyObject* key, const char* name) { return PyUnicode_Check(key) && PyUnicode_CompareWithASCIIString(key, name) == 0; }

// body(key, value) for all items of a dict until it is false. Of a copy: what is read may run code that changes the dict.
template <class Body>
bool each_item(PyObject* dict, const Body& body) {
  PyObject* items = PyDict_Copy(dict);
  bool ok = items;
  PyObject *key, *value;
  Py_ssize_t position = 0;
  while (ok && PyDict_Next(items, &position, &key, &value)) ok = body(key, value);
  Py_XDECREF(items);
  return ok;
}

// The arrays that stages read, kept open while they are used.
struct Views {
  std::unique_ptr<View[]> all;
  Py_ssize_t count = 0, most;
  explicit Views(Py_ssize_t n) : all(new View[size_t(n)]), most(n) {}
};

// The weights of one direction.
bool read_weights(PyObject* weights, Numbers<const float> (&to)[PARAMETERS], Views& views) {
  if (!PyDict_Check(weights)) return PyErr_Format(PyExc_TypeError, "Program: expected a dict of weights, got %R", weights), false;
  return each_item(weights, [&](PyObject* name, PyObject* array) {
    const int i = number_of("weight", name, PARAMETER_NAMES);
    if (i < 0) return false;
    if (array == Py_None) return true;
    View& view = views.all[size_t(views.count)];
    if (views.count == views.most || to[i].at) return PyErr_Format(PyExc_ValueError, "Program: a weight is there twice: %R", name), false;
    if (!view.open(array, READ)) return false;
    ++views.count;
    if (!view.floats()) {
      PyErr_Format(PyExc_ValueError, "Program: expected weights as aligned, contiguous arrays of float32, got %R", Py_TYPE(array));
      return false;
    }
    to[i] = view.numbers<const float>();
    return true;
  });
}

bool read_field(PyObject* key, PyObject* value, Described& s, Views& views) {
  for (const SizeField& size : SIZES) {
    if (is(key, size.name)) return (s.*size.field = PyLong_AsLongLong(value)) != -1 || !PyErr_Occurred();
  }
  for (const FlagField& flag : FLAGS) {
    if (!is(key, flag.name)) continue;
    const int truth = PyObject_IsTrue(value);
    s.*flag.field = truth == 1;
    return truth >= 0;
  }
  if (is(key, "op")) return true;  // it was read first
  if (is(key, "cell")) return (s.cell = number_of("cell", value, CELL_NAMES)) >= 0;
  if (is(key, "activation")) return (s.activation = number_of("activation", value, ACTIVATION_NAMES)) >= 0;
  if (is(key, "kind") && s.op == POOL) return (s.kind = number_of("pooling", value, POOLING_NAMES)) >= 0;
  if (is(key, "kind") && s.op == ATTEND) return (s.kind = number_of("attention", value, ATTENTION_NAMES)) >= 0;
  if (!is(key, "weights")) {
    PyErr_Format(PyExc_ValueError, "Program: the stages do not fit together: %s has no %R", OP_NAMES[s.op], key);
    return false;
  }
  const Py_ssize_t directions = PySequence_Size(value);
  if (directions < 0) return false;
  if (directions > 2) return PyErr_Format(PyExc_ValueError, "Program: the stages do not fit together: weights of %zd directions", directions), false;
  for (Py_ssize_t d = 0; d < directions; ++d) {
    PyObject* weights = PySequence_GetItem(value, d);
    const bool ok = weights && read_weights(weights, s.weights[d], views);
    Py_XDECREF(weights);
    if (!ok) return false;
  }
  return true;
}

// A stage from a dict with the names of Stage's fields: op, and where they are not 0 the others; weights are a dict of arrays for
// each direction, by the names of PARAMETER_NAMES.
bool read_stage(PyObject* stage, Described& s, Views& views) {
  PyObject* op = PyDict_Check(stage) ? PyDict_GetItemString(stage, "op") : nullptr;
  if (!op) return PyErr_Format(PyExc_TypeError, "Program: expected a stage as a dict with an 'op', got %R", stage), false;
  s.op = number_of("operation", op, OP_NAMES), s.D = 1;
  if (s.op < 0) return false;
  return each_item(stage, [&](PyObject* key, PyObject* value) { return read_field(key, value, s, views); });
}

// (name of the precision, floats of a row's states, stages..)
PyObject* program_new(PyTypeObject* type, PyObject* args, PyObject*) {
  const Py_ssize_t count = PyTuple_Size(args) - 2;
  if (count < 0) return PyErr_Format(PyExc_TypeError, "Program: expected a precision, a number of states, and stages");
  if (count > MOST_STAGES) return PyErr_Format(PyExc_ValueError, "Program: expected up to %lld stages, got %zd", static_cast<long long>(MOST_STAGES), count);
  return guarded([&]() -> PyObject* {
    std::vector<Described> stages(static_cast<size_t>(count));
    Views views(2 * PARAMETERS * count + 1);
    const int precision = number_of("precision", PyTuple_GetItem(args, 0), PRECISION_NAMES);
    if (precision < 0) return nullptr;
    const i64 state = PyLong_AsLongLong(PyTuple_GetItem(args, 1));
    if (PyErr_Occurred()) return nullptr;
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (!read_stage(PyTuple_GetItem(args, i + 2), stages[size_t(i)], views)) return nullptr;
    }
    ProgramObject* self = reinterpret_cast<ProgramObject*>(reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc))(type, 0));
    if (!self) return nullptr;
    self->built = new (std::nothrow) Built;
    Refusal why;
    const bool ok = self->built && unlocked([&] { return self->built->build(precision, state, stages, why); });
    if (ok) {
      self->tables = views.all.release();
      for (View* v = self->tables; v != self->tables + views.count; ++v) {
        if (!self->built->reads(v->buffer.buf)) v->close();
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

}  // namespace

bool run_steps(const Steps& u, i64 bytes, int threads) {
  // Handing the lock back and forth takes as long as a small step.
  if (double(bytes) * double(u.T) * double(u.B > 1 ? u.B : 1) < (1 << 20)) return stepper()->run(u, threads);
  return unlocked([&] { return stepper()->run(u, threads); });
}

namespace {

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

}  // namespace

PyType_Spec program_spec = {"hitherto._native.Program", sizeof(ProgramObject), 0, Py_TPFLAGS_DEFAULT, program_slots};

}  // namespace hitherto::python
