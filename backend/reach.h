// The one place that decides whether a connection leads to a backend's own listener: for TCP by the kernel's
// table and the tree's descriptors, for a unix socket by its file and the credentials of whoever listens. All
// that connects to a backend goes through here: requests, the checks, the release probe. Any thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "backend/descriptor.h"
#include "config/endpoint.h"
#include "config/reach.h"

namespace berth::backend {

/// A way to one listener.
class BackendReach : public Reach {
 public:
  explicit BackendReach(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  const Endpoint endpoint_;
};
using ReachPtr = std::shared_ptr<BackendReach>;

/// Told on the loop, once for each stranger: "127.0.0.1:41507 was taken by pid 12 nc, which gets no request".
using OnStranger = std::function<void(const std::string&)>;

/// To a TCP listener of the tree under `root`, the keeper's pid. `known`: the listeners that it was seen
/// with.
ReachPtr reach_own_port(boost::asio::io_context& loop, const Endpoint& endpoint,
                        const std::set<std::uint64_t>& known, int root, OnStranger on_stranger);

/// Where the socket of a backend lies: its directory, held open so that nobody can put another in its place,
/// and the user that the backend runs as.
struct OwnDirectory {
  std::shared_ptr<const Descriptor> handle;  ///< O_PATH
  std::uint32_t uid = 0;
};

/// To the socket at `endpoint`, whose directory is `where`.
ReachPtr reach_own_path(boost::asio::io_context& loop, const Endpoint& endpoint, OwnDirectory where, int root,
                        OnStranger on_stranger);

/// To a server that berth did not start: whoever listens there, by the choice of the user. A unix socket's
/// path may be a link, but its listener has to stay the user's that it was at the first connection.
ReachPtr reach_others(boost::asio::io_context& loop, const Endpoint& endpoint, OnStranger on_stranger);

}  // namespace berth::backend
