#include "backend/port.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "backend/address.h"
#include "backend/linux_proc.h"
#include "backend/linux_sock_diag.h"
#include "backend/port_unix.h"

namespace berth::backend {
namespace {

std::vector<Holder> name_holders(const std::vector<SocketRow>& rows) {
  std::vector<std::uint64_t> inodes;
  inodes.reserve(rows.size());
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
    // Only listeners prove SO_REUSEPORT: bound sockets share an address by SO_REUSEADDR too.
    holder.shared = rows[i].state == TCP_LISTEN &&
                    std::count_if(rows.begin(), rows.end(),
                                  [&](const SocketRow& r) { return r.local == rows[i].local; }) > 1;
    out.push_back(std::move(holder));
  }
  return out;
}

void keep_overlapping(const Endpoint& endpoint, std::vector<SocketRow>& rows) {
  std::erase_if(rows, [&](const SocketRow& row) { return !overlaps(endpoint, row.local, row.v6only); });
}

int strict_listen(const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  if (!fd) return errno;
  auto address = socket_address(endpoint);
  if (::bind(fd.get(), address.get(), address.size) != 0) return errno;
  return ::listen(fd.get(), 1) == 0 ? 0 : errno;
}

/// Would bind(2) be let through with SO_REUSEADDR? Does not listen: that would shut the holder out.
bool reusable_bind(const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  const int on = 1;
  auto address = socket_address(endpoint);
  return fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
         ::bind(fd.get(), address.get(), address.size) == 0;
}

std::vector<SocketRow> in_state(const std::vector<SocketRow>& rows, std::uint8_t state) {
  std::vector<SocketRow> out;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out),
               [state](const SocketRow& row) { return row.state == state; });
  return out;
}

/// Those of a server's connections are many and alike: the first few name it.
std::vector<Holder> name_some(std::vector<SocketRow> rows) {
  constexpr std::size_t kMost = 8;
  std::erase_if(rows, [](const SocketRow& row) { return row.inode == 0; });
  if (rows.size() > kMost) rows.resize(kMost);
  auto found = name_holders(rows);
  std::vector<Holder> out;
  for (auto& holder : found) {
    const bool known = std::any_of(
        out.begin(), out.end(), [&](const Holder& h) { return h.pid == holder.pid && h.uid == holder.uid; });
    if (!known) out.push_back(std::move(holder));
  }
  return out;
}

void describe(const std::vector<SocketRow>& leftovers, ProbeResult& result) {
  result.leftovers = describe_leftovers(leftovers);
  std::chrono::milliseconds longest{0};
  for (const auto& row : leftovers) {
    if (!row.ends_in) return;
    longest = std::max(longest, *row.ends_in);
  }
  if (!leftovers.empty()) result.leftovers_end_in = longest;
}

/// Naming takes a scan of all processes: not in a loop.
enum class Naming : std::uint8_t { Off, On };

ProbeResult examine(const Endpoint& endpoint, Naming naming) {
  if (endpoint.family == Endpoint::Family::Unix) return probe_unix(endpoint);
  ProbeResult result;
  result.error = strict_listen(endpoint);
  if (result.error == 0) return result;
  auto rows = sockets_on_port(endpoint.port);
  keep_overlapping(endpoint, rows);
  if (auto listening = in_state(rows, TCP_LISTEN); !listening.empty()) {
    result.state = ProbeResult::State::Listened;
    if (naming == Naming::On) result.holders = name_holders(listening);
    describe(leftovers_of(rows), result);
    return result;
  }
  if (result.error != EADDRINUSE) {
    result.state = ProbeResult::State::Denied;
    return result;
  }
  auto bound = in_state(rows, kBoundInactive);
  auto leftovers = leftovers_of(std::move(rows));
  describe(leftovers, result);
  // What was in the way may have gone between the probe and the look: then nobody is named.
  if (bound.empty() && leftovers.empty() && strict_listen(endpoint) == 0) {
    result.error = 0;
    return result;
  }
  const bool only_leftovers = bound.empty() && !leftovers.empty();
  result.state = only_leftovers ? ProbeResult::State::Leftovers : ProbeResult::State::Bound;
  result.reusable = reusable_bind(endpoint);
  if (naming == Naming::Off) return result;
  if (!only_leftovers) result.holders = name_holders(bound);
  if (only_leftovers && !result.reusable) result.holders = name_some(std::move(leftovers));
  return result;
}

}  // namespace

ProbeResult probe(const Endpoint& endpoint) { return examine(endpoint, Naming::On); }

std::vector<Holder> holders(const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::Unix) return probe_unix(endpoint).holders;
  auto rows = listening_sockets(endpoint.port);
  keep_overlapping(endpoint, rows);
  return name_holders(rows);
}

std::vector<std::uint64_t> listener_inodes(const Endpoint& endpoint) {
  std::vector<std::uint64_t> inodes;
  if (endpoint.family == Endpoint::Family::Unix) return inodes;
  auto rows = listening_sockets(endpoint.port);
  keep_overlapping(endpoint, rows);
  for (const SocketRow& row : rows) inodes.push_back(row.inode);
  return inodes;
}

std::vector<Holder> neighbours(const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::Unix) return {};
  auto rows = listening_sockets(endpoint.port);
  std::erase_if(rows, [&](const SocketRow& row) {
    return row.local.port != endpoint.port || overlaps(endpoint, row.local, row.v6only);
  });
  return name_holders(rows);
}

WaitOutcome wait_released(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds limit,
                          const Pause& pause) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  constexpr milliseconds kLongestPause{100};
  constexpr milliseconds kYear = std::chrono::hours(24 * 365);
  const auto begun = Clock::now();
  const auto deadline = begun + std::min(limit, kYear);
  WaitOutcome outcome;
  const auto look = [&](Naming naming) {
    outcome.last.clear();
    for (const auto& endpoint : endpoints) outcome.last.push_back(examine(endpoint, naming));
  };
  const auto all_free = [&] {
    return std::all_of(outcome.last.begin(), outcome.last.end(), [](const auto& r) { return r.is_free(); });
  };
  const auto denied = [&] {
    return std::any_of(outcome.last.begin(), outcome.last.end(),
                       [](const auto& r) { return r.state == ProbeResult::State::Denied; });
  };
  look(Naming::Off);
  for (milliseconds next{2}; !all_free(); next = std::min(next * 2, kLongestPause)) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (denied()) {
      outcome.end = WaitOutcome::End::Denied;
    } else if (left <= milliseconds(0)) {
      outcome.end = WaitOutcome::End::Expired;
    } else if (!pause(std::min(next, left))) {
      outcome.end = WaitOutcome::End::Interrupted;
    }
    const bool over = outcome.end != WaitOutcome::End::Released;
    look(over ? Naming::On : Naming::Off);
    if (over) break;
  }
  // It went free between the verdict and the naming: what is told and what is shown must agree.
  if (all_free()) outcome.end = WaitOutcome::End::Released;
  outcome.took = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  return outcome;
}

}  // namespace berth::backend
