// What a reload changes is seen by the next request, key by key: the workers have it, and not only the
// status. One table, which a key of these tables of the file has to join.
#include <doctest/doctest.h>

#include <fstream>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/key_table.h"
#include "tests/e2e/checks.h"
#include "tests/support/full_backlog.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"
#include "tests/support/web_socket.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// Asks as the test's request says, on a connection of its own.
RawResponse ask(BerthProcess& berth, const std::string& target, const std::string& fields = {},
                const std::string& method = "GET") {
  RawClient client(berth.port());
  client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  return client.read_response();
}

bool field_is_there(BerthProcess& berth, const char* name) { return !ask(berth, "/").field(name).empty(); }

/// What the backend was told, as it came.
bool backend_sees(BerthProcess& berth, const std::string& line, const std::string& fields = {}) {
  return ask(berth, "/head", fields).body.find(line) != std::string::npos;
}

bool status_has(BerthProcess& berth, const std::string& text) {
  return wait_until([&] { return berth.call("status", {"--json"}).out.find(text) != std::string::npos; });
}

/// A WebSocket to the demo is told to come again by the swap, at once.
bool web_socket_is_ended(BerthProcess& berth, const std::string& path = "/ws") {
  RawClient client(berth.port());
  client.send(web_socket_request(path));
  if (client.read_response().status != 101) return false;
  ChildProcess swap(berth.call_options("swap"));
  const bool ended = client.read_until("service restart", 5s).ends_with("service restart");
  client.leave();
  swap.wait_exit(30s);
  return ended;
}

