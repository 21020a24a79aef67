// What berth tells the service manager that started it, and what its unit in the README relies on.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// The manager's end of $NOTIFY_SOCKET.
class NotifySink {
 public:
  NotifySink() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string at = path();
    std::copy(at.begin(), at.end(), address.sun_path);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~NotifySink() { ::close(fd_); }
  NotifySink(const NotifySink&) = delete;
  NotifySink& operator=(const NotifySink&) = delete;

  std::string path() const { return dir_ / "notify"; }

  /// The next message; empty if none comes within `wait`.
  std::string next(Milliseconds wait = 15s) const {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) != 1) return {};
    std::array<char, 256> text{};
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  TempDir dir_;
  int fd_;
};

}  // namespace

TEST_CASE("service manager: it learns when the address is open, and when berth stops") {
  const NotifySink manager;
  BerthProcess berth({.command = scripted(), .env = {{"NOTIFY_SOCKET", manager.path()}}});
  CHECK(manager.next() == "READY=1");
  REQUIRE(berth.wait_serving());
  CHECK(manager.next(0ms).empty());  // a backend's own READY=1 has another socket
  berth.child().signal(SIGTERM);
  CHECK(manager.next() == "STOPPING=1");
  CHECK(berth.child().wait_exit(20s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE("service manager: one that is gone or reads nothing keeps nobody from being served") {
  std::string nowhere;
  {
    const NotifySink gone;
    nowhere = gone.path();
  }
  const NotifySink mute;
  for (const std::string& path : {nowhere, mute.path(), std::string(200, 'x')}) {
    CAPTURE(path);
    BerthProcess berth({.command = scripted(), .env = {{"NOTIFY_SOCKET", path}}});
    CHECK(berth.wait_serving());
    check_clean_stop(berth);
  }
}
