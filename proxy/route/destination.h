// Where the requests of a target go, and how it is known that they arrive there. A value.
#pragma once

#include <functional>
#include <utility>

#include "config/endpoint.h"

namespace berth::route {

/// Where the requests of a target go.
struct Destination {
  // NOLINTNEXTLINE(google-explicit-constructor): an address alone is one.
  Destination(Endpoint at, std::function<bool()> proof = {})
      : endpoint(std::move(at)), took_connection(std::move(proof)) {}
  Endpoint endpoint;
  /// Asked on any loop right after connecting: is it the backend that has taken the connection? Empty: it is
  /// not asked.
  std::function<bool()> took_connection;
};

}  // namespace berth::route
