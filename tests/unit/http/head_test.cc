#include "proxy/http/head.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proxy/http/field_text.h"

using namespace berth::http;

namespace {

struct Refused {
  const char* text;
  int status;
};

HeadResult request(const std::string& text, RequestHead& head, HeadError& error, HeadLimits limits = {}) {
  return read_request_head(text, limits, head, error);
}

HeadResult response(const std::string& text, ResponseHead& head, HeadError& error, bool to_head = false) {
  return read_response_head(text, {}, to_head, head, error);
}

std::string with(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

}  // namespace

TEST_CASE("head: a plain request is read with its fields in order") {
  RequestHead head;
  HeadError error;
  const std::string text =
      "GET /a?b=c HTTP/1.1\r\nHost: example.org:8000\r\nX-One: 1\r\nAccept: text/html\r\n\r\nrest";
  REQUIRE(request(text, head, error) == HeadResult::Complete);
  CHECK(head.method == "GET");
  CHECK(head.path == "/a?b=c");
  CHECK(head.host == "example.org:8000");
  CHECK(head.version == 11);
  CHECK(head.keep_alive);
  CHECK(head.accepts_html);
  CHECK(head.framing == Framing::None);
  CHECK(head.raw.size() == text.size() - 4);
  REQUIRE(head.fields.size() == 3);
  CHECK(head.fields[1].name == "X-One");
  CHECK(head.fields[1].value == "1");
}

TEST_CASE("head: every prefix of a request needs more and says nothing else") {
  RequestHead head;
  HeadError error;
  const std::string text =
      "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Long: some value here\r\n\r\n";
  for (std::size_t n = 1; n < text.size(); ++n) {
    CAPTURE(n);
    CHECK(request(text.substr(0, n), head, error) == HeadResult::NeedMore);
  }
  CHECK(request(text, head, error) == HeadResult::Complete);
  CHECK(head.framing == Framing::Length);
  CHECK(head.length == 5);
}

TEST_CASE("head: what two readers could understand differently is refused") {
  const std::vector<Refused> cases = {
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: 05\r\n", 400},
      {"Content-Length: \r\n", 400},
      {"Content-Length: 5 5\r\n", 400},
      {"Content-Length: 99999999999999999999\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: gzip, deflate\r\n", 400},
      {"Transfer-Encoding: gzip, chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked, gzip, chunked\r\n", 400},
      {"Transfer-Encoding: gzip, chunked,\r\n", 400},
      {"Transfer-Encoding: gzip,, chunked\r\n", 400},
      {"Transfer-Encoding: gzip;q=1, chunked\r\n", 400},
      {"Transfer-Encoding: gzip, \"chunked\"\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n", 501},
      {"Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: gzip\t,deflate , CHUNKED\r\n", 501},
      {"Transfer-Encoding: chunked;x=1\r\n", 400},
      {"Transfer-Encoding: ,chunked\r\n", 400},
      {"Transfer-Encoding: \r\n", 400},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: gzip\r\n", 501},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"X: a\r\n folded\r\n", 400},
      {"X:\r\n folded\r\n", 400},
      {"X: a\r\n\tfolded\r\n", 400},
      {"X: a\nY: b\r\n", 400},
      {"X: a\rb\r\n", 400},
      {"Host: b\r\n", 400},
      {": empty\r\n", 400},
      {"X y: a\r\n", 400},
  };
  for (const Refused& each : cases) {
    CAPTURE(std::string(each.text));
    RequestHead head;
    HeadError error;
    CHECK(request(with(each.text), head, error) == HeadResult::Bad);
    CHECK(error.status == each.status);
  }
}

TEST_CASE("head: a NUL in a value is refused") {
  RequestHead head;
  HeadError error;
  CHECK(request(with(std::string("X: a\0b\r\n", 8)), head, error) == HeadResult::Bad);
}

TEST_CASE("head: request lines that are not HTTP's are refused with the status that says why") {
  const std::vector<Refused> cases = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"GET /\r\nHost: a\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET http://u@h/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
  };
  for (const Refused& each : cases) {
    CAPTURE(std::string(each.text));
    RequestHead head;
    HeadError error;
    CHECK(request(each.text, head, error) == HeadResult::Bad);
    if (std::string_view(each.text) != "GET /\r\nHost: a\r\n\r\n") CHECK(error.status == each.status);
  }
}

