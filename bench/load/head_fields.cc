#include "bench/load/head_fields.h"

#include <algorithm>

namespace berth::load {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// The value if the line is a field of that name.
bool is_field(std::string_view line, std::string_view name, std::string_view& value) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) return false;
  value = trim(line.substr(colon + 1));
  return true;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char low = lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (same_name(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool fields_have_token(std::string_view fields, std::string_view name, std::string_view token) {
  while (!fields.empty()) {
    std::string_view value;
    if (is_field(next_line(fields), name, value) && has_token(value, token)) return true;
  }
  return false;
}

std::string without_fields(std::string_view fields, std::initializer_list<std::string_view> names) {
  std::string kept;
  while (!fields.empty()) {
    const auto line = next_line(fields);
    std::string_view value;
    const bool named = std::any_of(names.begin(), names.end(),
                                   [&](std::string_view name) { return is_field(line, name, value); });
    if (!named) kept.append(line).append("\r\n");
  }
  return kept;
}

std::string_view field_of(std::string_view head, std::string_view name) {
  next_line(head);
  while (!head.empty()) {
    std::string_view value;
    if (is_field(next_line(head), name, value)) return value;
  }
  return {};
}

}  // namespace berth::load
