#include "proxy/control/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

#include "proxy/control/process_output.h"

namespace berth::control {
namespace {

int output_error = 0;  ///< of stdout, the first

std::function<void(std::string_view)> writer(int fd) {
  return [fd](std::string_view text) {
    const int error = write_output(fd, text);
    // Who has asked for the end misses what the terminal did not take.
    if (fd == STDOUT_FILENO && output_error == 0 && error != EINTR) output_error = error;
  };
}

constexpr unsigned kLeastColumns = 40;

TerminalSize measured() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = std::max<unsigned>(size.ws_row, 2)};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

Terminal Terminal::of_process() {
  Terminal terminal{writer(STDOUT_FILENO), writer(STDERR_FILENO)};
  terminal.live = cursor_moves(STDOUT_FILENO);
  terminal.colour = colours_wanted(STDOUT_FILENO);
  if (isatty(STDOUT_FILENO) == 1) terminal.measure = measured;
  if (terminal.live) terminal.takes = [] { return takes_output(STDOUT_FILENO); };
  terminal.columns = std::max(terminal.size_now().columns, kLeastColumns);
  return terminal;
}

int exit_code_of_output(int exit_code) {
  // Who closes the pipe (`| head`) has read enough.
  if (output_error == 0 || output_error == EPIPE) return exit_code;
  writer(STDERR_FILENO)(
      "berth: cannot write to standard output: " + std::generic_category().message(output_error) + "\n");
  return exit_code == 0 ? 1 : exit_code;
}

std::string Terminal::shown(std::string_view text) const {
  return terminal_text(text, colour ? TextColours::Keep : TextColours::Strip, TextLines::Many);
}

void Terminal::out(std::string_view text) const { to_stdout(shown(text)); }

void Terminal::err(std::string_view text) const {
  to_stderr(terminal_text(text, TextColours::Strip, TextLines::Many));
}

std::string Paint::of_number(std::uint64_t number, std::string_view text) const {
  static constexpr const char* kCodes[] = {"36", "35", "34", "32", "33", "96"};
  return wrap(kCodes[number % std::size(kCodes)], text);
}

std::string Paint::wrap(std::string_view code, std::string_view text) const {
  if (!colour_) return std::string(text);
  std::string out = "\x1b[";
  return ((out += code) += "m").append(text) + "\x1b[0m";
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size() - 1);
    } else if (!continues(text[i])) {
      ++width;
    }
  }
  return width;
}

std::string padded(std::string_view text, std::size_t width) {
  std::size_t taken = width_of(text);
  std::string out(text);
  out.append(taken < width ? width - taken : 1, ' ');
  return out;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t taken = 0;
  std::size_t end = 0;
  while (end < text.size() && taken + 1 < width) {
    ++end;
    while (end < text.size() && continues(text[end])) ++end;
    ++taken;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string command_text(const std::vector<std::string>& command) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,{}";
  std::string out;
  for (const std::string& word : command) {
    if (!out.empty()) out += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      out += word;
      continue;
    }
    out += '\'';
    for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

}  // namespace berth::control
