// The extension module: integers and addresses in, nothing of torch or numpy. The caller owns all memory and keeps it
// alive; hitherto.model.kernels is the only caller and checks shapes, types and layouts before it hands out an address.
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <chrono>
#include <cstring>
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
    if (at_ >= n_) {
      short_ = true;
      return 0;
    }
    return PyLong_AsLongLong(args_[at_++]);
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
    if (short_ || at_ != n_) {
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
  bool short_ = false, bad_cell_ = false;
};

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

PyObject* activations(PyObject*, PyObject* const* args, Py_ssize_t n) {
  Arguments a(args, n);
  const float* x = a.address<const float>();
  float *sigmoid = a.address<float>(), *tanh = a.address<float>();
  const i64 count = a.integer();
  if (!a.ok("activations")) return nullptr;
  chosen().activations(x, sigmoid, tanh, count);
  Py_RETURN_NONE;
}

PyObject* adopt(PyObject*, PyObject*) { return PyBool_FromLong(adopt_openmp()); }

PyObject* info(PyObject*, PyObject*) {
  PyObject* isas = PyList_New(0);
  if (!isas) return nullptr;
  for (const char* isa : {"avx512", "avx2", "base"}) {
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
  return Py_BuildValue("{s:s,s:N,s:s,s:s}", "isa", chosen().isa, "isas", isas, "pool", uses_openmp() ? "torch" : "own",
                       "compiler", compiler);
}

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

template <class F>
PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef methods[] = {
    {"forward", as_method(forward), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, D, N, sizes, offsets, places, rows, 2 x (w_ih, w_hh, b_ih, b_hh), x, h0, c0, y, hT, cT, saved, cells)"},
    {"backward", as_method(backward), METH_FASTCALL,
     "(threads, cell, split, T, B, I, H, D, N, sizes, offsets, places, rows, 2 x (w_ih, w_hh, b_ih, b_hh), x, y, h0, c0, saved, cells, dy, dhT, "
     "dcT, dx, dh0, dc0, 2 x (dw_ih, dw_hh, db_ih, db_hh), dgates)"},
    {"activations", as_method(activations), METH_FASTCALL, "(x, sigmoid, tanh, n)"},
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
                        "HITHERTO_ISA names an instruction set that this machine or build lacks: expected avx512, avx2 or base "
                        "(base runs everywhere); unset it to let Hitherto choose");
  }
  return PyModule_Create(&module);
}
