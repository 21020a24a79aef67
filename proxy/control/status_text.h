// `berth status` as a table that is read at 80 columns. Pure.
#pragma once

#include <string>

#include "proxy/control/service.h"

namespace berth::control {

std::string status_text(const FrontStatus& front, unsigned columns, bool colour);

}  // namespace berth::control
