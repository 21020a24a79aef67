#include "backend/equip.h"

#include <boost/json/parse.hpp>
#include <fstream>
#include <sstream>

#include "backend/backend.h"
#include "config/known_servers.h"

namespace berth::backend {
namespace {

std::optional<std::string> npm_script(const std::string& dir, std::string_view name) {
  std::ifstream file((dir.empty() ? "." : dir) + "/package.json");
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

}  // namespace

std::string equip(LaunchSpec& spec) {
  if (spec.plain || spec.port.mode) return {};
  auto known = recognise(spec.command, [&](std::string_view name) { return npm_script(spec.dir, name); });
  if (!known) return {};
  spec.command = std::move(known->command);
  const bool own_check = spec.ready.kind != ReadyConfig::Kind::Http || spec.ready.path != "/";
  if (!own_check && !known->ready_path.empty()) spec.ready.path = known->ready_path;
  return known->name + ": " + known->changes + "; --plain leaves the command as it is" +
         (known->caution.empty() ? "" : "; " + known->caution);
}

}  // namespace berth::backend
