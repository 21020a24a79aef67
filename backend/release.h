// The proof that a backend's port is free again (design section 5). Knows the lease, the sockets seen in the
// backend's life and a deadline; the tree is already empty. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "backend/backend.h"
#include "backend/lease.h"
#include "backend/reach.h"

namespace berth::backend {

struct ReleaseSpec {
  std::optional<Lease> lease;
  Endpoint endpoint;               ///< what it listened on, or was told
  std::set<std::uint64_t> inodes;  ///< listeners of its tree, as seen in its life
  OwnDirectory directory{};        ///< of its unix socket
};

/// Calls `done` once, from a handler, unless destroyed before.
class Release {
 public:
  using Done = std::function<void(ReleaseCertificate)>;
  Release(boost::asio::io_context& loop, ReleaseSpec spec, std::chrono::milliseconds deadline, Done done);
  ~Release();
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::backend
