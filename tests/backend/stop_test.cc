#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using test::lives;
using test::number_said;
using test::python;
using test::run_until;
using test::shell;
using test::Witness;

TEST_CASE("stop: TERM ends a server, and its status says so") {
  Witness world(python("serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  int pid = world.backend->pid();
  CHECK(lives(pid));
  REQUIRE(world.stops());
  CHECK_FALSE(lives(pid));
  CHECK(world.stopped->exit == ExitStatus{true, SIGTERM});
  CHECK(world.stopped->ran);
  CHECK_FALSE(world.stopped->killed);
  CHECK(world.stopped->descendants.empty());
  CHECK(world.backend->tree().empty());
}

TEST_CASE("stop: the configured signal is the one that is sent") {
  LaunchSpec spec = python(R"(
signal.signal(signal.SIGINT, lambda *a: os._exit(42))
stay()
)");
  spec.stop.signal = SIGINT;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{false, 42});
}

namespace {

/// A master with a worker: at TERM it lets the worker finish the job that it has begun, and says how that
/// ended.
constexpr const char* kMaster = R"(
worker = subprocess.Popen([sys.executable, '-c', '''
import signal
print('up', flush=True)
input()
print('job done', flush=True)
'''], stdin=subprocess.PIPE, text=True)
def finish(*_):
    worker.communicate('go on\n')
    say(f'worker ended with {worker.returncode}')
    os._exit(0)
signal.signal(signal.SIGTERM, finish)
idle()
)";

/// Says "up", waits for the signal, and says "child saw it".
std::string waits_for(const char* signal) {
  const std::string name = std::string("signal.") + signal;
  return "/usr/bin/python3 -c \"import signal\n"
         "signal.pthread_sigmask(signal.SIG_BLOCK, [" +
         name +
         "]); print('up', flush=True)\n"
         "signal.sigwait([" +
         name + "]); print('child saw it', flush=True)\"";
}

/// Whether the child of `spec`'s command gets the stop signal, well before the grace is over.
void check_child_sees_it(const LaunchSpec& spec) {
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.says("child saw it"));
  CHECK_FALSE(world.stopped->killed);
}

}  // namespace

TEST_CASE("stop: the main process gets the signal first, and its worker finishes what it has begun") {
  Witness world(python(kMaster));
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.says("job done"));
  CHECK(world.says("worker ended with 0"));
  CHECK(world.stopped->exit == ExitStatus{});
  CHECK_FALSE(world.stopped->killed);
}

TEST_CASE("stop: with to = group every process of the group gets the signal at once") {
  LaunchSpec spec = python(kMaster);
  spec.stop.to = StopTo::Group;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.says("worker ended with -15"));
}

TEST_CASE("stop: what a shell has started gets the signal, however the shell waits and whatever the signal") {
  const std::array<std::pair<const char*, int>, 2> signals{{{"SIGTERM", SIGTERM}, {"SIGINT", SIGINT}}};
  for (const auto& [name, number] : signals) {
    const std::string child = waits_for(name);
    for (const std::string& script : {"exec " + child, "true && " + child, child + "; exit 0",
                                      child + " & wait", "true; (" + child + ")"}) {
      for (const char* program : {"/bin/sh", "/bin/bash"}) {
        CAPTURE(program);
        CAPTURE(script);
        LaunchSpec spec = shell(script);
        spec.command.front() = program;
        spec.stop.signal = number;
        check_child_sees_it(spec);
      }
    }
  }
}

TEST_CASE("stop: the group gets the signal at once where the main process ignores it, also with a terminal") {
  const std::string child = waits_for("SIGTERM");
  for (const bool tty : {false, true}) {
    CAPTURE(tty);
    LaunchSpec spec = shell("trap '' TERM; " + child + "; true");
    spec.tty = tty;
    check_child_sees_it(spec);
  }
}

TEST_CASE("stop: the group gets the signal at once where the main process is a wrapper known to keep it") {
  // As npm calls itself; it would wait for its child for ever.
  LaunchSpec spec = python("");
  spec.command.back() =
      "import os, sys\nos.execv('/bin/bash', ['npm run dev', '-c', 'trap : TERM; ' + "
      "sys.argv[1] + '; true'])";
  spec.command.push_back(waits_for("SIGTERM"));
  check_child_sees_it(spec);
}

