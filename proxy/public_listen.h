// The public address: opened before anything else, berth's alone (promise P7), and, where it cannot be had,
// the reason with the holder's name. Knows nothing of what is served on it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/inherited.h"
#include "proxy/loop/fd.h"
#include "proxy/loop/unix_listener.h"

namespace berth {

/// A socket that listens.
struct PublicSocket {
  loop::Fd fd;
  Endpoint asked;                          ///< as the listener names it; of an inherited one its address
  Endpoint bound;                          ///< with the port that the OS chose, where 0 was asked for
  loop::SocketFile file;                   ///< of a unix socket that was made here
  std::optional<std::string> inherited{};  ///< of an inherited one: the ListenerConfig::inherited that asked
};

/// What opening a listener's addresses came to. `error` non-empty: nothing is open.
struct PublicSockets {
  std::vector<PublicSocket> sockets;
  std::optional<Endpoint> busy;  ///< the error is that somebody has this one
  bool absent = false;           ///< the error is that the machine has none of what `localhost` stands for
  std::string error;             ///< a sentence and, in further lines, what to do
  std::vector<std::string> warnings;  ///< a stranger on the other family's loopback with the same number
};

/// Binds and listens on every address, and takes what is asked for of `inherited`. With port 0 all addresses
/// get the same number. Of what `localhost` stands for, an address that this machine lacks is left out; one
/// has to be there.
PublicSockets open_public(const ListenerConfig& listener, const Inherited& inherited);

bool is_among(const std::vector<Endpoint>& list, const Endpoint& endpoint);

}  // namespace berth
