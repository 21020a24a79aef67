// The history as the server sent it: the way back from history_json().
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "proxy/control/json_map.h"
#include "proxy/control/json_read.h"

namespace berth::control {
namespace {

namespace json = boost::json;
using observe::ServedCommand;
using observe::ServedOutcome;

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string()
             ? std::string(value->get_string().data(), value->get_string().size())
             : std::string();
}

std::int64_t number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  return value->is_uint64()  ? static_cast<std::int64_t>(value->get_uint64())
         : value->is_int64() ? value->get_int64()
                             : 0;
}

std::vector<std::string> texts(const json::object& object, std::string_view name) {
  std::vector<std::string> found;
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return found;
  for (const json::value& each : value->get_array())
    if (each.is_string()) found.emplace_back(each.get_string().data(), each.get_string().size());
  return found;
}

ServedOutcome outcome(const json::object& object) {
  const std::string told = text(object, "outcome");
  for (int i = 0; word(static_cast<ServedOutcome>(i)) != "unknown"; ++i)
    if (word(static_cast<ServedOutcome>(i)) == told) return static_cast<ServedOutcome>(i);
  return ServedOutcome::Replaced;
}

}  // namespace

std::optional<std::vector<ServedCommand>> history_from(const json::value& value) {
  const json::value* list = value.is_object() ? value.get_object().if_contains("history") : nullptr;
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<ServedCommand> rows;
  for (const json::value& each : list->get_array()) {
    if (!each.is_object()) continue;
    const json::object& object = each.get_object();
    rows.push_back({.number = static_cast<std::uint64_t>(number(object, "number")),
                    .command = texts(object, "command"),
                    .external = text(object, "external"),
                    .dir = text(object, "dir"),
                    .env = texts(object, "env"),
                    .first = {static_cast<std::uint32_t>(number(object, "first_generation"))},
                    .last = {static_cast<std::uint32_t>(number(object, "last_generation"))},
                    .since_unix_ms = number(object, "since_unix_ms"),
                    .until_unix_ms = number(object, "until_unix_ms"),
                    .outcome = outcome(object),
                    .detail = text(object, "detail")});
  }
  return rows;
}

}  // namespace berth::control
