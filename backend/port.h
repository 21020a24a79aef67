// The truth about TCP ports on this machine: can a server start here, who holds it, when is it free. Used by
// leases, release proofs and what names a holder. Blocking calls of microseconds; no loop, except where said.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/endpoint.h"

namespace berth::backend {

/// A process (or, where its descriptors cannot be read, a user) that listens on an address.
struct Holder {
  int pid = 0;               ///< 0: not readable by this user
  std::string command_line;  ///< NULs as spaces, at most 200 characters; empty if not readable
  std::uint32_t uid = 0;
  std::string user;
  std::int64_t started_unix_s = 0;  ///< 0: unknown
  Endpoint address;                 ///< what it listens on
  std::uint64_t inode = 0;
  bool shared = false;       ///< several listeners on the very same address (SO_REUSEPORT)
  std::string text() const;  ///< "pid 4132 (python3 -m http.server 8000), user root, on 0.0.0.0:8000"
};

/// The answer to "could a server start here, now?"
struct ProbeResult {
  enum class State : std::uint8_t {
    Free,       ///< a strict bind and listen succeeded
    Listened,   ///< somebody listens on an overlapping address
    Bound,      ///< bound, and not listened on
    Leftovers,  ///< kept only by TIME_WAIT, FIN_WAIT2 and the like: free for a server that sets SO_REUSEADDR
    Denied,     ///< the OS refuses (a privileged port, an address that is not ours): see `error`
  };
  State state = State::Free;
  int error = 0;          ///< errno of the strict probe
  std::string leftovers;  ///< "3 in TIME_WAIT"
  std::vector<Holder> holders;
};

/// Binds and listens on exactly that host and port without SO_REUSEADDR, and explains a failure by socket
/// diagnostics. Leaves nothing behind. Unix endpoints: whether something accepts on the path.
ProbeResult probe(const Endpoint& endpoint);

/// Every listening socket that overlaps `endpoint` (the wildcard overlaps every address; [::] dual all).
std::vector<Holder> holders(const Endpoint& endpoint);

}  // namespace berth::backend
