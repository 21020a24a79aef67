// `berth run --wait`: the public address of a server that is still on its way out. Before there is a loop or
// a backend: it blocks.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "config/config.h"
#include "proxy/public_listen.h"

namespace berth {

/// What opening came to, in the end.
struct AwaitedSockets {
  PublicSockets sockets;
  bool gave_up =
      false;  ///< the deadline passed, or SIGINT, SIGTERM or SIGHUP came: `sockets.error` says which
};

/// open_public(), and again while an address is busy and `deadline` has not passed, but twice at least. `say`
/// gets, once, who is waited for.
AwaitedSockets await_public(const ListenerConfig& listener, const Inherited& inherited,
                            std::chrono::steady_clock::time_point deadline,
                            const std::function<void(const std::string&)>& say);

}  // namespace berth
