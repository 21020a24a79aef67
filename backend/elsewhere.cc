#include "backend/elsewhere.h"

#include <algorithm>
#include <utility>

namespace berth::backend {

const SocketRow& preferred_listener(const std::vector<SocketRow>& rows) {
  auto rank = [](const SocketRow& row) {
    int v6 = row.local.family == Endpoint::Family::V6 ? 1 : 0;
    if (row.local.is_wildcard()) return v6;
    return (row.local.is_loopback() ? 2 : 4) + v6;
  };
  return *std::min_element(rows.begin(), rows.end(),
                           [&](const SocketRow& a, const SocketRow& b) { return rank(a) < rank(b); });
}

void Elsewhere::see(const std::vector<SocketRow>& rows, const OutputPorts& said, Clock::time_point now) {
  std::vector<Place> places;
  std::vector<std::uint64_t> inodes;
  for (const SocketRow& row : rows) {
    const std::uint16_t port = row.local.port;
    const bool debugger = said.is_debugger(port);
    if (!debugger) inodes.push_back(row.inode);
    auto at = std::find_if(places.begin(), places.end(), [&](const Place& p) { return p.port.port == port; });
    if (at == places.end()) {
      places.push_back({{.port = port, .named = said.is_named(port), .debugger = debugger}, {}});
      at = places.end() - 1;
    }
    at->rows.push_back(row);
  }
  std::sort(inodes.begin(), inodes.end());
  if (inodes == inodes_) {
    for (Place& place : places) {
      for (const Place& before : places_) {
        if (before.port.port != place.port.port) continue;
        place.port.asked = before.port.asked;
        place.port.answers = before.port.answers;
      }
    }
  } else {
    inodes_ = std::move(inodes);
    since_ = now;
  }
  places_ = std::move(places);
}

FollowChoice Elsewhere::choose(FollowPolicy policy, Clock::time_point now) const {
  std::vector<OtherPort> ports;
  ports.reserve(places_.size());
  for (const Place& place : places_) ports.push_back(place.port);
  return which_to_follow(policy, ports, std::chrono::duration_cast<std::chrono::milliseconds>(now - since_));
}

void Elsewhere::asked(std::uint16_t port, bool answers) {
  for (Place& place : places_) {
    if (place.port.port != port) continue;
    ++place.port.asked;
    place.port.answers = answers;
  }
}

}  // namespace berth::backend
