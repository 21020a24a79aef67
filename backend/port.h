// The truth about ports on this machine: can a server start here, who holds it, when is it free. Used by
// leases, release proofs, `berth port` and what names a holder. Blocking calls of microseconds (a holder's
// name: tens of milliseconds); no loop, except where said.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
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
  bool shared = false;  ///< several listeners on the very same address (SO_REUSEPORT)
  std::string text()
      const;  ///< "pid 4132 (python3 -m http.server 8000), user root, since …, on 0.0.0.0:8000"
};

/// The answer to "could a server start here, now?"
struct ProbeResult {
  enum class State : std::uint8_t {
    Free,       ///< a strict bind and listen succeeded
    Listened,   ///< somebody listens on an overlapping address
    Bound,      ///< bound, and not listened on
    Leftovers,  ///< kept only by TIME_WAIT, FIN_WAIT2 and the like, or by a unix socket's stale file
    Denied,     ///< the OS refuses (a privileged port, an address that is not ours): see `error`
  };
  State state = State::Free;
  int error = 0;          ///< errno of the strict probe
  std::string leftovers;  ///< "3 in TIME_WAIT"
  /// Until the last leftover is gone; nullopt: no leftovers, or some that end with their connections only.
  std::optional<std::chrono::milliseconds> leftovers_end_in;
  /// Bound or Leftovers: a server that sets SO_REUSEADDR (for a stale file: removes it) could bind all the
  /// same.
  bool reusable = false;
  std::vector<Holder>
      holders;  ///< of listeners, else of bound sockets, else of leftovers that are in the way

  /// Nobody holds it, and a server that does what most do can start: Free, or reusable Leftovers.
  bool is_free() const { return state == State::Free || (state == State::Leftovers && reusable); }
};

/// Binds and listens on exactly that host and port without SO_REUSEADDR, and explains a failure by socket
/// diagnostics. Leaves nothing behind. Unix endpoints: whether something accepts on the path (which sees a
/// connection that closes at once).
ProbeResult probe(const Endpoint& endpoint);

/// Every listening socket that overlaps `endpoint` (the wildcard overlaps every address; [::] dual all).
std::vector<Holder> holders(const Endpoint& endpoint);

/// The same by their inodes alone: without a look at any process, which is what naming costs. Empty for unix
/// endpoints.
std::vector<std::uint64_t> listener_inodes(const Endpoint& endpoint);

/// Every listening socket with the port of `endpoint` that does not overlap it: in the way of the wildcard
/// only.
std::vector<Holder> neighbours(const Endpoint& endpoint);

/// How a wait for addresses ended.
struct [[nodiscard]] WaitOutcome {
  enum class End : std::uint8_t {
    Released,     ///< all of them are free
    Denied,       ///< the OS refuses one of them: waiting changes nothing
    Expired,      ///< the deadline passed
    Interrupted,  ///< `pause` said so
  };
  End end = End::Released;
  std::vector<ProbeResult> last;  ///< of each endpoint at the end, holders named
  std::chrono::milliseconds took{0};
};

/// Waits until the time given has passed; false: stop waiting.
using Pause = std::function<bool(std::chrono::milliseconds)>;

/// Blocks until all endpoints are free at once (ProbeResult::is_free), at most for `limit`: asks again after
/// pauses that grow from 2 to 100 ms. Never ends without an answer: what is still held comes with its
/// holders.
WaitOutcome wait_released(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds limit,
                          const Pause& pause);

}  // namespace berth::backend
