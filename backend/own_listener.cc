#include "backend/own_listener.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "backend/address.h"
#include "backend/linux_proc.h"
#include "backend/linux_sock_diag.h"
#include "backend/tree_listeners.h"

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

std::function<bool()> proof_of_owner(boost::asio::io_context& loop, const Endpoint& endpoint,
                                     const std::set<std::uint64_t>& known, int root,
                                     std::function<void(const std::string&)> on_stranger) {
  if (endpoint.family == Endpoint::Family::Unix) return {};
  auto tell = [&loop, endpoint, on_stranger = std::move(on_stranger)](std::uint64_t inode) {
    boost::asio::post(loop, [endpoint, on_stranger, inode] {
      SocketRow row;
      row.local = endpoint;
      row.inode = inode;
      on_stranger(endpoint.text() + " was taken by " + name_stranger({row}, endpoint.port) +
                  ", which gets no request");
    });
  };
  auto own = std::make_shared<OwnListener>(endpoint, known, root, std::move(tell));
  return [own] { return own->has_accepted(); };
}

}  // namespace berth::backend
