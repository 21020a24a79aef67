// What signals mean, and that none ends berth by its default.
#include "proxy/signal_meaning.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <set>

using namespace berth;

TEST_CASE("signals: every one whose default ends a process has a meaning of its own") {
  const std::vector<int> awaited = awaited_signals();
  // USR1 is the log's, PIPE and XFSZ are ignored, and the rest tells of a crash or cannot be caught.
  const std::set<int> elsewhere = {SIGUSR1, SIGPIPE, SIGXFSZ, SIGILL,  SIGABRT, SIGFPE,
                                   SIGSEGV, SIGBUS,  SIGSYS,  SIGTRAP, SIGKILL};
  // signal(7): by default they stop the process, let it go on, or do nothing.
  const std::set<int> harmless = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};
  for (int number = 1; number < SIGRTMAX; ++number) {
    if (number >= 32 && number < SIGRTMIN) continue;  // the library's own
    CAPTURE(number);
    const bool waited = std::find(awaited.begin(), awaited.end(), number) != awaited.end();
    CHECK(waited != (elsewhere.contains(number) || harmless.contains(number)));
  }
}

TEST_CASE("signals: QUIT is TERM, USR2 means nothing yet, and neither do the others") {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU})
    CHECK(meaning_of(number) == SignalMeaning::Stop);
  CHECK(meaning_of(SIGHUP) == SignalMeaning::Reload);
  CHECK(meaning_of(SIGUSR2) == SignalMeaning::Upgrade);
  for (const int number : {SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGRTMIN, SIGRTMAX})
    CHECK(meaning_of(number) == SignalMeaning::Nothing);
  CHECK(signal_name_text(SIGUSR2) == "USR2");
  CHECK(signal_name_text(SIGRTMIN + 3) == "RTMIN+3");
}
