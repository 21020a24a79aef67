#include "backend/own_listener.h"

#include <algorithm>
#include <utility>

#include "backend/address.h"
#include "backend/linux_proc.h"
#include "backend/linux_sock_diag.h"

namespace berth::backend {

OwnListener::OwnListener(Endpoint endpoint, const std::set<std::uint64_t>& known, int root,
                         std::function<void(std::uint64_t)> on_stranger)
    : endpoint_(std::move(endpoint)), root_(root), on_stranger_(std::move(on_stranger)) {
  for (const std::uint64_t inode : known) learn(inode);
}

bool OwnListener::knows(std::uint64_t inode) const {
  return std::any_of(known_.begin(), known_.end(), [inode](const auto& each) { return each == inode; });
}

void OwnListener::learn(std::uint64_t inode) { known_[next_++ % known_.size()] = inode; }

bool OwnListener::has_accepted() {
  const auto found = listener_of(endpoint_);
  if (!found) {
    // One that is bound to a device is not found by its address alone.
    const auto rows = listening_sockets(endpoint_.port);
    return std::any_of(rows.begin(), rows.end(), [this](const SocketRow& row) {
      return overlaps(endpoint_, row.local, row.v6only) && knows(row.inode);
    });
  }
  if (knows(found->inode)) return true;
  const auto own = socket_inodes(descendants(root_));
  if (own.has(found->inode) || !own.complete)
    learn(found->inode);
  else if (told_.exchange(found->inode) != found->inode)
    on_stranger_(found->inode);
  return false;
}

}  // namespace berth::backend
