#include <doctest/doctest.h>
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
using test::shell;
using test::Witness;

TEST_CASE("ready: a server on its leased port, with the address told and the check that passed") {
  Witness world(python("serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(world.started.size() == 1);
  CHECK(world.started[0].mode == "lease");
  CHECK(world.started[0].pid == world.backend->pid());
  CHECK(world.ready->endpoint == world.started[0].told);
  CHECK(world.ready->endpoint.is_loopback());
  CHECK_FALSE(world.ready->followed);
  CHECK(world.ready->check == "GET / 200");
  CHECK(world.notes.empty());
  CHECK(world.stops());
}

TEST_CASE("ready: the endpoint follows what the server is bound to") {
  auto endpoint_for = [](const std::string& code) {
    Witness world(python(code));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->endpoint.port == world.started[0].told.port);
    auto host = world.ready->endpoint.host();
    CHECK(world.stops());
    return host;
  };
  CHECK(endpoint_for("serve('0.0.0.0', PORT)") == "127.0.0.1");
  CHECK(endpoint_for("serve('::1', PORT, family=socket.AF_INET6)") == "::1");
  CHECK(endpoint_for("serve('127.0.0.7', PORT)") == "127.0.0.7");
  CHECK(endpoint_for("serve('::', PORT, family=socket.AF_INET6)") == "127.0.0.1");
}

TEST_CASE("ready: a 404 is ready by default, and a wanted range is kept to") {
  {
    Witness world(python("serve('127.0.0.1', PORT, 404)"));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->check == "GET / 404");
    CHECK(world.stops());
  }
  LaunchSpec spec = python("serve('127.0.0.1', PORT, 404)");
  spec.ready.status_min = 200;
  spec.ready.status_max = 299;
  spec.ready.timeout = 4s;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->what.find("GET / gave 404") != std::string::npos);
}

TEST_CASE(
    "ready: a 500 is polled on until the deadline and quoted, and the command runs until it is stopped") {
  LaunchSpec spec = python("serve('127.0.0.1', PORT, 500)");
  spec.ready.timeout = 4s;
  spec.ready.path = "/health";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Timeout);
  CHECK(world.failure->what.find("GET /health gave 500 Internal Server Error") != std::string::npos);
  CHECK_FALSE(world.failure->exit);
  CHECK(test::lives(world.backend->pid()));
  CHECK(world.stops());
}

TEST_CASE("ready: an error at first and an answer later is ready") {
  Witness world(python(R"(
polls = iter([503, 503, 503])
serve('127.0.0.1', PORT, lambda: next(polls, 200))
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "GET / 200");
  CHECK(world.stops());
}

TEST_CASE("ready: interim responses are skipped, a cut answer is not complete") {
  auto raw = [](const std::string& answers) {
    return python("s = listen()\nfor answer in " + answers + R"(:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(answer)
    c.close()
time.sleep(1000)
)");
  };
  {
    Witness world(
        raw("[b'HTTP/1.1 103 Early Hints\\r\\nLink: x\\r\\n\\r\\nHTTP/1.1 204 No Content\\r\\n\\r\\n']"));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->check == "GET / 204");
    CHECK(world.stops());
  }
  Witness world(
      raw("[b'HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nhalf', b'nonsense', "
          "b'HTTP/1.0 202 OK\\r\\n\\r\\nuntil the end']"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "GET / 202");
  CHECK(world.stops());
}

TEST_CASE("ready: the kinds tcp and listen ask for no HTTP") {
  auto silent = python("s = listen()\ntime.sleep(1000)");
  silent.ready.kind = ReadyConfig::Kind::Tcp;
  {
    Witness world(silent);
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->check == "connect");
    CHECK(world.stops());
  }
  silent.ready.kind = ReadyConfig::Kind::Listen;
  Witness world(silent);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "listening");
  CHECK(world.stops());
}

TEST_CASE("ready: a check leaves no TIME_WAIT on the backend's port, whoever closes first") {
  for (const char* version : {"HTTP/1.0", "HTTP/1.1"}) {
    LaunchSpec spec = python(R"(
end = time.time() + 0.3
serve('127.0.0.1', PORT, lambda: 503 if time.time() < end else 200, version=')" +
                             std::string(version) + R"(')
)");
    Witness world(spec);
    world.backend->start();
    REQUIRE(world.becomes_ready());
    REQUIRE(world.stops());
    REQUIRE(world.releases());
    CHECK(world.released->text() == std::to_string(world.started[0].told.port) + " strictly free");
  }
}

TEST_CASE("start: a command that ends at once fails at once") {
  auto began = std::chrono::steady_clock::now();
  Witness world(shell("exit 3"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("start: a server that listens before it fails is not ready") {
  Witness world(python(R"(
s = listen()
c, _ = s.accept()
say('importing')
raise ImportError('no module named app')
)"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(world.failure->exit == ExitStatus{false, 1});
  REQUIRE_FALSE(world.failure->last_lines.empty());
  CHECK(world.failure->last_lines.back() == "ImportError: no module named app");
  CHECK(world.started.size() == 1);
}

TEST_CASE("start: a command that listens nowhere is told after the deadline") {
  const auto failure = failure_of(shell("exec sleep 1000"), 2s);
  CHECK(failure.kind == Kind::Timeout);
  CHECK(failure.what.find("nothing listens there after 2 s") != std::string::npos);
  LaunchSpec spec = shell("exec sleep 1000");
  spec.port.mode = PortMode::Discover;  // it was told no number
  const auto anywhere = failure_of(spec, 2s);
  CHECK(anywhere.what == "the ready check failed: the command listens nowhere after 2 s");
  CHECK(anywhere.hint == "where berth is to tell it the port, leave --port out");
}

TEST_CASE("start: a server that hangs is told after the deadline") {
  const auto failure = failure_of(python("s = listen()\ntime.sleep(1000)"), 4s);
  CHECK(failure.kind == Kind::Timeout);
  CHECK(failure.what.find("gave no complete answer") != std::string::npos);
}

TEST_CASE(
    "stolen: a thief that answers HTTP never counts as the backend, and twice is a failure that names it") {
  // The thief is another backend's server; the victim never listens.
  std::vector<std::unique_ptr<Witness>> thieves;
  Witness world(shell("exec sleep 1000"));
  world.when_started = [&](const Started& started) {
    auto port = std::to_string(started.told.port);
    thieves.push_back(std::make_unique<Witness>(python("serve('127.0.0.1', " + port + ")")));
    thieves.back()->backend->start();
    CHECK(thieves.back()->starts());
  };
  world.backend->start();
  REQUIRE(world.fails());
  CHECK_FALSE(world.ready);
  CHECK(world.failure->kind == Kind::Stolen);
  CHECK(world.started.size() == 2);
  CHECK(world.failure->what.find("pid " + std::to_string(thieves[1]->backend->pid())) != std::string::npos);
  CHECK(world.failure->what.find("python3 -c") != std::string::npos);
  CHECK(world.failure->what.find(std::to_string(world.started[1].told.port)) != std::string::npos);
  CHECK(world.stops());
  for (auto& thief : thieves) CHECK(thief->stops());
  REQUIRE(world.releases());
  CHECK(world.released->released());
}

TEST_CASE("ready: a server that listens again, as on a reload of its own, finds the door open") {
  Witness world(python(R"(
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
s = listen()
c, _ = s.accept()
c.recv(4096)
c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
signal.sigwait([signal.SIGUSR1])
s.close()
s = listen()
say('again')
time.sleep(1000)
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  ::kill(world.backend->pid(), SIGUSR1);
  CHECK(world.says("again"));
  CHECK(world.stops());
}
