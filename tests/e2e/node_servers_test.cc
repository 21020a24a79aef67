// What Node runs: a server of its own, npm's scripts, vite and next, whose packages ./dev test installs.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/e2e/app_copy.h"
#include "tests/e2e/known_checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"

using namespace berth::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kVitePage = "<!doctype html>";
constexpr const char* kNextPage = "<!DOCTYPE html>";

Plain vite(const AppCopy& app, const Command& command, const Command& asking) {
  app.link_node_modules();
  return {.command = command,
          .asking = asking,
          .greeting = kVitePage,
          .says = command.front() == "npm" ? "npm (vite): " : "vite: ",
          .dir = app.dir(),
          .env = node_env(),
          .helpers = true};
}

void build_next(const AppCopy& app) {
  app.link_node_modules();
  const auto built =
      run_command({.command = {"/usr/bin/env", "next", "build"}, .dir = app.dir(), .env = node_env()}, 120s);
  INFO(built.all());
  REQUIRE(built.exit_code == 0);
}

}  // namespace

TEST_CASE("known servers: Node listens on PORT, whoever has the one that it names") {
  check_plain({.command = {"node", app_path("node_app.mjs")},
               .greeting = "node",
               .says = "",
               .env = {{"PORT", "TAKEN"}}});
}

TEST_CASE("known servers: Node's inspector is never taken for its server, however early it listens") {
  const std::string server =
      "const http = require('http'); setTimeout(() => http.createServer((q, r) => r.end('the server'))"
      ".listen(process.argv.includes('--port') ? 0 : process.env.PORT, '127.0.0.1'), 500)";
  for (const bool own_choice : {false, true}) {
    CAPTURE(own_choice);
    Command command{"node", "--inspect=127.0.0.1:0", "-e", server};
    if (own_choice) command.insert(command.end(), {"--", "--port", "0"});
    BerthProcess berth({.command = command});
    REQUIRE(berth.wait_serving());
    CHECK(get(berth.port(), "/").body == "the server");
    CHECK(berth.output().find("ignored PORT") == std::string::npos);
    check_clean_stop(berth);
  }
}

TEST_CASE("known servers: npm start and npm run pass PORT on to Node") {
  const TempDir dir;
  write_file(dir / "package.json", R"({"private": true, "scripts": {"start": "node )" +
                                       app_path("node_app.mjs") + R"(", "set": "cross-env A=b node )" +
                                       app_path("node_app.mjs") + R"("}})");
  for (const Command& command : {Command{"npm", "start"}, Command{"npm", "run", "set"}}) {
    CAPTURE(command.back());
    auto env = node_env();
    env["PORT"] = "TAKEN";
    check_plain({.command = command, .greeting = "node", .says = "", .dir = dir.path(), .env = env}, 2);
  }
}

TEST_CASE("known servers: vite") {
  const AppCopy app("vite_app");
  check_plain(vite(app, {"vite"}, {"--port", "TAKEN", "--strictPort"}), 2);
}

TEST_CASE("known servers: vite by npm run") {
  const AppCopy app("vite_app");
  check_plain(vite(app, {"npm", "run", "dev"}, {"--", "--port", "TAKEN"}), 2);
}

TEST_CASE("known servers: vite by scripts that set variables, quote, and name a port") {
  for (const char* script : {"fixed", "cross"}) {
    CAPTURE(std::string(script));
    const AppCopy app("vite_app");
    check_plain(vite(app, {"npm", "run", script}, {}), 1);
  }
}

TEST_CASE("known servers: vite's page is told of changes through berth, and its list of hosts holds") {
  const AppCopy app("vite_app");
  app.link_node_modules();
  BerthProcess berth({.command = {"vite"}, .ready_timeout = "60s", .dir = app.dir(), .env = node_env()});
  REQUIRE_MESSAGE(berth.wait_serving(30s), berth.output());
  RawClient page(berth.port());
  page.send(
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
      "Sec-WebSocket-Protocol: vite-hmr\r\n\r\n");
  const auto first = page.read_until("connected");
  CHECK(first.starts_with("HTTP/1.1 101"));
  CHECK(first.find("connected") != std::string::npos);

  RawClient stranger(berth.port());
  stranger.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  CHECK(stranger.read_response().status == 403);
}

TEST_CASE("known servers: below a path of the file, vite and Jupyter write it into their pages") {
  const AppCopy app("vite_app");
  app.link_node_modules();
  BerthProcess berth({.file = R"([app.web]
listen = "127.0.0.1:0"
path = "/web"
command = ["vite"]
dir = ")" + app.dir() + R"("
[app.lab]
listen = "127.0.0.1:0"
path = "/lab"
command = ["jupyter", "server", "--allow-root", "--ServerApp.token="]
dir = ")" + app.dir() + "\"\n",
                      .env = node_env()});
  const auto page = get(berth.port(), "/web/");
  INFO(berth.output());
  CHECK(page.status == 200);
  CHECK(page.body.find("\"/web/@vite/client\"") != std::string::npos);
  const auto api = get(berth.port(), "/lab/api");
  CHECK(api.status == 200);
  CHECK(api.body.find("\"version\"") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("known servers: next start, also swapped twenty times under load") {
  const AppCopy app("next_app");
  build_next(app);
  Plain plain{.command = {"next", "start"},
              .asking = {"-p", "TAKEN"},
              .greeting = kNextPage,
              .says = "next: ",
              .dir = app.dir(),
              .env = node_env(),
              .helpers = true};
  check_plain(plain, 1);
  plain.command = {"npm", "start"};
  plain.asking = {};
  plain.says = "npm (next): added --port ";
  check_plain(plain, 1);
  check_twenty_swaps({.command = {"next", "start"},
                      .dir = app.dir(),
                      .greeting = kNextPage,
                      .helpers = true,
                      .env = node_env()});
}

TEST_CASE("known servers: next dev by stop-start, or with a directory for each generation") {
  for (const Command& more :
       {Command{"--swap", "stop-start"}, Command{"--env", "NEXT_DIST_DIR=.next-{port}"}}) {
    CAPTURE(more.back());
    const AppCopy app("next_app");
    app.link_node_modules();
    check_some_swaps({.command = {"next", "dev"},
                      .dir = app.dir(),
                      .greeting = kNextPage,
                      .posts = Posts::None,
                      .more = more,
                      .helpers = true,
                      .env = node_env()},
                     1);
  }
}

TEST_CASE("known servers: next dev takes another port than the one that it names") {
  const AppCopy app("next_app");
  app.link_node_modules();
  const HeldSocket stranger({});
  BerthProcess berth({.command = {"npm", "run", "dev", "--", "-p", std::to_string(stranger.port())},
                      .ready_timeout = "60s",
                      .dir = app.dir(),
                      .env = node_env()});
  REQUIRE_MESSAGE(berth.wait_serving(60s), berth.output());
  CHECK(who_answers(berth.port()).starts_with(kNextPage));
  CHECK(berth.output().find("npm (next): -p ") != std::string::npos);
  CHECK(berth.output().find("spoil each other's .next") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("swap: vite twenty times under load") {
  const AppCopy app("vite_app");
  app.link_node_modules();
  check_twenty_swaps(
      {.command = {"vite"}, .dir = app.dir(), .greeting = kVitePage, .helpers = true, .env = node_env()});
}
