// Who follows what happens in the front. Keeps nothing: one that comes later has missed it. Control loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/control/service.h"

namespace berth::control {

class EventBook {
 public:
  using Follower = std::function<void(const Event&)>;

  /// Until the handle is destroyed.
  std::shared_ptr<void> follow(Follower follower) {
    auto handle = std::make_shared<Follower>(std::move(follower));
    followers_.push_back(handle);
    return handle;
  }

  /// Whoever is told may leave, or follow, meanwhile. `app`: empty for the front.
  template <class What>
  void tell(const std::string& app, What what) {
    std::erase_if(followers_, [](const auto& each) { return each.expired(); });
    if (followers_.empty()) return;
    const Event event = made(app, std::move(what));
    const auto told = followers_;
    for (const auto& each : told)
      if (const auto follower = each.lock()) (*follower)(event);
  }

  /// An event of now.
  template <class What>
  static Event made(const std::string& app, What what) {
    using namespace std::chrono;
    return {.unix_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(),
            .app = app,
            .what = std::move(what)};
  }

 private:
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace berth::control
