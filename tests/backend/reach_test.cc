// Whom a connection to a unix socket is made to: links, other people's sockets, a socket that is made anew.
#include "backend/reach.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "backend/address.h"
#include "backend/check.h"
#include "backend/own_path.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A directory as a backend's socket lies in, which is held as berth holds it. This process is the tree's
/// root.
struct Room {
  Room() {
    char pattern[] = "/tmp/berth-reach-XXXXXX";
    path = ::mkdtemp(pattern);
    where = {std::make_shared<const Descriptor>(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
             ::geteuid()};
  }
  ~Room() { fs::remove_all(path); }
  Endpoint socket(const std::string& name = "s") const { return Endpoint::unix_path(path + "/" + name); }
  ReachPtr reach() { return reach_own_path(loop, socket(), where, ::getpid(), told()); }
  OnStranger told() {
    return [this](const std::string& text) { strangers.push_back(text); };
  }
  /// What a connection comes to.
  static int connect(Reach& reach) {
    const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int error = reach.connect(fd.get());
    return error != 0 ? error : reach.verdict(fd.get());
  }
  bool hears(const std::string& part) {
    return test::run_until(
        loop, [&] { return !strangers.empty() && strangers.back().find(part) != std::string::npos; });
  }

  boost::asio::io_context loop;
  std::string path;
  OwnDirectory where;
  std::vector<std::string> strangers;
};

/// Listens in a process of its own, as `uid`, until it is destroyed.
class Listener {
 public:
  enum class Place : std::uint8_t { InTree, Outside };
  Listener(const Endpoint& at, Place place, std::uint32_t uid = ::geteuid()) {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    const int forked = ::fork();
    if (forked == 0) {
      // Outside of the tree: its parent has gone, and it is init's.
      if (place == Place::Outside && ::fork() != 0) ::_exit(0);
      Descriptor fd = test::listener_on(at);
      if (uid != ::geteuid()) {
        // The credentials are those of listen().
        if (::setuid(uid) != 0 || ::listen(fd.get(), 4) != 0) ::_exit(1);
      }
      const int self = ::getpid();
      if (::write(ready[1], &self, sizeof self) != sizeof self) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    if (place == Place::Outside) ::waitpid(forked, nullptr, 0);
    REQUIRE(::read(ready[0], &pid_, sizeof pid_) == sizeof pid_);
    ::close(ready[0]);
  }
  ~Listener() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  int pid_ = 0;
};

}  // namespace

TEST_CASE("reach: a socket of the tree is its own, and one that takes its place, too") {
  Room room;
  const auto reach = room.reach();
  CHECK(Room::connect(*reach) == ENOENT);
  {
    const Listener first(room.socket(), Listener::Place::InTree);
    CHECK(Room::connect(*reach) == 0);
    fs::remove(room.socket().path);
    const Listener second(room.socket(), Listener::Place::InTree);
    CHECK(Room::connect(*reach) == 0);
  }
  CHECK(Room::connect(*reach) == ECONNREFUSED);
  CHECK(room.strangers.empty());
}

TEST_CASE("reach: a link is not followed, wherever it leads") {
  Room room;
  const Listener other(room.socket("other"), Listener::Place::InTree);
  const auto reach = room.reach();
  fs::create_symlink(room.socket("other").path, room.socket().path);
  CHECK(Room::connect(*reach) == ELOOP);
  CHECK(room.hears("is a link now, which is not followed: no request goes there"));
  fs::remove(room.socket().path);
  // Nor one that takes the place of the directory.
  Room elsewhere;
  const Listener there(elsewhere.socket(), Listener::Place::InTree);
  fs::rename(room.path, room.path + "-moved");
  fs::create_directory_symlink(elsewhere.path, room.path);
  CHECK(Room::connect(*reach) == ENOENT);
  fs::remove(room.path);
  fs::rename(room.path + "-moved", room.path);
}

TEST_CASE("reach: another program's socket is a stranger's, and named") {
  Room room;
  const Listener stranger(room.socket(), Listener::Place::Outside);
  const auto reach = room.reach();
  CHECK(Room::connect(*reach) == ECONNREFUSED);
  CHECK(Room::connect(*reach) == ECONNREFUSED);
  CHECK(room.hears("was taken by pid " + std::to_string(stranger.pid())));
  CHECK(room.strangers.size() == 1);
}

TEST_CASE("reach: a file that is no socket, and a queue that is full, are errors and no wait") {
  Room room;
  const auto reach = room.reach();
  std::ofstream(room.socket().path) << "x";
  CHECK(Room::connect(*reach) == ENOTSOCK);
  fs::remove(room.socket().path);
  ::mkfifo(room.socket().path.c_str(), 0600);
  CHECK(Room::connect(*reach) == ENOTSOCK);
  fs::remove(room.socket().path);
}

TEST_CASE("reach: another user's socket is refused, also under a name of the backend's own") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can listen as another user");
    return;
  }
  constexpr std::uint32_t kNobody = 65534;
  Room room;
  // The backend is nobody; what listens is root's, though the tree's own.
  room.where.uid = kNobody;
  const Listener roots(room.socket("control"), Listener::Place::Outside);
  fs::create_hard_link(room.socket("control").path, room.socket().path);
  const auto reach = room.reach();
  CHECK(Room::connect(*reach) == ECONNREFUSED);
  CHECK(room.hears("which runs as root"));
  fs::remove(room.socket().path);
  const Listener own(room.socket(), Listener::Place::InTree, kNobody);
  CHECK(Room::connect(*reach) == 0);
}

TEST_CASE("reach: a check over TCP that meets somebody else's listener fails, of either kind") {
  Room room;
  const auto fd = test::listener_on(Endpoint::loopback_v4(0));
  const Endpoint at = local_endpoint(fd.get());
  // This process is no descendant of its own.
  const auto to = reach_own_port(room.loop, at, {}, ::getpid(), room.told());
  for (const bool http : {false, true}) {
    std::optional<CheckResult> result;
    const auto done = [&](const CheckResult& told) { result = told; };
    const auto check =
        http ? start_http_check(room.loop, to, {}, 10s, done) : start_tcp_check(room.loop, to, 10s, done);
    REQUIRE(test::run_until(room.loop, [&] { return result.has_value(); }));
    CHECK_FALSE(result->passed);
    CHECK(result->text.ends_with("somebody else has taken the connection"));
  }
  CHECK(room.hears("was taken by pid " + std::to_string(::getpid())));
}

TEST_CASE("reach: a server of somebody else's stays the user's that it was, links and all") {
  Room room;
  auto first = std::make_unique<Listener>(room.socket("a"), Listener::Place::Outside);
  fs::create_symlink(room.socket("a").path, room.socket().path);
  const auto reach = reach_others(room.loop, room.socket(), room.told());
  CHECK(Room::connect(*reach) == 0);
  const Listener second(room.socket("b"), Listener::Place::Outside);
  fs::remove(room.socket().path);
  fs::create_symlink(room.socket("b").path, room.socket().path);
  CHECK(Room::connect(*reach) == 0);
  if (::geteuid() != 0) {
    MESSAGE("skipped in part: only root can listen as another user");
    return;
  }
  const Listener others(room.socket("c"), Listener::Place::Outside, 65534);
  fs::remove(room.socket().path);
  fs::create_symlink(room.socket("c").path, room.socket().path);
  CHECK(Room::connect(*reach) == ECONNREFUSED);
  CHECK(room.hears("is listened on by nobody now, which gets no request"));
}
