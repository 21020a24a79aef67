// The answer to a check: read in any pieces, and never kept beyond a bound.
#include "backend/check_answer.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth::backend;

namespace {

using State = CheckAnswer::State;

State fed(CheckAnswer& answer, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) answer.take(bytes.substr(at, piece));
  return answer.state();
}

struct Row {
  const char* bytes;
  State state;   // once they are there
  int status;    // then, or at the end
  State at_end;  // the peer ends in order
};

const Row kRows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", State::Whole, 200, State::Whole},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", State::Going, 200, State::Broken},
    {"HTTP/1.1 204 No Content\r\n\r\n", State::Whole, 204, State::Whole},
    {"HTTP/1.1 204\r\n\r\n", State::Whole, 204, State::Whole},
    {"HTTP/1.1 2\r\n\r\n", State::Broken, 0, State::Broken},
    {"HTTP/1.0 202 OK\r\n\r\nuntil the end", State::Going, 202, State::Whole},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nA: b\r\n\r\n", State::Whole,
     200, State::Whole},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", State::Going, 200, State::Broken},
    {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", State::Whole,
     500, State::Whole},
    {"HTTP/1.1 100 Continue\r\n\r\n", State::Going, 0, State::Broken},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", State::Whole, 101, State::Whole},
    {"", State::Going, 0, State::Broken},
    {"SSH-2.0-OpenSSH\r\n", State::Broken, 0, State::Broken},
    {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", State::Broken, 0, State::Broken},
};

}  // namespace

TEST_CASE("check answer: what it comes to does not hang on the pieces that it comes in") {
  for (const Row& row : kRows) {
    for (const std::size_t piece : {1, 2, 7, 1000}) {
      CAPTURE(std::string(row.bytes));
      CAPTURE(piece);
      CheckAnswer answer;
      CHECK(fed(answer, row.bytes, piece) == row.state);
      CHECK(answer.end(true) == row.at_end);
      CHECK(answer.status() == row.status);
      CHECK(answer.failure().empty() == (row.at_end == State::Whole));
    }
  }
}

TEST_CASE(
    "check answer: a head, an interim head, a chunk's extension and a trailer without an end meet a bound") {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::pair<std::string, std::string> endless[] = {
      {"HTTP/1.1 200 ", "x"},          {"HTTP/1.1 200 OK\r\n", "A: b\r\n"},
      {"HTTP/1.1 200 OK\r\nA: ", "x"}, {"", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
      {chunked + "1;", "x"},           {chunked, "0"},
      {chunked + "0\r\n", "A: b\r\n"},
  };
  for (const auto& each : endless) {
    const std::string& begin = each.first;
    const std::string& again = each.second;
    CAPTURE(begin);
    CAPTURE(again);
    CheckAnswer answer;
    answer.take(begin);
    std::size_t sent = 0;
    std::string many;
    while (many.size() < 4096) many += again;
    while (answer.state() == State::Going && sent < 4 * CheckAnswer::kMostHead) {
      answer.take(many);
      sent += many.size();
      REQUIRE(answer.held() <= CheckAnswer::kMostHead);
    }
    CHECK(answer.state() == State::Broken);
    CHECK_FALSE(answer.failure().empty());
    CHECK(answer.held() == 0);
  }
}

TEST_CASE("check answer: nothing is kept of a body, however long it is") {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"}) {
    CheckAnswer answer;
    answer.take(head);
    const std::string piece(100'000, 'x');
    for (int n = 0; n < 100; ++n) {
      REQUIRE(answer.take(piece) == State::Going);
      REQUIRE(answer.held() == 0);
    }
  }
}

TEST_CASE("check answer: the reason is cut and has nothing that a terminal would obey") {
  CheckAnswer answer;
  answer.take("HTTP/1.1 500 a\xc2\x9b" + std::string(300, 'b') + "\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(answer.state() == State::Whole);
  CHECK(answer.reason() == "a??" + std::string(CheckAnswer::kMostReason - 3, 'b'));
}

TEST_CASE("check answer: Node's inspector is known by what it answers") {
  CheckAnswer answer;
  answer.take(
      "HTTP/1.0 400 Bad Request\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"
      "WebSockets request was expected\r\n");
  CHECK(answer.end(true) == State::Whole);
  CHECK(answer.is_debugger());
}