bool body_is_cut(BerthProcess& berth) {
  RawClient client(berth.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
  return client.read_response(false, 15s).status == 408;
}

/// While it is paused, how many of two requests are refused within some seconds.
int refused_in_a_pause(BerthProcess& berth) {
  REQUIRE(berth.call("pause").exit_code == 0);
  RawClient first(berth.port());
  RawClient second(berth.port());
  int refused = 0;
  for (RawClient* client : {&first, &second}) client->send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (RawClient* client : {&first, &second})
    refused += client->read_response(false, 3s).status == 503 ? 1 : 0;
  REQUIRE(berth.call("resume").exit_code == 0);
  return refused;
}

/// Two workers have one connection each to the backend, at the most.
bool some_of_four_wait(BerthProcess& berth) {
  RawClient clients[] = {RawClient(berth.port()), RawClient(berth.port()), RawClient(berth.port()),
                         RawClient(berth.port())};
  for (RawClient& client : clients)
    client.send("GET /slow?300 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  for (RawClient& client : clients) CHECK(client.read_response().status == 200);
  return berth.call("status", {"--json"}).out.find("\"held_total\":0") == std::string::npos;
}

bool partial_head_is_refused(BerthProcess& berth) {
  RawClient client(berth.port());
  client.send("GET / HTTP/1.1\r\nHo");
  return client.read_response(false, 10s).status == 408;
}

bool idle_is_closed(BerthProcess& berth) {
  RawClient client(berth.port());
  client.read_all(10s);
  return client.closed();
}

bool second_connection_is_refused(BerthProcess& berth) {
  RawClient first(berth.port());
  first.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  first.read_response();
  RawClient second(berth.port());
  return second.read_response(false, 5s).status == 503;
}

bool second_connection_waits(BerthProcess& berth) {
  RawClient first(berth.port());
  first.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  first.read_response();
  RawClient second(berth.port());
  second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return second.read_response(false, 700ms).status == 0;
}

struct Row {
  std::string key;    ///< as the tables of the file have it
  std::string value;  ///< what it is changed to
  bool (*holds)(BerthProcess&);
  bool demo = false;    ///< the backend is the demo, which has a WebSocket
  std::string other{};  ///< further lines of the app, before and after
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {"app.NAME.fields.request_id", "false",
       [](BerthProcess& b) { return !field_is_there(b, "X-Request-Id"); }},
      {"app.NAME.fields.server_timing", "true",
       [](BerthProcess& b) { return field_is_there(b, "Server-Timing"); }},
      {"app.NAME.fields.generation", "true",
       [](BerthProcess& b) { return field_is_there(b, "Berth-Generation"); }},
      {"app.NAME.limits.body_stall", "\"300ms\"", body_is_cut},
      {"app.NAME.limits.body_min_rate", "\"1MiB\"", body_is_cut},
      {"app.NAME.limits.connect_timeout", "\"300ms\"",
       [](BerthProcess& b) { return ask(b, "/").status == 504; }},
      {"app.NAME.limits.response_timeout", "\"100ms\"",
       [](BerthProcess& b) { return ask(b, "/slow?20000").status == 504; }},
      {"app.NAME.limits.stream_idle", "\"300ms\"",
       [](BerthProcess& b) {
         RawClient client(b.port());
         client.send(web_socket_request());
         CHECK(client.read_response().status == 101);
         client.read_all(10s);
         return client.closed();
       },
       true},
      {"app.NAME.limits.upstream_idle", "\"100ms\"",
       [](BerthProcess& b) {
         CHECK(ask(b, "/").status == 200);
         return status_has(b, "\"upstream_idle\":0");
       }},
      {"app.NAME.limits.max_upstream", "1", some_of_four_wait},
      {"app.NAME.limits.hold_timeout", "\"100ms\"",
       [](BerthProcess& b) { return refused_in_a_pause(b) == 2; }},
      {"app.NAME.limits.hold_requests", "1", [](BerthProcess& b) { return refused_in_a_pause(b) == 1; }},
      {"app.NAME.long", "\"drain\"", [](BerthProcess& b) { return !web_socket_is_ended(b); }, true,
       "long_grace = \"0ms\"\n"},
      {"app.NAME.long_grace", "\"0ms\"", [](BerthProcess& b) { return web_socket_is_ended(b); }, true},
      {"app.NAME.long_paths", "{ \"/\" = \"drain\" }",
       [](BerthProcess& b) { return !web_socket_is_ended(b); }, true, "long_grace = \"0ms\"\n"},
      {"app.NAME.path", "\"/below\"", [](BerthProcess& b) { return ask(b, "/").status == 404; }},
      {"app.NAME.strip", "true",
       [](BerthProcess& b) { return ask(b, "/x/head").body.find("GET /head ") != std::string::npos; }, false,
       "path = \"/x\"\n"},
      {"app.NAME.host", "\"other.example\"", [](BerthProcess& b) { return ask(b, "/").status == 421; }},
      {"listener.ADDRESS.head_timeout", "\"300ms\"", partial_head_is_refused},
      {"listener.ADDRESS.idle_timeout", "\"300ms\"", idle_is_closed},
      {"listener.ADDRESS.max_head", "\"1KiB\"",
       [](BerthProcess& b) { return ask(b, "/", "X: " + std::string(2'000, 'x') + "\r\n").status == 431; }},
      {"listener.ADDRESS.max_fields", "2",
       [](BerthProcess& b) { return ask(b, "/", "A: 1\r\nB: 2\r\nC: 3\r\n").status == 431; }},
      {"listener.ADDRESS.max_connections", "1", second_connection_waits},
      {"listener.ADDRESS.max_per_client", "1", second_connection_is_refused},
      {"listener.ADDRESS.trusted", "[\"127.0.0.0/8\"]",
       [](BerthProcess& b) {
         return backend_sees(b, "192.0.2.1, 127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n");
       }},
  };
  return kRows;
}

/// The file, with the row's key as it is meant, or without it.
std::string file_of(const Row& row, const std::string& address, const std::string& backend, bool with) {
  const std::size_t dot = row.key.rfind('.');
  const std::string table = row.key.substr(0, dot);
  const std::string line = with ? row.key.substr(dot + 1) + " = " + row.value + "\n" : "";
  std::string text = "[front]\nworkers = 2\n[app.web]\nlisten = \"" + address + "\"\n" + backend + row.other;
  if (table == "app.NAME") return text + line;
  if (table == "listener.ADDRESS") return text + "[listener.\"" + address + "\"]\n" + line;
  return text + "[app.web." + table.substr(9) + "]\n" + line;
}

void check_row(const Row& row) {
  CAPTURE(row.key);
  std::optional<FullBacklog> full;
  std::string backend = "command = " + scripted_toml({"--name", "web"}) + "\n";
  if (row.demo) backend = "command = [\"" + berth_binary() + "\", \"demo\"]\ndrain = \"10s\"\n";
  if (row.key.ends_with("connect_timeout")) {
    full.emplace();
    backend = "external = \"" + full->address() + "\"\nready = { tcp = true }\n";
  }
  // Its own number: a listener's table has the address to the letter.
  std::string address = "127.0.0.1:0";
  BerthProcess berth({.file = file_of(row, address, backend, false)});
  REQUIRE(berth.child().wait_output("web#1   serving", 15s));
  if (full) full->fill();
  std::ofstream(berth.file(), std::ios::trunc) << file_of(row, address, backend, true);
  const auto reload = berth.call("reload");
  INFO(reload.all());
  CHECK(reload.exit_code == 0);
  const bool of_fields = row.key.starts_with("app.NAME.fields.");
  const std::string told = of_fields ? "fields" : row.key.substr(row.key.rfind('.') + 1);
  CHECK(reload.out.find(told + " changed") != std::string::npos);
  CHECK(row.holds(berth));
}

/// Side by side: nearly all of their time is waited.
void check_rows_of(const std::vector<std::string>& prefixes) {
  std::vector<std::future<void>> all;
  for (const Row& row : rows())
    for (const std::string& prefix : prefixes)
      if (row.key.starts_with(prefix))
        all.push_back(std::async(std::launch::async, [&row] { check_row(row); }));
  for (std::future<void>& each : all) each.get();
}

}  // namespace

TEST_CASE("reload: every key that a worker goes by has its row") {
  std::set<std::string> seen;
  for (const Row& row : rows()) seen.insert(row.key);
  const std::set<std::string> by_workers{"app.NAME.fields", "app.NAME.limits", "listener.ADDRESS"};
  for (const berth::FileTable& table : berth::file_tables())
    for (const berth::FileKey& key : table.keys) {
      const std::string name = table.name + "." + key.name;
      CAPTURE(name);
      if (by_workers.contains(table.name)) CHECK(seen.contains(name));
    }
}

TEST_CASE("reload: a changed field or way of an app holds for the next request") {
  check_rows_of({"app.NAME.fields", "app.NAME.path", "app.NAME.strip", "app.NAME.host"});
}

TEST_CASE("reload: a changed limit of an app holds for the next request") {
  check_rows_of({"app.NAME.limits"});
}

TEST_CASE("reload: what becomes of long connections is changed for the next swap") {
  check_rows_of({"app.NAME.long"});
}

TEST_CASE("reload: a changed key of a listener holds for the next connection") {
  check_rows_of({"listener"});
}
