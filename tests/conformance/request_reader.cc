#include "tests/conformance/request_reader.h"

#include <charconv>

#include "bench/load/response_reader.h"

namespace berth::test {
namespace {

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// How many bytes the chunked body takes; nullopt if it is not whole or malformed.
std::optional<std::size_t> read_chunks(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(at, end - at);
    const auto size = number(line.substr(0, line.find_first_of("; \t")), 16);
    if (!size) return std::nullopt;
    at = end + 2;
    if (*size == 0) break;
    if (bytes.size() - at < *size || bytes.substr(at + *size, 2) != "\r\n") return std::nullopt;
    body.append(bytes.substr(at, *size));
    at += *size + 2;
  }
  for (;;) {  // trailers
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const bool last = end == at;
    at = end + 2;
    if (last) return at;
  }
}

}  // namespace

std::optional<SeenRequest> read_request(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  SeenRequest request;
  request.head = bytes.substr(0, end + 4);
  const std::string_view rest = bytes.substr(request.head.size());
  if (!load::field_of(request.head, "Transfer-Encoding").empty()) {
    const auto taken = read_chunks(rest, request.body);
    if (!taken) return std::nullopt;
    request.size = request.head.size() + *taken;
    return request;
  }
  const std::string_view length = load::field_of(request.head, "Content-Length");
  const auto size = length.empty() ? 0 : number(length, 10);
  if (!size || rest.size() < *size) return std::nullopt;
  request.body = rest.substr(0, *size);
  request.size = request.head.size() + *size;
  return request;
}

}  // namespace berth::test
