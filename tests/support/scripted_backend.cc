// A server that does on purpose what servers do by mistake: late, never, half, or not at all. What it does is
// told on its command line (scripted_options.h) and by the paths asked (scripted_connection.h).
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "tests/support/scripted_connection.h"
#include "tests/support/scripted_options.h"

namespace berth::test {
namespace {

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

void wait_for_go(const ScriptedOptions& options) {
  if (options.announce.empty()) return;
  append_to(options.announce, std::to_string(options.port) + "\n");
  while (::access(options.go.c_str(), F_OK) != 0) pause_ms(1);
}

int listen_on(const ScriptedOptions& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (!options.no_reuse) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.elsewhere ? 0 : options.port);
  ::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 4'096) != 0) {
    std::fprintf(stderr, "scripted_backend: port %u: %s\n", static_cast<unsigned>(options.port),
                 std::strerror(errno));
    ::_exit(4);
  }
  return fd;
}

void record_pid(const ScriptedOptions& options) {
  if (!options.pid_file.empty()) append_to(options.pid_file, std::to_string(::getpid()) + "\n");
}

void accept_for_ever(int listener, const ScriptedOptions& options) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd, &options] { serve_scripted(fd, options); }).detach();
  }
}

/// A process that holds the listener and outlives its parent's TERM as far as nobody kills it.
void leave_grandchild(int listener, const ScriptedOptions& options) {
  if (options.grandchild.empty()) return;
  const int child = ::fork();
  if (child != 0) return;
  if (options.grandchild != "plain") ::setsid();
  if (options.grandchild == "double" && ::fork() != 0) ::_exit(0);
  std::signal(SIGTERM, SIG_IGN);
  record_pid(options);
  accept_for_ever(listener, options);
}

int slow_term_ms = 0;
void end_slowly(int) {
  // Async-signal-safe on purpose: threads are serving meanwhile.
  timespec time{slow_term_ms / 1000, (slow_term_ms % 1000) * 1'000'000L};
  ::nanosleep(&time, nullptr);
  ::_exit(0);
}

int run(const ScriptedOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  if (options.ignore_term) std::signal(SIGTERM, SIG_IGN);
  if (options.slow_term_ms > 0) {
    slow_term_ms = options.slow_term_ms;
    std::signal(SIGTERM, end_slowly);
  }
  record_pid(options);
  if (!options.say.empty()) std::fprintf(stderr, "%s\n", options.say.c_str());
  if (options.exit_code >= 0) return options.exit_code;
  if (options.never_listen) sleep_for_ever();
  pause_ms(options.listen_after_ms);
  wait_for_go(options);
  const int listener = listen_on(options);
  if (options.listen_then_exit) {
    pause_ms(100);
    std::fprintf(stderr,
                 "Traceback (most recent call last):\nModuleNotFoundError: No module named 'nowhere'\n");
    return 3;
  }
  leave_grandchild(listener, options);
  if (options.exit_after_ms > 0) {
    std::thread([&options] {
      pause_ms(options.exit_after_ms);
      ::_exit(5);
    }).detach();
  }
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
  std::printf("scripted backend %d: listening on http://127.0.0.1:%u\n", ::getpid(),
              static_cast<unsigned>(ntohs(bound.sin_port)));
  std::fflush(stdout);
  accept_for_ever(listener, options);
  return 0;
}

}  // namespace
}  // namespace berth::test

int main(int argc, char** argv) { return berth::test::run(berth::test::parse_scripted(argc, argv)); }
