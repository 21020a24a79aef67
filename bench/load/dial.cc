#include "bench/load/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace berth::load {
namespace {

epoll_event interest_of(std::uint64_t token) {
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.u64 = token;
  return interest;
}

DialFault fault_of(FailureKind kind, const char* call, int error) {
  return {kind, std::string(call) + ": " + std::strerror(error)};
}

}  // namespace

Address Address::of(const std::string& ip, std::uint16_t port) {
  Address result;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.size = sizeof v4;
  } else if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.size = sizeof v6;
  } else {
    throw std::invalid_argument("not an IP address: " + ip);
  }
  return result;
}

Address Address::of(const LoadTarget& target) {
  if (target.unix_path.empty()) return of(target.address, target.port);
  Address result;
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  if (target.unix_path.size() >= sizeof path.sun_path)
    throw std::invalid_argument("too long for a unix socket's path: " + target.unix_path);
  std::memcpy(path.sun_path, target.unix_path.data(), target.unix_path.size());
  std::memcpy(&result.storage, &path, sizeof path);
  result.size = sizeof path;
  return result;
}

bool refuses(const Address& address, int error) {
  if (error == ECONNREFUSED) return true;
  return address.storage.ss_family == AF_UNIX && (error == ENOENT || error == EAGAIN);
}

Dialled dial(int epoll, std::uint64_t token, const Address& address) {
  Dialled dialled;
  dialled.fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (dialled.fd < 0) {
    dialled.fault = fault_of(FailureKind::Local, "socket", errno);
    return dialled;
  }
  const int on = 1;
  ::setsockopt(dialled.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event interest = interest_of(token);
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, dialled.fd, &interest) != 0) {
    dialled.fault = fault_of(FailureKind::Local, "epoll_ctl", errno);
    return dialled;
  }
  if (::connect(dialled.fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
    return dialled;
  const int error = errno;
  dialled.connecting = error == EINPROGRESS;
  if (dialled.connecting) return dialled;
  const auto kind = refuses(address, error) ? FailureKind::Refused
                    : error == ECONNRESET   ? FailureKind::Reset
                                            : FailureKind::Local;
  dialled.fault = fault_of(kind, "connect", error);
  return dialled;
}

void tell_again(int epoll, int fd, std::uint64_t token) {
  epoll_event interest = interest_of(token);
  ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &interest);
}

std::optional<DialFault> dial_fault(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return std::nullopt;
  const auto kind = error == ECONNREFUSED ? FailureKind::Refused
                    : error == ETIMEDOUT  ? FailureKind::Timeout
                                          : FailureKind::Reset;
  return fault_of(kind, "connect", error);
}

}  // namespace berth::load
