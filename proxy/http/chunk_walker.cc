#include "proxy/http/chunk_walker.h"

#include <algorithm>
#include <array>
#include <limits>

#include "proxy/http/field_text.h"
#include "proxy/http/octets.h"

namespace berth::http {
namespace {

constexpr unsigned kMostTrailers = 128;

/// 16 digits hold every size. More are noughts, which another reader may take for something else.
constexpr std::uint8_t kMostDigits = 16;

/// Above it readers with signed numbers come to another size.
constexpr std::uint64_t kMostSize = std::numeric_limits<std::int64_t>::max();

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// RFC 9110 §6.5.1: what frames or routes a message has no place behind it.
constexpr std::array<std::string_view, 13> kNoTrailers{"authorization",
                                                       "connection",
                                                       "content-encoding",
                                                       "content-length",
                                                       "content-range",
                                                       "content-type",
                                                       "host",
                                                       "keep-alive",
                                                       "proxy-connection",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade"};

}  // namespace

void ChunkWalker::start(std::size_t bound, Trailers whose) {
  *this = ChunkWalker();
  bound_ = bound;
  whose_ = whose;
}

BodyStep ChunkWalker::feed(std::string_view bytes, std::string* data) {
  std::size_t take = 0;
  std::size_t at = seen_;
  while (at < bytes.size() && !done()) {
    if (state_ == State::Data) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      if (data != nullptr) data->append(bytes.substr(at, piece));
      left_ -= piece;
      at += piece;
      take = at;
      if (left_ == 0) state_ = State::DataReturn;
      continue;
    }
    const char c = bytes[at];
    if (state_ == State::TrailerStart) name_ = at - take;
    if (state_ == State::TrailerName && !may_go_on(bytes.substr(take + name_, at - take - name_), c))
      return {take, true};
    if (!step(c)) return {take, true};
    ++at;
    // What is gathered is one line, or the last chunk with its trailers.
    if (at - take > bound_) return {take, true};
    if (state_ == State::Data || (state_ == State::Size && digits_ == 0) || done()) take = at;
  }
  seen_ = at - take;
  return {take, false};
}

bool ChunkWalker::go(bool fits, State next) {
  if (fits) state_ = next;
  return fits;
}

bool ChunkWalker::step(char c) {
  switch (state_) {
    case State::Size:
      return step_size(c);
    case State::SizeLineFeed:
      return go(c == '\n', left_ != 0 ? State::Data : State::TrailerStart);
    case State::DataReturn:
      return go(c == '\r', State::DataLineFeed);
    case State::DataLineFeed:
      left_ = 0;
      digits_ = 0;
      return go(c == '\n', State::Size);
    case State::TrailerStart:
      if (c == '\r') return go(true, State::LastLineFeed);
      return go(is(c, kToken) && ++trailers_ <= kMostTrailers, State::TrailerName);
    case State::TrailerName:
      return is(c, kToken) || go(c == ':', State::TrailerValue);
    case State::TrailerValue:
      return is(c, kText) || go(c == '\r', State::TrailerLineFeed);
    case State::TrailerLineFeed:
      return go(c == '\n', State::TrailerStart);
    case State::LastLineFeed:
      return go(c == '\n', State::Done);
    default:
      return step_extension(c);
  }
}

bool ChunkWalker::step_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    return ++digits_ <= kMostDigits && left_ <= kMostSize;
  }
  if (digits_ == 0) return false;
  if (is_blank(c)) return go(true, State::SizeBlank);
  if (c == ';') return go(true, State::ExtensionStart);
  return go(c == '\r', State::SizeLineFeed);
}

/// RFC 9112 §7.1.1, blanks included where it has BWS.
bool ChunkWalker::step_extension(char c) {
  const bool next_one = c == ';';
  switch (state_) {
    case State::SizeBlank:
      return is_blank(c) || go(next_one, State::ExtensionStart);
    case State::ExtensionStart:
      return is_blank(c) || go(is(c, kToken), State::ExtensionName);
    case State::ExtensionName:
      if (is(c, kToken)) return true;
      if (c == '\r') return go(true, State::SizeLineFeed);
      [[fallthrough]];
    case State::ExtensionNameBlank:
      if (is_blank(c)) return go(true, State::ExtensionNameBlank);
      return go(c == '=' || next_one, next_one ? State::ExtensionStart : State::ExtensionValueStart);
    case State::ExtensionValueStart:
      if (is_blank(c)) return true;
      return go(c == '"' || is(c, kToken), c == '"' ? State::Quoted : State::ExtensionValue);
    case State::Quoted:
      if (c == '"') return go(true, State::QuotedEnd);
      return go(is(c, kText), c == '\\' ? State::QuotedPair : State::Quoted);
    case State::QuotedPair:
      return go(is(c, kText), State::Quoted);
    case State::ExtensionValue:
      if (is(c, kToken)) return true;
      [[fallthrough]];
    case State::QuotedEnd:
      if (c == '\r') return go(true, State::SizeLineFeed);
      [[fallthrough]];
    case State::ExtensionValueBlank:
      if (is_blank(c)) return go(true, State::ExtensionValueBlank);
      return go(next_one, State::ExtensionStart);
    default:
      return false;
  }
}

/// Whether `name` may be followed by `c`: no trailer is called so, or begins so.
bool ChunkWalker::may_go_on(std::string_view name, char c) const {
  if (c == ':') return is_allowed(name);
  constexpr std::size_t kForwarded = 12;  // octets of "X-Forwarded-"
  if (whose_ == Trailers::Any || name.size() + 1 != kForwarded) return true;
  return !is_forwarding_name(std::string(name) + c);
}

bool ChunkWalker::is_allowed(std::string_view name) const {
  if (whose_ == Trailers::OfClient &&
      (equals_lower(name, "expect") || equals_lower(name, "forwarded") || is_client_name(name)))
    return false;
  return std::none_of(kNoTrailers.begin(), kNoTrailers.end(),
                      [name](std::string_view each) { return equals_lower(name, each); });
}

}  // namespace berth::http
