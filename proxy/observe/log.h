// What berth and its backends say, as lines for people ("12:00:01.123 info  web#7  ready after 412 ms") or as
// JSON, one object a line. Owns a bounded queue and one thread that writes; a reader that does not read (a
// full pipe, a stopped terminal) costs lines, which are counted, and never a caller's time. Knows nobody who
// logs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "config/config.h"
#include "config/endpoint.h"

namespace berth::observe {

enum class Level : std::uint8_t {
  Debug,  ///< shown only when asked for
  Info,   ///< what went as it should
  Warn,   ///< what the user should look at
  Error,  ///< what failed
};

enum class Colour : std::uint8_t {
  Auto,   ///< where colours_wanted() says so
  Never,  ///< plain text
  Always,
};

enum class Format : std::uint8_t {
  Human,
  Json,  ///< time, level, app, generation, message; of a backend's line its stream, too
};

/// As the configuration has them.
inline Format format_of(const LogConfig& config) {
  return config.format == LogFormat::Json ? Format::Json : Format::Human;
}
inline Level level_of(const LogConfig& config) { return static_cast<Level>(config.level); }

struct LogSettings {
  int fd = 1;  ///< written to, not owned
  Format format = Format::Human;
  Colour colour = Colour::Auto;
  Level least = Level::Info;
  std::size_t queue = 8192;  ///< lines that may wait; the oldest is dropped for a new one
  std::chrono::milliseconds flush_deadline{500};  ///< how long the end of the log may take
};

/// May be called from any thread. One per process as a rule; nothing is global.
class Log {
 public:
  explicit Log(const LogSettings& settings);
  /// Writes what waits, for at most the flush deadline; what is left then is lost.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Another look, from the lines on that are said after this.
  void change(Format format, Level least);

  /// One line about `app` (empty: the front) and, unless it is 0, one of its generations. Never blocks.
  void line(Level level, std::string_view app, Generation generation, std::string_view text);

  /// One line of information whatever the level: what scripts wait for.
  void announce(std::string_view text);

  /// One line that a backend wrote. In lines for people it passes terminal_text(): with its colours where the
  /// log itself has colours.
  void backend_line(std::string_view app, Generation generation, bool is_stderr, std::string_view text);

  /// An answer to a key: as it is, with its own ends of lines. The caller has filtered it (terminal_text.h).
  void show(std::string_view text);

  /// Lines lost so far because the reader was slow.
  std::uint64_t dropped() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::observe
