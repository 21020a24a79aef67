// What a client sends and gets through berth: bytes as they are, fields as an intermediary must treat them.
#include <doctest/doctest.h>
#include <strings.h>

#include <sstream>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

struct Front {
  BerthProcess berth{{.command = scripted({"--name", "here"})}};
  Front() { REQUIRE(berth.wait_serving()); }
  ~Front() { check_clean_stop(berth); }
  std::uint16_t port() const { return berth.port(); }
};

std::string pattern(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

/// How often a field occurs in a head, any case.
int count_field(const std::string& head, std::string name) {
  std::istringstream lines(head);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find(':'));
    if (line.size() == name.size() && strcasecmp(line.c_str(), name.c_str()) == 0) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("forwarding: GET, HEAD, 204 and 304 over one connection") {
  Front front;
  RawClient client(front.port());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_response().body == "here\n");
  client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.read_response(true);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "5");
  for (const int status : {204, 304, 404, 500, 301}) {
    CAPTURE(status);
    client.send("GET /status/" + std::to_string(status) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto response = client.read_response();
    CHECK(response.complete);
    CHECK(response.status == status);
    CHECK(response.field("Server") == "scripted");
  }
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(client.read_response().body == "here\n");
  CHECK(client.read_all() == "");
  CHECK(client.closed());
}

TEST_CASE("forwarding: bodies with a length and chunked come back byte for byte, small and large") {
  Front front;
  RawClient client(front.port());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{5'000}, std::size_t{3'000'000}}) {
    CAPTURE(size);
    const auto body = pattern(size);
    REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) +
                        "\r\n\r\n" + body));
    const auto plain = client.read_response();
    CHECK(plain.status == 200);
    CHECK((plain.body == body));
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size; at += 70'000) {
      const auto piece = body.substr(at, 70'000);
      std::ostringstream length;
      length << std::hex << piece.size();
      chunked += length.str() + ";ext=1\r\n" + piece + "\r\n";
    }
    REQUIRE(client.send(chunked + "0\r\n\r\n"));
    const auto streamed = client.read_response();
    CHECK(streamed.status == 200);
    CHECK((streamed.body == body));
  }
}

