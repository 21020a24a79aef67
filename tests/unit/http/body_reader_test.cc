#include "proxy/http/body_reader.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth::http;

namespace {

struct Walk {
  std::string taken;
  std::string data;
  bool bad = false;
  bool done = false;
  std::string rest;
};

/// Shows `wire` in pieces of `step` bytes, as a connection would.
Walk walk(Framing framing, std::uint64_t length, const std::string& wire, std::size_t step) {
  BodyReader reader;
  reader.start(framing, length, 64 * 1024);
  Walk result;
  std::string pending;
  for (std::size_t at = 0; at < wire.size() && !result.bad && !reader.done(); at += step) {
    pending += wire.substr(at, step);
    const BodyStep taken = reader.feed(pending, &result.data);
    result.bad = taken.bad;
    result.taken += pending.substr(0, taken.take);
    pending.erase(0, taken.take);
    if (reader.done()) result.rest = pending + wire.substr(std::min(at + step, wire.size()));
  }
  result.done = reader.done();
  return result;
}

}  // namespace

TEST_CASE("body: a length is counted and what follows is left alone") {
  for (std::size_t step = 1; step < 12; ++step) {
    const Walk result = walk(Framing::Length, 5, "helloGET /", step);
    CHECK(result.done);
    CHECK(result.taken == "hello");
    CHECK(result.rest == "GET /");
  }
}

TEST_CASE("body: chunks pass as they are, in whatever pieces they come, and end where they end") {
  const std::string wire = "5\r\nhello\r\n6;name=\"v\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (std::size_t step = 1; step < wire.size() + 5; ++step) {
    CAPTURE(step);
    const Walk result = walk(Framing::Chunked, 0, wire + "NEXT", step);
    CHECK_FALSE(result.bad);
    CHECK(result.done);
    CHECK(result.taken == wire);
    CHECK(result.data == "hello world");
    CHECK(result.rest == "NEXT");
  }
}

TEST_CASE("body: chunked syntax that others read differently is refused") {
  for (const char* wire :
       {"-5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n", "11111111111111111\r\nx", "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nHost: x\r\n\r\n", "0\r\nX: a\r\n folded\r\n\r\n",
        "0\r\nX : a\r\n\r\n", "0\r\nX: a\nY: b\r\n\r\n"}) {
    CAPTURE(std::string(wire));
    CHECK(walk(Framing::Chunked, 0, wire, 1000).bad);
    CHECK(walk(Framing::Chunked, 0, wire, 1).bad);
  }
}

TEST_CASE("body: the line end of a chunk does not wait for the next chunk") {
  BodyReader reader;
  reader.start(Framing::Chunked, 0, 1024);
  CHECK(reader.feed("5\r\nhello\r\n").take == 10);
  CHECK(reader.feed("5\r\nworld\r").take == 8);
  CHECK(reader.feed("\r").take == 0);
  CHECK(reader.feed("\r\n").take == 2);
  CHECK(reader.feed("0\r\n").take == 0);
  CHECK(reader.feed("0\r\n\r\n").take == 5);
  CHECK(reader.done());
}

TEST_CASE("body: nothing passes behind a quote that stays open") {
  const Walk result = walk(Framing::Chunked, 0, "5;a=\"x\r\nhello\r\n0\r\n\r\n", 1000);
  CHECK_FALSE(result.done);
  CHECK(result.taken.empty());
}

TEST_CASE("body: a chunk line and a trailer section without end are refused") {
  CHECK(walk(Framing::Chunked, 0, "5;" + std::string(200'000, 'a'), 4096).bad);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 10'000; ++i) trailers += "X-T: aaaaaaaaaaaaaaaaaaaaaa\r\n";
  CHECK(walk(Framing::Chunked, 0, trailers, 4096).bad);
}

TEST_CASE("body: only a close-delimited body is complete when its connection ends") {
  BodyReader reader;
  reader.start(Framing::Close, 0, 1024);
  CHECK(reader.feed("abc").take == 3);
  CHECK_FALSE(reader.done());
  CHECK(reader.end());
  reader.start(Framing::Length, 4, 1024);
  CHECK(reader.feed("abc").take == 3);
  CHECK_FALSE(reader.end());
  reader.start(Framing::Chunked, 0, 1024);
  CHECK(reader.feed("3\r\nabc\r\n").take > 0);
  CHECK_FALSE(reader.end());
}

TEST_CASE(
    "body: extensions and trailers are bounded, and a client's trailers are not what berth says of it") {
  const auto bad = [](const std::string& wire, Trailers trailers) {
    BodyReader reader;
    reader.start(Framing::Chunked, 0, 100, trailers);
    return reader.feed(wire).bad;
  };
  const std::string long_one(100, 'x');
  CHECK(bad("1;x=" + long_one + "\r\na\r\n0\r\n\r\n", Trailers::Any));
  CHECK(bad("1;x=\x7f\r\na\r\n0\r\n\r\n", Trailers::Any));
  CHECK(bad("0\r\nX: " + long_one + "\r\n\r\n", Trailers::Any));
  CHECK(bad("0\r\nX: " + long_one.substr(50) + "\r\nY: " + long_one.substr(50) + "\r\n\r\n", Trailers::Any));
  CHECK_FALSE(bad("1;x=\"y\"\r\na\r\n0\r\nX: 1\r\n\r\n", Trailers::OfClient));
  for (const char* name : {"X-Forwarded-For", "x_forwarded_host", "Forwarded", "X-Request-ID", "Expect"}) {
    CAPTURE(std::string(name));
    CHECK(bad("0\r\n" + std::string(name) + ": 1\r\n\r\n", Trailers::OfClient));
    CHECK_FALSE(bad("0\r\n" + std::string(name) + ": 1\r\n\r\n", Trailers::Any));
  }
}
