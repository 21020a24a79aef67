// One table of a configuration file while its keys are taken, with the place of every fault. The only door to
// toml++; knows no key.
#pragma once

// The parser asserts, and in a release build assumes, what some files do not keep to: `[(x]` where a key
// should stand. Behind each of these assertions it finds the error by itself.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config_error.h"
#include "config/limit_keys.h"

namespace berth {

/// What all tables of one file share while they are read.
struct Reading {
  std::string name;  ///< how errors call the file
  Origins origins{};
  std::vector<ConfigError> faults{};
  /// Which tables have a key of that name, for one that stands in the wrong one; empty: none.
  std::function<std::string(const std::string&)> home_of{};

  std::string at(const toml::source_position& position) const;
  void fault(const toml::source_position& position, std::string what, std::string hint = {});
  /// Whether there are faults enough already; who could say one more need not look for its words.
  bool full() const { return faults.size() > kMostFaults; }
};

/// The file's tables; nullopt: see `wrong`, which has its place.
std::optional<toml::table> parse_toml_text(std::string_view text, const Reading& reading, ConfigError& wrong);

/// What nobody took is unknown: see finish(). `reading` and the toml table outlive this.
class Table {
 public:
  Table(Reading& reading, const toml::table& table, std::string path, std::string header = {});

  const toml::node* take(const std::string& key);
  /// A value as text, a number as its digits; anything else is a fault that says `wanted`.
  std::optional<std::string> scalar(const std::string& key, const char* wanted);
  void text(const std::string& key, std::string& into, const char* wanted = "a text in quotes");
  void duration(const std::string& key, Milliseconds& into);
  void truth(const std::string& key, bool& into);
  /// A list of texts; `example` shows one.
  void words(const std::string& key, std::vector<std::string>& into,
             const char* example = R"(["program", "argument"])");
  /// The same, or one text alone.
  void word_or_words(const std::string& key, std::vector<std::string>& into, const char* example);
  /// A text that `set` understands: it returns what is wrong, or nothing.
  template <class Set>
  void chosen(const std::string& key, const char* wanted, Set set) {
    const auto text = scalar(key, wanted);
    if (!text) return;
    if (auto what = set(*text)) fault(key, *what);
  }
  template <class Number>
  void count(const std::string& key, Number& into) {
    if (const auto value = whole_number(key)) into = static_cast<Number>(*value);
  }
  template <class Owner>
  void limits(Owner& owner, std::span<const LimitKey<Owner>> keys) {
    for (const LimitKey<Owner>& key : keys)
      chosen(std::string(key.name), "a number or a text",
             [&](const std::string& value) { return set_limit(owner, key, value); });
  }

  /// A table within, or nullopt.
  std::optional<Table> table(const std::string& key);
  /// The tables within, in the file's order.
  std::vector<std::pair<std::string, Table>> tables();

  /// Reports the keys that nobody took.
  void finish();

  const toml::table& raw() const { return *table_; }
  toml::source_position position() const { return table_->source().begin; }
  /// About the value of `key`, "" for the table itself; who checks it later has nothing to add.
  void fault(const std::string& key, std::string what, std::string hint = {});
  void fault(const std::string& key, const toml::node& node, std::string what, std::string hint = {});

 private:
  std::optional<std::int64_t> whole_number(const std::string& key);
  std::string hint_for(const std::string& unknown);
  std::string known_text() const;
  std::string path_of(const std::string& key) const;

  Reading* reading_;
  const toml::table* table_;
  std::string path_;
  std::string header_;              ///< as it stands in the file: listener."127.0.0.1:8000"
  std::vector<std::string> known_;  ///< in the order in which they were taken
  std::set<std::string, std::less<>> taken_;
  void know(const std::string& key);
};

}  // namespace berth
