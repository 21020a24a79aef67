// Octet by octet: what the lines of a head may hold. The classes are spelt out anew here, from RFC 9110.
#include "proxy/http/head_lines.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace berth::http;

namespace {

bool is_tchar(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != 0 && std::string("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string::npos);
}

bool is_text(int c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }

bool is_target(int c) { return c > 0x20 && c != 0x7f; }

bool is_to_encode(int c) { return c >= 0x80 || c == '"' || c == '#'; }

/// Memory of its own that ends with the text, so that a sanitizer sees a look beyond.
template <class Line>
LineResult read(LineResult (*reader)(const char*&, const char*, Line&), const std::string& text, Line& line,
                std::vector<char>& memory) {
  memory.assign(text.begin(), text.end());
  memory.shrink_to_fit();
  const char* at = memory.data();
  const LineResult result = reader(at, memory.data() + memory.size(), line);
  const bool moved =
      result == LineResult::Whole || result == LineResult::Folded || result == LineResult::Empty;
  CHECK((at != memory.data()) == moved);
  return result;
}

LineResult request_line(const std::string& text) {
  RequestLine line;
  std::vector<char> memory;
  return read(read_request_line, text, line, memory);
}

LineResult status_line(const std::string& text) {
  StatusLine line;
  std::vector<char> memory;
  return read(read_status_line, text, line, memory);
}

LineResult field_line(const std::string& text) {
  Field field;
  std::vector<char> memory;
  return read(read_field_line, text, field, memory);
}

std::string octet(int c) { return std::string(1, static_cast<char>(c)); }

}  // namespace

TEST_CASE("head lines: every octet of a method") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    if (c == ' ') continue;
    const LineResult expected = is_tchar(c) ? LineResult::Whole : LineResult::Malformed;
    CHECK(request_line(octet(c) + "ET / HTTP/1.1\r\n") == expected);
    CHECK(request_line("GE" + octet(c) + " / HTTP/1.1\r\n") == expected);
  }
  CHECK(request_line(" / HTTP/1.1\r\n") == LineResult::Malformed);
  CHECK(request_line("\r\nGET / HTTP/1.1\r\n") == LineResult::Malformed);
}

TEST_CASE("head lines: every octet of a target") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    if (c == ' ') continue;
    for (const std::string& target : {octet(c), "/a" + octet(c) + "b", "/" + octet(c)}) {
      RequestLine line;
      std::vector<char> memory;
      const LineResult result = read(read_request_line, "GET " + target + " HTTP/1.1\r\n", line, memory);
      CHECK(result == (is_target(c) ? LineResult::Whole : LineResult::Malformed));
      if (result != LineResult::Whole) continue;
      CHECK(line.to_encode == is_to_encode(c));
      CHECK(line.target == target);
    }
  }
  CHECK(request_line("GET  HTTP/1.1\r\n") == LineResult::Malformed);
  CHECK(request_line("GET  / HTTP/1.1\r\n") == LineResult::Malformed);
}

TEST_CASE("head lines: one octet of the version, of its blanks or its line end changed") {
  const std::string request = "GET / HTTP/1.1\r\n";
  const std::string response = "HTTP/1.1 200 OK\r\n";
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    for (std::size_t at = 6; at < request.size(); ++at) {
      CAPTURE(at);
      std::string text = request;
      text[at] = static_cast<char>(c);
      const bool good = text == request || text == "GET / HTTP/1.0\r\n";
      CHECK((request_line(text) == LineResult::Whole) == good);
      CHECK((request_line(text) == LineResult::OtherVersion) == !good);
    }
    for (std::size_t at = 0; at < 13; ++at) {
      CAPTURE(at);
      std::string text = response;
      text[at] = static_cast<char>(c);
      const bool digit = at >= 9 && at < 12 && c >= '0' && c <= '9';
      const bool good = text == response || text == "HTTP/1.0 200 OK\r\n" || digit;
      CHECK((status_line(text) == LineResult::Whole) == good);
    }
  }
}