TEST_CASE("forwarding: pipelined requests are answered in order") {
  Front front;
  RawClient client(front.port());
  std::string all;
  for (int i = 0; i < 10; ++i) {
    all += "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  }
  client.send(all);
  for (int i = 0; i < 10; ++i) CHECK(client.read_response().body == std::to_string(i));
}

TEST_CASE("forwarding: an expected 100 comes before the body is sent") {
  Front front;
  RawClient client(front.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  client.send("hello");
  CHECK(client.read_response().body == "hello");
}

TEST_CASE("forwarding: a response before the body is read is passed on") {
  Front front;
  RawClient client(front.port());
  client.send("POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\nsome");
  const auto response = client.read_response();
  CHECK(response.status == 413);
  CHECK(response.field("Server") == "scripted");
}

TEST_CASE("forwarding: the backend sees who asks, and none of what belongs to one hop") {
  Front front;
  RawClient client(front.port());
  client.send(
      "GET /head?x=%20y HTTP/1.1\r\nHost: example.test:81\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: "
      "evil\r\n"
      "X-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nTE: gzip\r\nX-Keep: Value  inside\r\n\r\n");
  const auto head = client.read_response().body;
  INFO(head);
  CHECK(head.starts_with("GET /head?x=%20y HTTP/1.1\r\n"));
  CHECK(head.find("Host: example.test:81\r\n") != std::string::npos);
  CHECK(head.find("X-Forwarded-For: 127.0.0.1\r\n") != std::string::npos);
  CHECK(head.find("X-Forwarded-Proto: http\r\n") != std::string::npos);
  CHECK(head.find("X-Forwarded-Host: example.test:81\r\n") != std::string::npos);
  CHECK(head.find("X-Keep: Value  inside\r\n") != std::string::npos);
  for (const auto* name : {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Host"}) {
    CHECK(count_field(head, name) == 1);
  }
  for (const auto* name : {"Forwarded", "X-Hop", "Keep-Alive", "Proxy-Connection", "TE"}) {
    CAPTURE(name);
    CHECK(count_field(head, name) == 0);
  }
}

TEST_CASE("forwarding: HTTP/1.0 clients get what they understand") {
  Front front;
  RawClient old(front.port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  const auto plain = old.read_response();
  CHECK(plain.status == 200);
  CHECK(plain.body == "here\n");
  old.read_all();
  CHECK(old.closed());

  RawClient stream(front.port());
  stream.send("GET /forever HTTP/1.0\r\n\r\n");
  const auto begun = stream.read_until("moremore");
  CHECK(begun.ends_with("moremore"));
  CHECK(begun.find("Transfer-Encoding") == std::string::npos);
}

TEST_CASE("forwarding: a stream flows as it comes") {
  Front front;
  RawClient client(front.port());
  client.send("GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < 5; ++i) CHECK(client.read_until("more\r\n").ends_with("more\r\n"));
}

TEST_CASE("forwarding: a response that the backend cuts off is cut off for the client too") {
  Front front;
  RawClient client(front.port());
  client.send("GET /cut HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto response = client.read_response();
  CHECK(response.status == 200);
  CHECK_FALSE(response.complete);
  CHECK(client.closed());
}

TEST_CASE("forwarding: a large response that the backend cuts off is cut off for the client too") {
  TempDir dir;
  const auto body = pattern(2'000'000);
  write_file(dir / "reply", "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body);
  BerthProcess berth({.command = scripted({"--reply", dir / "reply"})});
  REQUIRE(berth.wait_serving());
  const auto response = get(berth.port(), "/raw");
  CHECK(response.status == 200);
  CHECK_FALSE(response.complete);
  CHECK(body.starts_with(response.body));
  check_clean_stop(berth);
}

TEST_CASE(
    "forwarding: a request that two servers pass to each other is answered 508, and two in a row are no "
    "loop") {
  const auto app = [](const std::string& external) {
    return BerthOptions{.file = "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { tcp = true }\nexternal = \"" +
                                external + "\"\n"};
  };
  BerthProcess backend({.command = scripted({"--name", "here"})});
  REQUIRE(backend.wait_serving());
  BerthProcess second(app("attach"));
  REQUIRE(second.call("attach", {"127.0.0.1:" + std::to_string(backend.port())}).exit_code == 0);
  BerthProcess first(app("127.0.0.1:" + std::to_string(second.port())));
  CHECK(who_answers(first.port()) == "here");
  REQUIRE(second.call("attach", {"127.0.0.1:" + std::to_string(first.port())}).exit_code == 0);
  const RawResponse loop = get(first.port(), "/");
  CHECK(loop.head.starts_with("HTTP/1.1 508 Loop Detected\r\n"));
  CHECK(loop.field("Server") == "berth");
  CHECK(first.stop() == ExitStatus{false, 0});
  CHECK(second.stop() == ExitStatus{false, 0});
  check_clean_stop(backend);
}

TEST_CASE("forwarding: answers that are no HTTP become a 502 of berth's own") {
  TempDir dir;
  struct Row {
    std::string name;
    const char* bytes;
  };
  const Row rows[] = {
      {"nonsense", "what is this?\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"length and chunked",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"nothing", ""},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-"},
      {"unasked upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
  };
  BerthProcess berth({.command = scripted({"--reply", dir / "reply"})});
  REQUIRE(berth.wait_serving());
  for (const auto& row : rows) {
    CAPTURE(row.name);
    write_file(dir / "reply", row.bytes);
    const auto response = get(berth.port(), "/raw");
    CHECK(response.status == 502);
    CHECK(response.field("Server") == "berth");
  }
  check_clean_stop(berth);
}

TEST_CASE("forwarding: raw answers pass unchanged in their body") {
  TempDir dir;
  struct Row {
    std::string name;
    const char* bytes;
    const char* body;
  };
  const Row rows[] = {
      {"until close", "HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
      {"1.0", "HTTP/1.0 200 OK\r\n\r\nold", "old"},
      {"chunked with trailer",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", "abc"},
      {"early hints",
       "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
  };
  BerthProcess berth({.command = scripted({"--reply", dir / "reply"})});
  REQUIRE(berth.wait_serving());
  for (const auto& row : rows) {
    CAPTURE(row.name);
    write_file(dir / "reply", row.bytes);
    const auto response = get(berth.port(), "/raw");
    CHECK(response.status == 200);
    CHECK(response.complete);
    CHECK(response.body == row.body);
  }
  check_clean_stop(berth);
}
