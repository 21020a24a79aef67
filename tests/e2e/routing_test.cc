// Several apps of one file: which of them a request goes to, and in which order they start.
#include <doctest/doctest.h>

#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

std::string app(const std::string& name, const std::string& keys, const Command& options = {}) {
  Command all{"--name", name};
  all.insert(all.end(), options.begin(), options.end());
  return "[app." + name + "]\n" + (keys.empty() ? "" : keys + "\n") + "command = " + scripted_toml(all) +
         "\nstop = { grace = \"2s\" }\n";
}

constexpr const char* kShared = "listen = \"127.0.0.1:0\"\n";

/// The answer to `target` asked by the name `host`; "STATUS n" if it is no 200.
std::string ask(std::uint16_t port, const std::string& host, const std::string& target) {
  RawClient client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  const RawResponse response = client.read_response();
  if (response.status != 200) return "STATUS " + std::to_string(response.status);
  return response.body.substr(0, response.body.find('\n'));
}

/// Waits until it is the app that answers.
bool answers(std::uint16_t port, const std::string& host, const std::string& target, const std::string& who) {
  return wait_until([&] { return ask(port, host, target) == who; }, 15s);
}

}  // namespace

TEST_CASE("routing: the longest path, the host, the name under localhost") {
  BerthProcess berth(
      {.file = app("web", kShared) + app("api", std::string(kShared) + "path = \"/api\"") +
               app("v2", std::string(kShared) + "path = \"/api/v2\"") +
               app("Shop", std::string(kShared) + "host = [\"Shop.example.org\", \"*.shop.example\"]")});
  const auto port = berth.port();
  CHECK(berth.ports().size() == 1);
  for (const auto& [host, target, who] :
       std::vector<std::array<std::string, 3>>{{"localhost", "/", "web"},
                                               {"localhost", "/api", "api"},
                                               {"localhost", "/api/", "api"},
                                               {"localhost", "/apis", "web"},
                                               {"localhost", "/api/v2/", "v2"},
                                               {"SHOP.example.org:8000", "/", "Shop"},
                                               {"a.shop.example", "/api", "Shop"},
                                               {"shop.localhost", "/", "Shop"},
                                               {"api.localhost:9", "/", "api"},
                                               {"v2.localhost", "/api", "v2"},
                                               {"other.example", "/", "web"}}) {
    CAPTURE(host);
    CAPTURE(target);
    CHECK(answers(port, host, target, who));
  }
  check_clean_stop(berth);
}

TEST_CASE("routing: strip takes the path away from the backend and tells it") {
  BerthProcess berth({.file = app("api", std::string(kShared) + "path = \"/api\"\nstrip = true")});
  REQUIRE(answers(berth.port(), "localhost", "/api", "api"));
  const std::string head = get(berth.port(), "/api/head?a=b").body;
  CHECK(head.starts_with("GET /head?a=b HTTP/1.1\r\n"));
  CHECK(head.find("X-Forwarded-Prefix: /api\r\n") != std::string::npos);
  RawClient bare(berth.port());
  bare.send("GET http://localhost/api?x HTTP/1.1\r\nHost: ignored\r\n\r\n");
  CHECK(bare.read_response().status == 200);
  check_clean_stop(berth);
}

TEST_CASE("routing: no path is berth's own 404, an unknown host its 421, and the connection is kept") {
  BerthProcess berth(
      {.file = app("shop", std::string(kShared) + "host = \"shop.example\"\npath = \"/shop\"")});
  REQUIRE(answers(berth.port(), "shop.example", "/shop", "shop"));
  RawClient client(berth.port());
  // What names no host reaches it by no other name, and its own name has no other path.
  client.send("GET /shop HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  const RawResponse misdirected = client.read_response();
  CHECK(misdirected.status == 421);
  CHECK(misdirected.field("Server") == "berth");
  CHECK(misdirected.body.find("no app serves this host here") != std::string::npos);
  client.send("POST /other HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 3\r\n\r\nabc");
  const RawResponse lost = client.read_response();
  CHECK(lost.status == 404);
  CHECK(lost.body.find("no app serves this path here") != std::string::npos);
  client.send("GET /shop HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  CHECK(client.read_response().status == 200);
  check_clean_stop(berth);
}

TEST_CASE("routing: apps on addresses of their own, and an order of starts") {
  const TempDir dir;
  const std::string announce = dir / "announce";
  const std::string go = dir / "go";
  BerthProcess berth(
      {.file = app("web", std::string(kShared) + "after = [\"db\"]") +
               app("db", kShared + std::string("path = \"/db\""), {"--announce", announce, "--go", go})});
  const auto waiting = [&] { return berth.call("status").out; };
  REQUIRE(wait_until([&] { return !read_file(announce).empty(); }, 15s));
  CHECK(waiting().find("waiting") != std::string::npos);
  CHECK(berth.output().find("web#1") == std::string::npos);
  std::ofstream(go) << "go\n";
  CHECK(answers(berth.port(), "localhost", "/", "web"));
  CHECK(answers(berth.port(), "localhost", "/db", "db"));
  const std::string output = berth.output();
  CHECK(output.find("db#1    serving") < output.find("web#1   started"));
  check_clean_stop(berth);
}
