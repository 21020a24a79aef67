// A status as Prometheus reads it: the text format 0.0.4, each family with its HELP and TYPE. Owns the names
// of the metrics. Pure.
#pragma once

#include <string>
#include <string_view>

#include "proxy/control/service.h"

namespace berth::control {

/// The Content-Type that goes with it.
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const FrontStatus& front);

}  // namespace berth::control
