// The control sockets of the berths that run, wherever they lie: found by the processes, of which each one's
// command line says where its socket is. Owns what proves that a socket is such a process's own; says nothing
// over any of them. Reads /proc.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/socket_path.h"

namespace berth::control {

/// A control socket that somebody listens on.
struct LiveSocket {
  std::string path;
  unsigned uid = 0;  ///< whose it is: of the directory it lies in, or of the process that listens
};

/// Of the processes of `surroundings.uid`, of root's own view those of every user: the sockets that they
/// named with --control, and those in the XDG_RUNTIME_DIR that they were given. Only a socket counts whose
/// listener the kernel says to be that very process (SO_PEERCRED): the path alone proves nothing, as it may
/// mean another file here (in another mount namespace) or be somebody else's server. A process that cannot be
/// read is left out. Some 10 microseconds for each process of the machine; connects, so that a server sees a
/// connection that closes at once.
std::vector<LiveSocket> sockets_of_processes(const Surroundings& surroundings);

}  // namespace berth::control