TEST_CASE("stop: a command that ignores TERM is killed when the grace is over, not before") {
  LaunchSpec spec = python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nstay()");
  spec.stop.grace = 150ms;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{true, SIGKILL});
  CHECK(world.stopped->killed);
  CHECK(world.stopped->took >= 150ms);
  CHECK(world.stopped->took < 5s);
}

TEST_CASE("stop: hurry does not wait for the grace") {
  LaunchSpec spec = python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nstay()");
  spec.stop.grace = 1000s;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  world.backend->stop();
  world.backend->hurry();
  REQUIRE(run_until(world.loop, [&] { return world.stopped.has_value(); }));
  CHECK(world.stopped->killed);
}

TEST_CASE("stop: a stopped process gets CONT and then ends by its own handler") {
  Witness world(
      python("signal.signal(signal.SIGTERM, lambda *a: os._exit(5))\nsay('up')\n"
             "os.kill(os.getpid(), signal.SIGSTOP)\nidle()"));
  world.backend->start();
  REQUIRE(world.says("up"));
  auto state = [&] {
    std::ifstream in("/proc/" + std::to_string(world.backend->pid()) + "/stat");
    std::string id, name, letter;
    in >> id >> name >> letter;
    return letter;
  };
  REQUIRE(run_until(world.loop, [&] { return state() == "T"; }));
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{false, 5});
}

TEST_CASE("stop: children, daemons and double-forked grandchildren end too, and the killed are named") {
  LaunchSpec spec = python(std::string(test::kFamily) + "serve('127.0.0.1', PORT)");
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  int plain = number_said(world.lines, "plain");
  int session = number_said(world.lines, "session");
  int twice = number_said(world.lines, "double");
  for (int pid : {plain, session, twice}) REQUIRE(lives(pid));
  CHECK(world.backend->tree().size() == 4);
  REQUIRE(world.stops());
  for (int pid : {plain, session, twice}) CHECK_FALSE(lives(pid));
  // The plain one is in the group and ended by TERM; the others had left it.
  REQUIRE(world.stopped->descendants.size() == 2);
  for (int pid : {session, twice}) {
    bool named = false;
    for (const auto& text : world.stopped->descendants) {
      named = named || text.find("pid " + std::to_string(pid) + " ") == 0;
    }
    CHECK(named);
  }
  CHECK(world.stopped->exit == ExitStatus{true, SIGTERM});
}

TEST_CASE("stop: a member of the group that outlives the command has the rest of the grace") {
  LaunchSpec spec = python(R"(
p = subprocess.Popen([sys.executable, '-c', '''
import os, signal, sys, time
parent = os.getppid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print('up', flush=True)
signal.sigwait([signal.SIGTERM])
while os.getppid() == parent: time.sleep(0.001)
print('cleaned up', flush=True)
'''])
time.sleep(1000)
)");
  spec.stop.grace = 10s;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.says("cleaned up"));
  CHECK_FALSE(world.stopped->killed);
}

TEST_CASE("stop: a fork chain that never pauses is ended") {
  Witness world(python(R"(
say('up')
if os.fork() == 0:
    while True:
        if os.fork(): os._exit(0)
time.sleep(1000)
)"));
  world.backend->start();
  REQUIRE(world.says("up"));
  REQUIRE(world.stops());
  CHECK(world.backend->tree().empty());
}

TEST_CASE("stop: after the command ended by itself the rest of its tree is ended as usual") {
  Witness world(python(std::string(test::kFamily) + R"(
import threading
signal.signal(signal.SIGUSR1, lambda *a: os._exit(9))
threading.Thread(target=serve, args=('127.0.0.1', PORT), daemon=True).start()
idle()
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  ::kill(world.backend->pid(), SIGUSR1);
  REQUIRE(world.exits());
  CHECK(*world.exited == ExitStatus{false, 9});
  CHECK(world.backend->tree().size() == 3);
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{false, 9});
  CHECK_FALSE(lives(number_said(world.lines, "plain")));
  CHECK_FALSE(lives(number_said(world.lines, "session")));
}

TEST_CASE("stop: valid before anything has been heard, and told exactly once") {
  Witness world(shell("exec sleep 1000"));
  world.backend->start();
  world.backend->stop();
  world.backend->stop();
  CHECK_FALSE(world.stopped);
  REQUIRE(run_until(world.loop, [&] { return world.stopped.has_value(); }));
  CHECK_FALSE(world.failure);
  CHECK_FALSE(world.ready);
}