TEST_CASE("head: each refusal says why") {
  struct Reason {
    std::string text;
    int status;
    std::string reason;
  };
  const std::string malformed = "the head of the message is malformed";
  const std::string length = "Content-Length is malformed, repeated or beside Transfer-Encoding";
  const std::string coding = "Transfer-Encoding is repeated or beside Content-Length";
  const std::vector<Reason> cases = {
      {"G\"T / HTTP/1.1\r\n\r\n", 400, malformed},
      {"GET / HTTP/1.1\n\r\n", 400, malformed},
      {"GET / HTTP/1.1 \r\n\r\n", 400, malformed},
      {"GET / http/1.1\r\n\r\n", 400, malformed},
      {"GET / HTTP/1.10\r\n\r\n", 400, malformed},
      {"GET / HTTP/2.0\r\n\r\n", 505, "the HTTP version is not 1.0 or 1.1"},
      {"GET / HTTP/0.9\r\n\r\n", 505, "the HTTP version is not 1.0 or 1.1"},
      {"GET /\xff HTTP/1.1\r\n\r\n", 400, "the request target has a character that must be percent-encoded"},
      {"GET /\xff HTTP/2.0\r\n\r\n", 400, "the request target has a character that must be percent-encoded"},
      {"GET / HTTP/2\r\n\r\n", 505, "the HTTP version is not 1.0 or 1.1"},
      {"GET / HTTP/11.1\r\n\r\n", 400, malformed},
      {with("Content-Length: 9223372036854775808\r\n"), 400, length},
      {with("Content-Length: 9999999999999999999\r\n"), 400, length},
      {with("X : a\r\n"), 400, malformed},
      {with("X: a\r\n b\r\n"), 400, "a header line is folded"},
      {with("Connection: a b\r\n"), 400, malformed},
      {with("Proxy-Connection: \"a\"\r\n"), 400, malformed},
      {with("Content-Length: 1\r\nContent-Length: 2\r\n"), 400, length},
      {with("Content-Length: -1\r\n"), 400, length},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400, length},
      {with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400, coding},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, coding},
      {with("Transfer-Encoding: gzip\r\n"), 501, "Transfer-Encoding is not exactly `chunked`"},
      {with("Transfer-Encoding: chunked, \r\n"), 400, "Transfer-Encoding is not exactly `chunked`"},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding in HTTP/1.0"},
      {with("HOST: a\r\n"), 400, "there are two Host fields"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host is malformed"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"},
  };
  for (const Reason& each : cases) {
    CAPTURE(each.text);
    RequestHead head;
    HeadError error;
    CHECK(request(each.text, head, error) == HeadResult::Bad);
    CHECK(error.status == each.status);
    CHECK(error.reason == each.reason);
  }
}

