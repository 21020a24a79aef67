// Which listener of a real command is followed, and what becomes of it when the told one opens late.
#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "backend/address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using test::failure_of;
using test::python;
using test::Witness;

namespace {

/// Servers on several ports, each in a thread: at(port, status), where a status may be what gives one.
constexpr const char* kServers = R"(
import threading
def at(port, status=200):
    s = socket.create_server(('127.0.0.1', port))
    def run():
        while True:
            c, _ = s.accept()
            c.recv(9999)
            code = status() if callable(status) else status
            c.sendall(b'HTTP/1.1 %d X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok' % code)
            c.close()
    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]
)";

/// Runs `act` in a process of its own, which it may take something from; what it returns.
int in_child(int (*act)()) {
  const int child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/// As a systemd unit with RestrictAddressFamilies= has it: no socket of that family.
bool refuse_netlink() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = std::size(code), .filter = code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

TEST_CASE("follow: a debugger is not followed however long it is alone, and named as one") {
  const auto failure = failure_of(python(std::string(kServers) + R"(
say('Debugger listening on ws://127.0.0.1:%d/0f2c936f' % at(0))
idle()
)"),
                                  5s);
  CHECK(failure.kind == Kind::Elsewhere);
  CHECK(failure.what.find("(a debugger's)") != std::string::npos);
}

TEST_CASE("follow: a port that a line of the output names is followed at once, beside another") {
  const auto began = std::chrono::steady_clock::now();
  Witness world(python(std::string(kServers) + R"(
at(0)
named = at(0)
say(' * Running on http://127.0.0.1:%d' % named)
say('named=%d' % named)
idle()
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(world.says("named="));
  CHECK(world.ready->endpoint.port == test::number_said(world.lines, "named"));
  INFO("3 s are for one that nothing names");
  CHECK(std::chrono::steady_clock::now() - began < 3s);
  CHECK(world.stops());
}

TEST_CASE("follow: PORT wins if it opens before the other has answered") {
  Witness world(python(std::string(kServers) + R"(
opened = []
def late():
    if not opened: opened.append(at(PORT))
    return 200
say('listening on %d' % at(0, late))
idle()
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK_FALSE(world.ready->followed);
  CHECK(world.ready->endpoint == world.started[0].told);
  CHECK(world.notes.empty());
  CHECK(world.stops());
}

TEST_CASE("follow: when PORT opens after all, the backend is there from then on, and says so") {
  const auto marker = std::filesystem::temp_directory_path() / ("berth-follow-" + std::to_string(::getpid()));
  Witness world(python(std::string(kServers) + "say('listening on %d' % at(0))\nwhile not os.path.exists('" +
                       marker.string() + "'): time.sleep(0.01)\nat(PORT)\nidle()\n"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->followed);
  CHECK_FALSE(world.moved);
  const std::ofstream made(marker);
  REQUIRE(world.moves());
  CHECK(world.moved->endpoint == world.started[0].told);
  CHECK(world.notes_part("it listens on PORT=" + std::to_string(world.started[0].told.port) + " after all"));
  REQUIRE(world.moved->reach);
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->text() == std::to_string(world.started[0].told.port) + " strictly free");
  std::filesystem::remove(marker);
}

TEST_CASE("follow: of two that nothing names the one that answers is followed, and neither if both do") {
  {
    Witness world(python(std::string(kServers) + "at(0, 500)\nsay('good=%d' % at(0))\nidle()\n"));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    REQUIRE(world.says("good="));
    CHECK(world.ready->endpoint.port == test::number_said(world.lines, "good"));
    CHECK(world.stops());
  }
  const auto failure = failure_of(python(std::string(kServers) + "at(0)\nat(0)\nidle()\n"), 6s);
  CHECK(failure.kind == Kind::Elsewhere);
  CHECK(failure.what.find("more than one answers, and no line of its output says which is the server") !=
        std::string::npos);
  CHECK(failure.hint.find("--port {port}") != std::string::npos);
}

TEST_CASE("ready: a steady 500 is asked less and less often, shown at once, and fails before the deadline") {
  LaunchSpec spec = python("serve('127.0.0.1', PORT, lambda: say('Traceback: KeyError') or 500)");
  spec.ready.timeout = 60s;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->what.find("GET / gave 500 Internal Server Error") != std::string::npos);
  CHECK(world.failure->what.find("times in a row, and its output says nothing new") != std::string::npos);
  CHECK_FALSE(world.failure->hint.empty());
  REQUIRE(world.answers.size() >= 4);
  CHECK(world.answers[0] == "GET / gave 500 Internal Server Error, 1");
  CHECK(world.answers[3] == "GET / gave 500 Internal Server Error, 4");
  CHECK(world.answers.size() < 25);
  CHECK(world.stops());
}

TEST_CASE("start: where the kernel's table of sockets is closed, that is said at once, with the remedy") {
  const int outcome = in_child([] {
    if (!refuse_netlink()) return 10;
    Witness world(test::shell("exec sleep 1000"));
    const auto began = std::chrono::steady_clock::now();
    world.backend->start();
    if (!test::run_until(world.loop, [&] { return world.failure.has_value(); })) return 11;
    if (std::chrono::steady_clock::now() - began > 5s) return 12;
    if (!world.started.empty()) return 13;
    const auto& told = *world.failure;
    if (told.what.find("NETLINK_SOCK_DIAG: Address family not supported") == std::string::npos) return 14;
    if (told.hint.find("RestrictAddressFamilies= add AF_NETLINK") == std::string::npos) return 15;
    return 0;
  });
  CHECK(outcome == 0);
}

TEST_CASE("start: a command whose descriptors may not be read is told so, with what works instead") {
  const int outcome = in_child([] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 10;
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    // As the kernel has it with a program that was given capabilities.
    LaunchSpec spec = python("import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\nserve('127.0.0.1', 0)");
    spec.dir = "/";
    spec.command.insert(spec.command.end(), {"--port", "0"});
    spec.ready.timeout = 4s;
    Witness world(spec);
    world.backend->start();
    if (!test::run_until(world.loop, [&] { return world.failure || world.ready; })) return 11;
    if (world.ready) return 12;
    const auto& told = *world.failure;
    if (told.what.find("it may not read the descriptors of pid ") == std::string::npos) return 13;
    if (told.hint.find("let the command listen on $PORT") == std::string::npos) return 14;
    return 0;
  });
  CHECK(outcome == 0);
}
