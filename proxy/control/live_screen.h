// A text that is drawn again and again in the same place: over itself on a terminal, below itself elsewhere;
// and the pauses between, which a signal ends. Knows nothing of what is drawn.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/terminal.h"

namespace berth::control {

/// Hides the cursor while it lives. Lines that do not fit into the terminal's height are counted instead.
class LiveScreen {
 public:
  explicit LiveScreen(const Terminal& terminal);
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  /// `text`: lines that end with a newline, drawn over what was drawn before, whatever the terminal's size
  /// has become since. Not drawn where the terminal takes nothing now.
  void draw(std::string_view text, TerminalSize size);

  /// For a program that is suspended, and for one that goes on below what is drawn.
  void leave();
  void enter();

 private:
  const Terminal& terminal_;
  std::vector<std::size_t> drawn_;  ///< the width of each line
  bool first_ = true;
};

/// Takes the signals that end or change a live screen, while it lives, out of the process's hands.
class Pulse {
 public:
  enum class End : std::uint8_t {
    Time,       ///< it is time to draw again
    Resized,    ///< the terminal has another size
    Suspended,  ///< Ctrl-Z was typed
    Asked,      ///< to end: SIGINT, SIGTERM, SIGHUP
  };
  Pulse();
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  End wait(std::chrono::milliseconds at_most);
  /// wait() would say Asked at once.
  bool asked() const;

 private:
  sigset_t taken_{};
  sigset_t before_{};
};

}  // namespace berth::control
