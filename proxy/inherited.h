// Listeners that systemd (or who does as it does) hands to this process: sd_listen_fds(3). Taken from the
// environment once, so that nothing that berth starts takes them for its own.
#pragma once

#include <string>
#include <vector>

#include "config/endpoint.h"
#include "proxy/loop/fd.h"

namespace berth {

/// One of them.
struct InheritedSocket {
  std::string name;  ///< of LISTEN_FDNAMES; "unknown" where none is told
  loop::Fd fd;
  Endpoint bound;
};

/// All of them, as they came. Owned for as long as the front may ask for them.
struct Inherited {
  std::vector<InheritedSocket> sockets;
  std::string error;  ///< non-empty: something was handed over that nobody can be served on

  /// Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment, and the descriptors that they
  /// name, if they are meant for this process. Before any thread is started.
  static Inherited of_process();
};

/// What is handed over under `name` ("": all of it), as duplicates. Empty, with the reason in `wrong`, if
/// there is nothing.
std::vector<InheritedSocket> inherited_by_name(const Inherited& inherited, const std::string& name,
                                               std::string& wrong);

}  // namespace berth
