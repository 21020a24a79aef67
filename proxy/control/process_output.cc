#include "proxy/control/process_output.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <mutex>

namespace berth::control {
namespace {

constexpr std::array kEnds{SIGINT, SIGTERM, SIGHUP};
constexpr int kPatienceMs = 100;       ///< once somebody has asked for the end
constexpr std::size_t kAtOnce = 4096;  ///< bytes that a pipe takes when it takes any (PIPE_BUF)

std::mutex one_writer;
std::atomic<bool> hurried{false};
std::atomic<pthread_t> writer;
std::array<std::atomic<int>, kEnds.size()> came;
static_assert(std::atomic<pthread_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler uses them");

void note(int number) {
  const int before = errno;
  hurried = true;
  if (::pthread_equal(::pthread_self(), writer) == 0) {
    // It is the write that has to end.
    ::pthread_kill(writer, number);
  } else {
    for (std::size_t n = 0; n < kEnds.size(); ++n)
      if (kEnds[n] == number) ++came[n];
  }
  errno = before;
}

/// While it lives, the signals that this process handles by itself end a system call of this thread. They are
/// raised again afterwards, for whoever handles them. One that ends the process anyhow, or is ignored, is
/// left as it is.
class SignalsEndWrites {
 public:
  SignalsEndWrites() {
    writer = ::pthread_self();
    sigset_t noted{};
    sigemptyset(&noted);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask_before_);
    for (std::size_t n = 0; n < kEnds.size(); ++n) {
      came[n] = 0;
      ::sigaction(kEnds[n], nullptr, &before_[n]);
      const bool blocked = sigismember(&mask_before_, kEnds[n]) == 1;
      const auto handler = before_[n].sa_handler;
      if (handler == SIG_IGN || (handler == SIG_DFL && !blocked)) continue;
      struct sigaction now {};
      now.sa_handler = note;  // without SA_RESTART
      ::sigaction(kEnds[n], &now, nullptr);
      sigaddset(&noted, kEnds[n]);
      noted_[n] = true;
    }
    ::pthread_sigmask(SIG_UNBLOCK, &noted, nullptr);
  }
  ~SignalsEndWrites() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    for (std::size_t n = 0; n < kEnds.size(); ++n)
      if (noted_[n]) ::sigaction(kEnds[n], &before_[n], nullptr);
    for (std::size_t n = 0; n < kEnds.size(); ++n)
      for (int left = came[n]; left > 0; --left) ::raise(kEnds[n]);
  }
  SignalsEndWrites(const SignalsEndWrites&) = delete;
  SignalsEndWrites& operator=(const SignalsEndWrites&) = delete;

 private:
  sigset_t mask_before_{};
  std::array<struct sigaction, kEnds.size()> before_{};
  std::array<bool, kEnds.size()> noted_{};
};

bool takes_output_within(int fd, int milliseconds) {
  pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&room, 1, milliseconds) != 0;  // an error is the write's to tell
}

}  // namespace

int write_output(int fd, std::string_view text) {
  const std::lock_guard lock(one_writer);
  const SignalsEndWrites noted;
  while (!text.empty()) {
    const bool in_haste = hurried;
    if (in_haste && !takes_output_within(fd, kPatienceMs)) return EINTR;
    // A signal that comes right here does not end this write; the next one does.
    const ssize_t n = ::write(fd, text.data(), in_haste ? std::min(text.size(), kAtOnce) : text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

void hurry_output() { hurried = true; }

bool takes_output(int fd) { return takes_output_within(fd, 0); }

}  // namespace berth::control
