// Who listens, seen from one backend: its own tree on the port it was told, strangers there, and its own tree
// elsewhere. Looks once; knows nothing of waiting or of what follows from it.
#pragma once

#include <vector>

#include "backend/linux_sock_diag.h"

namespace berth::backend {

struct TreeListeners {
  std::vector<SocketRow> told;       ///< of the tree, on the told port
  std::vector<SocketRow> strangers;  ///< on the told port, and of nobody in the tree
  std::vector<SocketRow> elsewhere;  ///< of the tree, on other ports
};

enum class LookAt {
  ToldPort,  ///< filtered in the kernel, nearly free while nobody listens; `elsewhere` stays empty
  Everything,
};

/// The listeners of the tree on a unix path, in `told`; the others are somebody's own business.
TreeListeners look_at_unix_listeners(int root, const std::string& path);

/// `root` is the keeper's pid. Where the descriptors of the tree cannot be read (another user's), a listener
/// on the told port is taken as its own.
TreeListeners look_at_listeners(int root, std::uint16_t port, LookAt what);

/// Whether a process of the tree listens where a connection to `where` arrives. False where that cannot be
/// seen (another user's descriptors, another machine).
bool listens_in_tree(int root, const Endpoint& where);

/// Who the first of the strangers on that port is, as far as can be read.
std::string name_stranger(const std::vector<SocketRow>& strangers, std::uint16_t port);

/// "the process listens on udp 127.0.0.1:53": sockets of the tree that berth cannot use; empty if there is
/// none.
std::string describe_unusable_listeners(int root);

}  // namespace berth::backend
