// Which app a request goes to: host first, then the longest path. Values and a lookup; knows no socket, no
// message and no app but by its number. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  /// host has no such path the next one is asked.
  RouteMatch find(std::string_view authority, std::string_view path) const;

  /// The one app that takes everything; nullopt: it is not one.
  std::optional<std::uint32_t> only_app() const;

 private:
  std::vector<RouteRule> rules_;  ///< the first that fits is the one
  bool simple_ = false;           ///< one app takes everything
};

/// Whether `path` (with its query) is `prefix` or lies below it, in whole segments.
bool fits_path(std::string_view prefix, std::string_view path);

/// The name in "Example.ORG.:8000", in lower case and without its port and last dot: "example.org".
/// `buffer` holds what had to be changed.
std::string_view host_name(std::string_view authority, std::string& buffer);

}  // namespace berth::route
