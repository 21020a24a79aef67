// Which addresses `berth port` is asked about. Looks names up (getaddrinfo); opens nothing that stays.
#pragma once

#include <string>
#include <vector>

#include "config/endpoint.h"

namespace berth::control {

struct PortTarget {
  std::vector<Endpoint> endpoints;  ///< none: see `error`
  std::string note;                 ///< how the words were read, where that is not plain; may be empty
  std::string error;                ///< one sentence
  bool unknown_name = false;        ///< the error is of the name, not of the call's form
};

/// "127.0.0.1:80", "[::1]:80", "unix:/path"; "localhost:80" is both loopbacks, a name all its addresses, and
/// "80",
/// ":80" and "*:80" are the wildcard of both families (of IPv4 where there is no IPv6).
PortTarget find_port_target(const std::string& asked);

}  // namespace berth::control
