#include "backend/equip.h"

#include <algorithm>

#include "backend/backend.h"
#include "backend/command.h"
#include "backend/package_script.h"
#include "config/known_servers.h"

namespace berth::backend {
namespace {

/// Whether `command` names the number already where `known` has {port}.
bool same_at(std::uint16_t number, const std::vector<std::string>& command,
             const std::vector<std::string>& known) {
  const Endpoint told = Endpoint::loopback_v4(number);
  return std::equal(command.begin(), command.end(), known.begin(), known.end(),
                    [&](const std::string& a, const std::string& b) { return a == fill_in(b, told); });
}

}  // namespace

std::string equip(LaunchSpec& spec) {
  const auto mode = spec.port.mode;
  if (spec.plain || (mode && *mode != PortMode::Lease && *mode != PortMode::Fixed)) return {};
  auto known = recognise(
      spec.command, [&](const ScriptCall& call) { return package_script(spec.dir, call); }, spec.base);
  if (!known || (mode == PortMode::Fixed && same_at(spec.port.number, spec.command, known->command)))
    return {};
  spec.command = std::move(known->command);
  const bool own_check = spec.ready.kind != ReadyConfig::Kind::Http || spec.ready.path != "/";
  if (!own_check && !known->ready_path.empty()) spec.ready.path = known->ready_path;
  return known->name + ": " + known->changes + "; --plain leaves the command as it is" +
         (known->caution.empty() ? "" : "; " + known->caution);
}

}  // namespace berth::backend
