// Which app a request goes to: host first, then the longest path. Values and a lookup; knows no socket, no
// message and no app but by its number. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace berth::route {

/// One way to an app.
struct RouteRule {
  std::string host;    ///< "" any; "app.example.org"; "*.example.org" everything below it. Lower case
  std::string path;    ///< "/" or "/api": a prefix of whole segments, without a slash at its end
  bool strip = false;  ///< the backend does not see `path`
  std::uint32_t app = 0;
};

/// Where a request goes.
struct RouteMatch {
  enum class Kind : std::uint8_t {
    Found,
    NoPath,  ///< an app has this host, none this path (404)
    NoHost,  ///< no app has this host (421, RFC 9110 §15.5.20)
  };
  Kind kind = Kind::NoHost;
  std::uint32_t app = 0;    ///< with Found
  std::uint32_t strip = 0;  ///< bytes of the path that the backend does not see
};

/// The ways of one listener. Immutable once made.
class Router {
 public:
  Router() = default;
  explicit Router(std::vector<RouteRule> rules);

  /// `authority`: Host as it came, port and case and all; `path`: with its query. An exact host comes before
  /// a longer "*.suffix", that before a shorter one, any host last; among these the longest path; where a
  /// host has no such path the next one is asked. Paths are compared however they are spelt: see
  /// one_spelling().
  RouteMatch find(std::string_view authority, std::string_view path) const;

  /// The one app that takes everything; nullopt: it is not one.
  std::optional<std::uint32_t> only_app() const { return only_; }

 private:
  /// What is found by a whole word, and of several words that fit by the longest: each length that there is
  /// is looked up once, however many words have it.
  template <class Value>
  class Words {
   public:
    Value& operator[](const std::string& word);
    const Value* find(std::string_view word) const;
    const std::vector<std::size_t>& lengths() const { return lengths_; }

   private:
    struct Hash : std::hash<std::string_view> {
      using is_transparent = void;
    };
    std::unordered_map<std::string, Value, Hash, std::equal_to<>> values_;
    std::vector<std::size_t> lengths_;  ///< the longest first
  };
  /// Where one host's requests go, by path; of two rules with the same the first.
  using Paths = Words<RouteRule>;

  static const RouteRule* rule_for(const Paths& paths, std::string_view path);
  RouteMatch find_spelt(std::string_view authority, std::string_view path) const;

  Words<Paths> hosts_;     ///< exact
  Words<Paths> suffixes_;  ///< ".example.org" for "*.example.org"
  std::optional<Paths> any_;
  std::optional<std::uint32_t> only_;  ///< one app takes everything
  std::size_t longest_path_ = 0;
};

/// Whether `path` (with its query) is `prefix` or lies below it, in whole segments, however the two are spelt
/// (see one_spelling()).
bool fits_path(std::string_view prefix, std::string_view path);

/// The name in "Example.ORG.:8000", in lower case and without its port and last dot: "example.org".
/// `buffer` holds what had to be changed.
std::string_view host_name(std::string_view authority, std::string& buffer);

}  // namespace berth::route
