// The place that one try of a command gets to listen on, by port mode: the address that it is told, and what
// berth keeps of it meanwhile. Starts nothing and waits for nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "backend/descriptor.h"
#include "backend/lease.h"
#include "backend/private_dir.h"

namespace berth::backend {

/// Makes a directory for a socket of `spec`'s command, in berth's own, or in /tmp where another user has to
/// come to it; that user's it is not yet. Empty path: see errno.
PrivateDir make_socket_dir(const LaunchSpec& spec);

/// The number of that user; empty: the one that berth runs as. nullopt: there is none.
std::optional<std::uint32_t> user_number(const std::string& user);

/// Makes `path` that user's (a link is not followed); empty: it stays berth's. False: see errno.
bool give_to_user(const std::string& path, const std::string& user);

struct Place {
  /// What becomes of the number between its choice and the command's bind, in the modes lease and discover.
  enum class Kept : std::uint8_t {
    Leased,    ///< the lease is held, its door open
    Released,  ///< closed just before the spawn: for servers without SO_REUSEADDR
  };

  Endpoint told;               ///< mode none: port 0
  std::optional<Lease> lease;  ///< all modes but none, unix and fixed
  Descriptor listener;         ///< mode fd: to hand over
  PrivateDir directory;        ///< mode unix: where the socket lies
  /// That directory itself, whatever its path leads to meanwhile.
  std::shared_ptr<const Descriptor> directory_handle{};
};

/// Takes the place for a command in `mode`; otherwise why there is none.
std::optional<StartFailure> take_place(const LaunchSpec& spec, PortMode mode, Place::Kept kept, Place& place);

/// Opens the lease to the command, or lets go of it. The last thing before the spawn.
void open_place(Place& place, Place::Kept kept);

}  // namespace berth::backend
