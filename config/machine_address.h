// What keeps a server from listening on an address on this machine, whoever has it: the address does not
// exist here, its directory is not there. Asks the kernel by a socket that never listens, and the file
// system.
#pragma once

#include <string>

#include "config/endpoint.h"

namespace berth {

/// A fault of an address, in the words of `berth run` and `berth check`.
struct AddressFault {
  std::string what;   ///< "this machine has no such address"; empty: nothing is wrong
  std::string to_do;  ///< "127.0.0.1:PORT and 0.0.0.0:PORT always exist"
};

/// What an errno of socket(2) or bind(2) says that only another address or another machine mends. Empty where
/// it says something else: that the address is taken, for one.
AddressFault address_fault(const Endpoint& endpoint, int error);

/// The same, asked of this machine now. Blocks no longer than a system call; leaves nothing behind, and takes
/// no port.
AddressFault address_fault(const Endpoint& endpoint);

/// Whether the machine has no such address, or no such family of them.
bool means_absent(int error);

}  // namespace berth
