// A thief on the backend's leased port: it is seen, never given a user's request, and named.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "tests/e2e/attack.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// Takes the ports that a scripted backend announces, before it binds, and answers HTTP on them.
class ThiefOfMany {
 public:
  /// `most`: how many ports it takes. `go`: written once a port is taken, so that the backend goes on.
  ThiefOfMany(std::string announced, std::string go, int most)
      : announced_(std::move(announced)), go_(std::move(go)), most_(most), thread_([this] { run(); }) {}
  ~ThiefOfMany() {
    end_ = true;
    thread_.join();
    for (const auto& fd : listeners_) ::close(fd.fd);
  }
  int taken() const { return taken_; }
  int asked_by_users() const { return asked_by_users_; }

 private:
  void run() {
    while (!end_) {
      for (const int port : numbers_in(announced_)) {
        if (taken_ < most_ && seen_.insert(port).second) take(port);
      }
      if (::poll(listeners_.data(), listeners_.size(), 5) > 0) answer();
    }
  }

  void take(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd, 16) == 0) {
      listeners_.push_back({fd, POLLIN, 0});
      ++taken_;
    } else {
      ::close(fd);
    }
    if (!go_.empty()) write_file(go_, "go");
  }

  void answer() {
    for (const auto& listener : listeners_) {
      if (listener.revents == 0) continue;
      const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      std::array<char, 4096> bytes;
      const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
      const std::string request(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
      if (request.find("X-User") != std::string::npos) ++asked_by_users_;
      const std::string reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nthief\n";
      ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      ::close(fd);
    }
  }

  std::string announced_;
  std::string go_;
  int most_;
  std::atomic<int> taken_{0};
  std::atomic<int> asked_by_users_{0};
  std::atomic<bool> end_{false};
  std::set<int> seen_;
  std::vector<pollfd> listeners_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("stolen port: taken before the child binds, the start is tried again on another") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--name", "old"})});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(marked_users(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  {
    ThiefOfMany thief(dir / "announced", dir / "go", 1);
    const auto swap =
        berth.swap(scripted({"--name", "new", "--announce", dir / "announced", "--go", dir / "go"}));
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    CHECK(thief.taken() == 1);
    CHECK(thief.asked_by_users() == 0);
  }
  CHECK(who_answers(berth.port()) == "new");
  CHECK(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("stolen port: a thief that answers HTTP is never taken for the backend, and is named") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--name", "old"}), .ready_timeout = "3s"});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(marked_users(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  {
    // The backend waits for a word that never comes, while the thief answers in its place.
    ThiefOfMany thief(dir / "announced", "", 100);
    const auto swap =
        berth.swap(scripted({"--name", "new", "--announce", dir / "announced", "--go", dir / "never"}));
    CHECK(swap.exit_code == 1);
    CHECK(thief.taken() >= 2);
    CHECK(thief.asked_by_users() == 0);
    check_screen(swap, {"pid " + std::to_string(::getpid())});
  }
  CHECK(who_answers(berth.port()) == "old");
  CHECK(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("start: a server that does not set SO_REUSEADDR is tried again on a released port") {
  BerthProcess berth({.command = scripted({"--no-reuse", "--name", "strict"})});
  REQUIRE(berth.wait_serving());
  CHECK(who_answers(berth.port()) == "strict");
  const auto swap = berth.swap();
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  check_clean_stop(berth);
}
