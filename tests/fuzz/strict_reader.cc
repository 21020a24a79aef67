#include "tests/fuzz/strict_reader.h"

#include <algorithm>

namespace berth::fuzz {
namespace {

using State = Message::State;

bool is_token_char(char c) {
  return std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
             .find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// One line without its CR LF. Cut: its end has not come; Malformed: a CR or LF stands alone.
State take_line(std::string_view bytes, std::size_t& at, std::string_view& line) {
  const std::size_t end = bytes.find_first_of("\r\n", at);
  if (end == std::string_view::npos || (bytes[end] == '\r' && end + 1 == bytes.size())) return State::Cut;
  if (bytes[end] != '\r' || bytes[end + 1] != '\n') return State::Malformed;
  line = bytes.substr(at, end - at);
  at = end + 2;
  return State::Whole;
}

/// Field lines up to the empty one.
State take_fields(std::string_view bytes, std::size_t& at, Fields& fields) {
  for (;;) {
    std::string_view line;
    const State state = take_line(bytes, at, line);
    if (state != State::Whole) return state;
    if (line.empty()) return State::Whole;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return State::Malformed;
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), is_text)) return State::Malformed;
    fields.emplace_back(lowered(line.substr(0, colon)), value);
  }
}

/// "HTTP/1.1": its minor version, or -1.
int minor_of(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  return version == "HTTP/1.0" ? 0 : -1;
}

bool digits(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

State take_chunks(std::string_view bytes, std::size_t& at, Message& into) {
  for (;;) {
    std::string_view line;
    const State state = take_line(bytes, at, line);
    if (state != State::Whole) return state;
    const std::size_t end = line.find_first_not_of("0123456789abcdefABCDEF");
    const std::string_view number = line.substr(0, end);
    if (number.empty() || number.size() > 16) return State::Malformed;
    if (end != std::string_view::npos) {
      const std::string_view more = trimmed(line.substr(end));
      if (more.empty() || more.front() != ';' || !std::all_of(more.begin(), more.end(), is_text))
        return State::Malformed;
    }
    const std::size_t size = std::stoull(std::string(number), nullptr, 16);
    if (size == 0) return take_fields(bytes, at, into.trailers);
    const std::string_view data = bytes.substr(at, size);
    into.body += data;
    at += data.size();
    if (data.size() < size) return State::Cut;
    const std::string_view tail = bytes.substr(at, 2);
    if (tail != std::string_view("\r\n").substr(0, tail.size())) return State::Malformed;
    if (tail.size() < 2) return State::Cut;
    at += 2;
  }
}

/// Behind the head. `bodiless`: none follows, whatever the fields say.
State take_body(std::string_view bytes, std::size_t at, bool is_request, bool bodiless, bool ended,
                Message& into) {
  const auto codings = values_of(into.fields, "transfer-encoding");
  const auto lengths = values_of(into.fields, "content-length");
  if (!codings.empty() &&
      (codings.size() != 1 || lowered(codings[0]) != "chunked" || !lengths.empty() || into.minor == 0))
    return State::Malformed;
  if (lengths.size() > 1 || (lengths.size() == 1 && !digits(lengths[0], 18))) return State::Malformed;
  State state = State::Whole;
  if (bodiless) {
  } else if (!codings.empty()) {
    state = take_chunks(bytes, at, into);
  } else if (!lengths.empty()) {
    const std::size_t size = std::stoull(lengths[0]);
    into.body = bytes.substr(at, size);
    at += into.body.size();
    if (into.body.size() < size) state = State::Cut;
  } else if (!is_request) {
    into.until_close = true;
    into.body = bytes.substr(at);
    at = bytes.size();
    if (!ended) state = State::Cut;
  }
  into.size = at;
  return state;
}

State read_request(std::string_view bytes, Message& into) {
  std::size_t at = 0;
  std::string_view line;
  State state = take_line(bytes, at, line);
  if (state != State::Whole) return state;
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return State::Malformed;
  into.method = line.substr(0, first);
  into.target = line.substr(first + 1, second - first - 1);
  into.minor = minor_of(line.substr(second + 1));
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  const bool sound = is_token(into.method) && !into.target.empty() && into.minor >= 0 &&
                     std::all_of(into.target.begin(), into.target.end(), visible);
  if (!sound) return State::Malformed;
  state = take_fields(bytes, at, into.fields);
  if (state != State::Whole) return state;
  if (values_of(into.fields, "host").size() > 1) return State::Malformed;
  into.has_head = true;
  return take_body(bytes, at, true, false, false, into);
}

State read_response(std::string_view bytes, bool to_head, bool ended, Message& into) {
  std::size_t at = 0;
  std::string_view line;
  State state = take_line(bytes, at, line);
  if (state != State::Whole) return state;
  into.minor = minor_of(line.substr(0, 8));
  const bool sound = into.minor >= 0 && line.size() >= 12 && line[8] == ' ' && digits(line.substr(9, 3), 3) &&
                     line[9] >= '1' && (line.size() == 12 || line[12] == ' ') &&
                     std::all_of(line.begin(), line.end(), is_text);
  if (!sound) return State::Malformed;
  into.status = std::stoi(std::string(line.substr(9, 3)));
  state = take_fields(bytes, at, into.fields);
  if (state != State::Whole) return state;
  into.has_head = true;
  const bool bodiless = to_head || into.status < 200 || into.status == 204 || into.status == 304;
  return take_body(bytes, at, false, bodiless, ended, into);
}

}  // namespace

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<std::string> values_of(const Fields& fields, std::string_view name) {
  std::vector<std::string> all;
  for (const auto& [each, value] : fields)
    if (each == name) all.push_back(value);
  return all;
}

Message strict_request(std::string_view bytes) {
  Message message;
  message.state = read_request(bytes, message);
  return message;
}

Message strict_response(std::string_view bytes, bool to_head, bool ended) {
  Message message;
  message.state = read_response(bytes, to_head, ended, message);
  return message;
}

}  // namespace berth::fuzz
