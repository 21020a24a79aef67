#include "bench/load/response_reader.h"

#include <doctest/doctest.h>

#include <string>

using berth::load::field_of;
using berth::load::ResponseReader;
using State = ResponseReader::State;

namespace {

struct Result {
  State state = State::Head;
  std::string body;
  std::size_t consumed = 0;
  int status = 0;
  bool keep_alive = false;
};

/// Feeds `input` in pieces of `step` bytes.
Result read(const std::string& input, std::size_t step, bool to_head = false) {
  ResponseReader reader;
  reader.begin(to_head);
  Result result;
  std::string_view rest = input;
  while (!rest.empty() && reader.state() < State::Done) {
    auto piece = rest.substr(0, step);
    while (!piece.empty() && reader.state() < State::Done) {
      const auto taken = reader.feed(piece);
      result.body += taken.body;
      result.consumed += taken.consumed;
      piece.remove_prefix(taken.consumed);
    }
    rest = std::string_view(input).substr(result.consumed);
  }
  result.state = reader.state();
  result.status = reader.status();
  result.keep_alive = reader.keep_alive();
  return result;
}

}  // namespace

TEST_CASE("response reader: well-formed responses, in pieces of any size") {
  struct Row {
    const char* name;
    std::string input;
    std::string body;
    int status;
    bool keep_alive;
    bool to_head;
  };
  const Row rows[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true, false},
      {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "", 200, true, false},
      {"chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: v\r\n\r\n",
       "hello!", 200, true, false},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", 204, true, false},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", 304, true, false},
      {"head", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", 200, true, true},
      {"close", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length:2\r\n\r\nab", "ab", 200, false,
       false},
      {"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200, false, false},
      {"close and keep-alive", "HTTP/1.1 204 No\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", "",
       204, false, false},
      {"1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", "", 200,
       true, false},
      {"1.0 that ends", "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n", "",
       200, false, false},
      {"unknown status", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", "", 999, true, false},
      {"interim with fields",
       "HTTP/1.1 103 Early\r\nContent-Length: 7\r\nConnection: close\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 200 "
       "OK\r\n"
       "Content-Length: 1\r\n\r\na",
       "a", 200, true, false},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "", 201,
       true, false},
      {"upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", 101, true, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      CAPTURE(step);
      const auto result = read(row.input + "NEXT", step, row.to_head);
      CHECK(result.state == State::Done);
      CHECK(result.body == row.body);
      CHECK(result.status == row.status);
      CHECK(result.keep_alive == row.keep_alive);
      CHECK(result.consumed == row.input.size());
    }
  }
}

TEST_CASE("response reader: what is no response is refused") {
  for (const auto* input : {"HTTP/2 200 OK\r\n\r\n", "hello\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nbad field\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
    CAPTURE(input);
    CHECK(read(input, 1000).state == State::Bad);
    CHECK(read(input, 1).state == State::Bad);
  }
}

TEST_CASE(
    "response reader: what is no response is known at its first wrong byte or line, and not waited out") {
  for (const auto* input :
       {"HTTP/1.1 200 OK\n", "HTTP/1.0 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\n", "HTTP/1.1 200 OK\r\nA: b\r\n\n", "S", "HTTP/2",
        "HTTP/1.1 OK\r\n", "HTTP/1.1 200 OK\r\nbad field\r\n", "HTTP/1.1 200 O\rK\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n", "HTTP/1.1 100 Continue\r\n\r\nX",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\n"}) {
    CAPTURE(input);
    CHECK(read(input, 1000).state == State::Bad);
    CHECK(read(input, 1).state == State::Bad);
  }
  // What may still become one is waited for.
  for (const auto* input : {"H", "HTTP/1.", "HTTP/1.1 2", "HTTP/1.1 200 OK\r", "HTTP/1.1 200 OK\r\n\r"}) {
    CAPTURE(input);
    CHECK(read(input, 1000).state == State::Head);
    CHECK(read(input, 1).state == State::Head);
  }
}

TEST_CASE("response reader: interim answers are counted until the next response") {
  ResponseReader reader;
  reader.begin(false);
  reader.feed("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(reader.interim() == 1);
  CHECK(reader.started());
  CHECK(reader.state() == State::Head);
  reader.feed("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
  CHECK(reader.interim() == 2);
  reader.begin(false);
  CHECK(reader.interim() == 0);
}

TEST_CASE("response reader: the end of the connection completes only what it delimits") {
  ResponseReader reader;
  reader.begin(false);
  reader.feed("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(reader.feed("some").body == "some");
  CHECK(reader.end_of_stream());
  CHECK_FALSE(reader.keep_alive());

  reader.begin(false);
  reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  reader.feed("some");
  CHECK_FALSE(reader.end_of_stream());

  reader.begin(false);
  CHECK_FALSE(reader.started());
  CHECK_FALSE(reader.end_of_stream());
}

TEST_CASE("response reader: a field is found whatever its case") {
  const std::string head = "HTTP/1.1 200 OK\r\nServer:  berth \r\nX-A: 1\r\n\r\n";
  CHECK(field_of(head, "server") == "berth");
  CHECK(field_of(head, "x-a") == "1");
  CHECK(field_of(head, "x-b").empty());
}
