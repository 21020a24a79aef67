// WebSockets and event streams at a swap: ended in good order, drained, or left with the old backend.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "tests/conformance/recording_backend.h"
#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/web_socket.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// The demo behind a file: `keys` are lines of [app.web].
std::string demo_file(const std::string& keys) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = [\"" + berth_binary() +
         "\", \"demo\"]\nstop = { grace = \"2s\" }\n" + keys;
}

std::string generation(RawClient& client) {
  client.send("GET /info HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string body = client.read_response().body;
  const auto at = body.find("\"generation\":\"");
  return at == std::string::npos ? body : body.substr(at + 14, 1);
}

void open_web_socket(RawClient& client, const std::string& text, const std::string& path = "/ws") {
  client.send(web_socket_request(path));
  REQUIRE(client.read_response().status == 101);
  client.send(client_frame(text));
  REQUIRE(client.read_until(text).ends_with(text));
}

}  // namespace

TEST_CASE(
    "long: at a swap a WebSocket is closed with 1012 between two frames, and its answer reaches the "
    "backend") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"20s\"\n")});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  open_web_socket(client, "hello");
  ChildProcess swap(berth.call_options("swap"));
  // The whole frame, and nothing before it.
  CHECK(client.read_exactly(19) == "\x88\x11\x03\xf4service restart");
  client.send(client_frame("\x03\xf4", 8));
  CHECK(client.read_all(10s).empty());
  CHECK(client.closed());
  CHECK_FALSE(client.reset());
  CHECK(swap.wait_exit(15s) == ExitStatus{false, 0});
  CHECK(berth.call("why").all().find("1 WebSocket closed with 1012") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE(
    "long: who is to leave leaves before the deadline that would cut it off, however long the grace is") {
  BerthProcess berth({.file = demo_file("long_grace = \"1h\"\ndrain = \"1100ms\"\n")});
  REQUIRE(berth.wait_serving());
  std::optional<ChildProcess> swap;
  {
    RawClient client(berth.port());
    open_web_socket(client, "hello");
    swap.emplace(berth.call_options("swap"));
    CHECK(client.read_exactly(19) == "\x88\x11\x03\xf4service restart");
    client.send(client_frame("\x03\xf4", 8));
    CHECK(client.read_all(10s).empty());
  }
  CHECK(swap->wait_exit(15s) == ExitStatus{false, 0});
  CHECK(berth.call("why").all().find("1 WebSocket closed with 1012") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE(
    "long: when berth itself stops a WebSocket is closed with 1001, and an event stream ends behind an "
    "event") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"20s\"\n")});
  REQUIRE(berth.wait_serving());
  RawClient events(berth.port());
  events.send("GET /events?ms=20 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(events.read_until("id: 1\n").ends_with("id: 1\n"));
  std::optional<ChildProcess> stop;
  {
    RawClient client(berth.port());
    open_web_socket(client, "hello");
    stop.emplace(berth.call_options("stop"));
    const std::string close = client.read_exactly(4);
    REQUIRE(close.size() == 4);
    CHECK(close.starts_with("\x88"));
    CHECK(close.substr(2) == "\x03\xe9");
    CHECK(client.read_exactly(static_cast<std::size_t>(close[1]) - 2).size() + 2 ==
          static_cast<std::size_t>(close[1]));
    client.send(client_frame("\x03\xe9", 8));
    CHECK(client.read_all(10s).empty());
  }
  CHECK(events.read_all(10s).ends_with("\n\n\r\n0\r\n\r\n"));
  CHECK(stop->wait_exit(15s) == ExitStatus{false, 0});
}

TEST_CASE("long: a client that does not answer the Close frame is let go, and the swap ends") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"30s\"\n")});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  open_web_socket(client, "hello");
  CHECK(berth.swap().exit_code == 0);
  CHECK(client.read_all(10s) == "\x88\x11\x03\xf4service restart");
  CHECK(client.closed());
  check_clean_stop(berth);
}

TEST_CASE(
    "long: at a swap an event stream ends behind an event, and its connection goes on with the new one") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"20s\"\n")});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /events?ms=20 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  ChildProcess swap(berth.call_options("swap"));
  const auto stream = client.read_response(false, 20s);
  CHECK_MESSAGE(stream.complete, stream.error);
  CHECK(stream.body.ends_with("\n\n"));
  CHECK(stream.body.find("id: ") != std::string::npos);
  CHECK(generation(client) == "2");
  CHECK(swap.wait_exit(15s) == ExitStatus{false, 0});
  CHECK(berth.call("why").all().find("1 event stream ended") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("long: an HTTP/1.0 client's event stream ends behind an event, with its connection") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"20s\"\n")});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /events?ms=20 HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(client.read_until("id: 2\n").ends_with("id: 2\n"));
  CHECK(berth.swap().exit_code == 0);
  CHECK(client.read_all().ends_with("\n\n"));
  CHECK(client.closed());
  CHECK_FALSE(client.reset());
  check_clean_stop(berth);
}

