#include "backend/port_unix.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "backend/address.h"
#include "backend/linux_proc.h"

namespace berth::backend {
namespace {

using State = ProbeResult::State;

/// Who called listen(), as the kernel remembers it.
std::vector<Holder> listener_behind(const Descriptor& connected, const Endpoint& endpoint) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(connected.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return {};
  return unix_holders(peer, endpoint);
}

/// 0, or why no socket can be made at a path where there is nothing.
int directory_error(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return ::access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

ProbeResult denied(int error) {
  ProbeResult result;
  result.state = State::Denied;
  result.error = error;
  return result;
}

}  // namespace

std::vector<Holder> unix_holders(const ucred& peer, const Endpoint& endpoint) {
  if (peer.pid <= 0) return {};
  Holder holder;
  holder.pid = peer.pid;
  holder.uid = peer.uid;
  holder.user = user_name(peer.uid);
  holder.command_line = command_line(peer.pid);
  if (auto facts = process_facts(peer.pid)) holder.started_unix_s = facts->started_unix_s;
  holder.address = endpoint;
  return {holder};
}

ProbeResult probe_unix(const Endpoint& endpoint) {
  auto address = socket_address(endpoint);
  if (address.size == 0) return denied(ENAMETOOLONG);
  Descriptor fd = open_stream_socket(endpoint);
  if (!fd) return denied(errno);
  ProbeResult result;
  // EAGAIN: somebody listens, and its queue is full.
  if (::connect(fd.get(), address.get(), address.size) == 0 || errno == EAGAIN) {
    result.state = State::Listened;
    result.error = EADDRINUSE;
    result.holders = listener_behind(fd, endpoint);
    return result;
  }
  const int error = errno;
  if (error == ENOENT) {
    const int unmakeable = directory_error(endpoint.path);
    return unmakeable == 0 ? result : denied(unmakeable);
  }
  struct stat info {};
  if (::stat(endpoint.path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) return denied(ENOTSOCK);
  if (error != ECONNREFUSED) return denied(error);
  result.state = State::Leftovers;
  result.error = EADDRINUSE;
  result.leftovers = "a socket's file that nobody listens on";
  result.reusable = true;
  return result;
}

}  // namespace berth::backend
