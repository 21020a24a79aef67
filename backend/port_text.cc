#include "backend/port_text.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace berth::backend {
namespace {

using State = ProbeResult::State;

std::string local_time(std::int64_t unix_s) {
  const auto seconds = static_cast<std::time_t>(unix_s);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::localtime_r(&seconds, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%F %T", &parts)};
}

std::string who(const Holder& holder) {
  if (holder.pid != 0) {
    std::string out = "pid " + std::to_string(holder.pid);
    if (!holder.command_line.empty()) out += " (" + holder.command_line + ")";
    out += ", user " + holder.user;
    if (holder.started_unix_s != 0) out += ", since " + local_time(holder.started_unix_s);
    return out;
  }
  std::string out = "a process of user " + holder.user + ", uid " + std::to_string(holder.uid);
  // Root reads every descriptor of its own namespace.
  if (::geteuid() == 0) return out + " (not to be seen from here: in another container?)";
  return out + " (to see which, as root: berth port " + holder.address.text() + ")";
}

std::string left_for(const ProbeResult& result) {
  if (!result.leftovers_end_in) return "";
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*result.leftovers_end_in);
  return ", for " + std::to_string(seconds.count()) + " s still";
}

std::string denied_text(const std::string& address, int error) {
  switch (error) {
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return address + " is no address of this machine";
    case EACCES:
      return address + ": permission denied (a port below 1024 needs privileges, a path its directory's)";
    case ENOTSOCK:
      return address + " is taken: the file there is no socket";
    case ENOENT:
      return address + ": there is no such directory";
    case ENAMETOOLONG:
      return address + ": a unix socket's path has at most 107 bytes";
    default:
      return address + ": " + std::generic_category().message(error);
  }
}

std::string leftovers_line(const std::string& address, const Endpoint& endpoint, const ProbeResult& result) {
  const std::string what = leftovers_text(result);
  if (endpoint.family == Endpoint::Family::Unix) {
    return address + " is free for servers that remove what is there: " + what;
  }
  if (!result.reusable) return address + " is taken, by leftovers only: " + what;
  return address + " is free for servers that set SO_REUSEADDR, as nearly all do: only leftovers, " + what;
}

}  // namespace

std::string Holder::text() const {
  return who(*this) + ", on " + address.text() + (shared ? ", shared by SO_REUSEPORT" : "");
}

std::string port_details(const ProbeResult& result) {
  std::string out;
  for (const auto& holder : result.holders) out += "\n  held by " + holder.text();
  if (result.holders.empty() && result.state == State::Bound) {
    out += "\n  by whom cannot be told: only Linux 6.8 and newer list sockets that do not listen";
  }
  if (result.state == State::Bound && result.reusable) {
    out += "\n  a server that sets SO_REUSEADDR can start there all the same, for the holder has set it too";
  }
  if (result.state == State::Leftovers && !result.reusable) {
    out += "\n  SO_REUSEADDR does not help: the sockets that they are left of had not set it";
  }
  return out;
}

std::string leftovers_text(const ProbeResult& result) { return result.leftovers + left_for(result); }

std::string port_text(const Endpoint& endpoint, const ProbeResult& result) {
  const std::string address = endpoint.text();
  switch (result.state) {
    case State::Free:
      return address + " is free";
    case State::Listened:
      return address + " is taken" + port_details(result);
    case State::Bound:
      return address + " is taken: bound, and nobody listens" + port_details(result);
    case State::Leftovers:
      return leftovers_line(address, endpoint, result) + port_details(result);
    case State::Denied:
      return denied_text(address, result.error);
  }
  return {};
}

std::string neighbours_text(const std::vector<Holder>& neighbours) {
  std::string out;
  for (const auto& holder : neighbours) {
    const bool v6 = holder.address.family == Endpoint::Family::V6;
    const auto wildcard = v6 ? Endpoint::any_v6(holder.address.port) : Endpoint::any_v4(holder.address.port);
    out += "\n  note: " + holder.address.text() + " is listened on by " + who(holder);
    if (wildcard != holder.address) out += ", so " + wildcard.text() + " is not free";
  }
  return out;
}

}  // namespace berth::backend
