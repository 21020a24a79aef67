#include "proxy/control/json_drain.h"

#include <array>
#include <string_view>

namespace berth::control {

namespace json = boost::json;
using observe::DrainKind;

namespace {

struct Part {
  std::string_view name;
  std::uint64_t DrainKind::*value;
};

constexpr std::array<Part, 3> kParts{
    {{"finished", &DrainKind::finished}, {"ended", &DrainKind::ended}, {"cut", &DrainKind::cut}}};

}  // namespace

json::object to_json(const observe::DrainCount& count) {
  json::object kinds;
  for (std::size_t n = 0; n < observe::kCarried; ++n) {
    json::object kind;
    for (const Part& part : kParts) kind[part.name] = count.kinds[n].*part.value;
    kinds[observe::kCarriedNames[n]] = std::move(kind);
  }
  return kinds;
}

observe::DrainCount drain_count_from(const json::object& object) {
  observe::DrainCount count;
  for (std::size_t n = 0; n < observe::kCarried; ++n) {
    const json::value* value = object.if_contains(observe::kCarriedNames[n]);
    const json::object* kind = value != nullptr ? value->if_object() : nullptr;
    if (kind == nullptr) continue;
    for (const Part& part : kParts) {
      const json::value* number = kind->if_contains(part.name);
      if (number == nullptr || !number->is_number()) continue;
      boost::system::error_code error;
      const auto read = number->to_number<std::uint64_t>(error);
      if (!error) count.kinds[n].*part.value = read;
    }
  }
  return count;
}

}  // namespace berth::control
