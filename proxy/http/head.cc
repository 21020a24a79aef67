#include "proxy/http/head.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/none.hpp>

#include "proxy/http/authority.h"
#include "proxy/http/field_text.h"

namespace berth::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using ErrorCode = beast::error_code;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

FieldTag tag_of(field known, std::string_view name) {
  switch (known) {
    case field::accept:
      return FieldTag::Accept;
    case field::connection:
      return FieldTag::Connection;
    case field::content_length:
      return FieldTag::ContentLength;
    case field::expect:
      return FieldTag::Expect;
    case field::forwarded:
      return FieldTag::Forwarded;
    case field::host:
      return FieldTag::Host;
    case field::keep_alive:
      return FieldTag::KeepAlive;
    case field::proxy_connection:
      return FieldTag::ProxyConnection;
    case field::te:
      return FieldTag::Te;
    case field::transfer_encoding:
      return FieldTag::TransferEncoding;
    case field::upgrade:
      return FieldTag::Upgrade;
    case field::unknown:
      break;
    default:
      return FieldTag::Other;
  }
  if ((name[0] | 0x20) != 'x') return FieldTag::Other;
  if (is_forwarding_name(name)) return FieldTag::XForwarded;
  if (is_request_id_name(name)) return FieldTag::RequestId;
  return FieldTag::Other;
}

