// Candidates that come to nothing: the old one serves on, nobody notices, and the user's screen tells why.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// An app that serves "old" under load; ends with the checks that nobody noticed.
class ServingOld {
 public:
  explicit ServingOld(const std::string& ready_timeout = "10s")
      : berth_({.command = scripted({"--name", "old"}), .ready_timeout = ready_timeout}) {
    REQUIRE(berth_.wait_serving());
    load_.emplace(users_of(berth_.port()));
    load_->start();
    REQUIRE(wait_answers(*load_, 30));
    before_ = descendants(berth_.pid());
  }

  BerthProcess& berth() { return berth_; }

  /// Swaps to `command`, which must fail with all of `parts` on the screen and in the report.
  void check_fails(const Command& command, const std::vector<std::string>& parts) {
    const auto swap = berth_.swap(command);
    CHECK(swap.exit_code == 1);
    check_screen(swap, parts);
    const auto why = berth_.call("why");
    CHECK(why.exit_code == 0);
    check_screen(why, parts);
    check_old_serves_on();
  }

  void check_old_serves_on() {
    CHECK(who_answers(berth_.port()) == "old");
    CHECK(wait_answers(*load_, 30));
    check_nothing_failed(load_->stop());
    load_.reset();
    const bool same = wait_until([&] { return descendants(berth_.pid()).size() == before_.size(); }, 5s);
    INFO("before: ", text(before_), "\nnow: ", text(descendants(berth_.pid())));
    CHECK(same);
    check_clean_stop(berth_);
  }

 private:
  BerthProcess berth_;
  std::optional<berth::load::Load> load_;
  std::vector<Process> before_;
};

}  // namespace

TEST_CASE("failed start: a first start that is cancelled rests until a swap, and says so") {
  BerthProcess berth({.command = scripted({"--never-listen"}), .ready_timeout = "30s"});
  REQUIRE(berth.call("cancel").exit_code == 0);
  // Held until the start is over, and refused then.
  const auto refused = get(berth.port(), "/");
  CHECK(refused.status == 503);
  CHECK(refused.body.find("cancelled: waiting for `berth swap` or `berth restart`") != std::string::npos);
  check_screen(berth.call("status"), {"cancelled", "waiting for `berth swap`"});
  check_screen(berth.call("why"), {"cancelled: generation 1: waiting for `berth swap`"});
  CHECK(berth.call("cancel").exit_code == 1);
  CHECK(berth.swap(scripted({"--name", "mended"})).exit_code == 0);
  CHECK(who_answers(berth.port()) == "mended");
  check_clean_stop(berth);
}

TEST_CASE("failed start: a command that exits at once is quoted with its exit code and last lines") {
  ServingOld app;
  app.check_fails(scripted({"--exit", "7", "--say", "cannot read settings.ini"}),
                  {"exit 7", "cannot read settings.ini"});
}

TEST_CASE("failed start: a command that never listens runs into the deadline, which is named") {
  ServingOld app("1500ms");
  app.check_fails(scripted({"--never-listen"}), {"1500 ms", "listen"});
}

TEST_CASE("failed start: a server that accepts and never answers runs into the deadline") {
  ServingOld app("1500ms");
  app.check_fails(scripted({"--mute"}), {"1500 ms"});
}

TEST_CASE("failed start: a server that answers 500 until the deadline is quoted") {
  ServingOld app("1500ms");
  app.check_fails(scripted({"--status", "500"}), {"500"});
}

TEST_CASE("failed start: a server that listens before its import fails never gets a user's request") {
  ServingOld app;
  app.check_fails(scripted({"--listen-then-exit"}), {"exit 3", "ModuleNotFoundError"});
}

TEST_CASE("failed start: a command that does not exist is told as such") {
  ServingOld app;
  app.check_fails({"no-such-server", "--port", "{port}"}, {"no-such-server", "no such file"});
}

TEST_CASE("failed start: a file that may not be executed is told as such") {
  TempDir dir;
  write_file(dir / "server", "text");
  ServingOld app;
  app.check_fails({dir / "server"}, {"server", "permission"});
}

TEST_CASE(
    "failed start: a server that was told its port and listens elsewhere is named with where it listens") {
  ServingOld app("3s");
  auto command = scripted({"--elsewhere", "--port", "{port}"});
  app.check_fails(command, {"listens on"});
}

