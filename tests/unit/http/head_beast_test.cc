// Another reader's word on the same heads: Boost.Beast's, which is laxer here and there, and never stricter.
#include <doctest/doctest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/none.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "proxy/http/head.h"

using namespace berth::http;
namespace beast = boost::beast;

namespace {

constexpr int kRuns = 20'000;

template <bool IsRequest>
class Beast final : public beast::http::basic_parser<IsRequest> {
 public:
  HeadResult read(const std::string& bytes, const HeadLimits& limits) {
    this->header_limit(limits.bytes);
    this->body_limit(boost::none);
    beast::error_code ec;
    used = this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec == beast::http::error::need_more)
      return bytes.size() < limits.bytes ? HeadResult::NeedMore : HeadResult::Bad;
    return ec || used > limits.bytes ? HeadResult::Bad : HeadResult::Complete;
  }

  std::size_t used = 0;
  int version = 0;
  int status = 0;
  std::string method, target, reason;
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  using View = beast::string_view;
  using Code = beast::error_code;

  void on_request_impl(beast::http::verb, View name, View of, int number, Code&) override {
    method.assign(name.data(), name.size());
    target.assign(of.data(), of.size());
    version = number;
  }
  void on_response_impl(int code, View text, int number, Code&) override {
    status = code;
    reason.assign(text.data(), text.size());
    version = number;
  }
  void on_field_impl(beast::http::field, View name, View value, Code&) override {
    fields.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override { return body.size(); }
  void on_finish_impl(Code&) override {}
};

const std::vector<std::string> kRequests = {
    "GET / HTTP/1.1\r\nHost: localhost:8000\r\nAccept: text/html\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    "POST /a?b HTTP/1.1\r\nhost: a\r\nContent-Length: 5\r\nX-Long: a value that is longer than "
    "16\r\n\r\nhello",
    "PUT http://h/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nProxy-Connection: "
    "close\r\n\r\n0\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive\r\nTE: trailers\r\nExpect: "
    "\r\n\r\n",
};

const std::vector<std::string> kResponses = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nServer: some\r\nContent-Length: "
    "10\r\n\r\n0123",
    "HTTP/1.1 304 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 404 Not Found here\r\nConnection: keep-alive\r\n\r\nbody",
    "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
};

const std::vector<std::string> kPieces = {
    "\r\n",
    "\r",
    "\n",
    " ",
    "\t",
    ":",
    ",",
    "\r\n ",
    "\r\n\t",
    "\r\n\r\n",
    std::string(1, '\0'),
    "\x01",
    "\x7f",
    "\x80",
    "\xff",
    "HTTP/1.0",
    "HTTP/2.0",
    "Content-Length: 5\r\n",
    "Content-Length: 05\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "Connection: a b\r\n",
    "Proxy-Connection: keep-alive\r\n",
    "Host: b\r\n",
    "X: \r\n",
    "0",
    "9",
    "a",
    "-",
    "_",
    "/",
    "\"",
    "#",
};

std::string changed(const std::vector<std::string>& heads, std::mt19937_64& chance) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(chance() % n); };
  std::string text = heads[below(heads.size())];
  for (std::size_t n = below(4); n > 0; --n) {
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1: {
        const std::size_t line = text.find("\r\n", at);
        if (line != std::string::npos) text.insert(line + 2, kPieces[below(kPieces.size())]);
        break;
      }
      case 2:
        text.erase(at, 1 + below(3));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(at, text.substr(below(text.size() + 1), below(40)));
        break;
    }
  }
  return text;
}

std::uint64_t chosen_seed() {
  if (const char* text = std::getenv("BERTH_TEST_SEED")) return std::strtoull(text, nullptr, 10);
  return std::random_device()();
}

template <bool IsRequest>
void compare(const std::string& text, const Head& head, HeadResult result, const HeadError& error,
             Beast<IsRequest>& beast, HeadResult beasts) {
  if (result == HeadResult::NeedMore) CHECK(beasts == HeadResult::NeedMore);
  // What is ours alone says what it is.
  if (result == HeadResult::Bad && std::string(error.reason) == "the head of the message is malformed")
    CHECK(beasts != HeadResult::Complete);  // it may wait for the end of a line
  if (result != HeadResult::Complete) return;
  REQUIRE(beasts == HeadResult::Complete);
  CHECK(head.raw == text.substr(0, beast.used));
  CHECK(head.version == beast.version);
  // In HTTP/1.0 Beast goes by keep-alive alone; RFC 9112 §9.3 has close win.
  if (head.keep_alive || head.version == 11) CHECK(head.keep_alive == beast.keep_alive());
  REQUIRE(head.fields.size() == beast.fields.size());
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    CHECK(head.fields[i].name == beast.fields[i].first);
    CHECK(head.fields[i].value == beast.fields[i].second);
  }
  Framing framing = beast.chunked() ? Framing::Chunked : Framing::Length;
  if (beast.is_done())
    framing = Framing::None;
  else if (beast.need_eof())
    framing = Framing::Close;
  CHECK(head.framing == framing);
  if (framing == Framing::Length) CHECK(head.length == *beast.content_length());
}

/// `read_and_compare` returns whether the head was taken.
template <class Read>
void run(const std::vector<std::string>& heads, Read read_and_compare) {
  const std::uint64_t seed = chosen_seed();
  INFO("BERTH_TEST_SEED=" << seed);
  std::mt19937_64 chance(seed);
  int taken = 0;
  for (int n = 0; n < kRuns; ++n) {
    const std::string text = changed(heads, chance);
    HeadLimits limits;
    if (chance() % 8 == 0) limits.bytes = static_cast<std::uint32_t>(1 + chance() % 160);
    CAPTURE(text);
    CAPTURE(limits.bytes);
    if (read_and_compare(text, limits, chance() % 4 == 0)) ++taken;
  }
  CHECK(taken > kRuns / 10);  // else the runs would show nothing
}

}  // namespace

TEST_CASE("head: no request is taken that Beast refuses or reads otherwise") {
  RequestHead head;
  run(kRequests, [&](const std::string& text, const HeadLimits& limits, bool) {
    HeadError error;
    const HeadResult result = read_request_head(text, limits, head, error);
    Beast<true> beast;
    const HeadResult beasts = beast.read(text, limits);
    compare(text, head, result, error, beast, beasts);
    if (result != HeadResult::Complete) return false;
    CHECK(head.method == beast.method);
    CHECK(head.target == beast.target);
    return true;
  });
}

TEST_CASE("head: no response is taken that Beast refuses or reads otherwise") {
  ResponseHead head;
  run(kResponses, [&](const std::string& text, const HeadLimits& limits, bool to_head) {
    HeadError error;
    const HeadResult result = read_response_head(text, limits, to_head, head, error);
    constexpr std::size_t kStatusEnd = 12;
    // Beast wants the blank after the status that many servers leave out.
    if (text.size() > kStatusEnd && text[kStatusEnd] == '\r') return result == HeadResult::Complete;
    Beast<false> beast;
    beast.skip(to_head);
    const HeadResult beasts = beast.read(text, limits);
    compare(text, head, result, error, beast, beasts);
    if (result != HeadResult::Complete) return false;
    CHECK(head.status == beast.status);
    CHECK(head.after_version.substr(5) == beast.reason + "\r\n");
    return true;
  });
}
