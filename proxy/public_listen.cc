#include "proxy/public_listen.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "backend/address.h"
#include "backend/port.h"
#include "backend/port_text.h"
#include "config/machine_address.h"
#include "config/socket_address.h"

namespace berth {
namespace {

constexpr int kBacklog = 4096;  ///< the kernel cuts it to net.core.somaxconn
constexpr int kSamePortTries = 16;
/// Who may connect is the directory's matter, as with nginx and systemd: the loopback is open to every user
/// too.
constexpr mode_t kSocketMode = 0666;
/// Another berth holds the directory's lock for a moment only; a reload, on the control loop, waits no
/// longer.
constexpr std::chrono::milliseconds kLockPatience{50};

/// 0, or the errno. A file that nobody listens on any more is replaced.
int open_path(const Endpoint& endpoint, PublicSocket& out) {
  loop::UnixListener made = loop::listen_unix(endpoint.path, kSocketMode, kBacklog, kLockPatience);
  if (made.error != 0) return made.error;
  out.fd = std::move(made.fd);
  out.file = std::move(made.file);
  out.bound = endpoint;
  return 0;
}

/// 0, or the errno. SO_REUSEADDR, so that a restart of berth does not wait for TIME_WAIT; never SO_REUSEPORT.
int open_one(const Endpoint& endpoint, PublicSocket& out) {
  if (endpoint.family == Endpoint::Family::Unix) return open_path(endpoint, out);
  const SocketAddress address = socket_address(endpoint);
  loop::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return errno;
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // [::] is dual stack; any other IPv6 address has no IPv4 side to take.
  if (address.family() == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd.get(), address.get(), address.size) != 0) return errno;
  if (::listen(fd.get(), kBacklog) != 0) return errno;
  out.bound = endpoint;
  out.bound.port = backend::local_endpoint(fd.get()).port;
  out.fd = std::move(fd);
  return 0;
}

std::string taken_text(const backend::ProbeResult& facts) {
  switch (facts.state) {
    case backend::ProbeResult::State::Bound:
      return "the port is taken: bound, and nobody listens";
    case backend::ProbeResult::State::Leftovers:
      return "the port is taken, by leftovers only: " + backend::leftovers_text(facts);
    default:
      return "the port is taken";
  }
}

/// What to do where the port of `address` is taken.
std::string way_out(const std::string& address, const backend::ProbeResult& facts) {
  const std::string other =
      "choose another port with -l " + address.substr(0, address.rfind(':')) + ":PORT (0: any free one)";
  if (!facts.holders.empty() || facts.state != backend::ProbeResult::State::Leftovers ||
      !facts.leftovers_end_in)
    return "\n  stop that program, or " + other;
  // The kernel's clock of these ticks coarsely.
  constexpr std::chrono::seconds kSpare{5};
  const auto time = std::chrono::ceil<std::chrono::seconds>(*facts.leftovers_end_in) + kSpare;
  return "\n  wait until they are gone, as berth run --wait=" + std::to_string(time.count()) + "s does, or " +
         other;
}

std::string explain_path(const Endpoint& endpoint, int error) {
  const std::string text = "cannot listen on " + endpoint.text() + ": ";
  if (const AddressFault fault = address_fault(endpoint, error); !fault.what.empty())
    return text + fault.what + "\n  " + fault.to_do;
  if (error == EWOULDBLOCK) return text + loop::locked_text(endpoint.path);
  if (error == ENAMETOOLONG) return text + "the path is too long for a socket\n  choose a shorter one";
  if (error != EADDRINUSE) return text + std::generic_category().message(error);
  return text + "a server answers there" + backend::port_details(backend::probe(endpoint)) +
         "\n  stop that program, or choose another path";
}

std::string explain(const Endpoint& endpoint, int error) {
  if (endpoint.family == Endpoint::Family::Unix) return explain_path(endpoint, error);
  const std::string text = "cannot listen on " + endpoint.text() + ": ";
  if (error == EACCES)
    return text + "permission denied\n  ports below " +
           "1024 need privileges: choose a higher one with -l HOST:PORT";
  if (const AddressFault fault = address_fault(endpoint, error); !fault.what.empty())
    return text + fault.what + "\n  " + fault.to_do;
  if (error != EADDRINUSE) return text + std::generic_category().message(error);
  const auto facts = backend::probe(endpoint);
  const auto own = std::find_if(facts.holders.begin(), facts.holders.end(),
                                [](const backend::Holder& holder) { return holder.pid == ::getpid(); });
  if (own != facts.holders.end())
    return text + "this berth itself listens on " + own->address.text() +
           ", which overlaps it\n  move there by another port: reload with that, then with the address that "
           "you want";
  return text + taken_text(facts) + backend::port_details(facts) + way_out(endpoint.text(), facts);
}

/// What is wrong; empty: nothing.
std::string take_inherited(const ListenerConfig& listener, const Inherited& inherited,
                           std::vector<PublicSocket>& out) {
  for (const std::string& name : listener.inherited) {
    std::string wrong;
    for (InheritedSocket& socket : inherited_by_name(inherited, name, wrong))
      out.push_back({std::move(socket.fd), socket.bound, socket.bound, {}, name});
    if (!wrong.empty()) return "cannot listen on " + listener.text + ": " + wrong;
  }
  return {};
}

void warn_of_strangers(const PublicSocket& socket, std::vector<std::string>& warnings) {
  if (socket.bound.family == Endpoint::Family::Unix) return;
  Endpoint other = Endpoint::loopback_v6(socket.bound.port);
  if (socket.bound.family == Endpoint::Family::V6) other = Endpoint::loopback_v4(socket.bound.port);
  if (!socket.bound.is_loopback() && socket.bound != Endpoint::any_v4(socket.bound.port)) return;
  for (const auto& holder : backend::holders(other)) {
    if (holder.address.port != socket.bound.port || holder.address.family != other.family) continue;
    if (holder.pid == ::getpid()) continue;
    std::string warning = "clients of localhost:" + std::to_string(socket.bound.port) +
                          " may reach another server: " + holder.text();
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
      warnings.push_back(std::move(warning));
  }
}

}  // namespace

