#include "proxy/http/head.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>

#include "proxy/http/authority.h"
#include "proxy/http/field_text.h"
#include "proxy/http/head_lines.h"
#include "proxy/http/head_watch.h"
#include "proxy/http/octets.h"

namespace berth::http {
namespace {

constexpr std::string_view kEvents = "text/event-stream";

/// Whether the field Accept lists kEvents. Nearly every request has the field, and few list it: the list is
/// read item by item only where the type stands somewhere in it, which is looked for by its hyphen.
bool accepts_events(std::string_view accept) {
  constexpr std::size_t kHyphen = kEvents.find('-');
  for (std::size_t at = accept.find('-'); at != std::string_view::npos; at = accept.find('-', at + 1)) {
    if (at >= kHyphen && equals_lower(accept.substr(at - kHyphen, kEvents.size()), kEvents))
      return lists_media_type(accept, kEvents);
  }
  return false;
}

/// RFC 9110 §8.6: digits alone. A list, a sign or a leading zero is how two readers come to disagree.
std::optional<std::uint64_t> strict_length(std::string_view value) {
  if (value.empty() || value.size() > 19 || (value.size() > 1 && value[0] == '0')) return std::nullopt;
  // Above 2^63 - 1, which 19 digits can hold, readers with signed numbers come to another one.
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > kMost) return std::nullopt;
  return length;
}

/// Reads one head, line by line, straight into `head`.
template <class HeadType>
class HeadReader {
  static constexpr bool kIsRequest = std::is_same_v<HeadType, RequestHead>;

 public:
  /// `to_head`: see read_response_head.
  HeadReader(HeadType& head, HeadError& error, const HeadLimits& limits, bool to_head)
      : head_(head), error_(error), limits_(limits), to_head_(to_head) {}

  HeadResult read(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const last = at + std::min<std::size_t>(bytes.size(), limits_.bytes);
    LineResult line = read_start_line(at, last);
    if (line != LineResult::Whole) return stopped(line, at, bytes);
    started_ = true;
    if (!check_start_line()) return HeadResult::Bad;
    for (;;) {
      Field field;
      line = read_field_line(at, last, field);
      if (line == LineResult::Empty) break;
      if (line != LineResult::Whole && line != LineResult::Folded) return stopped(line, at, bytes);
      if (head_.fields.size() >= limits_.fields) return bad(431, "there are too many header fields");
      if (line == LineResult::Folded) return bad(400, "a header line is folded");
      field.tag = tag_of(field.name);
      head_.fields.push_back(field);
      if (field.tag != FieldTag::Other && !note(field.tag, field.value)) return HeadResult::Bad;
    }
    head_.raw = {bytes.data(), at};
    head_.fields_end = at - 2;
    return finish();
  }

 private:
  bool fail(int status, const char* reason) {
    error_ = {status, reason};
    return false;
  }

  HeadResult bad(int status, const char* reason) {
    error_ = {status, reason};
    return HeadResult::Bad;
  }

  HeadResult malformed(HeadWatch::Fault fault) {
    switch (fault) {
      case HeadWatch::Fault::Target:
        return bad(400, "the request target has a character that must be percent-encoded");
      case HeadWatch::Fault::Connect:
        return bad(501, "CONNECT is not served here");
      case HeadWatch::Fault::Version:
        return bad(505, "the HTTP version is not 1.0 or 1.1");
      case HeadWatch::Fault::Folded:
        return bad(400, "a header line is folded");
      case HeadWatch::Fault::None:
      case HeadWatch::Fault::Malformed:
        break;
    }
    return bad(400, "the head of the message is malformed");
  }

  /// There is no whole line at `at`, or it has ended with the last octet that is there. What is malformed is
  /// refused at the octet that makes it so.
  HeadResult stopped(LineResult line, const char* at, std::string_view bytes) {
    HeadWatch watch(kIsRequest ? HeadWatch::Kind::Request : HeadWatch::Kind::Response);
    if (!watch.walk(bytes) || line != LineResult::NeedMore) return malformed(watch.fault());
    if (bytes.size() >= limits_.bytes)
      return started_ ? bad(431, "the header fields are too large")
                      : bad(414, "the request target is too long");
    if (!started_) return HeadResult::NeedMore;
    const char* const last = bytes.data() + bytes.size();
    const bool ends = at != last && *at == '\r';
    if (ends && lacks_host()) return bad(400, "Host is missing");
    const bool more_fields = at != last && !ends;
    if (more_fields && head_.fields.size() >= limits_.fields)
      return bad(431, "there are too many header fields");
    Field field;
    if (!watch.between_lines() || read_field_line<Behind::Nothing>(at, last, field) != LineResult::Whole)
      return HeadResult::NeedMore;
    const FieldTag tag = tag_of(field.name);
    return tag == FieldTag::Other || note(tag, field.value) ? HeadResult::NeedMore : HeadResult::Bad;
  }

