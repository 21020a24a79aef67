#include "tests/support/held_socket.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>

namespace berth::test {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address address_of(const SocketWish& wish) {
  Address out;
  if (wish.address.find(':') == std::string::npos) {
    auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(wish.port);
    ::inet_pton(AF_INET, wish.address.c_str(), &in->sin_addr);
    out.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&out.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(wish.port);
    ::inet_pton(AF_INET6, wish.address.c_str(), &in->sin6_addr);
    out.size = sizeof *in;
  }
  return out;
}

int open_as(const SocketWish& wish, int& fd) {
  Address address = address_of(wish);
  fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  const int v6only = wish.v6only ? 1 : 0;
  if (wish.reuse_address) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (wish.reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6)
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
  if (::bind(fd, address.get(), address.size) != 0) return errno;
  return !wish.listening || ::listen(fd, 16) == 0 ? 0 : errno;
}

std::uint16_t port_of(int fd) {
  Address address;
  address.size = sizeof address.storage;
  ::getsockname(fd, address.get(), &address.size);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);  // the same place in both
}

}  // namespace

HeldSocket::HeldSocket(const SocketWish& wish) : error_(open_as(wish, fd_)) {
  if (error_ == 0) port_ = port_of(fd_);
}

HeldSocket::~HeldSocket() { close(); }

void HeldSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int HeldSocket::accept_request(std::string_view first_bytes) {
  for (;;) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return -1;
    std::array<char, 4096> bytes;
    const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (n > 0 && std::string_view(bytes.data(), static_cast<std::size_t>(n)).starts_with(first_bytes))
      return fd;
    ::close(fd);
  }
}

void HeldSocket::leave_time_wait() {
  Address address;
  address.size = sizeof address.storage;
  ::getsockname(fd_, address.get(), &address.size);
  const int client = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(client, address.get(), address.size) == 0) {
    const int server = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    ::close(server);
    char byte = 0;
    static_cast<void>(::recv(client, &byte, 1, 0));  // its end is seen before ours is sent
  }
  ::close(client);
}

std::string other_address() {
  std::string found = "127.0.0.2";
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_UP) == 0) continue;
    char text[INET_ADDRSTRLEN];
    const auto* in = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    found = ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
  }
  ::freeifaddrs(list);
  return found;
}

int joins_as(unsigned uid, SocketWish wish) {
  constexpr int kNoSuchUser = 100;
  const int child = ::fork();
  if (child == 0) {
    if (::getuid() != uid && (::setgid(uid) != 0 || ::setuid(uid) != 0)) ::_exit(kNoSuchUser);
    int joined = 0;
    for (const bool reuse_address : {false, true}) {
      for (const bool reuse_port : {false, true}) {
        wish.reuse_address = reuse_address;
        wish.reuse_port = reuse_port;
        int fd = -1;
        if (open_as(wish, fd) == 0) ++joined;
        if (fd >= 0) ::close(fd);
      }
    }
    ::_exit(joined);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status) == kNoSuchUser ? -1 : WEXITSTATUS(status);
}

std::uint16_t free_number() {
  int first = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  std::random_device random;
  std::uniform_int_distribution<int> below(first / 2, first - 1);
  for (;;) {
    const auto number = static_cast<std::uint16_t>(below(random));
    if (HeldSocket({.address = "::", .port = number}).is_open()) return number;
  }
}

}  // namespace berth::test
