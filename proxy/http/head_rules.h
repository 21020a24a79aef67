// What an intermediary changes in a head: one pass that copies runs of raw lines, leaves out what belongs to
// one hop (RFC 9110 §7.6.1) and appends what is ours. Pure: bytes in, bytes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/head.h"
#include "proxy/loop/block.h"

namespace berth::http {

/// The client's side, as the backend is told of it.
struct ClientFacts {
  std::string_view address;  ///< of the connection's peer: "192.0.2.7", "2001:db8::1", "unix:"
  /// Whose the request is: the peer's own, or of whom a trusted peer says that it is (see client_of()).
  std::string_view client;
  bool trusted = false;  ///< the peer is believed: what it says of the client is kept, and appended to
  std::string_view scheme = "http";
  std::string_view listener;  ///< "127.0.0.1:8000": Host of a request that came without one
  std::uint32_t strip = 0;    ///< bytes of the path that the backend does not see: its X-Forwarded-Prefix
  /// X-Request-Id in place of the client's; empty: the client's passes as it is.
  std::string_view request_id{};
  std::string_view via = "\r\nVia: 1.1 berth\r\n\r\n";  ///< the end of the head: see via_line()
};

/// What ends the head of each request of HTTP/1.1 that is passed on: Via, and the empty line (RFC 9110
/// §7.6.3).
std::string via_line(std::string_view pseudonym);

/// True if `head` asks for an upgrade that berth tunnels: any protocol but h2c (RFC 9110 §7.8; HTTP/2 is not
/// something to slip past an HTTP/1.1 intermediary).
bool wants_tunnel(const RequestHead& head);

/// True if `head`, a 101, takes an upgrade that `request` offers: a head as write_request_head() made it.
bool takes_upgrade(const ResponseHead& head, std::string_view request);

/// How long the backend says it keeps a silent connection (`Keep-Alive: timeout=5`); nullopt: it does not
/// say.
std::optional<std::chrono::seconds> told_keep_alive(const ResponseHead& head);

/// Appends the request head for the backend to `out`. HTTP/1.1, origin-form; X-Forwarded-For, -Proto, -Host
/// and -Prefix from the connection alone, or of a trusted peer as it sent them and appended to, and so
/// Forwarded (RFC 7239) if it sent it; X-Real-IP, where one came, is the client's address; Via (RFC 9110
/// §7.6.3).
void write_request_head(const RequestHead& head, const ClientFacts& client, loop::BlockPool& pool,
                        loop::Block& out);

/// What the client's connection asks of a response head.
struct ResponseRules {
  int client_version = 11;
  bool keep_alive = true;     ///< the connection stays open behind this response
  bool tunnel = false;        ///< a 101 that was asked for: Connection and Upgrade pass
  bool drop_framing = false;  ///< the body loses its chunks (to HTTP/1.0)
  bool add_chunked = false;   ///< a close-delimited body gets chunks
  std::string_view added{};   ///< whole field lines of ours
};

/// Appends the response head for the client to `out`.
void write_response_head(const ResponseHead& head, const ResponseRules& rules, loop::BlockPool& pool,
                         loop::Block& out);

}  // namespace berth::http