bool is_among(const std::vector<Endpoint>& list, const Endpoint& endpoint) {
  return std::find(list.begin(), list.end(), endpoint) != list.end();
}

PublicSockets open_public(const ListenerConfig& listener, const Inherited& inherited) {
  for (int attempt = 1;; ++attempt) {
    PublicSockets result;
    std::uint16_t chosen = 0;
    int error = 0;
    int absence = 0;
    for (Endpoint endpoint : listener.addresses) {
      const Endpoint asked = endpoint;
      const bool follows = endpoint.port == 0 && chosen != 0;
      if (follows) endpoint.port = chosen;
      PublicSocket socket;
      error = open_one(endpoint, socket);
      if (means_absent(error) && is_among(listener.by_name, asked)) {
        absence = std::exchange(error, 0);
        continue;
      }
      if (error != 0) {
        // The number was free on one address and is not on the other: another one will be.
        if (follows && error == EADDRINUSE && attempt < kSamePortTries) break;
        result.sockets.clear();
        result.error = explain(endpoint, error);
        if (error == EADDRINUSE) result.busy = endpoint;
        return result;
      }
      if (socket.bound.family != Endpoint::Family::Unix) chosen = socket.bound.port;
      socket.asked = asked;
      result.sockets.push_back(std::move(socket));
    }
    if (error != 0) continue;
    result.error = take_inherited(listener, inherited, result.sockets);
    result.absent = result.error.empty() && result.sockets.empty() && absence != 0;
    if (result.absent) result.error = explain(listener.by_name.front(), absence);
    if (!result.error.empty()) result.sockets.clear();
    for (const PublicSocket& socket : result.sockets) warn_of_strangers(socket, result.warnings);
    return result;
  }
}

}  // namespace berth
