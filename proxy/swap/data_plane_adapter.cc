#include "proxy/swap/data_plane_adapter.h"

#include <utility>

namespace berth::swap {

unsigned DataPlaneAdapter::workers() const { return plane_.workers(); }

void DataPlaneAdapter::switch_to(Generation generation, const route::Destination& destination,
                                 std::function<void()> acknowledged) {
  plane_.switch_to(app_, generation, destination, std::move(acknowledged));
}

void DataPlaneAdapter::watch_connects(std::function<void(Generation, bool refused)> told) {
  plane_.watch_connects(app_, std::move(told));
}

void DataPlaneAdapter::hold(std::function<void()> acknowledged) {
  plane_.hold(app_, std::move(acknowledged));
}

void DataPlaneAdapter::refuse(const std::string& reason, std::function<void()> acknowledged) {
  plane_.refuse(app_, reason, std::move(acknowledged));
}

void DataPlaneAdapter::pause(const std::string& why) { plane_.pause(app_, why); }

void DataPlaneAdapter::resume() { plane_.resume(app_); }

void DataPlaneAdapter::when_drained(Generation generation, std::function<void(http::DrainOutcome)> drained) {
  plane_.when_drained(app_, generation, std::move(drained));
}

void DataPlaneAdapter::holders(Generation generation, std::function<void(std::uint64_t)> answer) {
  plane_.holders(app_, generation, std::move(answer));
}

void DataPlaneAdapter::cut(Generation generation, route::Target::Whom whom) {
  plane_.cut(app_, generation, whom);
}

void DataPlaneAdapter::counters(std::function<void(http::Counters)> answer) {
  plane_.counters(app_, std::move(answer));
}

}  // namespace berth::swap
