#include "backend/port.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "backend/address.h"
#include "backend/linux_proc.h"
#include "backend/linux_sock_diag.h"

namespace berth::backend {
namespace {

std::vector<Holder> name_holders(const std::vector<SocketRow>& rows) {
  std::vector<std::uint64_t> inodes;
  for (const auto& row : rows) inodes.push_back(row.inode);
  auto pids = rows.empty() ? std::vector<int>() : owners_of(inodes);
  std::vector<Holder> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Holder holder;
    holder.address = rows[i].local;
    holder.inode = rows[i].inode;
    holder.uid = rows[i].uid;
    holder.user = user_name(rows[i].uid);
    holder.pid = pids[i];
    if (auto facts = holder.pid != 0 ? process_facts(holder.pid) : std::nullopt) {
      holder.started_unix_s = facts->started_unix_s;
      holder.command_line = command_line(holder.pid);
    }
    holder.shared = std::count_if(rows.begin(), rows.end(),
                                  [&](const SocketRow& r) { return r.local == rows[i].local; }) > 1;
    out.push_back(std::move(holder));
  }
  return out;
}

void keep_overlapping(const Endpoint& endpoint, std::vector<SocketRow>& rows) {
  std::erase_if(rows, [&](const SocketRow& row) { return !overlaps(endpoint, row.local, row.v6only); });
}

ProbeResult probe_unix(const Endpoint& endpoint) {
  ProbeResult result;
  auto address = socket_address(endpoint);
  Descriptor fd = open_stream_socket(endpoint);
  if (address.size == 0 || !fd) {
    result.state = ProbeResult::State::Denied;
    result.error = fd ? ENAMETOOLONG : errno;
    return result;
  }
  if (::connect(fd.get(), address.get(), address.size) == 0 || errno == EAGAIN) {
    result.state = ProbeResult::State::Listened;
    result.error = EADDRINUSE;
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid > 0) {
      Holder holder;
      holder.pid = peer.pid;
      holder.uid = peer.uid;
      holder.user = user_name(peer.uid);
      holder.command_line = command_line(peer.pid);
      if (auto facts = process_facts(peer.pid)) holder.started_unix_s = facts->started_unix_s;
      holder.address = endpoint;
      result.holders.push_back(std::move(holder));
    }
    return result;
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return result;
  result.state = ProbeResult::State::Denied;
  result.error = errno;
  return result;
}

int strict_listen(const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  if (!fd) return errno;
  auto address = socket_address(endpoint);
  if (::bind(fd.get(), address.get(), address.size) != 0) return errno;
  return ::listen(fd.get(), 1) == 0 ? 0 : errno;
}

}  // namespace

std::string Holder::text() const {
  std::string out;
  if (pid != 0) {
    out = "pid " + std::to_string(pid);
    if (!command_line.empty()) out += " (" + command_line + ")";
    out += ", user " + user;
  } else {
    out = "a process of user " + user +
          " (to see which, as root: ss -ltnp 'sport = :" + std::to_string(address.port) + "')";
  }
  return out + ", on " + address.text() + (shared ? ", shared by SO_REUSEPORT" : "");
}

ProbeResult probe(const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::Unix) return probe_unix(endpoint);
  ProbeResult result;
  result.error = strict_listen(endpoint);
  if (result.error == 0) return result;
  if (result.error != EADDRINUSE) {
    result.state = ProbeResult::State::Denied;
    return result;
  }
  auto rows = sockets_on_port(endpoint.port);
  keep_overlapping(endpoint, rows);
  result.leftovers = describe_leftovers(rows);
  auto in_state = [&](std::uint8_t state) {
    std::vector<SocketRow> out;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(out),
                 [state](const SocketRow& row) { return row.state == state; });
    return out;
  };
  if (auto listening = in_state(TCP_LISTEN); !listening.empty()) {
    result.state = ProbeResult::State::Listened;
    result.holders = name_holders(listening);
    return result;
  }
  auto bound = in_state(kBoundInactive);
  if (bound.empty() && !result.leftovers.empty()) {
    result.state = ProbeResult::State::Leftovers;
    return result;
  }
  // What was in the way may have gone between the probe and the look: then nobody is named.
  if (bound.empty() && strict_listen(endpoint) == 0) {
    result.error = 0;
    return result;
  }
  result.state = ProbeResult::State::Bound;
  result.holders = name_holders(bound);
  return result;
}

std::vector<Holder> holders(const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::Unix) return probe_unix(endpoint).holders;
  auto rows = listening_sockets(endpoint.port);
  keep_overlapping(endpoint, rows);
  return name_holders(rows);
}

}  // namespace berth::backend
