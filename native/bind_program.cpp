// Programs: models that run step by step. They come in files, so program.h checks every size of theirs again.
#include <memory>
#include <vector>

#include "bind.h"

namespace hitherto::python {
namespace {

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
