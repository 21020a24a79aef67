// Coroutines of the data plane: lazy, awaited by exactly one other, owned by whoever holds the Task. They
// sleep only on a Gate (gate.h), so destroying one at any suspension is safe. Frames come from a free list
// per thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace berth::loop {

/// Memory for coroutine frames, in size classes of 16 bytes up to 2 KiB; per thread, so no lock.
class FramePool {
 public:
  static void* take(std::size_t size) {
    const std::size_t rank = (size + kStep - 1) / kStep;
    if (rank < kRanks) {
      Node*& head = lists().head[rank];
      if (head != nullptr) return std::exchange(head, head->next);
    }
    return ::operator new(rank* kStep);
  }
  static void give(void* memory, std::size_t size) noexcept {
    const std::size_t rank = (size + kStep - 1) / kStep;
    if (rank >= kRanks) return ::operator delete(memory);
    Node*& head = lists().head[rank];
    head = new (memory) Node{head};
  }

 private:
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kRanks = 129;
  struct Node {
    Node* next;
  };
  struct Lists {
    Node* head[kRanks] = {};
    ~Lists() {
      for (Node* node : head)
        while (node != nullptr) ::operator delete(std::exchange(node, node->next));
    }
  };
  static Lists& lists() {
    static thread_local Lists lists;
    return lists;
  }
};

namespace detail {

struct TaskPromiseBase {
  std::coroutine_handle<> awaiter = std::noop_coroutine();

  static void* operator new(std::size_t size) { return FramePool::take(size); }
  static void operator delete(void* memory, std::size_t size) { FramePool::give(memory, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return self.promise().awaiter;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  // What can go wrong on a connection is a value; an exception here is a defect of ours.
  void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  T value{};
  void return_value(T v) { value = std::move(v); }
  T take() { return std::move(value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  void return_void() {}
  void take() {}
};

}  // namespace detail

/// A coroutine that gives a T. `co_await` starts it and waits for its end; a root is started with start().
template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::TaskPromise<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// Runs a root until its first suspension.
  void start() { handle_.resume(); }
  bool done() const { return handle_.done(); }

  auto operator co_await() noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> task;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept {
        task.promise().awaiter = self;
        return task;
      }
      T await_resume() { return task.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace berth::loop
