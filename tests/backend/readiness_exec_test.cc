// The check by a command, several successes in a row, and what warms a backend up.
#include <doctest/doctest.h>

#include <string>

#include "backend/linux_proc.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using test::failure_of;
using test::python;
using test::Witness;

namespace {

LaunchSpec checked_by(const std::string& script, const std::string& code = "serve('127.0.0.1', PORT)") {
  LaunchSpec spec = python(code);
  spec.ready.kind = ReadyConfig::Kind::Exec;
  spec.ready.exec = {"/bin/sh", "-c", script};
  return spec;
}

void has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("exec: exit 0 is ready, with the backend's variables and where it is reached") {
  LaunchSpec spec = checked_by(
      "[ \"$PORT\" = {port} ] && [ \"$HOST\" = {host} ] && [ \"$MY\" = mine ] && [ -z \"$NOTIFY_SOCKET\" ] "
      "&& "
      "[ \"$PWD\" = /usr ]");
  spec.env = {{"MY", "mine"}};
  spec.dir = "/usr";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "/bin/sh exit 0");
  CHECK(world.stops());
}

TEST_CASE("exec: the check of a followed server is told where it listens") {
  Witness world(checked_by("grep -qi \":$(printf %04x $PORT) \" /proc/net/tcp && echo $PORT",
                           "s = socket.create_server(('127.0.0.1', 0))\ntime.sleep(1000)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->followed);
  CHECK(world.stops());
}

TEST_CASE("exec: it is asked until it passes") {
  Witness world(
      checked_by(R"sh(exec /usr/bin/python3 -c "
import http.client, os, sys
c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']))
c.request('GET', '/')
sys.exit(c.getresponse().status != 200)")sh",
                 "polls = iter([503, 503])\ndef answer():\n    say('asked')\n    return next(polls, 200)\n"
                 "serve('127.0.0.1', PORT, answer)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.lines.size() == 3);
  CHECK(world.stops());
}

TEST_CASE("exec: how it ended is told with its last line") {
  const auto failure =
      failure_of(checked_by("echo first; echo the database has not migrated >&2; exit 3"), 4s);
  CHECK(failure.kind == Kind::Timeout);
  has(failure.what, "the check command ended with exit 3: the database has not migrated");
}

TEST_CASE("exec: one that hangs is told, and killed with its tree") {
  LaunchSpec spec = checked_by("sleep 1000 & echo waiting for the cache; wait");
  spec.ready.timeout = 4s;  // below the check's own 5 s
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  has(world.failure->what, "the check command has not ended: waiting for the cache");
  CHECK(world.stops());
  CHECK(test::run_until(world.loop, [] { return descendants(::getpid()).empty(); }));
}

TEST_CASE("exec: what it leaves behind is gone before the backend is ready") {
  Witness world(checked_by("sleep 1000 & exit 0"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  for (int pid : descendants(::getpid())) CHECK(command_line(pid).find("sleep 1000") == std::string::npos);
  CHECK(world.stops());
}

TEST_CASE("exec: a check that cannot be run fails the start at once") {
  LaunchSpec spec = python("serve('127.0.0.1', PORT)");
  spec.ready.kind = ReadyConfig::Kind::Exec;
  spec.ready.exec = {"no-such-check"};
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exec);
  has(world.failure->what, "its check: no-such-check: no such file in PATH");
}

TEST_CASE("successes: that many in a row, and one failure starts over") {
  LaunchSpec spec = python(R"(
answers = iter([200, 200, 503, 200, 200, 200])
def answer():
    status = next(answers, 500)
    say('gave %d' % status)
    return status
serve('127.0.0.1', PORT, answer)
)");
  spec.ready.successes = 3;
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "GET / 200, 3 in a row");
  CHECK(world.stops());
  CHECK(world.lines.size() == 6);
}

TEST_CASE("warm: every path is answered before the backend is ready, whatever it says") {
  LaunchSpec spec = python(R"(
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        say('asked ' + self.path)
        self.send_response(500 if self.path == '/slow' else 200)
        self.end_headers()
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
)");
  spec.ready.warm = {"/a", "/slow"};
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "GET / 200, warm: GET /a 200, GET /slow 500");
  CHECK(world.says("asked /slow"));
  CHECK(world.lines == std::vector<std::string>{"asked /", "asked /a", "asked /slow"});
  CHECK(world.stops());
}

TEST_CASE("warm: a path without a complete answer is told after the deadline") {
  const std::string server = R"(
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/slow': END
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
)";
  for (const auto& [end, says] :
       {std::pair<std::string, std::string>("time.sleep(1000)", "GET /slow, which is to warm it, gave no"),
        {"return", "warm: GET /slow failed: the connection was closed"}}) {
    std::string code = server;
    code.replace(code.find("END"), 3, end);
    LaunchSpec spec = python(code);
    spec.ready.warm = {"/", "/slow"};
    spec.ready.timeout = 5s;  // Python has to have started
    Witness world(spec);
    world.backend->start();
    REQUIRE(world.fails());
    CHECK(world.failure->kind == Kind::Timeout);
    has(world.failure->what, says);
    CHECK(world.stops());
  }
}

TEST_CASE("warm: it goes with a backend that says itself when it is ready") {
  LaunchSpec spec = python("say('up')\nserve('127.0.0.1', PORT)");
  spec.ready.kind = ReadyConfig::Kind::Log;
  spec.ready.log = "^up$";
  spec.ready.warm = {"/"};
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.becomes_ready());
  CHECK(world.ready->check == "a line matched /^up$/, warm: GET / 200");
  CHECK(world.stops());
}