TEST_CASE("head: whether a connection goes on is in its options and its version") {
  struct Case {
    const char* version;
    const char* fields;
    bool keep_alive;
  };
  const std::vector<Case> cases = {
      {"1.1", "", true},
      {"1.0", "", false},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: foo,, CLOSE ,bar\r\n", false},
      {"1.1", "Connection: foo\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed, x-close\r\n", true},
      {"1.1", "Connection: \r\n", true},
      {"1.1", "Connection: ,\r\n", true},
      {"1.1", "Proxy-Connection: close\r\n", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Proxy-Connection: keep-alive\r\n", true},
      {"1.0", "Connection: foo\r\n", false},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const Case& each : cases) {
    CAPTURE(std::string(each.fields));
    RequestHead head;
    HeadError error;
    const std::string text =
        "GET / HTTP/" + std::string(each.version) + "\r\nHost: a\r\n" + each.fields + "\r\n";
    REQUIRE(request(text, head, error) == HeadResult::Complete);
    CHECK(head.keep_alive == each.keep_alive);
  }
}

TEST_CASE("head: an absolute-form target gives authority and path") {
  RequestHead head;
  HeadError error;
  const std::string text = "GET http://other:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(request(text, head, error) == HeadResult::Complete);
  CHECK(head.authority == "other:81");
  CHECK(head.path == "/p?q");
}

TEST_CASE("head: options of Connection mark fields, but not those that frame or route") {
  RequestHead head;
  HeadError error;
  const std::string text =
      with("Connection: X-Mine, Content-Length, host\r\nX-Mine: 1\r\nContent-Length: 2\r\n");
  REQUIRE(request(text, head, error) == HeadResult::Complete);
  for (const Field& field : head.fields) {
    CAPTURE(field.name);
    CHECK(field.nominated == (field.name == "X-Mine"));
  }
}

TEST_CASE("head: too many fields and too large a head are refused") {
  RequestHead head;
  HeadError error;
  std::string many;
  for (int i = 0; i < 20; ++i) many += "X: 1\r\n";
  CHECK(request(with(many), head, error, {.bytes = 65536, .fields = 10}) == HeadResult::Bad);
  CHECK(error.status == 431);
  const std::string large = "X: " + std::string(5000, 'a') + "\r\n";
  CHECK(request(with(large), head, error, {.bytes = 4096, .fields = 10}) == HeadResult::Bad);
  CHECK(error.status == 431);
  CHECK(request("GET /" + std::string(5000, 'a'), head, error, {.bytes = 4096, .fields = 10}) ==
        HeadResult::Bad);
  CHECK(error.status == 414);
}

TEST_CASE("head: a head as large as may be is read, and one octet more is too much") {
  RequestHead head;
  HeadError error;
  const std::string text = with("X: y\r\nZ: \r\n");
  const std::string more = text + "body";
  const auto size = static_cast<std::uint32_t>(text.size());
  CHECK(request(more, head, error, {.bytes = size, .fields = 3}) == HeadResult::Complete);
  CHECK(head.raw == text);
  CHECK(request(more, head, error, {.bytes = size - 1, .fields = 3}) == HeadResult::Bad);
  CHECK(error.status == 431);
  CHECK(request(text, head, error, {.bytes = size, .fields = 2}) == HeadResult::Bad);
  CHECK(error.status == 431);
  const std::string line = text.substr(0, text.find('\n') + 1);
  CHECK(request(line, head, error, {.bytes = static_cast<std::uint32_t>(line.size()), .fields = 3}) ==
        HeadResult::Bad);
  CHECK(error.status == 431);
}

TEST_CASE("head: a workspace forgets the head before") {
  RequestHead head;
  HeadError error;
  REQUIRE(request(with("Content-Length: 5\r\nX-Request-Id: a\r\nConnection: upgrade\r\nUpgrade: b\r\nTE: "
                       "trailers\r\nExpect: 100-continue\r\nAccept: text/html\r\n"),
                  head, error) == HeadResult::Complete);
  REQUIRE(request("GET / HTTP/1.0\r\n\r\n", head, error) == HeadResult::Complete);
  CHECK(head.framing == Framing::None);
  CHECK(head.length == 0);
  CHECK(head.request_ids == 0);
  CHECK(head.upgrade.empty());
  CHECK(head.fields.empty());
  CHECK_FALSE(head.keep_alive);
  CHECK_FALSE((head.upgrade_option || head.has_host || head.expects_continue || head.accepts_html ||
               head.te_trailers));
  CHECK(head.host.empty());
}

TEST_CASE("head: every prefix of a response needs more and says nothing else") {
  ResponseHead head;
  HeadError error;
  const std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
  for (std::size_t n = 0; n < text.size(); ++n) {
    CAPTURE(n);
    CHECK(response(text.substr(0, n), head, error) == HeadResult::NeedMore);
  }
  CHECK(response(text, head, error) == HeadResult::Complete);
  CHECK(head.after_version == " 200 OK\r\n");
}

TEST_CASE("head: how the end of a response is known") {
  struct Case {
    const char* text;
    bool to_head;
    Framing framing;
    bool keep_alive;
  };
  const std::vector<Case> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, Framing::Length, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, Framing::None, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, Framing::Chunked, true},
      {"HTTP/1.1 200 OK\r\n\r\n", false, Framing::Close, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, Framing::Length, false},
      {"HTTP/1.1 204 No Content\r\n\r\n", false, Framing::None, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, Framing::None, true},
      {"HTTP/1.1 200 OK\r\n\r\n", true, Framing::None, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, Framing::None, true},
      {"HTTP/1.1 199 X\r\nTransfer-Encoding: chunked\r\n\r\n", false, Framing::None, true},
      {"HTTP/1.1 999 X\r\n\r\n", false, Framing::Close, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", false, Framing::Close, false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", false, Framing::None, true},
      {"HTTP/1.1 100 Continue\r\n\r\n", false, Framing::None, true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", false, Framing::Length, false},
  };
  for (const Case& each : cases) {
    CAPTURE(std::string(each.text));
    ResponseHead head;
    HeadError error;
    REQUIRE(response(each.text, head, error, each.to_head) == HeadResult::Complete);
    CHECK(head.framing == each.framing);
    CHECK(head.keep_alive == each.keep_alive);
  }
}

TEST_CASE("head: malformed responses are refused as a bad gateway") {
  for (const char* text :
       {"HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 2000 X\r\n\r\n", "HTTP/1.1 20 X\r\n\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"}) {
    CAPTURE(std::string(text));
    ResponseHead head;
    HeadError error;
    CHECK(response(text, head, error) == HeadResult::Bad);
    CHECK(error.status == 502);
  }
}
