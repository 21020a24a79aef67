#include "backend/equip.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backend/backend.h"
#include "backend/command.h"
#include "config/known_servers.h"

namespace berth::backend {
namespace {

std::optional<std::string> npm_script(const std::string& dir, std::string_view name) {
  const std::string path = (dir.empty() ? "." : dir) + "/package.json";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;  // a pipe would be waited for
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  boost::system::error_code error;
  const auto package = boost::json::parse(text.str(), error);
  const auto* object = error ? nullptr : package.if_object();
  const auto* scripts = object == nullptr ? nullptr : object->if_contains("scripts");
  if (scripts == nullptr || !scripts->is_object()) return std::nullopt;
  const auto* script = scripts->get_object().if_contains(name);
  if (script == nullptr || !script->is_string()) return std::nullopt;
  return std::string(script->get_string());
}

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
      spec.command, [&](std::string_view name) { return npm_script(spec.dir, name); }, spec.base);
  if (!known || (mode == PortMode::Fixed && same_at(spec.port.number, spec.command, known->command)))
    return {};
  spec.command = std::move(known->command);
  const bool own_check = spec.ready.kind != ReadyConfig::Kind::Http || spec.ready.path != "/";
  if (!own_check && !known->ready_path.empty()) spec.ready.path = known->ready_path;
  return known->name + ": " + known->changes + "; --plain leaves the command as it is" +
         (known->caution.empty() ? "" : "; " + known->caution);
}

}  // namespace berth::backend
