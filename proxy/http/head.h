// The head of a message as it lies in the wire's buffer: its lines are read once (head_lines.h) and held to
// the strict rules of RFC 9112 on what fields mean together. Everything here is a view into that buffer,
// valid until the buffer changes. Knows no socket; decides nothing about what is forwarded (head_rules.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace berth::http {

/// Fields that an intermediary has business with.
enum class FieldTag : std::uint8_t {
  Other,
  Accept,
  Connection,
  ContentLength,
  Date,
  Expect,
  Folded,  ///< one of the names below that begin with X-, otherwise spelt: see is_client_name()
  Forwarded,
  Host,
  KeepAlive,
  ProxyConnection,
  RealIp,     ///< X-Real-IP
  RequestId,  ///< X-Request-Id
  Te,
  TransferEncoding,
  Upgrade,
  Via,
  XForwarded,  ///< X-Forwarded-* but those that follow
  XForwardedFor,
  XForwardedHost,
  XForwardedPrefix,
  XForwardedProto,
};

/// One field line. It ends where the next one begins.
struct Field {
  const char* line = nullptr;  ///< its first byte
  std::string_view name;
  std::string_view value;  ///< without the blanks around it
  FieldTag tag = FieldTag::Other;
  bool nominated = false;  ///< named by a Connection option (RFC 9110 §7.6.1)
};

/// How the end of a message is known (RFC 9112 §6.3).
enum class Framing : std::uint8_t {
  None,     ///< no body
  Length,   ///< Content-Length
  Chunked,  ///< Transfer-Encoding: chunked
  Close,    ///< until the connection ends (responses only)
};

/// What both kinds of head have.
struct Head {
  std::string_view raw;              ///< from the start line to the empty line, inclusive
  const char* fields_end = nullptr;  ///< where the empty line begins
  std::vector<Field> fields;         ///< in order
  int version = 11;
  Framing framing = Framing::None;
  std::uint64_t length = 0;     ///< of the body, with Framing::Length
  bool keep_alive = true;       ///< RFC 9112 §9.3
  bool upgrade_option = false;  ///< "Connection: upgrade"
  bool has_date = false;
  std::string_view upgrade;       ///< value of Upgrade
  std::string_view request_id;    ///< value of the last X-Request-Id
  std::uint32_t request_ids = 0;  ///< how many there are
};

struct RequestHead : Head {
  std::string_view method;
  std::string_view target;     ///< as sent
  std::string_view authority;  ///< of an absolute-form target; empty otherwise
  std::string_view path;       ///< the target's path and query: what origin-form would have been
  std::string_view host;       ///< value of Host
  bool has_host = false;
  bool expects_continue = false;
  bool accepts_html = false;
  bool accepts_events = false;  ///< Accept names text/event-stream
  bool te_trailers = false;
  bool has_via = false;
  bool has_real_ip = false;
};

struct ResponseHead : Head {
  int status = 0;
  std::string_view after_version;     ///< " 200 OK\r\n": the status line after its version
  bool lacks_blank = false;           ///< no blank follows the status; after_version is " 200" then
  std::string_view keep_alive_terms;  ///< value of Keep-Alive
};

/// Workspaces that every head of one loop is read into, so that their memory is used again.
struct Heads {
  RequestHead request;
  ResponseHead response;
};

/// What became of a look at the buffer.
enum class HeadResult : std::uint8_t {
  Complete,
  NeedMore,  ///< well-formed so far
  Bad,       ///< see HeadError
};

/// Why a head is refused, as a status of ours and a reason for the reader.
struct HeadError {
  int status = 400;
  const char* reason = "";
};

/// Bounds of a head.
struct HeadLimits {
  std::uint32_t bytes = 64 * 1024;
  std::uint32_t fields = 128;
};

/// Reads one request head from the start of `bytes`. With Complete, `head` holds it and head.raw.size() bytes
/// are used.
HeadResult read_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                             HeadError& error);

/// Reads one response head. `to_head`: the request was HEAD, so that no body follows (RFC 9110 §9.3.2).
HeadResult read_response_head(std::string_view bytes, const HeadLimits& limits, bool to_head,
                              ResponseHead& head, HeadError& error);

}  // namespace berth::http
