// One worker: a thread that sleeps in its own level-triggered epoll set, where the sockets of the data plane
// are (Asio's own reads cost an EAGAIN each and pin a buffer, and an epoll set nested in its own costs three
// system calls for each sleep). Messages wait in an io_context that is polled when there are some. Everything
// registered here is touched on this thread only; post() is the one way in from another.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/loop/block.h"
#include "proxy/loop/fd.h"
#include "proxy/loop/pipe.h"
#include "proxy/loop/spare.h"

namespace berth::loop {

/// Something with a descriptor in the loop's epoll set.
class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  /// `events`: EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR, as epoll_wait gave them.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

/// What is destroyed only after the batch of events in which it ended, since a later event of the same batch
/// may still point to it.
class Disposable {
 public:
  Disposable() = default;
  Disposable(const Disposable&) = delete;
  Disposable& operator=(const Disposable&) = delete;
  virtual ~Disposable() = default;
};

/// A point in time counted in the loop's ticks; 0: never.
using Tick = std::uint32_t;
inline constexpr std::chrono::milliseconds kTick{250};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Starts the thread. `on_tick` runs four times a second on the loop.
  void start(std::function<void()> on_tick);
  /// Ends the thread after what is posted so far, running `last` on it. Called from another thread.
  void stop(std::function<void()> last);

  /// Runs `message` on the loop's thread. From any thread.
  template <class Message>
  void post(Message message) {
    boost::asio::post(io_, std::move(message));
    tell();
  }

  void watch(int fd, Watched& watched, std::uint32_t events);
  void rewatch(int fd, Watched& watched, std::uint32_t events);
  /// Before its descriptor is closed: see Socket::close().
  void unwatch(int fd);

  /// Destroys it once the current batch of events is over.
  void dispose(std::unique_ptr<Disposable> object) { disposed_.push_back(std::move(object)); }

  /// The time when the current batch began: cheap, and exact enough for every deadline here.
  std::chrono::steady_clock::time_point now() const { return now_; }
  Tick tick() const { return tick_; }
  /// The tick at which `wait` has surely passed; 0 for `off`.
  Tick deadline(std::chrono::milliseconds wait) const;

  BlockPool& blocks() { return blocks_; }
  PipePool& pipes() { return pipes_; }
  Spare& spare() { return spare_; }
  /// The block that every read goes to. Whoever must keep bytes over a suspension moves the block out.
  Block& scratch();
  boost::asio::io_context& io() { return io_; }

 private:
  void run();
  void dispatch();
  void tell();
  void take_messages();
  void run_tick();
  void clear_disposed();

  boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  Fd epoll_;
  Fd bell_;                        ///< an eventfd: readable when a message has come from another thread
  std::atomic<bool> told_{false};  ///< messages wait
  std::function<void()> on_tick_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point now_ = begun_;
  std::chrono::steady_clock::time_point next_tick_ = begun_ + kTick;
  Tick tick_ = 1;
  BlockPool blocks_;
  PipePool pipes_;
  Spare spare_;
  Block scratch_;
  std::vector<std::unique_ptr<Disposable>> disposed_;
  std::thread thread_;
};

}  // namespace berth::loop
