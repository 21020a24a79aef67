// What a backend says of itself: READY=1 to NOTIFY_SOCKET, and a line of its output.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "backend/address.h"
#include "backend/log_match.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using test::failure_of;
using test::python;
using test::shell;
using test::Witness;

namespace {

/// A listener that answers nothing, and notify(text).
const std::string kNotifier = R"(
def notify(text, path=os.environ.get('NOTIFY_SOCKET')):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s: s.sendto(text.encode(), path)
)";

LaunchSpec notifier(const std::string& code) {
  LaunchSpec spec = python(kNotifier + code);
  spec.ready.kind = ReadyConfig::Kind::Notify;
  return spec;
}

LaunchSpec logger(const std::string& pattern, const std::string& code) {
  LaunchSpec spec = python(code);
  spec.ready.kind = ReadyConfig::Kind::Log;
  spec.ready.log = pattern;
  return spec;
}

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

/// Sends what a stranger may say, once the backend has said where.
void send_to(const std::string& path, const std::string& text) {
  Descriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto address = socket_address(Endpoint::unix_path(path));
  CHECK(::sendto(fd.get(), text.data(), text.size(), 0, address.get(), address.size) ==
        static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("notify: READY=1 among other assignments is ready, of a server that answers nothing") {
  Witness world(notifier("s = listen()\nnotify('STATUS=up\\nREADY=1\\nMAINPID=1')\ntime.sleep(1000)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "READY=1 came");
  CHECK(world.ready->endpoint == world.started[0].told);
  CHECK(world.stops());
}

TEST_CASE("notify: READY=1 alone is not ready, the listener must be there too") {
  const auto failure = failure_of(notifier("notify('READY=1')\nsay('told')\ntime.sleep(1000)"), 4s);
  CHECK(failure.kind == Kind::Timeout);
  has(failure.what, "nothing listens there after 4 s, though READY=1 came");
}

TEST_CASE("notify: what is missing is told with the last STATUS") {
  const auto failure =
      failure_of(notifier("s = listen()\nnotify('STATUS=starting')\nnotify('READY=0\\nSTATUS=loading "
                          "model')\ntime.sleep(1000)"),
                 4s);
  has(failure.what, "but READY=1 did not come; STATUS=loading model");
}

TEST_CASE("notify: only the backend's own tree counts, and a stranger is named") {
  LaunchSpec spec = notifier("s = listen()\nsay('path=' + os.environ['NOTIFY_SOCKET'] + ';')\nstay()");
  spec.ready.timeout = 4s;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.says("up"));
  const auto& line = world.lines.front();
  send_to(line.substr(5, line.size() - 6), "READY=1");
  REQUIRE(world.fails());
  has(world.failure->what, "READY=1 did not come from its own processes (pid " + std::to_string(::getpid()));
  CHECK(world.stops());
}

TEST_CASE("notify: a grandchild may say it, and one that ends at once") {
  Witness world(notifier(R"(
s = listen()
if os.fork() == 0:
    if os.fork() == 0: notify('READY=1')
    os._exit(0)
time.sleep(1000)
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.stops());
}

TEST_CASE("notify: a barrier, as systemd-notify sends it, is let through") {
  // sd_notify_barrier(3): the receiver closes the descriptor that comes with it.
  Witness world(notifier(R"(
s = listen()
notify('READY=1')
ours, theirs = os.pipe()
barrier = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
barrier.connect(os.environ['NOTIFY_SOCKET'])
socket.send_fds(barrier, [b'BARRIER=1'], [theirs])
os.close(theirs)
os.read(ours, 1)
say('past the barrier')
stay())"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.says("past the barrier"));
  CHECK(world.stops());
}

TEST_CASE("notify: who goes on talking after READY=1 is not stalled") {
  Witness world(
      notifier("s = listen()\nnotify('READY=1')\nfor i in range(3000): notify('STATUS=%d' % i)\nsay('all "
               "sent')\nstay()"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.says("all sent"));
  CHECK(world.stops());
}

TEST_CASE("notify: a listener known only by following is ready with READY=1, its directory goes at the end") {
  LaunchSpec spec = notifier(
      "s = socket.create_server(('127.0.0.1', 0))\nsay('path=' + os.environ['NOTIFY_SOCKET'])\n"
      "notify('READY=1')\ntime.sleep(1000)");
  std::string path;
  {
    Witness world(spec);
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->followed);
    REQUIRE(world.says("path="));
    path = world.lines.front().substr(5);
    CHECK(std::filesystem::exists(path));
    CHECK(world.stops());
  }
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path()));
}

TEST_CASE("notify: another user's command reaches the socket") {
  if (::geteuid() != 0) return;  // only root can give a command to another user
  LaunchSpec spec =
      notifier("s = listen()\nnotify('READY=1')\nsay('uid=%d' % os.getuid())\ntime.sleep(1000)");
  spec.user = "nobody";
  spec.dir = "/";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.says("uid=65534"));
  CHECK(world.stops());
}

TEST_CASE("notify: other checks set no NOTIFY_SOCKET") {
  Witness world(shell("echo \"socket=$NOTIFY_SOCKET.\"; exec sleep 1000"));
  world.backend->start();
  CHECK(world.says("socket=."));
  CHECK(world.stops());
}

TEST_CASE("log: a line that matches is ready, on either stream and with a listener") {
  for (const char* stream : {"stdout", "stderr"}) {
    Witness world(logger("running on port \\d+$", "s = listen()\nprint('running on port', PORT, file=sys." +
                                                      std::string(stream) +
                                                      ", flush=True)\ntime.sleep(1000)"));
    world.backend->start();
    REQUIRE(world.becomes_ready());
    CHECK(world.ready->check == "a line matched /running on port \\d+$/");
    CHECK(world.stops());
  }
}

TEST_CASE("log: what is missing is told with the last line") {
  const auto failure = failure_of(
      logger("ready$", "s = listen()\nsay('ready, nearly')\nsay('loading')\ntime.sleep(1000)"), 4s);
  has(failure.what, "but no line matched /ready$/; last line: loading");
}

TEST_CASE("log: the line comes before the listener") {
  Witness world(logger("up", "say('up')\ns = socket.create_server(('127.0.0.1', 0))\ntime.sleep(1000)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->followed);
  CHECK(world.stops());
}

TEST_CASE("log: the end of a long line is looked at, of which less is kept") {
  Witness world(logger("done$", "s = listen()\nsay('x' * 30000 + ' done')\ntime.sleep(1000)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE_FALSE(world.lines.empty());
  CHECK(world.lines.front().size() == 8 * 1024);
  CHECK(world.stops());
}

TEST_CASE("log: anchors mean the line, not the pieces that a long one is looked at in") {
  LogMatch from_start("^xb"), at_end("x$"), whole("^x+$"), word("\\bword\\b");
  const std::string line = std::string(9000, 'x') + "b word " + std::string(9000, 'y');
  CHECK_FALSE(from_start.hear(line));
  CHECK_FALSE(at_end.hear(line));
  CHECK_FALSE(whole.hear(line));
  CHECK(word.hear(line));
  CHECK_FALSE(word.hear("word"));
  CHECK(LogMatch("^$").hear(""));
}

TEST_CASE("log: a pattern that is hungry costs no stack") {
  LogMatch hungry("(a|b)*c");
  CHECK_FALSE(hungry.hear(std::string(16'000, 'a')));
}

TEST_CASE("log: the larger the pattern, the less of a long line is looked at, so that no line takes long") {
  const std::string letters(900, 'x');
  const std::string most(64 * 1024, 'x');
  CHECK(LogMatch("[[:alpha:]]{900}q").hear(letters + "q" + most));
  CHECK_FALSE(LogMatch("[[:alpha:]]{900}q").hear(most.substr(0, 10'000) + "q"));
  CHECK_FALSE(LogMatch("[[:alpha:]]{900}$").hear(most));
  CHECK(LogMatch("[[:alpha:]]{900}$").hear(letters));
  CHECK(LogMatch("x{5}q").hear(most + "q"));
}
