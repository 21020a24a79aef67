#include "backend/tree_listeners.h"

#include <algorithm>

#include "backend/linux_proc.h"
#include "backend/port.h"

namespace berth::backend {

TreeListeners look_at_listeners(int root, std::uint16_t port, LookAt what) {
  TreeListeners out;
  auto rows = listening_sockets(what == LookAt::ToldPort ? port : std::uint16_t{0});
  if (rows.empty()) return out;
  auto own = socket_inodes(descendants(root));
  for (const auto& row : rows) {
    bool is_own = own.has(row.inode);
    if (row.local.port == port) {
      (is_own || !own.complete ? out.told : out.strangers).push_back(row);
    } else if (is_own) {
      out.elsewhere.push_back(row);
    }
  }
  return out;
}

TreeListeners look_at_unix_listeners(int root, const std::string& path) {
  TreeListeners out;
  auto own = socket_inodes(descendants(root));
  for (const auto& listener : unix_listeners()) {
    if (listener.path != path || (own.complete && !own.has(listener.inode))) continue;
    SocketRow row;
    row.local = Endpoint::unix_path(path);
    row.inode = listener.inode;
    out.told.push_back(row);
  }
  return out;
}

bool listens_in_tree(int root, const Endpoint& where) {
  const auto tree = descendants(root);
  if (where.family == Endpoint::Family::Unix) {
    // By whom it is: a path has many spellings.
    const auto found = holders(where);
    return std::any_of(found.begin(), found.end(), [&](const Holder& holder) {
      return std::find(tree.begin(), tree.end(), holder.pid) != tree.end();
    });
  }
  const auto own = socket_inodes(tree);
  const auto there = listener_inodes(where);
  return std::any_of(there.begin(), there.end(), [&](std::uint64_t inode) { return own.has(inode); });
}

std::string name_stranger(const std::vector<SocketRow>& strangers, std::uint16_t port) {
  auto found = holders(Endpoint::any_v6(port));
  for (const auto& holder : found) {
    for (const auto& row : strangers) {
      if (row.inode == holder.inode) return holder.text();
    }
  }
  return strangers.empty() ? "a stranger" : "a stranger on " + strangers.front().local.text();
}

std::string describe_unusable_listeners(int root) {
  auto own = socket_inodes(descendants(root));
  std::string text;
  auto add = [&](const std::string& name) { text += (text.empty() ? "" : ", ") + name; };
  for (const auto& listener : unix_listeners())
    if (own.has(listener.inode)) add("unix:" + listener.path);
  for (const auto& row : udp_sockets()) {
    if (own.has(row.inode)) add("udp " + row.local.text());
  }
  return text;
}

}  // namespace berth::backend
