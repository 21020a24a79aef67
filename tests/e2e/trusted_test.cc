// Whom a listener believes when it says of whom a request is, in the real program.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The scripted backend behind the listener's keys; its /head answers with the head that came to it.
std::string file_with(const std::string& keys, const std::string& listen = "127.0.0.1:0") {
  return "[front.log]\naccess = \"access.log\"\n[listener.\"" + listen + "\"]\n" + keys +
         "\n[app.web]\nlisten = \"" + listen + "\"\ncommand = " + scripted_toml() + "\n";
}

constexpr const char* kFromProxy =
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
    "X-Forwarded-Port: 443\r\nForwarded: for=203.0.113.7\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\n"
    "X-Request-Id: from-the-proxy\r\n";

/// The head that the backend got of a request with these fields.
std::string seen(std::uint16_t port, const std::string& fields) {
  RawClient client(port);
  client.send("GET /head HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields + "\r\n");
  return client.read_response().body;
}

}  // namespace

TEST_CASE("trusted: a proxy's word on its client is kept, and the access log has that client") {
  BerthProcess berth({.file = file_with("trusted = [\"127.0.0.1/32\"]")});
  REQUIRE(berth.wait_serving());
  const std::string head = seen(berth.port(), kFromProxy);
  for (const char* line : {"X-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n", "X-Forwarded-Proto: https\r\n",
                           "X-Forwarded-Host: shop.example\r\n", "X-Forwarded-Port: 443\r\n",
                           "Forwarded: for=203.0.113.7, for=127.0.0.1\r\n", "X-Real-IP: 203.0.113.7\r\n",
                           "X-Request-Id: from-the-proxy\r\n"}) {
    CAPTURE(std::string(line));
    CHECK(has(head, line));
  }
  CHECK_FALSE(has(head, "6.6.6.6"));
  CHECK(wait_until([&] { return has(read_file(berth.dir() / "access.log"), "203.0.113.7 - - ["); }));
  check_clean_stop(berth);
}

TEST_CASE("trusted: everybody else's word is replaced") {
  BerthProcess berth({.file = file_with("trusted = [\"10.0.0.0/8\", \"unix\"]")});
  REQUIRE(berth.wait_serving());
  const std::string head = seen(berth.port(), kFromProxy);
  for (const char* line : {"X-Forwarded-For: 127.0.0.1\r\n", "X-Forwarded-Proto: http\r\n",
                           "X-Forwarded-Host: localhost\r\n", "X-Real-IP: 127.0.0.1\r\n"}) {
    CAPTURE(std::string(line));
    CHECK(has(head, line));
  }
  for (const char* part : {"203.0.113.7", "6.6.6.6", "shop.example", "443", "Forwarded: for"}) {
    CAPTURE(std::string(part));
    CHECK_FALSE(has(head, part));
  }
  CHECK(wait_until([&] { return has(read_file(berth.dir() / "access.log"), "127.0.0.1 - - ["); }));
  CHECK_FALSE(has(read_file(berth.dir() / "access.log"), "203.0.113.7"));
  check_clean_stop(berth);
}

TEST_CASE("trusted: the peers of a unix socket are believed where it is said, and only there") {
  for (const bool trusts : {true, false}) {
    CAPTURE(trusts);
    const TempDir dir;
    const std::string address = "unix:" + (dir / "front.sock");
    BerthProcess berth({.file = "[listener.\"" + address + "\"]\n" + (trusts ? "trusted = \"unix\"\n" : "") +
                                "[app.web]\nlisten = [\"127.0.0.1:0\", \"" + address +
                                "\"]\ncommand = " + scripted_toml() + "\n"});
    REQUIRE(berth.wait_serving());
    const auto curl = run_command(
        {.command = {"curl", "-sS", "--unix-socket", dir / "front.sock", "-H", "X-Forwarded-For: 203.0.113.7",
                     "-H", "X-Forwarded-Proto: https", "http://localhost/head"}});
    CHECK(has(curl.out, "X-Forwarded-For: " + std::string(trusts ? "203.0.113.7" : "unix:") + "\r\n"));
    CHECK(has(curl.out, "X-Forwarded-Proto: " + std::string(trusts ? "https" : "http") + "\r\n"));
    CHECK(has(seen(berth.port(), kFromProxy), "X-Forwarded-Proto: http\r\n"));
    check_clean_stop(berth);
  }
}