/// RFC 9110 §8.6: digits alone. A list, a sign or a leading zero is how two readers come to disagree.
bool is_strict_length(std::string_view value) {
  if (value.empty() || value.size() > 19) return false;
  if (value.size() > 1 && value[0] == '0') return false;
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

template <bool IsRequest>
class HeadParser final : public beast::http::basic_parser<IsRequest> {
  using Base = beast::http::basic_parser<IsRequest>;
  using HeadType = std::conditional_t<IsRequest, RequestHead, ResponseHead>;

 public:
  HeadParser(HeadType& head, HeadError& error, const HeadLimits& limits)
      : head_(head), error_(error), limits_(limits) {
    this->header_limit(limits.bytes);
    this->body_limit(boost::none);
  }

  HeadResult parse(std::string_view bytes) {
    head_.fields.clear();
    ErrorCode ec;
    const std::size_t used = this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec == beast::http::error::need_more) {
      if (bytes.size() < limits_.bytes) return HeadResult::NeedMore;
      return too_large();
    }
    if (ec) return refuse(ec, bytes);
    if (used > limits_.bytes) return too_large();
    head_.raw = bytes.substr(0, used);
    head_.fields_end = bytes.data() + used - 2;
    return finish();
  }

 private:
  HeadResult too_large() {
    error_ = head_.fields.empty() && !started_ ? HeadError{414, "the request target is too long"}
                                               : HeadError{431, "the header fields are too large"};
    return HeadResult::Bad;
  }

  HeadResult bad(int status, const char* reason) {
    error_ = {status, reason};
    return HeadResult::Bad;
  }

  /// The start line ends in a version as RFC 9112 §2.3 spells it, only not one of ours.
  static bool names_a_version(std::string_view bytes) {
    const std::string_view line = bytes.substr(0, bytes.find('\r'));  // its line feed may be to come
    const std::string_view version = line.substr(line.size() - std::min<std::size_t>(line.size(), 9));
    if (version == " HTTP/1.1" || version == " HTTP/1.0") return false;  // something else is wrong
    return version.size() == 9 && version.starts_with(" HTTP/") &&
           std::isdigit(static_cast<unsigned char>(version[6])) != 0 && version[7] == '.' &&
           std::isdigit(static_cast<unsigned char>(version[8])) != 0;
  }

  HeadResult refuse(const ErrorCode& ec, std::string_view bytes) {
    using beast::http::error;
    if (refused_) return HeadResult::Bad;  // error_ tells
    if (ec == error::header_limit) return too_large();
    if (ec == error::bad_version && names_a_version(bytes))
      return bad(505, "the HTTP version is not 1.0 or 1.1");
    if (ec == error::bad_content_length || ec == error::multiple_content_length)
      return bad(400, "Content-Length is malformed, repeated or beside Transfer-Encoding");
    if (ec == error::bad_transfer_encoding)
      return bad(400, "Transfer-Encoding is repeated or beside Content-Length");
    return bad(400, "the head of the message is malformed");
  }

  void fail(ErrorCode& ec, int status, const char* reason) {
    refused_ = true;
    error_ = {status, reason};
    ec = beast::http::error::bad_field;
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       ErrorCode& ec) override {
    started_ = true;
    if constexpr (IsRequest) {
      head_.version = version;
      head_.method = view(method);
      head_.target = view(target);
      for (const char c : target)
        if (static_cast<unsigned char>(c) >= 0x7f || c == '#' || c == '"')
          return fail(ec, 400, "the request target has a character that must be percent-encoded");
    }
  }

  void on_response_impl(int code, beast::string_view reason, int version, ErrorCode& ec) override {
    started_ = true;
    if constexpr (!IsRequest) {
      if (code < 100 || code > 999) return fail(ec, 502, "the status code is malformed");
      head_.version = version;
      head_.status = code;
      head_.after_version = {reason.data() - 5, reason.size() + 7};
    }
  }

  void on_field_impl(field known, beast::string_view name, beast::string_view value, ErrorCode& ec) override {
    if (head_.fields.size() >= limits_.fields) return fail(ec, 431, "there are too many header fields");
    // A folded line (RFC 9112 §5.2) leaves its mark between the colon and the value, or puts the value
    // elsewhere.
    const char* between = name.data() + name.size() + 1;
    if (value.data() < between || value.data() > between + limits_.bytes)
      return fail(ec, 400, "a header line is folded");
    for (const char* p = between; p < value.data(); ++p)
      if (*p != ' ' && *p != '\t') return fail(ec, 400, "a header line is folded");
    const FieldTag tag = tag_of(known, view(name));
    head_.fields.push_back({name.data(), view(name), view(value), tag, false});
    if (tag != FieldTag::Other) note(tag, view(value), ec);
  }

  void note(FieldTag tag, std::string_view value, ErrorCode& ec) {
    switch (tag) {
      case FieldTag::ContentLength:
        if (has_length_ || !is_strict_length(value))
          return fail(ec, 400, "Content-Length is malformed or repeated");
        has_length_ = true;
        break;
      case FieldTag::TransferEncoding:
        if (has_coding_) return fail(ec, 400, "Transfer-Encoding is repeated");
        has_coding_ = true;
        if (!equals_lower(value, "chunked")) {
          const bool token = !value.empty() && std::all_of(value.begin(), value.end(), is_token_char);
          return fail(ec, token ? 501 : 400, "Transfer-Encoding is not exactly `chunked`");
        }
        if (head_.version < 11) return fail(ec, 400, "Transfer-Encoding in HTTP/1.0");
        break;
      case FieldTag::Connection:
        has_connection_ = true;
        break;
      case FieldTag::Upgrade:
        head_.upgrade = value;
        break;
      case FieldTag::RequestId:
        head_.request_id = value;
        ++head_.request_ids;
        break;
      default:
        if constexpr (IsRequest)
          note_request(tag, value, ec);
        else if (tag == FieldTag::KeepAlive)
          head_.keep_alive_terms = value;
        break;
    }
  }

  void note_request(FieldTag tag, std::string_view value, ErrorCode& ec) {
    if constexpr (IsRequest) {
      switch (tag) {
        case FieldTag::Host:
          if (head_.has_host) return fail(ec, 400, "there are two Host fields");
          if (!is_host(value)) return fail(ec, 400, "Host is malformed");
          head_.has_host = true;
          head_.host = value;
          break;
        case FieldTag::Expect:
          head_.expects_continue = equals_lower(value, "100-continue");
          break;
        case FieldTag::Accept:
          head_.accepts_html = value.find("text/html") != std::string_view::npos;
          break;
        case FieldTag::Te:
          head_.te_trailers = has_token(value, "trailers");
          break;
        default:
          break;
      }
    }
  }

  HeadResult finish() {
    head_.keep_alive = this->keep_alive();
    head_.upgrade_option = false;
    if (has_connection_) nominate();
    if constexpr (IsRequest)
      return finish_request();
    else
      return finish_response();
  }

  /// Marks the fields that Connection names, except those that no peer may have removed.
  void nominate() {
    for (const Field& connection : head_.fields) {
      if (connection.tag != FieldTag::Connection) continue;
      if (has_token(connection.value, "upgrade")) head_.upgrade_option = true;
      for (Field& other : head_.fields) {
        switch (other.tag) {
          case FieldTag::Connection:
          case FieldTag::ContentLength:
          case FieldTag::Expect:
          case FieldTag::Host:
          case FieldTag::RequestId:
          case FieldTag::TransferEncoding:
          case FieldTag::Upgrade:
            break;
          default:
            if (lists_name(connection.value, other.name)) other.nominated = true;
        }
      }
    }
  }

  HeadResult finish_request() {
    if constexpr (IsRequest) {
      head_.framing = has_coding_ ? Framing::Chunked : has_length_ ? Framing::Length : Framing::None;
      head_.length = has_length_ ? *this->content_length() : 0;
      if (head_.length == 0 && head_.framing == Framing::Length) head_.framing = Framing::None;
      if (head_.version == 11 && !head_.has_host) return bad(400, "Host is missing");
      return read_target();
    }
    return HeadResult::Bad;
  }

  /// RFC 9112 §3.2: which of the four forms the target has.
  HeadResult read_target() {
    if constexpr (IsRequest) {
      const std::string_view target = head_.target;
      head_.authority = {};
      head_.path = target;
      if (head_.method == "CONNECT") return bad(501, "CONNECT is not served here");
      if (target.front() == '/') return HeadResult::Complete;
      if (target == "*")
        return head_.method == "OPTIONS" ? HeadResult::Complete
                                         : bad(400, "`*` is a target for OPTIONS alone");
      std::size_t scheme = 0;
      if (target.size() > 7 && equals_lower(target.substr(0, 7), "http://")) scheme = 7;
      if (target.size() > 8 && equals_lower(target.substr(0, 8), "https://")) scheme = 8;
      if (scheme == 0) return bad(400, "the request target is malformed");
      const std::size_t end = std::min(target.find_first_of("/?", scheme), target.size());
      head_.authority = target.substr(scheme, end - scheme);
      head_.path = target.substr(end);
      if (head_.path.empty() && head_.method == "OPTIONS") head_.path = "*";  // RFC 9112 §3.2.4
      if (head_.authority.empty() || !is_host(head_.authority))
        return bad(400, "the request target has no valid host");
      return HeadResult::Complete;
    }
    return HeadResult::Bad;
  }

  HeadResult finish_response() {
    if constexpr (!IsRequest) {
      // Beast has worked it out (RFC 9112 §6.3), skip() included; only the strictness is ours.
      head_.length = has_length_ ? *this->content_length() : 0;
      if (this->is_done())
        head_.framing = Framing::None;
      else if (has_coding_)
        head_.framing = Framing::Chunked;
      else
        head_.framing = has_length_ ? Framing::Length : Framing::Close;
      return HeadResult::Complete;
    }
    return HeadResult::Bad;
  }

  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  HeadType& head_;
  HeadError& error_;
  const HeadLimits& limits_;
  bool started_ = false;
  bool refused_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool has_connection_ = false;
};

}  // namespace

HeadResult read_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                             HeadError& error) {
  head.has_host = head.expects_continue = head.accepts_html = head.te_trailers = false;
  head.host = head.upgrade = {};
  head.request_ids = 0;
  HeadParser<true> parser(head, error, limits);
  return parser.parse(bytes);
}

HeadResult read_response_head(std::string_view bytes, const HeadLimits& limits, bool to_head,
                              ResponseHead& head, HeadError& error) {
  head.upgrade = head.keep_alive_terms = {};
  head.request_ids = 0;
  HeadParser<false> parser(head, error, limits);
  if (to_head) parser.skip(true);
  const HeadResult result = parser.parse(bytes);
  if (result == HeadResult::Bad) error.status = 502;
  return result;
}

}  // namespace berth::http
