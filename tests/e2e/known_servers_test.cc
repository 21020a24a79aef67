// Known servers by their plain command lines: nobody has to say a port, and the one that is asked for may be
// taken.
#include <doctest/doctest.h>

#include "tests/e2e/swap_checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"

using namespace berth::test;

namespace {

constexpr int kSwaps = 3;

struct Plain {
  Command command;
  Command asking;        ///< words behind it that ask for the port TAKEN
  std::string greeting;  ///< what GET / begins with
  std::string says;      ///< the one line about it
  bool posts = true;
  std::string dir = "/tmp";
};

void check_plain(const Plain& plain) {
  const HeldSocket stranger({});
  Command taken = plain.command;
  for (std::string word : plain.asking) {
    const auto at = word.find("TAKEN");
    if (at != std::string::npos) word.replace(at, 5, std::to_string(stranger.port()));
    taken.push_back(word);
  }
  for (const Command& command : {plain.command, taken}) {
    CAPTURE(command.back());
    BerthProcess berth({.command = command, .ready_timeout = "60s", .dir = plain.dir});
    REQUIRE(berth.wait_serving(std::chrono::seconds(30)));
    CHECK(get(berth.port(), "/").body.starts_with(plain.greeting));
    swap_under_load(berth,
                    {.command = command, .dir = plain.dir, .greeting = plain.greeting, .posts = plain.posts},
                    kSwaps);
    CHECK(berth.output().find(plain.says) != std::string::npos);
    CHECK(berth.output().find("--plain leaves the command as it is") != std::string::npos);
    check_clean_stop(berth);
  }
}

}  // namespace

TEST_CASE("known servers: uvicorn") {
  check_plain({{"/usr/bin/uvicorn", "--app-dir", app_path(""), "asgi_app:app"},
               {"--port", "TAKEN"},
               "asgi",
               "uvicorn: "});
}

TEST_CASE("known servers: gunicorn") {
  check_plain(
      {{"/usr/bin/gunicorn", "--chdir", app_path(""), "-k", "gthread", "--threads", "4", "wsgi_app:app"},
       {"-b", "127.0.0.1:TAKEN"},
       "wsgi",
       "gunicorn: "});
}

TEST_CASE("known servers: hypercorn") {
  check_plain({{"/usr/bin/python3", "-m", "hypercorn", "asgi_app:app"},
               {"--bind=127.0.0.1:TAKEN"},
               "asgi",
               "hypercorn: ",
               true,
               app_path("")});
}

TEST_CASE("known servers: Flask") {
  check_plain(
      {{"/usr/bin/flask", "--app", app_path("flask_app.py"), "run"}, {"-p", "TAKEN"}, "flask", "flask: "});
}

TEST_CASE("known servers: http.server") {
  check_plain({{"/usr/bin/python3", "-m", "http.server"}, {"TAKEN"}, "<!DOCTYPE", "http.server: ", false});
}

TEST_CASE("known servers: puma") {
  check_plain({{"/usr/bin/puma", app_path("config.ru")}, {"-b", "tcp://127.0.0.1:TAKEN"}, "rack", "puma: "});
}

TEST_CASE("known servers: Jupyter's server") {
  check_plain({{"/usr/bin/jupyter", "server", "--allow-root", "--ServerApp.token="},
               {"--port=TAKEN"},
               "<!DOCTYPE",
               "jupyter: ",
               false});
}

TEST_CASE("known servers: Node needs nothing, and --plain leaves a command as it is") {
  BerthProcess node({.command = {"node", app_path("node_app.mjs")}, .ready_timeout = "60s"});
  REQUIRE(node.wait_serving());
  CHECK(node.output().find("--plain") == std::string::npos);
  BerthProcess plain({.command = {"/usr/bin/python3", "-m", "http.server", "{port}"},
                      .ready_timeout = "60s",
                      .more = {"--plain"}});
  REQUIRE(plain.wait_serving());
  CHECK(plain.output().find("became") == std::string::npos);
}
