// Servers whose main thread has left while their other threads go on.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "backend/linux_proc.h"
#include "backend/port.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using test::lives;
using test::number_said;
using test::python;
using test::run_until;
using test::Witness;

namespace {

/// Runs `code` in a second thread, once the first has left.
std::string after_main(const std::string& code) {
  return R"(
import ctypes, threading
def main_has_left():
    with open(f'/proc/{os.getpid()}/stat') as stat: return stat.read().rpartition(')')[2].split()[0] == 'Z'
def rest():
    while not main_has_left(): time.sleep(0.001)
)" + code +
         R"(
threading.Thread(target=rest).start()
ctypes.CDLL(None).pthread_exit(None)
)";
}

}  // namespace

TEST_CASE(
    "threads: a server whose main thread has left before it listens is found, proven its own and ended") {
  Witness world(python(after_main("    serve('127.0.0.1', PORT)")));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  const int pid = world.backend->pid();
  CHECK(world.backend->tree() == std::vector<int>{pid});
  CHECK(world.backend->listens_at(world.ready->endpoint));
  const auto found = holders(world.ready->endpoint);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pid == pid);
  CHECK(found[0].command_line.find("python3") != std::string::npos);
  CHECK(lives(pid));
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{true, SIGTERM});
  CHECK_FALSE(lives(pid));
  REQUIRE(world.releases());
  CHECK(world.released->verdict == ReleaseCertificate::Verdict::StrictlyFree);
}

TEST_CASE("threads: a process whose main thread has left is sent KILL, and its children are seen") {
  LaunchSpec spec = python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + after_main(R"(
    child = subprocess.Popen(['/bin/sleep', '1000'])
    say(f'child={child.pid}')
    serve('127.0.0.1', PORT))"));
  spec.stop.grace = 100ms;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  const int pid = world.backend->pid();
  const int child = number_said(world.lines, "child");
  CHECK(world.backend->tree() == std::vector<int>{pid, child});
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{true, SIGKILL});
  CHECK(world.stopped->killed);
  CHECK_FALSE(lives(pid));
  CHECK_FALSE(lives(child));
}

TEST_CASE("threads: a process whose main thread has left ends with the front") {
  int pid = 0;
  {
    Witness world(python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
                         after_main("    serve('127.0.0.1', PORT)")));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    pid = world.backend->pid();
    REQUIRE(lives(pid));
  }
  boost::asio::io_context loop;
  CHECK(run_until(loop, [&] { return !lives(pid); }));
}

TEST_CASE("threads: a socket in the descriptors of one thread alone is found") {
  Witness world(python(R"(
import ctypes, threading
def alone():
    CLONE_FILES = 0x400
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_FILES) != 0: raise OSError(ctypes.get_errno())
    serve('127.0.0.1', PORT)
threading.Thread(target=alone, daemon=True).start()
idle()
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.backend->listens_at(world.ready->endpoint));
  const auto found = holders(world.ready->endpoint);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pid == world.backend->pid());
  CHECK(world.stops());
}

TEST_CASE("tree: where a process of it listens is its own, on any of its addresses and on a path") {
  const std::string path = "/tmp/tree-test-" + std::to_string(::getpid());
  Witness world(python("there = socket.socket(socket.AF_UNIX)\nthere.bind('" + path +
                       "')\nthere.listen()\nserve('0.0.0.0', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  const std::uint16_t port = world.ready->endpoint.port;
  CHECK(world.backend->listens_at(Endpoint::loopback_v4(port)));
  CHECK(world.backend->listens_at(Endpoint::unix_path(path)));
  CHECK(world.backend->listens_at(Endpoint::unix_path("/tmp/../" + path)));
  CHECK_FALSE(world.backend->listens_at(Endpoint::loopback_v6(port)));
  CHECK_FALSE(world.backend->listens_at(Endpoint::unix_path("/tmp/nowhere")));
  ::unlink(path.c_str());
  REQUIRE(world.stops());
  CHECK_FALSE(world.backend->listens_at(Endpoint::loopback_v4(port)));
}
