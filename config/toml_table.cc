#include "config/toml_table.h"

#include <algorithm>
#include <sstream>

#include "config/duration_text.h"
#include "config/toml_bounds.h"
#include "config/toml_text.h"

namespace berth {
namespace {

constexpr std::size_t kLongestKey = 255;

/// Where a key is longer than any that means something; nullopt: nowhere.
std::optional<toml::source_position> long_key(const toml::node& node) {
  std::optional<toml::source_position> found;
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      if (key.str().size() > kLongestKey) return key.source().begin;
      if ((found = long_key(value))) return found;
    }
  }
  if (const auto* array = node.as_array())
    for (const toml::node& each : *array)
      if ((found = long_key(each))) return found;
  return found;
}

/// The value in quotes, where it has none and is short; else what to do with it.
std::string quoted(const toml::node& node) {
  std::ostringstream text;
  if (const auto* number = node.as_integer()) text << number->get();
  if (const auto* truth = node.as_boolean()) text << (truth->get() ? "true" : "false");
  return text.str().empty() ? "it in quotes," : "\"" + text.str() + "\"";
}

/// Whether the parser stopped within a value that has no quotes and is none of TOML's own: 127.0.0.1:8000,
/// 30s.
bool is_bare_text(std::string_view text, const toml::source_position& stopped) {
  for (auto line = stopped.line; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find_first_of("\r\n"));
  const std::size_t at = stopped.column - 1;
  if (at >= text.size() + 1 || at == 0) return false;
  std::size_t begin = text.find_last_of("=,[{", at - 1);
  if (begin == std::string_view::npos) return false;
  begin = text.find_first_not_of(" \t", begin + 1);
  if (begin == std::string_view::npos || begin > at || text[begin] == '"' || text[begin] == '\'')
    return false;
  const std::size_t end = std::min(text.find_first_of(" \t,]}#", begin), text.size());
  return begin < end && at <= end;
}

auto order(const Table& table) { return std::pair(table.position().line, table.position().column); }

}  // namespace

std::string Reading::at(const toml::source_position& position) const {
  return name + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

void Reading::fault(const toml::source_position& position, std::string what, std::string hint) {
  faults.push_back(config_fault(at(position), std::move(what), std::move(hint)));
}

std::optional<toml::table> parse_toml_text(std::string_view text, const Reading& reading,
                                           ConfigError& wrong) {
  if (const auto beyond = toml_beyond_bounds(text)) {
    wrong = {reading.name + ":" + std::to_string(beyond->line) + ":" + std::to_string(beyond->column),
             beyond->what, "nothing of the file is read"};
    return std::nullopt;
  }
  try {
    toml::table read = toml::parse(text, reading.name);
    if (const auto at = long_key(read)) {
      wrong = {reading.at(*at), "a key is longer than " + std::to_string(kLongestKey) + " bytes",
               "nothing of the file is read"};
      return std::nullopt;
    }
    return read;
  } catch (const toml::parse_error& error) {
    const std::string what(error.description());
    // What an unquoted word looks like to the parser.
    const bool bare = what.find("could not determine value type") != std::string::npos ||
                      is_bare_text(text, error.source().begin);
    wrong = {reading.at(error.source().begin), bare ? "this is neither a text in quotes nor a number" : what,
             bare ? R"(a text stands in quotes: KEY = "value")" : "nothing behind it is read before that"};
    return std::nullopt;
  }
}

Table::Table(Reading& reading, const toml::table& table, std::string path, std::string header)
    : reading_(&reading),
      table_(&table),
      path_(std::move(path)),
      header_(header.empty() ? path_ : std::move(header)) {
  reading_->origins.of[path_] = reading_->at(table.source().begin);
}

std::string Table::path_of(const std::string& key) const {
  if (path_.empty() || key.empty()) return path_ + key;
  return path_ + "." + key;
}

void Table::fault(const std::string& key, std::string what, std::string hint) {
  const toml::node* node = key.empty() ? table_ : table_->get(key);
  fault(key, *node, std::move(what), std::move(hint));
}

void Table::fault(const std::string& key, const toml::node& node, std::string what, std::string hint) {
  reading_->origins.unread.insert(path_of(key));
  reading_->fault(node.source().begin, std::move(what), std::move(hint));
}

void Table::know(const std::string& key) {
  if (taken_.insert(key).second) known_.push_back(key);
}

const toml::node* Table::take(const std::string& key) {
  know(key);
  const toml::node* node = table_->get(key);
  if (node != nullptr) reading_->origins.of[path_of(key)] = reading_->at(node->source().begin);
  return node;
}

std::optional<std::string> Table::scalar(const std::string& key, const char* wanted) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string()) return text->get();
  if (const auto* number = node->as_integer()) return std::to_string(number->get());
  fault(key, "'" + key + "' has a value of another kind; write " + wanted);
  return std::nullopt;
}