TEST_CASE("long: an event stream that is compressed is waited for, since its events cannot be told apart") {
  HeldSocket old({});
  RecordingBackend next;
  BerthProcess berth({.file = "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { tcp = true }\ndrain = \"20s\"\n"
                              "long_grace = \"0ms\"\nexternal = \"127.0.0.1:" +
                              std::to_string(old.port()) + "\"\n"});
  RawClient client(berth.port());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  const int stream = old.accept_request("GET");
  const auto say = [stream](std::string_view bytes) {
    CHECK(::send(stream, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  };
  say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
      "Transfer-Encoding: chunked\r\n\r\n8\r\npacked\n\n\r\n");
  CHECK(client.read_until("packed\n\n").ends_with("packed\n\n"));
  ChildProcess swap(berth.call_options("swap", {"--to", "127.0.0.1:" + std::to_string(next.port())}));
  REQUIRE(swap.wait_output("switch", 10s));
  CHECK(get(berth.port(), "/").status == 200);  // the next one's: the old one answers nobody else
  say("7\r\nbehind\n\r\n0\r\n\r\n");
  CHECK(client.read_until("0\r\n\r\n") == "\r\n7\r\nbehind\n\r\n0\r\n\r\n");
  ::close(stream);
  CHECK(swap.wait_exit(15s) == ExitStatus{false, 0});
  check_clean_stop(berth);
}

TEST_CASE(
    "long: an event stream that answers a POST drains, and a cut is one that its client can see, counted by "
    "kind") {
  for (const char* version : {"1.1", "1.0"}) {
    CAPTURE(std::string(version));
    HeldSocket old({});
    RecordingBackend next;
    BerthProcess berth(
        {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { tcp = true }\ndrain = \"1s\"\n"
                 "long_grace = \"0ms\"\nexternal = \"127.0.0.1:" +
                 std::to_string(old.port()) + "\"\n"});
    RawClient client(berth.port());
    client.send("POST /chat HTTP/" + std::string(version) +
                "\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Length: 0\r\n\r\n");
    const int stream = old.accept_request("POST");
    const std::string_view events =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "d\r\ndata: token\n\n\r\n";
    CHECK(::send(stream, events.data(), events.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(events.size()));
    CHECK(client.read_until("token\n\n").ends_with("token\n\n"));
    const auto swap = berth.call("swap", {"--to", "127.0.0.1:" + std::to_string(next.port())});
    CHECK(swap.exit_code == 0);
    const std::string rest = client.read_all();
    CHECK((rest.empty() || rest == "\r\n"));
    CHECK(client.reset());
    check_screen(berth.call("why"),
                 {"1 event stream cut at the drain deadline", "1 event stream had to be cut"});
    CHECK(berth.call("why", {"--json"}).out.find(R"("event_streams":{"finished":0,"ended":0,"cut":1})") !=
          std::string::npos);
    ::close(stream);
    check_clean_stop(berth);
  }
}

TEST_CASE("long: drained ones go on until the deadline, pinned ones beyond it, each by its path") {
  BerthProcess berth({.file = demo_file("long_grace = \"0ms\"\ndrain = \"600ms\"\nlong = \"drain\"\n"
                                        "long_paths = { \"/ws\" = \"pin\" }\n")});
  REQUIRE(berth.wait_serving());
  RawClient pinned(berth.port());
  open_web_socket(pinned, "hello");
  RawClient drained(berth.port());
  drained.send("GET /events?ms=20 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(drained.read_until("id: 1\n").ends_with("id: 1\n"));
  const auto swap = berth.swap();
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  CHECK(swap.all().find("pinned") != std::string::npos);
  drained.read_all();
  CHECK(drained.closed());
  pinned.send(client_frame("still here"));
  CHECK(pinned.read_until("still here").ends_with("still here"));
  CHECK(berth.call("status").all().find("pinned") != std::string::npos);
  // Its end is the old one's, too; the stop waits for no pin.
  check_clean_stop(berth);
  CHECK(pinned.read_all().empty());
}
