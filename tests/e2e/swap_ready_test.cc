// Every kind of readiness with a real server, swapped twenty times under users: nobody notices.
#include <doctest/doctest.h>

#include "tests/e2e/swap_checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

struct ReadyCase {
  std::vector<std::string> options;  ///< of `berth run`
  ServerCase server;
  std::string says;  ///< by `berth swap`, of what made it ready
};

void check_ready_kind(const ReadyCase& ready) {
  const ServerCase& server = ready.server;
  BerthProcess berth(
      {.command = server.command, .ready_timeout = "60s", .more = ready.options, .dir = server.dir});
  REQUIRE(berth.wait_serving(30s));
  CHECK(who_answers(berth.port()).starts_with(server.greeting));
  swap_under_load(berth, server, 20);
  check_screen(berth.call("why"), {ready.says});
  check_clean_stop(berth);
}

const std::string kPython = "/usr/bin/python3";

}  // namespace

TEST_CASE("ready: gunicorn by READY=1, swapped twenty times under load") {
  check_ready_kind(
      {{"--ready", "notify"},
       {{kPython, "-m", "gunicorn", "-b", "127.0.0.1:{port}", "--chdir", app_path(""), "flask_app:app"},
        "/tmp",
        "flask"},
       "READY=1 came"});
}

TEST_CASE("ready: uvicorn by a line of its log, swapped twenty times under load") {
  check_ready_kind(
      {{"--ready", "log=Uvicorn running on http://.*:\\d+"},
       {{kPython, "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "{port}"},
        "/tmp",
        "asgi"},
       "a line matched"});
}

TEST_CASE("ready: http.server by a command that asks it, swapped twenty times under load") {
  TempDir pages;
  write_file(pages / "index.html", "a page\n");
  check_ready_kind(
      {{"--ready", "exec=curl -fsS -H 'Accept: text/html' -o /dev/null http://{host}:{port}/"},
       {{kPython, "-m", "http.server", "{port}", "--bind", "127.0.0.1"}, pages.path(), "a page", Posts::None},
       "curl exit 0"});
}

TEST_CASE("ready: Node by three connections in a row and warmed up, swapped twenty times under load") {
  check_ready_kind({{"--ready", "tcp", "--ready-successes", "3", "--ready-warm", "/", "--ready-warm", "/b"},
                    {{"node", app_path("node_app.mjs")}, "/tmp", "node"},
                    "connect, 3 in a row, warm: GET / 200, GET /b 200"});
}

TEST_CASE("ready: uvicorn as soon as it listens, swapped twenty times under load") {
  check_ready_kind(
      {{"--ready", "listen"},
       {{kPython, "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "{port}"},
        "/tmp",
        "asgi"},
       "listening"});
}
