// A backend of another user that puts a link in the place of its unix socket: berth, which is root, connects
// to nothing that the backend could not open itself, whatever it connects for.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

// SOCKET TARGET WHEN: serves on SOCKET until a link to TARGET takes its place: before it listens ("ready"),
// before it answers the first request ("warm"), at TERM ("release"), or before it answers /turn.
constexpr const char* kHostile = R"(
import os, signal, socket, sys
path, target, when = sys.argv[1:]
def turn():
    os.rename(path, path + '-own')
    os.symlink(target, path)
def term(*_):
    if when == 'release': turn()
    os._exit(0)
signal.signal(signal.SIGTERM, term)
s = socket.socket(socket.AF_UNIX)
s.bind(path)
if when == 'ready': turn()
s.listen()
turned = when == 'ready'
while True:
    c, _ = s.accept()
    line = c.recv(9999).split(b'\r\n')[0]
    if not turned and (b'/turn' in line or when == 'warm'):
        turned = True
        turn()
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nown')
    c.close()
)";

/// A socket that only root comes to; whoever does is counted.
class Target {
 public:
  Target() : path_(dir_ / "t"), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 64) == 0);
  }
  ~Target() { ::close(fd_); }
  const std::string& path() const { return path_; }
  /// The kernel has counted them, whether they were taken or not.
  int met() const {
    int count = 0;
    for (int fd = 0; (fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++count) ::close(fd);
    return count;
  }

 private:
  TempDir dir_;
  std::string path_;
  int fd_;
};

std::string hostile(const std::string& target, const std::string& when, const std::string& more = {}) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\nuser = \"nobody\"\ndir = \"/\"\nstop = { grace = \"2s\" }\n"
         "command = [\"/usr/bin/python3\", \"-c\", '''" +
         std::string(kHostile) + "''', \"{socket}\", \"" + target + "\", \"" + when + "\"]\n" + more;
}

/// What is sent as a user comes to, as text: empty where the connection was closed without a word.
std::string answer(std::uint16_t port, const std::string& path) {
  RawClient client(port);
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.read_all();
}

bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: only root can start a backend as another user");
  return false;
}

}  // namespace

TEST_CASE("hostile socket: no request follows a link, over http and over tcp") {
  if (!is_root()) return;
  for (const char* mode : {"http", "tcp"}) {
    for (const bool control : {false, true}) {
      CAPTURE(mode);
      CAPTURE(control);
      const TempDir dir;
      const Target target;
      const std::string to = control ? dir / "c.sock" : target.path();
      BerthProcess berth({.file = hostile(to, "asked",
                                          "mode = \"" + std::string(mode) +
                                              "\"\nlimits = { connect_timeout = \"300ms\", "
                                              "hold_timeout = \"500ms\" }\n"),
                          .control = dir / "c.sock"});
      REQUIRE(berth.child().wait_output("web#1   serving", 20s));
      CHECK(answer(berth.port(), "/turn").ends_with("own"));
      for (int n = 0; n < 3; ++n) {
        const std::string got = answer(berth.port(), "/v1/status");
        CHECK(got.find("own") == std::string::npos);
        CHECK(got.find("\"apps\"") == std::string::npos);
      }
      CHECK(target.met() == 0);
      CHECK(berth.child().wait_output("is a link now, which is not followed: no request goes there", 5s));
      check_clean_stop(berth);
    }
  }
}

TEST_CASE("hostile socket: no ready check and no request that warms follows a link") {
  if (!is_root()) return;
  for (const char* when : {"ready", "warm"}) {
    for (const bool control : {false, true}) {
      CAPTURE(when);
      CAPTURE(control);
      const TempDir dir;
      const Target target;
      const std::string to = control ? dir / "c.sock" : target.path();
      BerthProcess berth({.file = hostile(to, when, "ready = { timeout = \"2s\", warm = [\"/\"] }\n"),
                          .control = dir / "c.sock"});
      CHECK(berth.child().wait_output("its socket's file is a link, which is not followed", 20s));
      CHECK(berth.output().find("serving") == std::string::npos);
      CHECK(target.met() == 0);
      check_clean_stop(berth);
    }
  }
}

TEST_CASE("hostile socket: no health check follows a link") {
  if (!is_root()) return;
  for (const bool control : {false, true}) {
    CAPTURE(control);
    const TempDir dir;
    const Target target;
    const std::string to = control ? dir / "c.sock" : target.path();
    BerthProcess berth(
        {.file = hostile(to, "asked",
                         "health = { every = \"100ms\", timeout = \"2s\", fall = 2, rise = 2 }\n"
                         "drain = \"1s\"\n"),
         .control = dir / "c.sock"});
    REQUIRE(berth.child().wait_output("web#1   serving", 20s));
    CHECK(answer(berth.port(), "/turn").ends_with("own"));
    CHECK(
        berth.child().wait_output("unhealthy: generation 1 failed 2 checks in a row: GET / failed: its "
                                  "socket's file is a link",
                                  20s));
    CHECK(target.met() == 0);
    check_clean_stop(berth);
  }
}

TEST_CASE("hostile socket: the proof of its release follows no link") {
  if (!is_root()) return;
  for (const bool control : {false, true}) {
    CAPTURE(control);
    const TempDir dir;
    const Target target;
    const std::string to = control ? dir / "c.sock" : target.path();
    BerthProcess berth({.file = hostile(to, "release"), .control = dir / "c.sock"});
    REQUIRE(berth.child().wait_output("web#1   serving", 20s));
    // What its user can run, and where it may be, wherever this test lies.
    ChildOptions swaps = berth.call_options(
        "swap", {}, {"/usr/bin/python3", "-m", "http.server", "--bind", "{host}", "{port}"});
    swaps.dir = "/";
    const auto swap = run_command(swaps);
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    CHECK(swap.all().find("still held") == std::string::npos);
    CHECK(target.met() == 0);
    check_clean_stop(berth);
  }
}

TEST_CASE("hostile socket: a queue that nobody empties keeps its own requests waiting, and no others") {
  // It answers the readiness check, and takes no connection any more.
  const std::string deaf = R"(
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(0)
c, _ = s.accept()
c.recv(9999)
c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
c.close()
while True: time.sleep(1000)
)";
  BerthProcess berth({.file = "[front]\nworkers = 1\n[app.deaf]\nlisten = \"127.0.0.1:0\"\npath = \"/deaf\"\n"
                              "command = [\"/usr/bin/python3\", \"-c\", '''" +
                              deaf +
                              "''', \"{socket}\"]\nlimits = { hold_timeout = \"2s\" }\ndrain = "
                              "\"200ms\"\nstop = { grace = \"200ms\" }\n"
                              "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " +
                              scripted_toml({"--name", "web"}) + "\n"});
  REQUIRE(berth.child().wait_output("deaf#1  serving", 20s));
  REQUIRE(berth.child().wait_output("web#1   serving", 20s));
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int n = 0; n < 6; ++n) {
    waiting.push_back(std::make_unique<RawClient>(berth.port()));
    waiting.back()->send("GET /deaf/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  // The one worker answers the last of them only if it has not stuck to the others.
  CHECK(waiting.back()->read_response().status == 503);
  CHECK(get(berth.port(), "/").body == "web\n");
  check_clean_stop(berth);
}