TEST_CASE("head lines: every octet of a reason phrase, at every place") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    for (std::size_t at = 0; at < 20; ++at) {
      std::string reason(20, 'r');
      reason[at] = static_cast<char>(c);
      const LineResult expected = is_text(c) ? LineResult::Whole : LineResult::Malformed;
      CHECK(status_line("HTTP/1.1 200 " + reason + "\r\n") == expected);
    }
  }
  CHECK(status_line("HTTP/1.1 204 \r\n") == LineResult::Whole);
  CHECK(status_line("HTTP/1.1 204\r\n") == LineResult::Whole);  // without the blank that RFC 9112 §4 wants
  CHECK(status_line("HTTP/1.1 204\r") == LineResult::NeedMore);
  CHECK(status_line("HTTP/1.1 204\rX") == LineResult::Malformed);
  CHECK(status_line("HTTP/1.1 2040\r\n") == LineResult::Malformed);
  CHECK(status_line("HTTP/1.1  204 \r\n") == LineResult::Malformed);
}

TEST_CASE("head lines: every octet of a field's name, at every place") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    if (c == ':') continue;
    for (std::size_t at = 0; at < 36; ++at) {
      CAPTURE(at);
      std::string name(36, 'n');
      name[at] = static_cast<char>(c);
      LineResult expected = is_tchar(c) ? LineResult::Whole : LineResult::Malformed;
      CHECK(field_line(name + ": v\r\n\r\n") == expected);
      CHECK(field_line(name.substr(0, at + 1) + ":\r\n\r\n") == expected);
    }
  }
  CHECK(field_line(": v\r\n\r\n") == LineResult::Malformed);
  CHECK(field_line("name : v\r\n\r\n") == LineResult::Malformed);
  CHECK(field_line("name\t: v\r\n\r\n") == LineResult::Malformed);
}

TEST_CASE("head lines: every octet of a field's value, at every place") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    for (std::size_t at = 0; at < 36; ++at) {
      CAPTURE(at);
      std::string value(36, 'v');
      value[at] = static_cast<char>(c);
      const LineResult expected = is_text(c) ? LineResult::Whole : LineResult::Malformed;
      CHECK(field_line("n: " + value + "\r\n\r\n") == expected);
      CHECK(field_line("n:" + value.substr(0, at + 1) + "\r\nm") == expected);
    }
  }
}

TEST_CASE("head lines: a value is without the blanks around it") {
  for (const std::string before : {"", " ", "\t", " \t  \t                      "})
    for (const std::string after : {"", " ", "\t", "                      \t \t"})
      for (const std::string value : {"", "v", "v w", "v \t                        w"}) {
        CAPTURE(before);
        CAPTURE(after);
        CAPTURE(value);
        Field field;
        std::vector<char> memory;
        CHECK(read(read_field_line, "name:" + before + value + after + "\r\n\r\n", field, memory) ==
              LineResult::Whole);
        CHECK(field.line == memory.data());
        CHECK(field.name == "name");
        CHECK(field.value == value);
      }
}

TEST_CASE("head lines: what ends a line, and a head, is CRLF alone") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    if (c != '\n') {
      CHECK(field_line("n: v\r" + octet(c) + "\r\n\r\n") == LineResult::Malformed);
      CHECK(field_line("\r" + octet(c) + "\n") == LineResult::Malformed);
      CHECK(status_line("HTTP/1.1 200 OK\r" + octet(c) + "\n") == LineResult::Malformed);
    }
    const LineResult behind = c == ' ' || c == '\t' ? LineResult::Folded : LineResult::Whole;
    CHECK(field_line("n: v\r\n" + octet(c)) == behind);
  }
  CHECK(field_line("\n\n") == LineResult::Malformed);
  CHECK(field_line("\r\n") == LineResult::Empty);
  CHECK(field_line("\r\nbody") == LineResult::Empty);
}

TEST_CASE("head lines: a part of a line needs more, wherever it is cut") {
  const std::string request = "OPTIONS http://some.host:8000/a?b HTTP/1.0\r\n";
  for (std::size_t n = 0; n < request.size(); ++n)
    CHECK(request_line(request.substr(0, n)) == LineResult::NeedMore);
  CHECK(request_line(request) == LineResult::Whole);
  const std::string status = "HTTP/1.1 200 Some reason, and a longer one than a vector\r\n";
  for (std::size_t n = 0; n < status.size(); ++n)
    CHECK(status_line(status.substr(0, n)) == LineResult::NeedMore);
  CHECK(status_line(status) == LineResult::Whole);
  const std::string field = "A-name-longer-than-a-vector_is: \ta value longer than one, too  \r\n";
  for (std::size_t n = 0; n <= field.size(); ++n)
    CHECK(field_line(field.substr(0, n)) == LineResult::NeedMore);
  CHECK(field_line(field + "\r") == LineResult::Whole);
  CHECK(field_line("\r") == LineResult::NeedMore);
}
