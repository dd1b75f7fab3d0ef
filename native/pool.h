// Threads, barriers and memory for the kernels.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace hitherto {

// Runs fn(arg, id, n) in n <= threads threads at once, id 0 in the caller; returns when all are done. n is less where
// threads are not to be had: inside another parallel region, or while another caller has the pool.
//
// Beside torch these are the threads of torch's own OpenMP runtime: its idle threads spin after each parallel region, and
// threads of ours would have to share the cores with them. After a fork, and without torch, they are our own.
void parallel(int threads, void (*fn)(void* arg, int id, int n), void* arg);

// Uses the OpenMP runtime that this process has loaded (GNU's libgomp), if any. True if it does.
bool adopt_openmp();
bool uses_openmp();

// All n threads of a parallel region meet here. One that waits for long gives its core away.
class Barrier {
 public:
  explicit Barrier(int n);  // in pool.cpp, as all that an instruction set's code must not have a copy of
  ~Barrier();
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  void wait();

 private:
  const int n_;
  std::atomic<int> waiting_{0}, sleeping_{0};
  std::atomic<unsigned> round_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

// Memory of the calling thread, aligned to a cache line, until its next call. Null if there is none.
float* workspace(std::size_t floats);

}  // namespace hitherto
