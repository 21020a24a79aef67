#include "bench/load/response_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace berth::load {
namespace {

constexpr std::size_t kMaxHead = 256 * 1024;
constexpr std::size_t kMaxLine = 16 * 1024;
constexpr std::string_view kProtocol = "HTTP/1.";
constexpr const char* kNoStatusLine = "the status line is not HTTP/1";
constexpr const char* kBareNewline = "a line ends by LF alone, without CR";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool parse_number(std::string_view text, int base, std::uint64_t& value) {
  if (text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void ResponseReader::begin(bool to_head) {
  to_head_ = to_head;
  started_ = false;
  interim_ = 0;
  error_ = "";
  await_head();
}

void ResponseReader::await_head() {
  state_ = State::Head;
  framing_ = Framing::None;
  keep_alive_ = closes_ = false;
  has_length_ = false;
  status_ = 0;
  left_ = 0;
  head_.clear();
  line_begin_ = 0;
  line_.clear();
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

// Line by line: what is no response is known at its first wrong line, and not waited for to the end of a head
// that may never come.
ResponseReader::Step ResponseReader::feed_head(std::string_view input) {
  std::size_t consumed = 0;
  while (state_ == State::Head && consumed < input.size()) {
    const auto newline = input.find('\n', consumed);
    const bool whole = newline != std::string_view::npos;
    const auto part = input.substr(consumed, whole ? newline + 1 - consumed : std::string_view::npos);
    head_.append(part);
    consumed += part.size();
    if (head_.size() > kMaxHead) {
      fail("the head is too large");
    } else if (whole) {
      take_head_line();
    } else if (line_begin_ == 0 &&
               !kProtocol.starts_with(std::string_view(head_).substr(0, kProtocol.size()))) {
      fail(kNoStatusLine);
    }
  }
  return {consumed, {}};
}

void ResponseReader::take_head_line() {
  auto line = std::string_view(head_).substr(line_begin_);
  const bool first = std::exchange(line_begin_, head_.size()) == 0;
  if (!line.ends_with("\r\n"))
    return fail(first && !line.starts_with(kProtocol) ? kNoStatusLine : kBareNewline);
  line.remove_suffix(2);
  if (first) {
    if (!read_status_line(line)) fail(kNoStatusLine);
  } else if (line.empty()) {
    end_head();
  } else if (line.find('\r') != std::string_view::npos || !read_field(line)) {
    fail("a header field is malformed");
  }
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
  return line.find('\r') == std::string_view::npos;
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
    // RFC 9112 §9.3: a close counts, whatever else is said.
    if (has_token(value, "close")) closes_ = true;
    if (has_token(value, "keep-alive")) keep_alive_ = true;
  }
  return true;
}

void ResponseReader::end_head() {
  if (status_ < 200 && status_ != 101) {
    ++interim_;
    return await_head();
  }
  keep_alive_ = keep_alive_ && !closes_;
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
  else if (chunk_ == Chunk::Size && !is_hex(line_.front()))
    fail("a chunk's size is malformed");
  else if (chunk_ == Chunk::DataEnd && line_.front() != '\r')
    fail("a chunk is longer than its size");
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

}  // namespace berth::load
