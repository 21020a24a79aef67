// Where the requests of a target go, and how they come there and nowhere else. A value.
#pragma once

#include <memory>
#include <utility>

#include "config/endpoint.h"
#include "config/reach.h"

namespace berth::route {

/// Where the requests of a target go.
struct Destination {
  // NOLINTNEXTLINE(google-explicit-constructor): an address alone is one.
  Destination(Endpoint at, std::shared_ptr<Reach> by = nullptr)
      : endpoint(std::move(at)), reach(std::move(by)) {}
  Endpoint endpoint;
  /// Makes and proves each connection. nullptr: by the address alone.
  std::shared_ptr<Reach> reach;
};

}  // namespace berth::route
