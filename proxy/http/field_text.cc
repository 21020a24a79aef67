#include "proxy/http/field_text.h"

#include <algorithm>

namespace berth::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::string_view next_item(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view item = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
  while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
  return item;
}

bool equals_lower(std::string_view text, std::string_view expected) {
  return std::equal(text.begin(), text.end(), expected.begin(), expected.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool has_token(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const std::string_view item = next_item(value);
    if (equals_lower(item.substr(0, std::min(item.find_first_of("; /\t"), item.size())), token)) return true;
  }
  return false;
}

bool lists_name(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    const std::string_view item = next_item(value);
    if (std::equal(item.begin(), item.end(), name.begin(), name.end(),
                   [](char a, char b) { return lower(a) == lower(b); }))
      return true;
  }
  return false;
}

bool is_forwarding_name(std::string_view name) {
  constexpr std::string_view kPrefix = "x-forwarded-";
  if (name.size() < kPrefix.size() || (name[0] | 0x20) != 'x') return false;
  for (std::size_t i = 1; i < kPrefix.size(); ++i) {
    const char c = name[i] == '_' ? '-' : static_cast<char>(name[i] | 0x20);
    if (c != kPrefix[i]) return false;
  }
  return true;
}

bool is_request_id_name(std::string_view name) {
  return name.size() == 12 && equals_lower(name, "x-request-id");
}

bool lists_all(std::string_view value, std::string_view names) {
  while (!names.empty()) {
    const std::string_view name = next_item(names);
    if (!name.empty() && !lists_name(value, name)) return false;
  }
  return true;
}

std::string_view field_value(const Head& head, std::string_view name) {
  for (const Field& field : head.fields)
    if (field.tag == FieldTag::Other && field.name.size() == name.size() && equals_lower(field.name, name))
      return field.value;
  return {};
}

}  // namespace berth::http
