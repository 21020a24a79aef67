#include "bench/load/response_reader.h"

#include <algorithm>
#include <charconv>

namespace berth::load {
namespace {

constexpr std::size_t kMaxHead = 256 * 1024;
constexpr std::size_t kMaxLine = 16 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (same_name(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool parse_number(std::string_view text, int base, std::uint64_t& value) {
  if (text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// Cuts the next line (without its CRLF) off `rest`.
std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

}  // namespace

void ResponseReader::begin(bool to_head) {
  state_ = State::Head;
  framing_ = Framing::None;
  to_head_ = to_head;
  started_ = false;
  keep_alive_ = false;
  has_length_ = false;
  status_ = 0;
  left_ = 0;
  head_.clear();
  line_.clear();
  error_ = "";
}

void ResponseReader::fail(const char* why) {
  state_ = State::Bad;
  keep_alive_ = false;
  error_ = why;
}

ResponseReader::Step ResponseReader::feed(std::string_view input) {
  if (input.empty() || state_ == State::Done || state_ == State::Bad) return {};
  started_ = true;
  if (state_ == State::Head) return feed_head(input);
  if (framing_ == Framing::Chunked) return feed_chunked(input);
  if (framing_ == Framing::UntilClose) return {input.size(), input};
  const auto body = input.substr(0, std::min<std::uint64_t>(left_, input.size()));
  left_ -= body.size();
  if (left_ == 0) state_ = State::Done;
  return {body.size(), body};
}

ResponseReader::Step ResponseReader::feed_head(std::string_view input) {
  // The empty line may be split between this input and what came before it.
  const std::size_t before = head_.size();
  head_.append(input.substr(0, std::min(input.size(), kMaxHead + 4)));
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (head_.size() > kMaxHead) fail("the head is too large");
    return {input.size(), {}};
  }
  head_.resize(end + 4);
  const std::size_t consumed = head_.size() - before;
  read_head();
  return {consumed, {}};
}

bool ResponseReader::read_status_line(std::string_view line) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
    return false;
  }
  std::uint64_t status = 0;
  if (!parse_number(line.substr(9, 3), 10, status) || status < 100) return false;
  status_ = static_cast<int>(status);
  keep_alive_ = line[7] == '1';
  return true;
}

bool ResponseReader::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto name = line.substr(0, colon);
  if (name.find_first_of(" \t") != std::string_view::npos) return false;
  const auto value = trim(line.substr(colon + 1));
  if (same_name(name, "content-length")) {
    std::uint64_t length = 0;
    if (!parse_number(value, 10, length) || (has_length_ && length != left_)) return false;
    has_length_ = true;
    left_ = length;
  } else if (same_name(name, "transfer-encoding")) {
    if (!same_name(value, "chunked")) return false;
    framing_ = Framing::Chunked;
  } else if (same_name(name, "connection")) {
    if (has_token(value, "close")) keep_alive_ = false;
    if (has_token(value, "keep-alive")) keep_alive_ = true;
  }
  return true;
}

void ResponseReader::read_head() {
  std::string_view rest = head_;
  if (!read_status_line(next_line(rest))) return fail("the status line is not HTTP/1");
  while (!rest.empty()) {
    const auto line = next_line(rest);
    if (!line.empty() && !read_field(line)) return fail("a header field is malformed");
  }
  if (status_ < 200 && status_ != 101) {
    begin(to_head_);
    started_ = true;
    return;
  }
  if (has_length_ && framing_ == Framing::Chunked) return fail("both Content-Length and Transfer-Encoding");
  const bool bodiless = to_head_ || status_ == 101 || status_ == 204 || status_ == 304;
  if (bodiless || (has_length_ && left_ == 0)) {
    state_ = State::Done;
    return;
  }
  state_ = State::Body;
  if (framing_ == Framing::Chunked) {
    chunk_ = Chunk::Size;
  } else if (has_length_) {
    framing_ = Framing::Length;
  } else {
    framing_ = Framing::UntilClose;
    keep_alive_ = false;
  }
}

std::size_t ResponseReader::take_line(std::string_view input, bool& complete) {
  const auto newline = input.find('\n');
  const std::size_t taken = newline == std::string_view::npos ? input.size() : newline + 1;
  line_.append(input.substr(0, taken));
  complete = newline != std::string_view::npos;
  if (line_.size() > kMaxLine || (complete && !line_.ends_with("\r\n")))
    fail("a line of the chunked framing is malformed");
  return taken;
}

ResponseReader::Step ResponseReader::feed_chunked(std::string_view input) {
  if (chunk_ == Chunk::Data) {
    const auto body = input.substr(0, std::min<std::uint64_t>(left_, input.size()));
    left_ -= body.size();
    if (left_ == 0) chunk_ = Chunk::DataEnd;
    return {body.size(), body};
  }
  bool complete = false;
  const std::size_t taken = take_line(input, complete);
  if (!complete || state_ == State::Bad) return {taken, {}};
  const std::string_view line(line_.data(), line_.size() - 2);
  if (chunk_ == Chunk::DataEnd) {
    if (!line.empty()) fail("a chunk is longer than its size");
    chunk_ = Chunk::Size;
  } else if (chunk_ == Chunk::Trailer) {
    if (line.empty()) state_ = State::Done;
  } else if (!parse_number(trim(line.substr(0, line.find(';'))), 16, left_)) {
    fail("a chunk's size is malformed");
  } else {
    chunk_ = left_ == 0 ? Chunk::Trailer : Chunk::Data;
  }
  line_.clear();
  return {taken, {}};
}

bool ResponseReader::end_of_stream() {
  if (state_ == State::Body && framing_ == Framing::UntilClose) state_ = State::Done;
  return state_ == State::Done;
}

std::string_view field_of(std::string_view head, std::string_view name) {
  next_line(head);
  while (!head.empty()) {
    const auto line = next_line(head);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name))
      return trim(line.substr(colon + 1));
  }
  return {};
}

}  // namespace berth::load
