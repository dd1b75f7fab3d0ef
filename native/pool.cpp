#include "pool.h"

#include <cstdint>
#include <cstdlib>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <new>
#include <thread>
#include <vector>
#if defined(__linux__)
#include <dlfcn.h>
#include <link.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace hitherto {
namespace {

using Job = void (*)(void*, int, int);

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// Waits for what is to come within some microseconds, the length of a step; past that another thread has lost its core and
// may need this one, so it is offered. True once it has come, false where sleep is better.
template <class Came>
bool soon(const Came& came) {
  for (int spin = 0; spin < 2048; ++spin) {
    if (came()) return true;
    relax();
  }
  for (int turn = 0; turn < 8; ++turn) {
    if (came()) return true;
    std::this_thread::yield();
  }
  return came();
}

// ---- our own threads -------------------------------------------------------------------------------------------------

class Pool {
 public:
  void run(int threads, Job job, void* arg) {
    // One region at a time: a second caller does its work alone rather than wait for cores that are busy.
    if (threads <= 1 || !busy_.try_lock()) return job(arg, 0, 1);
    std::lock_guard<std::mutex> hold(busy_, std::adopt_lock);
    if (!grow(threads - 1)) threads = int(workers_.size()) + 1;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      arg_ = arg;
      threads_ = threads;
      left_.store(threads - 1, std::memory_order_relaxed);
      round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job(arg, 0, threads);
    const auto over = [this] { return left_.load(std::memory_order_acquire) == 0; };
    if (soon(over)) return;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, over);
  }

 private:
  bool grow(int workers) {
    try {
      while (int(workers_.size()) < workers) {
        const int id = int(workers_.size()) + 1;
        const unsigned seen = round_.load(std::memory_order_relaxed);
        workers_.emplace_back([this, id, seen] { work(id, seen); });
        workers_.back().detach();  // they sleep until the process ends
      }
    } catch (...) {
      return false;
    }
    return true;
  }

  void work(int id, unsigned seen) {
    for (;;) {
      soon([&] { return round_.load(std::memory_order_acquire) != seen; });
      Job job;
      void* arg;
      int threads;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return round_.load(std::memory_order_relaxed) != seen; });
        seen = round_.load(std::memory_order_relaxed);
        job = job_;
        arg = arg_;
        threads = threads_;
      }
      if (id >= threads) continue;
      job(arg, id, threads);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        std::lock_guard<std::mutex> lock(mutex_);  // the caller looks once more before it sleeps, or sleeps and hears this
        done_.notify_one();
      }
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  Job job_ = nullptr;
  void* arg_ = nullptr;
  int threads_ = 0;
  std::atomic<unsigned> round_{0};
  std::atomic<int> left_{0};
};

Pool* the_pool = nullptr;  // never freed: a worker may outlive every destructor

Pool* own_pool() {  // null where there is no memory
  static std::mutex making;
  std::lock_guard<std::mutex> lock(making);
  if (!the_pool) the_pool = new (std::nothrow) Pool;
  return the_pool;
}

// ---- torch's threads -------------------------------------------------------------------------------------------------

using GompParallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
using OmpInt = int (*)();

GompParallel gomp_parallel = nullptr;
OmpInt omp_thread_num = nullptr, omp_num_threads = nullptr;

struct GompJob {
  Job job;
  void* arg;
};

void gomp_entry(void* data) {
  const GompJob* j = static_cast<GompJob*>(data);
  j->job(j->arg, omp_thread_num(), omp_num_threads());
}

#if !defined(_WIN32)
// The threads of the parent do not exist in a forked child, and libgomp cannot make new ones there.
void after_fork_in_child() {
  gomp_parallel = nullptr;
  the_pool = nullptr;
}
struct WatchForks {
  WatchForks() { pthread_atfork(nullptr, nullptr, after_fork_in_child); }
} watch_forks;
#endif

}  // namespace

bool adopt_openmp() {
#if defined(__linux__)
  if (gomp_parallel) return true;
  char path[4096] = "";
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        if (!info->dlpi_name || !std::strstr(info->dlpi_name, "libgomp")) return 0;
        std::strncpy(static_cast<char*>(out), info->dlpi_name, 4095);
        return 1;
      },
      path);
  if (!path[0]) return false;
  void* library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return false;
  omp_thread_num = reinterpret_cast<OmpInt>(dlsym(library, "omp_get_thread_num"));
  omp_num_threads = reinterpret_cast<OmpInt>(dlsym(library, "omp_get_num_threads"));
  GompParallel start = reinterpret_cast<GompParallel>(dlsym(library, "GOMP_parallel"));
  if (omp_thread_num && omp_num_threads) gomp_parallel = start;
#endif
  return gomp_parallel != nullptr;
}

bool uses_openmp() { return gomp_parallel != nullptr; }

void parallel(int threads, Job job, void* arg) {
  if (threads <= 1) return job(arg, 0, 1);
  if (gomp_parallel) {
    GompJob j{job, arg};
    return gomp_parallel(gomp_entry, &j, unsigned(threads), 0);
  }
  if (Pool* pool = own_pool()) return pool->run(threads, job, arg);
  job(arg, 0, 1);
}

Barrier::Barrier(int n) : n_(n) {}
Barrier::~Barrier() = default;

void Barrier::wait() {
  const unsigned round = round_.load(std::memory_order_relaxed);
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) == n_ - 1) {
    waiting_.store(0, std::memory_order_relaxed);
    round_.store(round + 1);
    if (sleeping_.load() == 0) return;  // who goes to sleep after this sees the new round first
    std::lock_guard<std::mutex> lock(mutex_);
    wake_.notify_all();
    return;
  }
  const auto next = [&] { return round_.load() != round; };
  if (soon(next)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  sleeping_.fetch_add(1);
  wake_.wait(lock, next);
  sleeping_.fetch_sub(1);
}

float* workspace(std::size_t floats) {
  struct Block {
    char* raw = nullptr;
    std::size_t size = 0;
    ~Block() { std::free(raw); }
  };
  thread_local Block block;
  if (floats > SIZE_MAX / 8) return nullptr;
  const std::size_t bytes = floats * sizeof(float) + 64;
  const std::size_t keep = std::size_t(64) << 20;  // a larger block than this is not kept for a smaller call
  if (bytes > block.size || (block.size > keep && bytes <= keep)) {
    std::free(block.raw);
    block.raw = static_cast<char*>(std::malloc(bytes));
    block.size = block.raw ? bytes : 0;
  }
  if (!block.raw) return nullptr;
  return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(block.raw) + 63) / 64 * 64);
}

}  // namespace hitherto