TEST_CASE("start: a server that chooses its own port is followed") {
  BerthProcess berth({.command = scripted({"--elsewhere", "--name", "followed"})});
  REQUIRE(berth.wait_serving());
  CHECK(who_answers(berth.port()) == "followed");
  check_clean_stop(berth);
}

TEST_CASE("start: a server that opens PORT late is moved to, and no request fails for it") {
  const TempDir dir;
  const std::string go = dir / "go";
  const std::string servers = R"(
import http.server, os, sys, threading, time
def serve(port, name):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def do_GET(self):
            self.send_response(200)
            self.send_header('Content-Length', str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())
        def log_message(self, *args): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
print('listening on', serve(0, 'early'), flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
serve(int(os.environ['PORT']), 'late')
threading.Event().wait()
)";
  BerthProcess berth({.command = {"/usr/bin/python3", "-c", servers, go}, .ready_timeout = "60s"});
  REQUIRE(berth.wait_serving());
  CHECK(get(berth.port(), "/").body == "early");
  berth::load::Load load(users_of(berth.port(), Posts::None));
  load.start();
  REQUIRE(wait_answers(load, 50));
  write_file(go, "go");
  REQUIRE(berth.child().wait_output("after all: new requests go there, and no more to 127.0.0.1:", 20s));
  CHECK(wait_until([&] { return get(berth.port(), "/").body == "late"; }, 10s));
  REQUIRE(wait_answers(load, 50));
  check_nothing_failed(load.stop());
  check_screen(berth.call("why"), {"it listens on PORT=", "after all"});
  check_clean_stop(berth);
}

TEST_CASE("failed start: a swap can be cancelled while its candidate starts") {
  ServingOld app("60s");
  ChildProcess swap(app.berth().call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(swap.wait_output("start", 10s));
  const auto cancel = app.berth().call("cancel");
  INFO(cancel.all());
  CHECK(cancel.exit_code == 0);
  const auto exit = swap.wait_exit(15s);
  INFO(swap.out(), swap.err());
  CHECK(exit == ExitStatus{false, 1});
  CHECK((swap.out() + swap.err()).find("cancel") != std::string::npos);
  app.check_old_serves_on();
}

TEST_CASE("failed start: a candidate that dies around the switch leaves a server in place") {
  ServingOld app;
  // It ends right behind its first answer, the one to the readiness check: before the switch or just after
  // it.
  const auto swap = app.berth().swap(scripted({"--name", "dying", "--exit-after-requests", "1"}));
  INFO(swap.all());
  if (swap.exit_code == 1) {
    app.check_old_serves_on();
    return;
  }
  // It was switched to and then died: the next one brings the app back.
  const auto rescue = app.berth().swap(scripted({"--name", "rescue"}));
  INFO(rescue.all());
  CHECK(rescue.exit_code == 0);
  CHECK(who_answers(app.berth().port()) == "rescue");
}

TEST_CASE("failed start: berth stopped in the middle of a swap leaves nothing behind") {
  BerthProcess berth({.command = scripted({"--name", "old"}), .ready_timeout = "60s"});
  REQUIRE(berth.wait_serving());
  ChildProcess swap(berth.call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(swap.wait_output("start", 10s));
  const auto exit = berth.stop();
  INFO(berth.output());
  CHECK(exit == ExitStatus{false, 0});
  const auto swap_exit = swap.wait_exit(10s);
  REQUIRE(swap_exit.has_value());
  CHECK(swap_exit->value != 0);
  check_no_process_left();
}

TEST_CASE("failed start: the first start may fail too, and a swap then brings the app up") {
  BerthProcess berth({.command = scripted({"--exit", "7", "--say", "cannot read settings.ini"})});
  // A swap that comes before that would take its place.
  REQUIRE(berth.child().wait_output("cannot read settings.ini", 15s));
  const auto swap = berth.swap(scripted({"--name", "fixed"}));
  INFO(swap.all(), berth.output());
  CHECK(swap.exit_code == 0);
  CHECK(who_answers(berth.port()) == "fixed");
  CHECK(berth.output().find("cannot read settings.ini") != std::string::npos);
  check_clean_stop(berth);
}