TEST_CASE("trusted: of two addresses of one app, one is believed, and a reload makes it the other one") {
  const auto file = [](const std::string& address) {
    return "[listener.\"" + address +
           "\"]\ntrusted = \"127.0.0.0/8\"\n[app.web]\nlisten = [\"127.0.0.1:0\", \"127.0.0.2:0\"]\ncommand "
           "= " +
           scripted_toml() + "\n";
  };
  BerthProcess berth({.file = file("127.0.0.2:0")});
  REQUIRE(berth.wait_serving());
  const std::string number = std::to_string(berth.port());  // all :0 of a list are one number
  const auto proto = [&](const std::string& host) {
    const auto curl = run_command({.command = {"curl", "-sS", "-H", "X-Forwarded-Proto: https",
                                               "http://" + host + ":" + number + "/head"}});
    return has(curl.out, "X-Forwarded-Proto: https\r\n") ? "https" : curl.out;
  };
  CHECK(proto("127.0.0.2") == "https");
  CHECK(has(proto("127.0.0.1"), "X-Forwarded-Proto: http\r\n"));
  check_screen(berth.call("status"), {"127.0.0.2:0:", "trusted 127.0.0.0/8"});
  write_file(berth.file(), file("127.0.0.1:0"));
  const auto reload = berth.call("reload");
  CHECK(reload.exit_code == 0);
  check_screen(reload,
               {"listener.\"127.0.0.1:0\".trusted changed", "listener.\"127.0.0.2:0\".trusted changed"});
  CHECK(wait_until([&] { return has(proto("127.0.0.2"), "X-Forwarded-Proto: http\r\n"); }));
  CHECK(proto("127.0.0.1") == "https");
  check_clean_stop(berth);
}

TEST_CASE("trusted: an address that a reload adds to a list gets the list's number and its own settings") {
  const auto file = [](const std::string& listen) {
    return "[app.web]\nlisten = " + listen + "\ncommand = " + scripted_toml() + "\n";
  };
  BerthProcess berth({.file = file("\"127.0.0.1:0\"")});
  REQUIRE(berth.wait_serving());
  write_file(berth.file(), file("[\"127.0.0.1:0\", \"127.0.0.2:0\"]") +
                               "[listener.\"127.0.0.2:0\"]\ntrusted = \"127.0.0.0/8\"\n");
  REQUIRE(berth.call("reload").exit_code == 0);
  for (const bool added : {false, true}) {
    const std::string host = added ? "127.0.0.2" : "127.0.0.1";
    const auto curl =
        run_command({.command = {"curl", "-sS", "-H", "X-Forwarded-Proto: https",
                                 "http://" + host + ":" + std::to_string(berth.port()) + "/head"}});
    CHECK(has(curl.out, std::string("X-Forwarded-Proto: ") + (added ? "https" : "http") + "\r\n"));
  }
  check_clean_stop(berth);
}

TEST_CASE("trusted: max_per_client counts the connections of no trusted peer") {
  BerthProcess berth(
      {.command = scripted(), .more = {"--limit", "max_per_client=1", "--trusted", "127.0.0.1"}});
  REQUIRE(berth.wait_serving());
  RawClient first(berth.port());
  RawClient second(berth.port());
  for (RawClient* client : {&first, &second}) {
    client->send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client->read_response().status == 200);
  }
  check_clean_stop(berth);
}

TEST_CASE("trusted: a reload reaches the workers") {
  BerthProcess berth({.file = file_with("")});
  REQUIRE(berth.wait_serving());
  CHECK(has(seen(berth.port(), kFromProxy), "X-Forwarded-Proto: http\r\n"));
  write_file(berth.file(), file_with("trusted = [\"127.0.0.0/8\"]"));
  const auto reload = berth.call("reload");
  CHECK(reload.exit_code == 0);
  check_screen(reload, {"trusted"});
  CHECK(wait_until([&] { return has(seen(berth.port(), kFromProxy), "X-Forwarded-Proto: https\r\n"); }));
  check_screen(berth.call("status"), {"trusted 127.0.0.0/8"});
  check_clean_stop(berth);
}

TEST_CASE("trusted: berth check says which network is wrong, and what to write") {
  const TempDir dir;
  write_file(dir / "berth.toml", file_with("trusted = [\"10.0.0.1/8\"]", "127.0.0.1:8000"));
  const auto check = run_command({.command = {berth_binary(), "check"}, .dir = dir.path()});
  CHECK(check.exit_code != 0);
  check_screen(check, {"berth.toml:4:11", "'10.0.0.1/8' has bits set outside of its network", "10.0.0.0/8"});
  const auto run = run_command(
      {.command = {berth_binary(), "run", "--trusted", "localhost", "--", "true"}, .dir = dir.path()});
  CHECK(run.exit_code == 2);
  check_screen(run, {"--trusted", "'localhost' is not a network"});
}
