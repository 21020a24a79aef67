// What the signals mean to a running front. Of those whose default ends a process, none ends berth without
// order but KILL and those that tell of a crash. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth {

enum class SignalMeaning : std::uint8_t {
  Stop,     ///< as `berth stop`; again: hurry
  Reload,   ///< or Stop, where the terminal has gone or there is no file
  Nothing,  ///< one line of the log, and on
  Upgrade,  ///< the same, until it means one
};

/// The signals that are waited for. Not among them: USR1 (the log's own), PIPE and XFSZ (ignored: a return
/// value says it), CHLD, and what the kernel sends for a crash.
std::vector<int> awaited_signals();

SignalMeaning meaning_of(int signal);

/// "USR2", "RTMIN+3"
std::string signal_name_text(int signal);

}  // namespace berth