void Table::text(const std::string& key, std::string& into, const char* wanted) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto* value = node->as_string())
    into = value->get();
  else
    fault(key, "'" + key + "' has a value of another kind; write " + wanted);
}

void Table::duration(const std::string& key, Milliseconds& into) {
  const auto value = scalar(key, R"(a duration like "30s")");
  if (!value) return;
  if (const auto parsed = parse_duration(*value))
    into = *parsed;
  else
    fault(key, "'" + *value + R"(' is not a duration; write "250ms", "30s", "5m" or "off")");
}

void Table::truth(const std::string& key, bool& into) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto* value = node->as_boolean())
    into = value->get();
  else
    fault(key, "'" + key + "' has a value of another kind; write true or false");
}

void Table::words(const std::string& key, std::vector<std::string>& into, const char* example) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const auto* array = node->as_array();
  if (array == nullptr) return fault(key, "'" + key + "' is not a list; write " + example);
  for (const toml::node& each : *array) {
    if (const auto* word = each.as_string())
      into.push_back(word->get());
    else
      fault(key, each, "a word of '" + key + "' is not a text; write it in quotes");
  }
}

void Table::word_or_words(const std::string& key, std::vector<std::string>& into, const char* example) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (node->is_array()) return words(key, into, example);
  if (!node->is_string())
    return fault(key, "'" + key + "' is neither a text nor a list of texts; write " + quoted(*node) + " or " +
                          example);
  into.push_back(node->as_string()->get());
}

std::optional<std::int64_t> Table::whole_number(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value != nullptr && value->get() >= 0 && value->get() <= INT32_MAX) return value->get();
  fault(key, "'" + key + "' is not a count; write a whole number from 0");
  return std::nullopt;
}

std::optional<Table> Table::table(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* inner = node->as_table())
    return Table(*reading_, *inner, path_of(key), header_ + (header_.empty() ? "" : ".") + key);
  fault(key, "'" + key + "' is not a table", "write { KEY = VALUE }, or a table [" + path_of(key) + "]");
  return std::nullopt;
}

std::vector<std::pair<std::string, Table>> Table::tables() {
  std::vector<std::pair<std::string, Table>> found;
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    know(name);
    if (const auto* inner = node.as_table())
      found.emplace_back(name, Table(*reading_, *inner, path_ + "." + name, header_ + "." + toml_key(name)));
    else
      fault("", node, "[" + path_ + "] holds tables only; write [" + path_ + ".NAME]");
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return order(a.second) < order(b.second); });
  return found;
}

void Table::finish() {
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (taken_.contains(name)) continue;
    if (reading_->full()) return;
    const std::string place = path_.empty() ? "at the top of the file" : "in [" + header_ + "]";
    reading_->fault(key.source().begin, "there is no key '" + name + "' " + place, hint_for(name));
  }
}

std::string Table::hint_for(const std::string& unknown) {
  const std::string home = reading_->home_of ? reading_->home_of(unknown) : "";
  const std::string near = nearest_word(unknown, known_);
  // At the top few keys are known, and those of an app are written there by mistake.
  if (!home.empty() && (near.empty() || path_.empty())) return "it belongs into " + home;
  if (near.empty()) return known_text();
  if (table_->get(near) == nullptr) reading_->origins.unread.insert(path_of(near));
  return "did you mean '" + near + "'?";
}

std::string Table::known_text() const {
  std::string text = "known are: ";
  for (std::size_t i = 0; i < known_.size(); ++i) text += (i != 0 ? ", " : "") + known_[i];
  return text;
}

}  // namespace berth
