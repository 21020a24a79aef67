#include "proxy/http/head_rules.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth;
using namespace berth::http;

namespace {

std::string forwarded(const std::string& text, std::uint32_t strip = 0) {
  RequestHead head;
  HeadError error;
  REQUIRE(read_request_head(text, {}, head, error) == HeadResult::Complete);
  loop::BlockPool pool;
  loop::Block out;
  write_request_head(
      head, {.address = "192.0.2.7", .client = "192.0.2.7", .listener = "127.0.0.1:8000", .strip = strip},
      pool, out);
  return std::string(out.view());
}

std::string answered(const std::string& text, ResponseRules rules) {
  ResponseHead head;
  HeadError error;
  REQUIRE(read_response_head(text, {}, false, head, error) == HeadResult::Complete);
  loop::BlockPool pool;
  loop::Block out;
  write_response_head(head, rules, pool, out);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("head rules: fields pass byte for byte and in order, ours follow") {
  CHECK(forwarded("GET /a HTTP/1.1\r\nHost: h\r\nX-odd:   two  words \r\nCookie: a=b\r\n\r\n") ==
        "GET /a HTTP/1.1\r\nHost: h\r\nX-odd:   two  words \r\nCookie: a=b\r\n"
        "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nVia: 1.1 "
        "berth\r\n\r\n");
}

TEST_CASE("head rules: what belongs to one hop, and the client's own forwarding fields, do not pass") {
  CHECK(
      forwarded(
          "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n"
          "Proxy-Connection: x\r\nUpgrade: foo\r\nX-Forwarded-For: 1.2.3.4\r\nX_Forwarded_Proto: "
          "x\r\nx-forwarded-port: 1\r\nForwarded: for=x\r\nX-End: "
          "1\r\n\r\n") ==
      "GET / HTTP/1.1\r\nHost: h\r\nX-End: 1\r\n"
      "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nVia: 1.1 "
      "berth\r\n\r\n");
}

TEST_CASE(
    "head rules: what a backend would take for berth's word on its client is replaced, however it is spelt") {
  CHECK(forwarded(
            "GET / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nX.Real.IP: 6.6.6.6\r\n"
            "X_Request_Id: x\r\nX~Forwarded~For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Real-Ipv4: "
            "1\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: h\r\nX-Real-Ipv4: 1\r\nX-Real-IP: 192.0.2.7\r\n"
        "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nVia: 1.1 "
        "berth\r\n\r\n");
}

TEST_CASE("head rules: a path that a prefix was taken off begins with one slash") {
  const auto path = [](const std::string& target) {
    const std::string head = forwarded("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n", 4);
    return head.substr(4, head.find(" HTTP/1.1") - 4);
  };
  CHECK(path("/api//evil.example/") == "/evil.example/");
  CHECK(path("/api////evil.example//x") == "/evil.example//x");
  CHECK(path("/api/\\evil.example/") == "/evil.example/");
  CHECK(path("/api\\") == "/");
  CHECK(path("/api///") == "/");
  CHECK(path("/api") == "/");
  CHECK(path("/api?//x") == "/?//x");
  CHECK(path("/api/a//b") == "/a//b");
  CHECK(path("http://h/api//evil/") == "/evil/");
  // What nothing was taken off is the client's own.
  CHECK(forwarded("GET //a HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("GET //a HTTP/1.1"));
}

TEST_CASE("head rules: an upgrade passes, h2c does not, trailers keep their TE") {
  CHECK(forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .find("Connection: upgrade\r\nUpgrade: websocket\r\n") != std::string::npos);
  const std::string h2c = forwarded(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
      "AAA\r\n\r\n");
  CHECK(h2c.find("pgrade") == std::string::npos);
  CHECK(h2c.find("HTTP2") == std::string::npos);
  CHECK(forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: TE\r\nTE: trailers\r\n\r\n")
            .find("Connection: TE\r\nTE: trailers\r\n") != std::string::npos);
}

TEST_CASE("head rules: an absolute-form target becomes origin-form and its host overrides Host") {
  CHECK(forwarded("GET http://real:81?x HTTP/1.1\r\nHost: lie\r\n\r\n")
            .starts_with("GET /?x HTTP/1.1\r\nHost: real:81\r\nX-Forwarded-For"));
}

TEST_CASE("head rules: a request of HTTP/1.0 without Host gets the listener's address") {
  const std::string out = forwarded("GET / HTTP/1.0\r\n\r\n");
  CHECK(out.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"));
  CHECK(out.find("Via: 1.0 berth") != std::string::npos);
}

TEST_CASE("head rules: a response loses the backend's hop and gets the client's") {
  const std::string text =
      "HTTP/1.0 200 Fine\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nContent-Length: 3\r\nServer: "
      "s\r\n\r\n";
  CHECK(answered(text, {}) == "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nServer: s\r\n\r\n");
  CHECK(answered(text, {.keep_alive = false}) ==
        "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nServer: s\r\nConnection: close\r\n\r\n");
  CHECK(answered(text, {.client_version = 10}) ==
        "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nServer: s\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("head rules: framing is added and taken away with the body's") {
  CHECK(answered("HTTP/1.1 200 OK\r\n\r\n", {.add_chunked = true}) ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                 {.client_version = 10, .keep_alive = false, .drop_framing = true}) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  CHECK(answered("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", {}) ==
        "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("head rules: a client of HTTP/1.0 is told of no coding, also where no body follows") {
  CHECK(answered("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n",
                 {.client_version = 10}) ==
        "HTTP/1.1 304 Not Modified\r\nX: 1\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("head rules: Connection removes neither what is added nor what is waited for") {
  const std::string out = forwarded(
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, Via, X-Request-Id, Expect, X-Own\r\n"
      "X-Request-Id: mine\r\nExpect: 100-continue\r\nX-Own: 1\r\n\r\n");
  CHECK(out.find("X-Request-Id: mine\r\nExpect: 100-continue\r\nX-Forwarded-For: 192.0.2.7\r\n") !=
        std::string::npos);
  CHECK(out.find("X-Own") == std::string::npos);
}

TEST_CASE("head rules: a 101 is one if it takes what was offered") {
  struct Row {
    const char* fields;
    bool takes;
  };
  const std::string request =
      forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket, Chat/2\r\n\r\n");
  for (const Row& row : {Row{"Connection: upgrade\r\nUpgrade: WebSocket\r\n", true},
                         Row{"Connection: x, Upgrade\r\nUpgrade: chat/2, websocket\r\n", true},
                         Row{"Connection: upgrade\r\nUpgrade: chat\r\n", false},
                         Row{"Connection: upgrade\r\nUpgrade: websocket, other\r\n", false},
                         Row{"Connection: upgrade\r\n", false}, Row{"Upgrade: websocket\r\n", false}}) {
    CAPTURE(std::string(row.fields));
    const std::string text = "HTTP/1.1 101 Switching Protocols\r\n" + std::string(row.fields) + "\r\n";
    ResponseHead head;
    HeadError error;
    REQUIRE(read_response_head(text, {}, false, head, error) == HeadResult::Complete);
    CHECK(takes_upgrade(head, request) == row.takes);
    CHECK_FALSE(
        takes_upgrade(head, forwarded("GET / HTTP/1.1\r\nHost: h\r\n\r\n") + "\r\nUpgrade: websocket"));
  }
}

TEST_CASE("head rules: what a backend says of its keep-alive") {
  const auto told = [](const std::string& terms) {
    const std::string text = "HTTP/1.1 204 No Content\r\nKeep-Alive: " + terms + "\r\n\r\n";
    ResponseHead head;
    HeadError error;
    REQUIRE(read_response_head(text, {}, false, head, error) == HeadResult::Complete);
    return told_keep_alive(head);
  };
  CHECK(told("timeout=5") == std::chrono::seconds(5));
  CHECK(told("max=100, Timeout=15") == std::chrono::seconds(15));
  for (const char* nothing :
       {"", "max=5", "timeout", "timeout=", "timeout=5s", "timeout=-1", "timeout=99999999999"})
    CHECK(told(nothing) == std::nullopt);
}

TEST_CASE("head rules: switching protocols keeps its two fields") {
  CHECK(answered(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: 1\r\n\r\n",
            {.tunnel = true}) ==
        "HTTP/1.1 101 Switching Protocols\r\nX: 1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}
