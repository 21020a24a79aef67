#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "backend/address.h"
#include "backend/linux_sock_diag.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using test::failure_of;
using test::python;
using test::Reuse;
using test::shell;
using test::Witness;

namespace {

/// Binds only once `marker` exists.
std::string serve_after(const std::string& marker) {
  return "while not os.path.exists('" + marker + "'): time.sleep(0.002)\nserve('127.0.0.1', PORT)";
}

std::string fresh_path() {
  char name[] = "/tmp/quay-test-XXXXXX";
  int fd = ::mkstemp(name);
  ::close(fd);
  ::unlink(name);
  return name;
}

}  // namespace

TEST_CASE("follow: a server that ignores PORT is found where it listens, on ::1 too") {
  for (std::string code : {"serve('127.0.0.1', 0)", "serve('::1', 0, family=socket.AF_INET6)"}) {
    Witness world(python(code));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->followed);
    CHECK(world.ready->endpoint.port != world.started[0].told.port);
    CHECK(world.notes_part("it ignored PORT="));
    auto at = world.ready->endpoint;
    REQUIRE(world.stops());
    REQUIRE(world.releases());
    CHECK(world.released->endpoint == at);
    CHECK(world.released->verdict == ReleaseCertificate::Verdict::StrictlyFree);
  }
}

TEST_CASE("follow: --port 0 is followed without a note, in a grandchild too") {
  LaunchSpec spec = python(R"(
if os.fork() == 0: serve('127.0.0.1', 0)
os.wait()
)");
  spec.command.insert(spec.command.end(), {"--port", "0"});
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->followed);
  CHECK(world.started[0].mode == "discover");
  CHECK(world.notes.empty());
  CHECK(world.stops());
}

TEST_CASE("follow: the told port wins over one that listens earlier") {
  Witness world(python(R"(
metrics = socket.create_server(('127.0.0.1', 0))
time.sleep(0.2)
serve('127.0.0.1', PORT)
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK_FALSE(world.ready->followed);
  CHECK(world.stops());
}

TEST_CASE("follow: a command that was given {port} in words is not followed, and told where it listens") {
  LaunchSpec spec = python("serve('127.0.0.1', 0)");
  spec.command.emplace_back("{port}");
  spec.ready.timeout = 4s;  // Python has to have started by then
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Elsewhere);
  auto port = std::to_string(world.started[0].told.port);
  CHECK(world.failure->what.find("the ready check on " + port +
                                 " failed: the process listens on 127.0.0.1:") == 0);
  CHECK_FALSE(world.failure->hint.empty());
  CHECK(world.stops());
}

TEST_CASE("follow: a listener on a unix path or on UDP only is named") {
  const auto failure = failure_of(python(R"(
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('127.0.0.1', 0))
s = socket.socket(socket.AF_UNIX)
s.bind('\0quay-test-%d' % os.getpid())
s.listen()
time.sleep(1000)
)"),
                                  4s);
  CHECK(failure.kind == Kind::Elsewhere);
  CHECK(failure.what.find("unix:@quay-test-") != std::string::npos);
  CHECK(failure.what.find("udp 127.0.0.1:") != std::string::npos);
}

TEST_CASE("stolen: a port taken before the server binds is seen, and the start is tried again on another") {
  auto marker = fresh_path();
  Witness world(python(serve_after(marker)));
  Descriptor thief;
  world.when_started = [&](const Started& started) {
    if (!thief) thief = test::listener_on(started.told, Reuse::Yes);
    std::ofstream{marker};
  };
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(thief);
  REQUIRE(world.started.size() == 2);
  CHECK(world.ready->endpoint == world.started[1].told);
  CHECK(world.started[0].told.port != world.started[1].told.port);
  auto first = std::to_string(world.started[0].told.port);
  CHECK(world.notes_part(first + " was taken by pid " + std::to_string(::getpid())));
  CHECK(world.notes_part("trying again on " + std::to_string(world.started[1].told.port)));
  CHECK(world.stops());
  ::unlink(marker.c_str());
}

TEST_CASE("busy: a server without SO_REUSEADDR is tried once more with a released port, and a note says so") {
  Witness world(python("serve('127.0.0.1', PORT, reuse=False)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(world.started.size() == 2);
  CHECK(world.notes_part("busy (perhaps it does not set SO_REUSEADDR): trying again on " +
                         std::to_string(world.started[1].told.port)));
  CHECK(world.ready->endpoint == world.started[1].told);
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == ReleaseCertificate::Verdict::StrictlyFree);
}

TEST_CASE("busy: a command that always finds its port busy fails after the second time") {
  Witness world(shell("echo 'OSError: [Errno 98] Address already in use' >&2; exit 1"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(world.started.size() == 2);
}

TEST_CASE("busy: a server with a port of its own that is taken is told to listen where berth says") {
  auto old = test::listener_on(Endpoint::loopback_v4(0), Reuse::Yes);
  REQUIRE(old);
  sockaddr_in bound{};
  socklen_t length = sizeof bound;
  REQUIRE(::getsockname(old.get(), reinterpret_cast<sockaddr*>(&bound), &length) == 0);
  const std::string fixed = std::to_string(ntohs(bound.sin_port));
  Witness world(python("serve('127.0.0.1', " + fixed + ")"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(world.failure->what.find("the port it found busy is not the one berth gave it") != std::string::npos);
  CHECK(world.failure->hint.find(
            "let it listen on $PORT, add {port} to its command, or let its swaps stop the") !=
        std::string::npos);
  CHECK(world.failure->hint.find(fixed) == std::string::npos);
}
