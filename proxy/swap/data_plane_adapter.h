// One app's Plane over the real data plane. Owns nothing and decides nothing.
#pragma once

#include "proxy/swap/plane.h"

namespace berth::swap {

/// `plane` outlives it; `app` was given by plane.add_app().
class DataPlaneAdapter final : public Plane {
 public:
  DataPlaneAdapter(http::DataPlane& plane, http::AppId app) : plane_(plane), app_(app) {}

  unsigned workers() const override;
  void switch_to(Generation generation, const route::Destination& destination,
                 std::function<void()> acknowledged) override;
  void watch_connects(std::function<void(Generation, bool refused)> told) override;
  void hold(std::function<void()> acknowledged) override;
  void refuse(const std::string& reason, std::function<void()> acknowledged) override;
  void pause(const std::string& why) override;
  void resume() override;
  void when_drained(Generation generation, std::function<void(http::DrainOutcome)> drained) override;
  void holders(Generation generation, std::function<void(std::uint64_t)> answer) override;
  void cut(Generation generation, route::Target::Whom whom) override;
  void counters(std::function<void(http::Counters)> answer) override;

 private:
  http::DataPlane& plane_;
  const http::AppId app_;
};

}  // namespace berth::swap
