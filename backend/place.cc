#include "backend/place.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "backend/address.h"
#include "backend/port.h"
#include "config/tcp_options.h"

namespace berth::backend {
namespace {

using Kind = StartFailure::Kind;

constexpr int kBacklog = 4096;  ///< the kernel cuts it to net.core.somaxconn

std::string error_text(int error) {
  std::array<char, 128> buffer{};
  return ::strerror_r(error, buffer.data(), buffer.size());
}

StartFailure failure(Kind kind, std::string what, std::string hint = {}) {
  StartFailure out;
  out.kind = kind;
  out.what = std::move(what);
  out.hint = std::move(hint);
  return out;
}

/// The listener that is handed over lies on the lease's own number, so that the lease proves its release.
Descriptor listen_on(const Endpoint& endpoint) {
  Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  // asyncio sets no TCP_NODELAY on a socket that it did not make; accepted ones inherit this.
  set_tcp_options(fd.get(), endpoint);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress address = socket_address(endpoint);
  if (fd && (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), kBacklog) != 0))
    fd.reset();
  return fd;
}

std::optional<StartFailure> take_socket_path(const LaunchSpec& spec, Place& place) {
  place.directory = make_socket_dir(spec);
  // Opened while it is still berth's own: nobody else can have put another in its place.
  const std::string& path = place.directory.path();
  Descriptor handle(path.empty() ? -1 : ::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle) return failure(Kind::System, "no directory for its socket can be made: " + error_text(errno));
  place.directory_handle = std::make_shared<const Descriptor>(std::move(handle));
  if (!give_to_user(place.directory.path(), spec.user)) {
    return failure(Kind::System,
                   "its socket's directory cannot be given to " + spec.user + ": " + error_text(errno));
  }
  place.told = Endpoint::unix_path(place.directory.path() + "/s");
  if (socket_address(place.told).size == 0) {
    return failure(Kind::System, "the path of its socket is longer than 107 bytes: " + place.told.path,
                   "choose a shorter directory with --control PATH");
  }
  return std::nullopt;
}

std::optional<StartFailure> take_fixed(const LaunchSpec& spec, Place& place) {
  place.told = Endpoint::loopback_v4(spec.port.number);
  const ProbeResult seen = probe(place.told);
  const std::string number = std::to_string(spec.port.number);
  switch (seen.state) {
    case ProbeResult::State::Free:
    case ProbeResult::State::Leftovers:
      return std::nullopt;
    case ProbeResult::State::Denied:
      return failure(Kind::Busy, "port " + number + " cannot be had: " + error_text(seen.error));
    case ProbeResult::State::Bound:
    case ProbeResult::State::Listened:
      break;
  }
  std::string who = seen.holders.empty() ? "somebody has bound it without listening"
                                         : "held by " + seen.holders.front().text();
  return failure(Kind::Busy, "port " + number + " is taken: " + who,
                 "stop that program, or let berth choose: leave out port");
}

}  // namespace

PrivateDir make_socket_dir(const LaunchSpec& spec) {
  // A user other than berth's own cannot come through berth's own directory.
  const std::string parent = spec.runtime_dir.empty() || !spec.user.empty() ? "/tmp" : spec.runtime_dir;
  return PrivateDir::make(parent, spec.generation.number);
}

std::optional<std::uint32_t> user_number(const std::string& user) {
  if (user.empty()) return ::geteuid();
  const passwd* found = ::getpwnam(user.c_str());
  return found == nullptr ? std::nullopt : std::optional<std::uint32_t>(found->pw_uid);
}

bool give_to_user(const std::string& path, const std::string& user) {
  if (user.empty()) return true;
  errno = 0;
  const passwd* found = ::getpwnam(user.c_str());
  return found != nullptr && ::lchown(path.c_str(), found->pw_uid, found->pw_gid) == 0;
}

std::optional<StartFailure> take_place(const LaunchSpec& spec, PortMode mode, Place::Kept kept,
                                       Place& place) {
  if (mode == PortMode::None) return std::nullopt;
  if (mode == PortMode::Unix) return take_socket_path(spec, place);
  if (mode == PortMode::Fixed) return take_fixed(spec, place);
  place.lease = Lease::take();
  if (!place.lease) return failure(Kind::System, "no port can be had: " + error_text(errno));
  place.told = Endpoint::loopback_v4(place.lease->port());
  if (mode != PortMode::Fd) return std::nullopt;
  open_place(place, kept);
  place.listener = listen_on(place.told);
  if (!place.listener)
    return failure(Kind::System, "no listening socket can be made for it: " + error_text(errno));
  return std::nullopt;
}

void open_place(Place& place, Place::Kept kept) {
  if (!place.lease) return;
  if (kept == Place::Kept::Released || !Lease::works())
    place.lease.reset();
  else
    place.lease->open_door();
}

}  // namespace berth::backend
