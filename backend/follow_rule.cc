#include "backend/follow_rule.h"

#include <algorithm>

namespace berth::backend {
namespace {

using Kind = FollowChoice::Kind;
using Indices = std::vector<std::size_t>;

/// In turn, so that one that never answers does not keep the others from being asked.
std::size_t least_asked(const std::vector<OtherPort>& ports, const Indices& of) {
  return *std::min_element(of.begin(), of.end(),
                           [&](std::size_t a, std::size_t b) { return ports[a].asked < ports[b].asked; });
}

}  // namespace

FollowChoice which_to_follow(FollowPolicy policy, const std::vector<OtherPort>& ports,
                             std::chrono::milliseconds unchanged) {
  Indices servers;
  Indices named;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].debugger) continue;
    servers.push_back(i);
    if (ports[i].named) named.push_back(i);
  }
  if (policy == FollowPolicy::Never || servers.empty()) return {};
  if (!named.empty()) return {Kind::Follow, least_asked(ports, named)};
  if (policy == FollowPolicy::AtOnce) return {Kind::Follow, least_asked(ports, servers)};
  if (unchanged < kSettle) return {};
  if (servers.size() == 1) return {Kind::Follow, servers.front()};
  const std::size_t next = least_asked(ports, servers);
  if (ports[next].asked == 0) return {Kind::Try, next};
  Indices answering;
  for (const std::size_t i : servers)
    if (ports[i].answers) answering.push_back(i);
  if (answering.empty()) return {Kind::Try, next};
  if (answering.size() == 1) return {Kind::Follow, answering.front()};
  return {Kind::Ambiguous, 0};
}

}  // namespace berth::backend
