// Every way in which a command comes to its place besides the lease, as another user, and with a terminal.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "backend/address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using Verdict = ReleaseCertificate::Verdict;
using test::failure_of;
using test::python;
using test::shell;
using test::Witness;

namespace {

/// Answers on a socket that listens already, or on a path.
constexpr const char* kAnswer = R"(
def answer(s):
    while True:
        c, _ = s.accept()
        c.recv(9999)
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        c.close()
def on_path(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen()
    return s
)";

LaunchSpec in_mode(PortMode mode, const std::string& code, const std::vector<std::string>& more = {}) {
  LaunchSpec spec = python(kAnswer + code);
  spec.command.insert(spec.command.end(), more.begin(), more.end());
  spec.port.mode = mode;
  return spec;
}

}  // namespace

TEST_CASE("mode fd: the command takes a listening socket, and is the process that LISTEN_PID names") {
  Witness world(in_mode(PortMode::Fd, R"(
say('pid=' + str(int(int(os.environ['LISTEN_PID']) == os.getpid())))
say('count=' + os.environ['LISTEN_FDS'] + ' fd=' + sys.argv[1])
say('others=' + str([fd for fd in range(4, 20) if os.path.exists('/proc/self/fd/%d' % fd)]))
answer(socket.socket(fileno=3)))",
                        {"{fd}"}));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.started[0].mode == "fd");
  CHECK(world.ready->endpoint == world.started[0].told);
  CHECK(world.says("pid=1"));
  CHECK(world.says("count=1 fd=3"));
  CHECK(world.says("others=[]"));
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::StrictlyFree);
}

TEST_CASE("mode fd: a command that leaves the socket lying is told how to take it") {
  const auto failure = failure_of(in_mode(PortMode::Fd, "stay()"), 4s);  // below the check's own 5 s
  CHECK(failure.kind == Kind::Timeout);
  CHECK(failure.what.find("nothing answers on the socket that it was handed") != std::string::npos);
  CHECK(failure.hint.find("LISTEN_FDS") != std::string::npos);
}

TEST_CASE(
    "mode fd: a command that binds the number itself is told that berth listens there, and not tried again") {
  Witness world(in_mode(PortMode::Fd, "serve('127.0.0.1', int(sys.argv[1]))", {"{port}"}));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.started.size() == 1);
  CHECK(world.failure->what.find("it found a port busy") != std::string::npos);
  CHECK(world.failure->hint.find("berth itself listens on " + std::to_string(world.started[0].told.port)) !=
        std::string::npos);
}

TEST_CASE("mode fd: a command that listens elsewhere instead is told where") {
  const auto failure = failure_of(in_mode(PortMode::Fd, "serve('127.0.0.1', 0)"), 4s);
  CHECK(failure.kind == Kind::Elsewhere);
  CHECK(failure.what.find("the process listens on 127.0.0.1:") != std::string::npos);
}

TEST_CASE("mode unix: the command listens on a path of its own, which is gone with it") {
  Witness world(in_mode(PortMode::Unix, "answer(on_path(sys.argv[1]))", {"{socket}"}));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.started[0].mode == "unix");
  const std::string path = world.ready->endpoint.path;
  CHECK(world.ready->endpoint.family == Endpoint::Family::Unix);
  CHECK(std::filesystem::is_socket(path));
  const auto mode = std::filesystem::status(std::filesystem::path(path).parent_path()).permissions();
  CHECK(mode == std::filesystem::perms::owner_all);
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::StrictlyFree);
  world.backend.reset();
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path()));
}

TEST_CASE("mode unix: a socket that was given away before the end is still held, and its holder named") {
  // The keeper's tree is empty, and somebody else accepts on the path: only the tree can have handed it over.
  Witness world(in_mode(PortMode::Unix, "answer(on_path(sys.argv[1]))", {"{socket}"}));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(world.stops());
  std::filesystem::remove(world.ready->endpoint.path);
  Descriptor heir = test::listener_on(world.ready->endpoint);
  REQUIRE(heir);
  REQUIRE(world.releases(100ms));
  CHECK(world.released->verdict == Verdict::Held);
  REQUIRE(world.released->holders.size() == 1);
  CHECK(world.released->holders[0].pid == ::getpid());
}

