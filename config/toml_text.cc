#include "config/toml_text.h"

#include <cstdio>

#include "config/duration_text.h"

namespace berth {
namespace {

bool is_bare(std::string_view key) {
  constexpr std::string_view kBare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !key.empty() && key.find_first_not_of(kBare) == std::string_view::npos;
}

}  // namespace

std::string toml_key(std::string_view name) { return is_bare(name) ? std::string(name) : toml_text(name); }

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string toml_words(const std::vector<std::string>& words) {
  std::string out = "[";
  for (std::size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : ", ") + toml_text(words[i]);
  return out + "]";
}

std::string toml_truth(bool value) { return value ? "true" : "false"; }

std::string toml_duration(Milliseconds value) { return toml_text(duration_text(value)); }

std::string toml_variables(const std::map<std::string, std::string>& variables) {
  std::string out;
  for (const auto& [name, value] : variables)
    out += (out.empty() ? "{ " : ", ") + toml_key(name) + " = " + toml_text(value);
  return out.empty() ? "{}" : out + " }";
}

}  // namespace berth
