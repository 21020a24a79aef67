#include "proxy/loop/loop.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <system_error>

namespace berth::loop {
namespace {

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

}  // namespace

Loop::Loop() : epoll_fd_(make_epoll()), epoll_(io_, epoll_fd_) {}

Loop::~Loop() {
  if (thread_.joinable()) stop([] {});
}

void Loop::start(std::function<void()> on_tick) {
  on_tick_ = std::move(on_tick);
  arm();
  schedule_tick();
  // Signals are the control loop's: a worker that took one would only be interrupted.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { io_.run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
}

void Loop::rewatch(int fd, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::unwatch(int fd) { ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

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

void Loop::arm() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](boost::system::error_code error) {
                      if (error) return;
                      dispatch();
                      arm();
                    });
}

void Loop::dispatch() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), 0);
  now_ = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    auto& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
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

void Loop::schedule_tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    now_ = std::chrono::steady_clock::now();
    tick_ = 1 + static_cast<Tick>((now_ - begun_) / kTick);
    on_tick_();
    clear_disposed();
    schedule_tick();
  });
}

}  // namespace berth::loop