TEST_CASE("mode unix: a command that listens on a port instead is told so") {
  const auto failure = failure_of(in_mode(PortMode::Unix, "serve('127.0.0.1', 0)", {"{socket}"}), 4s);
  CHECK(failure.kind == Kind::Elsewhere);
  CHECK(failure.hint.find("{socket}") != std::string::npos);
}

TEST_CASE("mode unix: a path that is too long for a socket is refused before anything starts") {
  LaunchSpec spec = in_mode(PortMode::Unix, "stay()", {"{socket}"});
  const auto deep = std::filesystem::temp_directory_path() /
                    ("berth-" + std::to_string(::getpid()) + std::string(100, 'd'));
  std::filesystem::create_directories(deep);
  spec.runtime_dir = deep.string();
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->what.find("longer than 107 bytes") != std::string::npos);
  CHECK(world.started.empty());
  std::filesystem::remove_all(deep);
}

TEST_CASE("mode fixed: a number that is taken is told with its holder, and nothing is started") {
  Descriptor thief = test::listener_on(Endpoint::loopback_v4(0));
  LaunchSpec spec = in_mode(PortMode::Fixed, "serve('127.0.0.1', PORT)");
  spec.port.number = local_endpoint(thief.get()).port;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Busy);
  CHECK(world.failure->what.find("pid " + std::to_string(::getpid())) != std::string::npos);
  CHECK(world.started.empty());
  CHECK(world.stops());
  CHECK_FALSE(world.stopped->ran);
}

TEST_CASE("mode fixed: the command gets the user's number, and its release is proven strictly") {
  LaunchSpec spec = in_mode(PortMode::Fixed, "serve('0.0.0.0', PORT)");
  spec.port.number = test::free_number();
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.started[0].mode == "fixed");
  CHECK(world.ready->endpoint.port == spec.port.number);
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->released());
}

TEST_CASE(
    "user: the command runs as somebody else, with that one's groups and home, and its port is proven") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become another user");
    return;
  }
  for (PortMode mode : {PortMode::Lease, PortMode::Unix}) {
    LaunchSpec spec = in_mode(mode, R"(
say('uid=%d gid=%d groups=%s user=%s' % (os.getuid(), os.getgid(), os.getgroups(), os.environ['USER']))
open('/dev/stdout', 'w').write('own\n')
answer(on_path(sys.argv[1]) if len(sys.argv) > 1 else listen()))");
    if (mode == PortMode::Unix) spec.command.emplace_back("{socket}");
    spec.user = "nobody";
    spec.dir = "/";
    Witness world(spec);
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.says("uid=65534 gid=65534 groups=[65534] user=nobody"));
    CHECK(world.says("own"));
    REQUIRE(world.stops());
    REQUIRE(world.releases());
    CHECK(world.released->verdict == Verdict::StrictlyFree);
  }
}

TEST_CASE("user: the search for its command passes over what that user may not run") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become another user");
    return;
  }
  std::string roots = (std::filesystem::temp_directory_path() / "berth-roots-XXXXXX").string();
  REQUIRE(::mkdtemp(roots.data()) != nullptr);  // as /root/.pyenv/shims: nobody else may look into it
  std::ofstream(roots + "/sh") << "#!/bin/sh\necho of root\n";
  REQUIRE(::chmod((roots + "/sh").c_str(), 0755) == 0);
  LaunchSpec spec = shell("echo found; exec sleep 1000");
  spec.command.front() = "sh";
  spec.user = "nobody";
  spec.dir = "/";
  spec.env["PATH"] = roots + ":/nowhere:/bin";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("found"));
  CHECK(world.stops());
  spec.env["PATH"] = roots;
  CHECK(failure_of(spec, 10s).what == "sh: permission denied");
  std::filesystem::remove_all(roots);
}

TEST_CASE("tty: the command has a terminal of its own, reads what is typed, and is stopped like any other") {
  LaunchSpec spec =
      shell("test -t 0 && test -t 1 && test -t 2 && echo tty; read line; echo got $line; sleep 1000");
  spec.tty = true;
  Witness world(spec);
  world.backend->start();
  if (!world.starts()) {
    REQUIRE(world.failure);
    MESSAGE("skipped: no terminal can be made here: " << world.failure->what);
    return;
  }
  REQUIRE(world.says("tty"));
  world.backend->type("hello\n");
  CHECK(world.says("got hello"));
  REQUIRE(world.stops());
  CHECK_FALSE(world.stopped->killed);
}
