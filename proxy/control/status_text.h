// `berth status`: the table, and of one app everything else. Pure.
#pragma once

#include <string>

#include "proxy/control/service.h"

namespace berth::control {

/// `app`: of which app everything is told; empty: of the only one, and of none where there are several.
std::string status_text(const FrontStatus& front, unsigned columns, bool colour, const std::string& app = {});

}  // namespace berth::control
