// What `berth load` was asked to do as the load client's plan: URLs resolved, the mix as lanes and shapes.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/load/load.h"
#include "config/command_line.h"
#include "proxy/load/load_url.h"

namespace berth::load_verb {

/// `METHOD PATH [BODY]`, a request a line; empty lines and those with # are left out. The string says what is
/// wrong.
std::variant<std::vector<load::RequestShape>, std::string> parse_requests(std::string_view text);

struct Planned {
  load::LoadPlan plan;
  std::string error;  ///< not empty: there is no plan
};
/// Resolves names, and asks with several addresses which one accepts a connection. Blocks for that.
Planned plan_load(const LoadVerb& verb);

}  // namespace berth::load_verb
