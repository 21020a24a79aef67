#include "bench/load/request_source.h"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

using namespace berth::load;

namespace {

RequestSource source_of(std::vector<RequestShape> shapes, const std::string& host = "localhost") {
  return {std::move(shapes), host, 1};
}

}  // namespace

TEST_CASE("request source: shapes come in turn, by weight") {
  RequestSource source = source_of({RequestShape{.target = "/a", .weight = 2}, RequestShape{.target = "/b"}});
  Request request;
  std::string seen;
  for (int i = 0; i < 6; ++i) {
    source.next(request, false);
    seen += request.shape->target;
  }
  CHECK(seen == "/a/b/a/a/b/a");
}

TEST_CASE("request source: a mix is smooth: no shape comes in a bunch, and each round has its shares") {
  RequestSource source =
      source_of({RequestShape{.target = "a", .weight = 5}, RequestShape{.target = "b", .weight = 3},
                 RequestShape{.target = "c", .weight = 2}});
  Request request;
  std::string seen;
  for (int i = 0; i < 30; ++i) {
    source.next(request, false);
    seen += request.shape->target;
  }
  CHECK(seen.substr(0, 10) == "abcaabacba");
  CHECK(seen == seen.substr(0, 10) + seen.substr(0, 10) + seen.substr(0, 10));
}

TEST_CASE("request source: a method that means a body says when there is none") {
  RequestSource source = source_of({RequestShape{.method = "POST"}, RequestShape{.method = "DELETE"}});
  Request request;
  source.next(request, false);
  CHECK(request.wire.ends_with("\r\nContent-Length: 0\r\n\r\n"));
  source.next(request, false);
  CHECK(request.wire.find("Content-Length") == std::string::npos);
}

TEST_CASE("request source: the head is what HTTP asks for") {
  RequestSource source =
      source_of({RequestShape{.target = "/x?y=1", .fields = "X-A: b\r\n"}}, "example.test");
  Request request;
  source.next(request, false);
  CHECK(request.wire == "GET /x?y=1 HTTP/1.1\r\nHost: example.test\r\nX-A: b\r\n\r\n");
  source.next(request, true);
  CHECK(request.wire.find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("request source: a body with a length follows the head, within its bounds and never the same") {
  RequestSource source = source_of({RequestShape{.method = "POST", .body_min = 100, .body_max = 200}});
  Request request;
  std::set<std::string> bodies;
  for (int i = 0; i < 50; ++i) {
    source.next(request, false);
    REQUIRE(request.tail.size() >= 100);
    REQUIRE(request.tail.size() <= 200);
    REQUIRE(request.wire.find("Content-Length: " + std::to_string(request.tail.size()) + "\r\n") !=
            std::string::npos);
    bodies.emplace(request.body);
  }
  CHECK(bodies.size() == 50);
}

TEST_CASE("request source: a chunked body is framed and ends") {
  RequestSource source =
      source_of({RequestShape{.method = "POST", .body_min = 30'000, .body_max = 30'000, .chunked = true}});
  Request request;
  source.next(request, false);
  CHECK(request.tail.empty());
  CHECK(request.body.size() == 30'000);
  CHECK(request.wire.size() > 30'000);
  CHECK(request.wire.ends_with("\r\n0\r\n\r\n"));
}

TEST_CASE("request source: plans without meaning are refused") {
  CHECK_THROWS_AS(source_of({}), std::invalid_argument);
  CHECK_THROWS_AS(source_of({RequestShape{.body_min = 2, .body_max = 1}}), std::invalid_argument);
}

TEST_CASE("request source: what a request says of its connection is known, in any case and list") {
  struct Row {
    const char* fields;
    bool closes;
  };
  for (const Row& row : {Row{"", false},
                         {"Connection: close\r\n", true},
                         {"connection:CLOSE\r\n", true},
                         {"Connection: keep-alive, Close\r\n", true},
                         {"Connection: x\r\nX-A: b\r\nConnection: close\r\n", true},
                         {"Connection: closed\r\n", false},
                         {"X-Connection: close\r\n", false},
                         {"Connection: keep-alive\r\n", false}}) {
    CAPTURE(row.fields);
    RequestSource source = source_of({RequestShape{.fields = row.fields}});
    Request request;
    source.next(request, false);
    CHECK(request.closes == row.closes);
    source.next(request, true);
    CHECK(request.closes);
    // Said once: neither left out nor doubled.
    const bool said = request.wire.find("Connection: close\r\n") != std::string::npos;
    CHECK(said == (!row.closes || std::string(row.fields).find("Connection: close") != std::string::npos));
  }
}

TEST_CASE("request source: only a request with a body expects 100 (Continue), and its head stands alone") {
  RequestSource source = source_of(
      {RequestShape{.fields = "Expect: 100-Continue\r\nX-A: b\r\n"},
       RequestShape{.method = "POST", .fields = "Expect: 100-continue\r\n", .body = "text"},
       RequestShape{
           .method = "POST", .fields = "Expect: 100-continue\r\n", .body = "text", .chunked = true}});
  Request request;
  source.next(request, false);
  CHECK_FALSE(request.expects);
  CHECK(request.wire == "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    source.next(request, false);
    CHECK(request.expects);
    CHECK(request.wire.find("\r\nExpect: 100-continue\r\n") != std::string::npos);
    CHECK(request.wire.substr(0, request.head).ends_with("\r\n\r\n"));
    CHECK(request.wire.find("text") >= request.head);
  }
}
