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

TEST_CASE(
    "demo: below a path, stripped or not, and as one of two apps, its links lead to it and its advice "
    "works") {
  std::string file;
  for (const char* app :
       {"[app.one]", "[app.two]\npath = \"/two\"", "[app.three]\npath = \"/deep/three\"\nstrip = true"})
    file +=
        std::string(app) + "\nlisten = \"127.0.0.1:0\"\ncommand = [\"" + berth_binary() + "\", \"demo\"]\n";
  BerthProcess berth({.file = file});
  for (const auto& each : {std::pair{"/", "one"}, {"/two/", "two"}, {"/deep/three/", "three"}}) {
    const char* const base = each.first;
    const char* const app = each.second;
    CAPTURE(app);
    const auto page = get(berth.port(), base).body;
    CHECK(page.find(std::string("<pre>berth swap ") + app + "</pre>") != std::string::npos);
    int links = 0;
    for (auto at = page.find("href=\""); at != std::string::npos; at = page.find("href=\"", at + 1)) {
      auto link = page.substr(at + 6, page.find('"', at + 6) - at - 6);
      if (link.starts_with("data:")) continue;
      CHECK_FALSE(link.starts_with("/"));
      if (link.starts_with("events")) continue;  // has no end
      if (const auto mark = link.find("&amp;"); mark != std::string::npos) link.replace(mark, 5, "&");
      const auto answer = get(berth.port(), base + link);
      CHECK(answer.status == (link == "status/404" ? 404 : 200));
      CHECK(answer.body.find("no such page") == std::string::npos);
      ++links;
    }
    CHECK(links >= 5);
    // The base without its slash is the same page.
    const auto bare = std::string(base).substr(0, std::string(base).size() - 1);
    if (!bare.empty()) CHECK(get(berth.port(), bare).body.find("<title>") != std::string::npos);
    const auto swap = berth.call("swap", {app});
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    CHECK(get(berth.port(), base + std::string("info")).body.find("\"generation\":\"2\"") !=
          std::string::npos);
  }
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
