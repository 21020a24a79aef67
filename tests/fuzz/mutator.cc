#include "tests/fuzz/mutator.h"

#include <array>
#include <string_view>

namespace berth::fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPieces{"\r\n"sv,
                             "\n"sv,
                             "\r"sv,
                             "\r\n\r\n"sv,
                             "\0"sv,
                             " "sv,
                             "\t"sv,
                             ":"sv,
                             ","sv,
                             ";"sv,
                             "\""sv,
                             "\x7f"sv,
                             "\x80"sv,
                             "0"sv,
                             "0\r\n\r\n"sv,
                             "5\r\nhello\r\n"sv,
                             "ffffffffffffffff"sv,
                             "0x5"sv,
                             "+5"sv,
                             "-1"sv,
                             "chunked"sv,
                             "gzip, "sv,
                             "identity"sv,
                             "close"sv,
                             "Content-Length: 5\r\n"sv,
                             "Content-Length: 0\r\n"sv,
                             "Transfer-Encoding: chunked\r\n"sv,
                             "Transfer-Encoding : chunked\r\n"sv,
                             "Connection: Content-Length\r\n"sv,
                             "Connection: close\r\n"sv,
                             "Host: b\r\n"sv,
                             " folded\r\n"sv,
                             "HTTP/1.0"sv,
                             "HTTP/1.1"sv,
                             "HTTP/1.1 200 OK\r\n"sv,
                             "HTTP/1.1 100 Continue\r\n\r\n"sv,
                             "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"sv,
                             "Expect: 100-continue\r\n"sv,
                             "Upgrade: h2c\r\nConnection: upgrade\r\n"sv,
                             "content_length: 3\r\n"sv,
                             "X-Forwarded-For: x\r\n"sv,
                             "http://b/"sv,
                             "//"sv,
                             "%00"sv};

}  // namespace

std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& chance) {
  const auto below = [&](std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(chance() % bound);
  };
  std::string text = seeds[below(seeds.size())];
  for (std::size_t changes = below(5); changes != 0; --changes) {
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(chance());
        break;
      case 1:
        text.erase(at, 1 + below(4));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(40)));
        break;
      case 3: {
        const std::string& other = seeds[below(seeds.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        break;
      }
      default: {
        // Most of what matters stands where a line begins.
        const std::size_t line = text.find("\r\n", at);
        const std::size_t place = below(2) == 0 || line == std::string::npos ? at : line + 2;
        text.insert(place, kPieces[below(kPieces.size())]);
      }
    }
  }
  const char with_head = static_cast<char>(chance());
  const char read = static_cast<char>(chance());
  return std::string{with_head, read} + text;
}

}  // namespace berth::fuzz