  LineResult read_start_line(const char*& at, const char* last) {
    if constexpr (kIsRequest) {
      RequestLine line;
      const LineResult result = read_request_line(at, last, line);
      head_.method = line.method;
      head_.target = line.target;
      head_.version = line.version;
      to_encode_ = line.to_encode;
      return result;
    } else {
      StatusLine line;
      const LineResult result = read_status_line(at, last, line);
      head_.version = line.version;
      head_.status = line.status;
      head_.after_version = line.after_version;
      head_.lacks_blank = line.lacks_blank;
      return result;
    }
  }

  bool check_start_line() {
    if constexpr (kIsRequest) {
      if (to_encode_) return fail(400, "the request target has a character that must be percent-encoded");
      if (head_.method == "CONNECT") return fail(501, "CONNECT is not served here");
      return read_target();
    } else {
      if (head_.status < 100) return fail(502, "the status code is malformed");
    }
    return true;
  }

  bool note(FieldTag tag, std::string_view value) {
    switch (tag) {
      case FieldTag::ContentLength:
        return note_length(value);
      case FieldTag::TransferEncoding:
        return note_coding(value);
      case FieldTag::Connection:
        has_connection_ = true;
        return note_options(value);
      case FieldTag::ProxyConnection:  // of old; told by clients that mean Connection
        return note_options(value);
      case FieldTag::Upgrade:
        head_.upgrade = value;
        return true;
      case FieldTag::RequestId:
        head_.request_id = value;
        ++head_.request_ids;
        return true;
      case FieldTag::Date:
        head_.has_date = true;
        return true;
      default:
        break;
    }
    if constexpr (kIsRequest)
      return note_request(tag, value);
    else if (tag == FieldTag::KeepAlive)
      head_.keep_alive_terms = value;
    return true;
  }

  /// RFC 9112 §6.3: beside Transfer-Encoding, or twice, it is how requests are smuggled.
  bool note_length(std::string_view value) {
    const auto length = strict_length(value);
    if (has_coding_ || has_length_ || !length)
      return fail(400, "Content-Length is malformed, repeated or beside Transfer-Encoding");
    has_length_ = true;
    head_.length = *length;
    return true;
  }

  /// RFC 9112 §6.1: what is not understood is answered 501.
  bool note_coding(std::string_view value) {
    if (has_coding_ || has_length_)
      return fail(400, "Transfer-Encoding is repeated or beside Content-Length");
    if (!equals_lower(value, "chunked"))
      return fail(names_other_codings(value) ? 501 : 400, "Transfer-Encoding is not exactly `chunked`");
    if (head_.version < 11) return fail(400, "Transfer-Encoding in HTTP/1.0");
    has_coding_ = true;
    return true;
  }

  /// RFC 9110 §7.6.1: a list of tokens, of which two say whether the connection goes on.
  bool note_options(std::string_view value) {
    while (!value.empty()) {
      const std::string_view option = next_item(value);
      if (option.empty()) continue;  // RFC 9110 §5.6.1.2
      if (!is_token(option)) return fail(400, "the head of the message is malformed");
      if (equals_lower(option, "close")) says_close_ = true;
      if (equals_lower(option, "keep-alive")) says_keep_alive_ = true;
    }
    return true;
  }

  bool note_request(FieldTag tag, std::string_view value) {
    if constexpr (kIsRequest) {
      switch (tag) {
        case FieldTag::Host:
          if (head_.has_host) return fail(400, "there are two Host fields");
          if (!is_host(value)) return fail(400, "Host is malformed");
          head_.has_host = true;
          head_.host = value;
          break;
        case FieldTag::Expect:
          head_.expects_continue = equals_lower(value, "100-continue");
          break;
        case FieldTag::Accept:
          head_.accepts_html |= value.find("text/html") != std::string_view::npos;
          head_.accepts_events |= accepts_events(value);
          break;
        case FieldTag::Via:
          head_.has_via = true;
          break;
        case FieldTag::RealIp:
          head_.has_real_ip = true;
          break;
        case FieldTag::Te:
          head_.te_trailers = has_token(value, "trailers");
          break;
        default:
          break;
      }
    }
    return true;
  }

  HeadResult finish() {
    head_.keep_alive =
        !says_close_ && (head_.version == 11 || says_keep_alive_);  // RFC 9112 §9.3: close wins
    head_.upgrade_option = false;
    if (has_connection_) nominate();
    if constexpr (kIsRequest)
      return finish_request();
    else
      return finish_response();
  }

