#include "config/placeholders.h"

#include <algorithm>

namespace berth {
namespace {

/// A name in braces at the beginning of a text.
struct Found {
  std::string_view name;  ///< empty: there is none
  bool doubled = false;
  std::size_t size = 0;  ///< braces included
};

bool is_known(std::string_view name) {
  return std::find(kPlaceholders.begin(), kPlaceholders.end(), name) != kPlaceholders.end() ||
         std::find(kReservedPlaceholders.begin(), kReservedPlaceholders.end(), name) !=
             kReservedPlaceholders.end();
}

Found placeholder_at(std::string_view text) {
  const std::size_t braces = text.starts_with("{{") ? 2 : text.starts_with("{") ? 1 : 0;
  if (braces == 0) return {};
  const std::size_t end = text.find('}', braces);
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(braces, end - braces);
  if (!is_known(name)) return {};
  if (braces == 1) return {name, false, end + 1};
  if (!text.substr(end).starts_with("}}")) return {};
  return {name, true, end + 2};
}

/// Calls `other` with what lies between placeholders, and `found` with each of them.
template <class Other, class OnFound>
void walk(std::string_view text, const Other& other, const OnFound& found) {
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find('{'), text.size());
    if (brace > 0) other(text.substr(0, brace));
    text.remove_prefix(brace);
    if (text.empty()) return;
    const Found here = placeholder_at(text);
    if (here.name.empty())
      other(text.substr(0, 1));
    else
      found(here);
    text.remove_prefix(std::max<std::size_t>(here.size, 1));
  }
}

}  // namespace

std::string filled_in(std::string_view text,
                      const std::function<std::string(std::string_view name)>& value_of) {
  std::string out;
  walk(
      text, [&](std::string_view other) { out += other; },
      [&](const Found& found) {
        const bool replaced = !found.doubled && std::find(kPlaceholders.begin(), kPlaceholders.end(),
                                                          found.name) != kPlaceholders.end();
        out += replaced ? value_of(found.name) : "{" + std::string(found.name) + "}";
      });
  return out;
}

bool names_placeholder(std::string_view text, std::string_view name) {
  bool named = false;
  walk(
      text, [](std::string_view) {},
      [&](const Found& found) { named = named || (!found.doubled && found.name == name); });
  return named;
}

std::optional<std::string> reserved_fault(std::string_view text) {
  for (const std::string_view name : kReservedPlaceholders) {
    if (!names_placeholder(text, name)) continue;
    const std::string braced = "{" + std::string(name) + "}";
    return "'" + std::string(text) + "': the name " + braced + " is reserved for a later berth; write {" +
           braced + "} where the command is to get " + braced;
  }
  return std::nullopt;
}

}  // namespace berth
