#include "proxy/terminal_keys.h"

#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <utility>

namespace berth {
namespace {

constexpr std::chrono::milliseconds kBackgroundPause{500};
constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};

// A signal's handler has nothing else to look at.
termios before_keys;
volatile std::sig_atomic_t keys_taken = 0;

bool in_foreground() { return ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

void take_terminal() {
  termios keys = before_keys;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  keys_taken = 1;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

/// Only functions that a signal's handler may call. In the background it is the shell's already.
void give_terminal_back() {
  if (keys_taken == 0) return;
  keys_taken = 0;
  if (in_foreground()) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_keys);
}

extern "C" void berth_on_fatal_signal(int number) {
  give_terminal_back();
  ::raise(number);  // SA_RESETHAND: as if it had never been handled
}

}  // namespace

TerminalKeys::TerminalKeys(boost::asio::io_context& control, std::function<void(char)> on_key)
    : typed_(control,
             [on_key = std::move(on_key)](std::string_view keys) {
               for (const char key : keys) on_key(key);
             }),
      signals_(control),
      pause_(control) {}

TerminalKeys::~TerminalKeys() { give_terminal_back(); }

bool TerminalKeys::start() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1 || !in_foreground()) return false;
  if (::tcgetattr(STDIN_FILENO, &before_keys) != 0) return false;
  struct sigaction fatal {};
  fatal.sa_handler = berth_on_fatal_signal;
  fatal.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int number : kFatal) ::sigaction(number, &fatal, nullptr);
  signals_.add(SIGTSTP);
  signals_.add(SIGCONT);
  await_signal();
  take_terminal();
  typed_.start();
  return true;
}

void TerminalKeys::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (number == SIGTSTP) suspend();
    resume();
    await_signal();
  });
}

void TerminalKeys::suspend() {
  give_terminal_back();
  ::raise(SIGSTOP);  // until the shell lets it go on
}

void TerminalKeys::resume() {
  if (in_foreground()) return take_terminal();
  pause_.expires_after(kBackgroundPause);
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error) resume();
  });
}

}  // namespace berth
