// What the three parts of the extension share: arguments of Python as numbers, addresses and arrays.
#pragma once
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "kernels.h"
#include "program.h"

namespace hitherto::python {

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

inline PyObject* done(bool ok) {
  if (!ok) return PyErr_NoMemory();
  Py_RETURN_NONE;
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

// ---- types ------------------------------------------------------------------------------------------------------------

struct ProgramObject {
  PyObject_HEAD
  Built* built;
  View* tables;  // what embeddings read, of every stage
};
extern PyTypeObject* program_type;               // once the module is made
extern PyType_Spec program_spec, session_spec;  // bind_program.cpp, bind_session.cpp

// Steps, without the lock where they take long.
bool run_steps(const Steps& u, i64 bytes, int threads);

}  // namespace hitherto::python
