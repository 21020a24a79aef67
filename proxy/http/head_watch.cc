#include "proxy/http/head_watch.h"

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::size_t kMajorAt = 5;  ///< in kVersion
constexpr std::string_view kScheme = "http";
constexpr std::string_view kSlashes = "://";
constexpr std::uint8_t kSecure = 64;  ///< added to at_ after "https"

}  // namespace

void HeadWatch::restart() {
  state_ = kind_ == Kind::Request ? State::Method : State::Version;
  fault_ = Fault::None;
  at_ = 0;
  seen_ = 0;
}

bool HeadWatch::walk(std::string_view head) {
  if (fault_ != Fault::None) return false;
  while (seen_ < head.size() && state_ != State::Done) {
    const char* const from = head.data() + seen_;
    const char* const last = head.data() + head.size();
    if (state_ == State::Value || state_ == State::Reason)
      seen_ += static_cast<std::uint32_t>(skip_text(from, last) - from);
    else if (state_ == State::Target)
      seen_ += static_cast<std::uint32_t>(skip(from, last, kTarget) - from);
    if (seen_ == head.size()) break;
    if (!step(head, head[seen_])) return false;
    ++seen_;
  }
  return true;
}

bool HeadWatch::fail(Fault fault) {
  fault_ = fault;
  return false;
}

bool HeadWatch::expect(bool fits, State next) {
  if (!fits) return fail(Fault::Malformed);
  state_ = next;
  at_ = 0;
  return true;
}

bool HeadWatch::step(std::string_view head, char c) {
  switch (state_) {
    case State::Method:
      if (is(c, kToken)) return true;
      if (c == ' ' && head.substr(0, seen_) == "CONNECT") return fail(Fault::Connect);
      return expect(c == ' ' && seen_ != 0, State::TargetStart);
    case State::TargetStart:
      return step_target(head, c);
    case State::Scheme:
      return step_scheme(c);
    case State::Asterisk:
      return expect(c == ' ', State::Version);
    case State::Target:
      if (is(c, kToEncode)) return fail(Fault::Target);
      return expect(c == ' ', State::Version);
    case State::Version:
      return step_version(c);
    case State::AfterVersion:
      return expect(c == ' ', State::Status);
    case State::Status:
      return step_status(c);
    case State::AfterStatus:
      return expect(c == ' ' || c == '\r', c == ' ' ? State::Reason : State::LineFeed);
    case State::Reason:
    case State::LineEnd:
    case State::Value:
      return expect(c == '\r', State::LineFeed);
    case State::LineFeed:
      return expect(c == '\n', State::LineStart);
    case State::LineStart:
      if (is_blank(c)) return fail(Fault::Folded);
      return expect(c == '\r' || is(c, kToken), c == '\r' ? State::LastLineFeed : State::Name);
    case State::Name:
      return is(c, kToken) || expect(c == ':', State::Value);
    case State::LastLineFeed:
      return expect(c == '\n', State::Done);
    case State::Done:
      break;
  }
  return true;
}

/// RFC 9112 §3.2: which of its forms begins here.
bool HeadWatch::step_target(std::string_view head, char c) {
  if (is(c, kToEncode)) return fail(Fault::Target);
  if (c == '/') return expect(true, State::Target);
  // The preface of HTTP/2 is told that its version is not served (RFC 9113 §3.4).
  if (c == '*') return expect(head.starts_with("OPTIONS ") || head.starts_with("PRI "), State::Asterisk);
  if (!expect((c | 0x20) == kScheme[0], State::Scheme)) return false;
  at_ = 1;
  return true;
}

bool HeadWatch::step_scheme(char c) {
  const bool secure = at_ >= kSecure;
  if (is(c, kToEncode)) return fail(Fault::Target);
  if (!secure && at_ < kScheme.size()) {
    if ((c | 0x20) != kScheme[at_]) return fail(Fault::Malformed);
    ++at_;
    return true;
  }
  if (!secure && at_ == kScheme.size() && (c | 0x20) == 's') {
    at_ = kSecure;
    return true;
  }
  const std::size_t slash = secure ? at_ - kSecure : at_ - kScheme.size();
  if (c != kSlashes[slash]) return fail(Fault::Malformed);
  ++at_;
  return slash + 1 < kSlashes.size() || expect(true, State::Target);
}

bool HeadWatch::step_version(char c) {
  if (at_ < kVersion.size()) {
    if (c != kVersion[at_]) return fail(at_ == kMajorAt && is_digit(c) ? Fault::Version : Fault::Malformed);
    ++at_;
    return true;
  }
  if (c != '0' && c != '1') return fail(is_digit(c) ? Fault::Version : Fault::Malformed);
  if (kind_ == Kind::Response) return expect(true, State::AfterVersion);
  return expect(true, State::LineEnd);
}

bool HeadWatch::step_status(char c) {
  if (!is_digit(c) || (at_ == 0 && c == '0')) return fail(Fault::Malformed);
  return ++at_ < 3 || expect(true, State::AfterStatus);
}

}  // namespace berth::http
