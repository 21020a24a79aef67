// The syntax of what names a host: Host, and the authority of an absolute target. Pure.
#pragma once

#include <string_view>

namespace berth::http {

/// RFC 9112 §3.2, RFC 3986 §3.2.2: a name or an address, with a port or without; no userinfo. Empty is one.
bool is_host(std::string_view host);

}  // namespace berth::http
