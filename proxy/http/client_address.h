// Whose a request is: the peer of its connection, or what a trusted peer says of it. Pure.
#pragma once

#include <string_view>

#include "config/trusted.h"
#include "proxy/http/head.h"

namespace berth::http {

/// The client of a request that came from `peer`, which is trusted: from the right the first address of
/// X-Forwarded-For that is not trusted itself, else the last one that could be read, else `peer`. It lies in
/// `head`'s bytes, or in `peer`'s.
std::string_view client_of(const RequestHead& head, std::string_view peer, const TrustedPeers& trusted);

/// Whether Via (RFC 9110 §7.6.3) names `pseudonym`: the request has come through here before.
bool came_through(const RequestHead& head, std::string_view pseudonym);

}  // namespace berth::http
