// The URLs of `berth load`: their parts, and the address behind the name.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "bench/load/load.h"

namespace berth::load_verb {

/// A URL's parts, not yet resolved.
struct Url {
  std::string host;  ///< a name or an address without brackets; empty: a unix socket
  std::string port;  ///< digits
  std::string unix_path;
  std::string path = "/";  ///< with the query
  std::string host_field;  ///< what the Host field says
};
/// http://HOST[:PORT][/PATH], HOST:PORT[/PATH], http://unix:/SOCKET[:/PATH]. The string says what is wrong.
std::variant<Url, std::string> parse_url(std::string_view text);

/// Empty, or what is wrong with what a request line names: it begins with / and has no blank, no control
/// character and no #.
std::string misfit_of_path(std::string_view path);

/// The path as it is sent: what is not ASCII is escaped, as browsers do it (RFC 3986 §2.1).
std::string sent_path(std::string_view path);

/// Resolves the name, and asks with several addresses which one accepts a connection; localhost and what is
/// below it is the loopback. Blocks for that. The string says what is wrong.
std::variant<load::LoadTarget, std::string> resolve(const Url& url);

}  // namespace berth::load_verb
