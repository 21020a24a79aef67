#include "proxy/control/live_screen.h"

#include <algorithm>
#include <ctime>

#include "proxy/control/process_output.h"

namespace berth::control {
namespace {

constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";

/// How many of the terminal's rows a line takes.
std::size_t height_of(std::size_t width, std::size_t columns) {
  return std::max<std::size_t>(1, (width + columns - 1) / columns);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

LiveScreen::LiveScreen(const Terminal& terminal) : terminal_(terminal) { enter(); }

LiveScreen::~LiveScreen() { leave(); }

void LiveScreen::enter() {
  drawn_.clear();
  if (terminal_.live) terminal_.raw(kHideCursor);
}

void LiveScreen::leave() {
  if (terminal_.live) terminal_.raw(kShowCursor);
}

void LiveScreen::draw(std::string_view text, TerminalSize size) {
  if (!terminal_.live) {
    terminal_.out((first_ ? "" : "\n") + std::string(text));
    first_ = false;
    return;
  }
  if (!terminal_.takes_frame()) return;
  // Terminals that wrap anew when they get narrower have moved what was drawn.
  std::size_t up = 0;
  for (const std::size_t width : drawn_) up += height_of(width, size.columns);
  up = std::min<std::size_t>(up, size.rows - 1);
  std::string out = "\r";
  if (up != 0) out += "\x1b[" + std::to_string(up) + "A";
  drawn_.clear();
  const std::vector<std::string> lines = lines_of(terminal_.shown(text));
  std::size_t rows = 0;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::size_t height = height_of(width_of(lines[n]), size.columns);
    const bool last = n + 1 == lines.size();
    // One row is the cursor's, and one is for the count of what is left out.
    if (rows + height + (last ? 1 : 2) > size.rows) {
      const std::string rest = "… " + std::to_string(lines.size() - n) + " more lines";
      out += rest + "\x1b[K\n";
      drawn_.push_back(width_of(rest));
      break;
    }
    rows += height;
    out += lines[n] + "\x1b[K\n";
    drawn_.push_back(width_of(lines[n]));
  }
  terminal_.raw(out + "\x1b[J");
}

Pulse::Pulse() {
  sigemptyset(&taken_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP}) sigaddset(&taken_, number);
  ::pthread_sigmask(SIG_BLOCK, &taken_, &before_);
}

Pulse::~Pulse() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Pulse::End Pulse::wait(std::chrono::milliseconds at_most) {
  const timespec time{.tv_sec = at_most.count() / 1000, .tv_nsec = at_most.count() % 1000 * 1'000'000};
  switch (::sigtimedwait(&taken_, nullptr, &time)) {
    case SIGINT:
    case SIGTERM:
    case SIGHUP:
      hurry_output();
      return End::Asked;
    case SIGWINCH:
      return End::Resized;
    case SIGTSTP:
      return End::Suspended;
    default:
      return End::Time;
  }
}

bool Pulse::asked() const {
  sigset_t pending{};
  ::sigpending(&pending);
  const bool is_asked = sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
                        sigismember(&pending, SIGHUP) == 1;
  if (is_asked) hurry_output();
  return is_asked;
}

}  // namespace berth::control
