// The embedded demo server behind berth: what a first user sees, and the tunnels and streams that it offers.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/web_socket.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("demo: the page shows its generation and the next one") {
  BerthProcess berth({.command = demo()});
  REQUIRE(berth.wait_serving());
  CHECK(get(berth.port(), "/").body.find("<span id=\"generation\">1</span>") != std::string::npos);
  CHECK(get(berth.port(), "/info").body.find("\"generation\":\"1\"") != std::string::npos);
  const auto swap = berth.swap();
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  CHECK(get(berth.port(), "/info").body.find("\"generation\":\"2\"") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("demo: a WebSocket echoes through berth and is ended at the drain deadline") {
  BerthProcess berth({.command = demo(), .drain = "700ms"});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send(web_socket_request());
  const auto response = client.read_response();
  CHECK(response.status == 101);
  CHECK(response.field("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  for (int i = 0; i < 20; ++i) {
    const auto text = "message " + std::to_string(i) + ".";
    client.send(client_frame(text));
    CHECK(client.read_until(text).ends_with(text));
  }
  const auto swap = berth.swap();
  CHECK(swap.exit_code == 0);
  client.read_all();
  CHECK(client.closed());
  check_clean_stop(berth);
}

TEST_CASE("demo: a large download is whole across a swap") {
  BerthProcess berth({.command = demo(), .drain = "20s"});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /big?bytes=50000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // The head has come, the rest waits in the sockets: it is read only when the swap is past its switch.
  const auto head = client.read_until("\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200"));
  ChildProcess swap(berth.call_options("swap"));
  REQUIRE(swap.wait_output("switch", 10s));
  CHECK(get(berth.port(), "/info").body.find("\"generation\":\"2\"") != std::string::npos);
  const auto body = client.read_exactly(50'000'000);
  CHECK(body.size() == 50'000'000);
  CHECK(body.substr(49'999'984) == "000000002faf070\n");
  CHECK(swap.wait_exit(15s) == ExitStatus{false, 0});
  check_clean_stop(berth);
}

TEST_CASE("demo: an event stream flows and ends with its server") {
  BerthProcess berth({.command = demo(), .drain = "700ms"});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /events?ms=20 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(client.read_until("id: 3\n").ends_with("id: 3\n"));
  const auto swap = berth.swap();
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  // In good order, before the drain's deadline: the connection goes on.
  CHECK(client.read_until("\r\n0\r\n\r\n").ends_with("\n\n\r\n0\r\n\r\n"));
  CHECK_FALSE(client.closed());
  check_clean_stop(berth);
}

TEST_CASE("demo: a crash before the answer is told by berth, and the next request is answered") {
  BerthProcess berth({.command = demo()});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("POST /crash?before=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  const auto response = client.read_response();
  CHECK(response.status == 502);
  CHECK(response.field("Server") == "berth");
  CHECK(get(berth.port(), "/info").status == 200);
  check_clean_stop(berth);
}
