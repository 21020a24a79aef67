// Whom a client speaks to: the kernel is asked who answers, before a byte is said.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <thread>

#include "proxy/control/client.h"
#include "proxy/control/verbs.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

constexpr uid_t kSomebody = 65533;
constexpr uid_t kSomebodyElse = 65534;

/// The effective user of this process, for as long as it lives.
class Being {
 public:
  explicit Being(uid_t user) : before_(::geteuid()) { REQUIRE(::seteuid(user) == 0); }
  ~Being() { (void)!::seteuid(before_); }
  Being(const Being&) = delete;
  Being& operator=(const Being&) = delete;

 private:
  uid_t before_;
};

/// A socket that anybody may connect to, as a user who means ill would make it. Accepts nothing by itself.
class Listener {
 public:
  explicit Listener(uid_t owner) : dir_(make_temp_dir()), path_(dir_ + "/berth.sock") {
    ::chmod(dir_.c_str(), 0777);
    const Being another(owner);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 1) == 0);
    ::chmod(path_.c_str(), 0666);
  }
  ~Listener() {
    ::close(fd_);
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& path() const { return path_; }
  /// What the client said that has come and gone.
  std::string heard() const {
    const int client = ::accept(fd_, nullptr, nullptr);
    REQUIRE(client >= 0);
    std::array<char, 1024> bytes{};
    const ssize_t n = ::recv(client, bytes.data(), bytes.size(), 0);
    ::close(client);
    return {bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  }
  /// Answers one client with `head`, and with `again` until it goes.
  void flood(const std::string& head, const std::string& again) const {
    pollfd waiting{fd_, POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 10'000) == 1);
    const int client = ::accept(fd_, nullptr, nullptr);
    bool there = ::send(client, head.data(), head.size(), MSG_NOSIGNAL) >= 0;
    while (there) there = ::send(client, again.data(), again.size(), MSG_NOSIGNAL) >= 0;
    ::close(client);
  }

 private:
  std::string dir_;
  std::string path_;
  int fd_ = -1;
};

CallResult ask(const Listener& listener) {
  Following following;
  // Nobody answers: a client that speaks has spoken by then.
  following.timeout = std::chrono::milliseconds(50);
  return call(listener.path(), {"GET", "/v1/status", {}}, following);
}

bool root() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: only root can be several users");
  return false;
}

}  // namespace

TEST_CASE("peer: another user's socket is told nothing, whatever its name") {
  if (!root()) return;
  const Listener stranger(kSomebodyElse);
  const Being somebody(kSomebody);
  const CallResult result = ask(stranger);
  CHECK(result.end == CallEnd::NotYours);
  CHECK(result.user == kSomebodyElse);
  CHECK(stranger.heard().empty());
}

TEST_CASE("peer: one's own berth is spoken to") {
  const Listener own(::geteuid());
  CHECK(ask(own).end == CallEnd::TimedOut);
  CHECK(own.heard().starts_with("GET /v1/status "));
}

TEST_CASE("peer: root's berth is spoken to, and root speaks to root's alone") {
  if (!root()) return;
  {
    const Listener of_root(0);
    const Being somebody(kSomebody);
    CHECK(ask(of_root).end == CallEnd::TimedOut);
    CHECK(of_root.heard().starts_with("GET /v1/status "));
  }
  const Listener theirs(kSomebody);
  CHECK(ask(theirs).end == CallEnd::NotYours);
  CHECK(theirs.heard().empty());
}

TEST_CASE("peer: root is told which user to be, and a secret stays here") {
  if (!root()) return;
  const Listener theirs(kSomebodyElse);
  std::string out;
  std::string err;
  const Terminal terminal{[&](std::string_view text) { out += text; },
                          [&](std::string_view text) { err += text; }};
  const SwapVerb verb{.target = {.control = theirs.path(), .app = {}, .json = false},
                      .env = {{"SECRET", "1"}}};
  CHECK(run_verb(verb, terminal) == 2);
  CAPTURE(err);
  CHECK(err.find("runuser -u nobody -- berth --control") != std::string::npos);
  CHECK(out.empty());
  CHECK(theirs.heard().empty());
}

TEST_CASE("peer: what answers endlessly, or not as a berth does, ends with a word") {
  const Listener own(::geteuid());
  struct Row {
    const char* head;
    std::string again;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", std::string(65536, 'x')},
      {"HTTP/1.1 200 OK\r\nX: ", std::string(65536, 'x')},
      {"HTTP/1.1 500 No\r\n\r\n", std::string(65536, 'x')},
      {"HTTP/1.1 200 OK\r\n\r\n", std::string(65536, 'x')},
      {"SSH-2.0-x\r\n", "\r\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head);
    std::thread server([&] { own.flood(row.head, row.again); });
    Following following;
    following.on_line = [](std::string_view) {};
    CHECK(call(own.path(), {"GET", "/v1/status", {}}, following).end == CallEnd::Nonsense);
    server.join();
  }
}

}  // namespace berth::control
