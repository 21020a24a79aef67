#include "config/env_text.h"

#include <cctype>

namespace berth {

std::string expand_variables(const std::string& text, const Variables& variables, std::string& missing) {
  auto is_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() <= kLongestVariable; ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    bool braced = i + 1 < text.size() && text[i + 1] == '{';
    std::size_t begin = i + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_name(text[end])) ++end;
    if (begin < text.size() && text[begin] == '$' && !braced) {
      out += '$';
      ++i;
      continue;
    }
    if (end == begin || (braced && (end == text.size() || text[end] != '}'))) {
      out += '$';
      continue;
    }
    std::string name = text.substr(begin, end - begin);
    auto value = variables(name);
    if (!value) missing = name;
    out += value.value_or("");
    i = braced ? end : end - 1;
  }
  return out;
}

}  // namespace berth
