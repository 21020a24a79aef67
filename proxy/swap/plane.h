// The data plane as one app's shell sees it: the seam between proxy/swap and proxy/http, so that tests can
// stand in for the workers. Knows no AppId: an implementation is bound to one app.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "proxy/http/data_plane.h"
#include "proxy/route/target.h"

namespace berth::swap {

/// Every call is made on the control loop and answers there, never from within the call. See http::DataPlane
/// for what each promises.
class Plane {
 public:
  virtual ~Plane() = default;
  virtual unsigned workers() const = 0;
  virtual void switch_to(Generation generation, const route::Destination& destination,
                         std::function<void()> acknowledged) = 0;
  virtual void watch_connects(std::function<void(Generation, bool refused)> told) = 0;
  virtual void hold(std::function<void()> acknowledged) = 0;
  virtual void refuse(const std::string& reason, std::function<void()> acknowledged) = 0;
  virtual void pause(const std::string& why) = 0;
  virtual void resume() = 0;
  virtual void when_drained(Generation generation, std::function<void(http::DrainOutcome)> drained) = 0;
  virtual void holders(Generation generation, std::function<void(std::uint64_t)> answer) = 0;
  virtual void cut(Generation generation, route::Target::Whom whom) = 0;
  virtual void counters(std::function<void(http::Counters)> answer) = 0;
};

}  // namespace berth::swap
