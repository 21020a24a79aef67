#include "bench/load/prober.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace berth::load {
namespace {

constexpr std::chrono::seconds kTooSlow{1};

/// With a reset instead of a FIN: a thousand probes a second would leave a minute's worth of TIME_WAIT.
void close_without_trace(int fd) {
  const linger none{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

}  // namespace

Prober::Prober(int epoll, std::uint64_t token, const Address& address, std::chrono::microseconds every)
    : epoll_(epoll), token_(token), address_(address), every_(every) {
  if (every_.count() > 0) due_ = Clock::now();
}

Prober::~Prober() { stop(); }

void Prober::count(int error, Clock::time_point begun, Clock::time_point now) {
  if (error == 0) {
    ++result_.connected;
    result_.latency.record(now - begun);
  } else if (refuses(address_, error)) {
    ++result_.refused;
  } else {
    ++result_.failed;
  }
}

void Prober::probe(Clock::time_point now) {
  const int fd = ::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return count(errno, now, now);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address_.storage), address_.size) == 0) {
    count(0, now, Clock::now());
    return close_without_trace(fd);
  }
  if (const int error = errno; error != EINPROGRESS) {
    count(error, now, now);
    ::close(fd);
    return;
  }
  epoll_event interest{};
  interest.events = EPOLLOUT;
  interest.data.u64 = token_ | static_cast<std::uint32_t>(fd);
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest);
  waiting_.emplace(fd, now);
}

void Prober::tick(Clock::time_point now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (now - it->second < kTooSlow) {
      ++it;
      continue;
    }
    count(ETIMEDOUT, it->second, now);
    ::close(it->first);
    it = waiting_.erase(it);
  }
  while (due_ <= now) {
    probe(Clock::now());
    due_ += every_;
    // A loop that fell behind would else send a burst that measures itself.
    if (due_ + 10 * every_ < now) due_ = now;
  }
}

void Prober::on_ready(std::uint64_t data, std::uint32_t, Clock::time_point now) {
  const auto it = waiting_.find(static_cast<int>(data & UINT32_MAX));
  if (it == waiting_.end()) return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(it->first, SOL_SOCKET, SO_ERROR, &error, &size);
  count(error, it->second, now);
  close_without_trace(it->first);
  waiting_.erase(it);
}

void Prober::stop() {
  due_ = Clock::time_point::max();
  for (const auto& [fd, begun] : waiting_) ::close(fd);
  waiting_.clear();
}

}  // namespace berth::load
