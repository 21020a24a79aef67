// Which lanes a run has, and which requests go to them.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/load/driver.h"

namespace berth::load {

void Driver::add_pools() {
  const bool open = plan_.rate > 0;
  std::vector<std::vector<RequestShape>> by_server(plan_.targets.size());
  for (const auto& shape : plan_.shapes) by_server.at(shape.server).push_back(shape);
  const auto served = static_cast<unsigned>(
      std::count_if(by_server.begin(), by_server.end(), [](const auto& shapes) { return !shapes.empty(); }));
  const auto share = [&](unsigned lanes) {
    return lanes == 0 ? 0U : std::max(1U, lanes / std::max(1U, served));
  };
  for (std::size_t i = 0; i < by_server.size(); ++i) {
    if (by_server[i].empty()) continue;
    // Shapes of fresh connections have those for themselves; without any, the lanes there send all of them.
    std::vector<RequestShape> kept, fresh;
    for (const auto& shape : by_server[i]) (shape.kind == RequestKind::Fresh ? fresh : kept).push_back(shape);
    if (fresh.empty()) fresh = kept;
    for (auto& shape : fresh)
      if (shape.kind == RequestKind::Get) shape.kind = RequestKind::Fresh;
    Route route;
    if (plan_.keep_alive_lanes > 0)
      route.keep_alive = add_pool(std::move(kept), i, share(plan_.keep_alive_lanes), false, open);
    if (plan_.fresh_lanes > 0)
      route.fresh = add_pool(std::move(fresh), i, share(plan_.fresh_lanes), true, open);
    routes_.push_back(route);
  }
  if (open && ((plan_.fresh_share > 0 && plan_.fresh_lanes == 0) ||
               (plan_.fresh_share < 1 && plan_.keep_alive_lanes == 0)))
    throw std::invalid_argument("a load plan without lanes for some of its requests");
  for (const auto& each : plan_.dedicated)
    add_pool({each.shape}, each.shape.server, each.lanes, each.shape.kind == RequestKind::Fresh, false);
  if (lanes_.empty() && plan_.events.lanes == 0 && plan_.websockets.lanes == 0)
    throw std::invalid_argument("a load plan without lanes");
}

int Driver::add_pool(std::vector<RequestShape> shapes, std::size_t server, unsigned lanes, bool fresh,
                     bool open) {
  const auto index = pools_.size();
  pools_.push_back({.source = RequestSource(std::move(shapes), plan_.host, plan_.seed + index),
                    .server = server,
                    .fresh = fresh,
                    .open_loop = open});
  for (unsigned i = 0; i < lanes; ++i) {
    pools_[index].free.push_back(lanes_.size());
    lanes_.push_back({.connection = std::make_unique<Connection>(epoll_, lanes_.size()), .pool = index});
  }
  return static_cast<int>(index);
}

}  // namespace berth::load
