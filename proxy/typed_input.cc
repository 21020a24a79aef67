#include "proxy/typed_input.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <utility>

namespace berth {
namespace {

constexpr std::string_view kEndOfInput = "\x04";
constexpr std::chrono::milliseconds kBackgroundPause{500};

/// read(2); in the background it gives EIO instead of stopping the whole front.
ssize_t read_quietly(int fd, char* into, std::size_t size) {
  sigset_t stops;
  sigset_t before;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTTIN);
  ::pthread_sigmask(SIG_BLOCK, &stops, &before);
  const ssize_t n = ::read(fd, into, size);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return n;
}

}  // namespace

TypedInput::TypedInput(boost::asio::io_context& control, OnText on_text)
    : terminal_(control.get_executor()), pause_(control), on_text_(std::move(on_text)) {}

void TypedInput::start() {
  if (::isatty(STDIN_FILENO) != 1) return;
  // A description of our own: what is set on it is not set for the shell, which shares standard input.
  const int fd = ::open("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return;
  terminal_.assign(fd);
  wait();
}

bool TypedInput::in_foreground() const { return ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

void TypedInput::wait() {
  terminal_.async_wait(decltype(terminal_)::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    if (in_foreground())
      take();
    else
      wait_in_background();
  });
}

/// What waits there to be read is not for us, and would be told again and again.
void TypedInput::wait_in_background() {
  pause_.expires_after(kBackgroundPause);
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error) wait();
  });
}

void TypedInput::take() {
  std::array<char, 4096> buffer;
  const ssize_t n = read_quietly(terminal_.native_handle(), buffer.data(), buffer.size());
  if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) return;  // the terminal is gone
  if (n < 0) return wait_in_background();
  on_text_(n == 0 ? kEndOfInput : std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  wait();
}

}  // namespace berth
