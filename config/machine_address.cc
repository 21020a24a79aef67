#include "config/machine_address.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "config/socket_address.h"

namespace berth {
namespace {

/// The errno of a bind to any port of the address; 0: it exists.
int bind_error(Endpoint endpoint) {
  endpoint.port = 0;
  const SocketAddress address = socket_address(endpoint);
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error = ::bind(fd, address.get(), address.size) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

/// What bind(2) would find in the way of a unix socket, without the bind: that would make the file.
int path_error(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0) return S_ISSOCK(facts.st_mode) ? 0 : ENOTSOCK;
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const bool there = ::stat(directory.empty() ? "." : directory.c_str(), &facts) == 0 || errno == EACCES;
  return there ? 0 : ENOENT;
}

}  // namespace

bool means_absent(int error) { return error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }

AddressFault address_fault(const Endpoint& endpoint, int error) {
  if (endpoint.family == Endpoint::Family::Unix) {
    if (error == ENOTSOCK) return {"there is a file that is no socket", "remove it, or choose another path"};
    if (error == ENOENT) return {"its directory is not there", "make it, or choose another path"};
    return {};
  }
  if (!means_absent(error)) return {};
  return {"this machine has no such address", "127.0.0.1:PORT and 0.0.0.0:PORT always exist"};
}

AddressFault address_fault(const Endpoint& endpoint) {
  const bool path = endpoint.family == Endpoint::Family::Unix;
  return address_fault(endpoint, path ? path_error(endpoint.path) : bind_error(endpoint));
}

}  // namespace berth
