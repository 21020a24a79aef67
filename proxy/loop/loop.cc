#include "proxy/loop/loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <system_error>

#include "proxy/loop/signals_blocked.h"

namespace berth::loop {
namespace {

Fd checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return Fd(fd);
}

/// The loop that this thread runs, if it runs one.
thread_local const Loop* running = nullptr;

}  // namespace

Loop::Loop()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      bell_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event);
}

Loop::~Loop() {
  if (thread_.joinable()) stop([] {});
}

void Loop::start(std::function<void()> on_tick) {
  on_tick_ = std::move(on_tick);
  {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }
  pthread_setname_np(thread_.native_handle(), "berth-worker");
}

void Loop::stop(std::function<void()> last) {
  post([this, last = std::move(last)] {
    last();
    clear_disposed();
    io_.stop();
  });
  thread_.join();
}

void Loop::watch(int fd, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Loop::rewatch(int fd, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

Tick Loop::deadline(std::chrono::milliseconds wait) const {
  if (wait == std::chrono::milliseconds::max()) return 0;
  // One tick more than the wait, since the current one may be nearly over.
  return tick_ + static_cast<Tick>((wait + kTick - std::chrono::milliseconds(1)) / kTick) + 1;
}

Block& Loop::scratch() {
  if (!scratch_.has_memory()) scratch_ = blocks_.take(BlockPool::kLarge);
  scratch_.clear();
  return scratch_;
}

void Loop::run() {
  running = this;
  while (!io_.stopped()) {
    dispatch();
    if (told_.load(std::memory_order_relaxed)) take_messages();
    if (now_ >= next_tick_ && !io_.stopped()) run_tick();
  }
}

void Loop::dispatch() {
  using std::chrono::milliseconds;
  std::array<epoll_event, 256> events;
  // What was posted from here meanwhile has rung no bell.
  const auto sleep = told_.load(std::memory_order_relaxed) || now_ >= next_tick_
                         ? milliseconds(0)
                         : std::chrono::ceil<milliseconds>(next_tick_ - now_);
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(sleep.count()));
  now_ = std::chrono::steady_clock::now();
  // What was posted before they came is done before them; being level-triggered, they are told again.
  if (told_.load(std::memory_order_acquire)) return;
  for (int i = 0; i < count; ++i) {
    auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      eventfd_t rung = 0;
      ::eventfd_read(bell_.get(), &rung);
      continue;
    }
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
  clear_disposed();
}

/// A message was put into the io_context.
void Loop::tell() {
  if (!told_.exchange(true) && running != this) ::eventfd_write(bell_.get(), 1);
}

void Loop::take_messages() {
  told_.exchange(false);  // before looking: whoever posts from now on tells anew
  io_.poll();
  clear_disposed();
}

void Loop::clear_disposed() {
  // A destructor may dispose of more.
  while (!disposed_.empty()) {
    auto batch = std::move(disposed_);
    disposed_.clear();
    for (auto& object : batch) object.reset();
  }
}

void Loop::run_tick() {
  tick_ = 1 + static_cast<Tick>((now_ - begun_) / kTick);
  on_tick_();
  clear_disposed();
  next_tick_ = now_ + kTick;
}

}  // namespace berth::loop