  /// RFC 9110 §7.6.1: marks the fields that Connection names, except those that no peer may have removed.
  void nominate() {
    for (const Field& connection : head_.fields) {
      if (connection.tag != FieldTag::Connection) continue;
      for (std::string_view options = connection.value; !options.empty();) {
        const std::string_view option = next_item(options);
        if (equals_lower(option, "upgrade")) head_.upgrade_option = true;
        for (Field& other : head_.fields)
          if (may_be_nominated(other.tag) && equals_name(option, other.name)) other.nominated = true;
      }
    }
  }

  static bool may_be_nominated(FieldTag tag) {
    switch (tag) {
      case FieldTag::Connection:
      case FieldTag::ContentLength:
      case FieldTag::Date:
      case FieldTag::Expect:
      case FieldTag::Forwarded:  // a client that could have it removed would take a proxy's word out
      case FieldTag::Host:
      case FieldTag::RealIp:
      case FieldTag::RequestId:
      case FieldTag::TransferEncoding:
      case FieldTag::Upgrade:
      case FieldTag::Via:
      case FieldTag::XForwarded:
      case FieldTag::XForwardedFor:
      case FieldTag::XForwardedHost:
      case FieldTag::XForwardedPrefix:
      case FieldTag::XForwardedProto:
        return false;
      default:
        return true;
    }
  }

  bool lacks_host() const {
    if constexpr (kIsRequest) return head_.version == 11 && !head_.has_host;
    return false;
  }

  HeadResult finish_request() {
    if constexpr (kIsRequest) {
      head_.framing = has_coding_ ? Framing::Chunked : head_.length > 0 ? Framing::Length : Framing::None;
      if (lacks_host()) return bad(400, "Host is missing");
      return HeadResult::Complete;
    }
    return HeadResult::Bad;
  }

  /// RFC 9112 §3.2: which of the four forms the target has.
  bool read_target() {
    if constexpr (kIsRequest) {
      const std::string_view target = head_.target;
      head_.authority = {};
      head_.path = target;
      if (target.front() == '/') return true;
      if (target == "*") return head_.method == "OPTIONS" || fail(400, "`*` is a target for OPTIONS alone");
      std::size_t scheme = 0;
      if (target.size() > 7 && equals_lower(target.substr(0, 7), "http://")) scheme = 7;
      if (target.size() > 8 && equals_lower(target.substr(0, 8), "https://")) scheme = 8;
      if (scheme == 0) return fail(400, "the request target is malformed");
      const std::size_t end = std::min(target.find_first_of("/?", scheme), target.size());
      head_.authority = target.substr(scheme, end - scheme);
      head_.path = target.substr(end);
      if (head_.path.empty() && head_.method == "OPTIONS") head_.path = "*";  // RFC 9112 §3.2.4
      if (head_.authority.empty() || !is_host(head_.authority))
        return fail(400, "the request target has no valid host");
    }
    return true;
  }

  /// RFC 9112 §6.3
  HeadResult finish_response() {
    if constexpr (!kIsRequest) {
      const int status = head_.status;
      if (to_head_ || status < 200 || status == 204 || status == 304)
        head_.framing = Framing::None;
      else if (has_coding_)
        head_.framing = Framing::Chunked;
      else if (has_length_)
        head_.framing = head_.length > 0 ? Framing::Length : Framing::None;
      else
        head_.framing = Framing::Close;
      if (head_.framing == Framing::Close) head_.keep_alive = false;
    }
    return HeadResult::Complete;
  }

  HeadType& head_;
  HeadError& error_;
  const HeadLimits& limits_;
  bool to_head_;
  bool started_ = false;
  bool to_encode_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool has_connection_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
};

/// What a workspace still holds of the head before.
void forget(Head& head) {
  head.fields.clear();
  head.length = 0;
  head.upgrade = {};
  head.request_ids = 0;
  head.has_date = false;
}

}  // namespace

HeadResult read_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                             HeadError& error) {
  forget(head);
  head.has_host = head.expects_continue = head.accepts_html = head.te_trailers = false;
  head.accepts_events = head.has_via = head.has_real_ip = false;
  head.host = {};
  return HeadReader<RequestHead>(head, error, limits, false).read(bytes);
}

HeadResult read_response_head(std::string_view bytes, const HeadLimits& limits, bool to_head,
                              ResponseHead& head, HeadError& error) {
  forget(head);
  head.keep_alive_terms = {};
  const HeadResult result = HeadReader<ResponseHead>(head, error, limits, to_head).read(bytes);
  if (result == HeadResult::Bad) error.status = 502;
  return result;
}

}  // namespace berth::http
