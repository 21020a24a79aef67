#include "proxy/signal_meaning.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace berth {
namespace {

struct Row {
  int number;
  std::string_view name;
  SignalMeaning meaning;
};

constexpr std::array<Row, 12> kRows{{
    {SIGTERM, "TERM", SignalMeaning::Stop},
    {SIGINT, "INT", SignalMeaning::Stop},
    {SIGQUIT, "QUIT", SignalMeaning::Stop},
    // The power fails; and how LXC asks the first process of a container to end.
    {SIGPWR, "PWR", SignalMeaning::Stop},
    // The time that `ulimit -t` gives is over; KILL follows.
    {SIGXCPU, "XCPU", SignalMeaning::Stop},
    {SIGHUP, "HUP", SignalMeaning::Reload},
    {SIGUSR2, "USR2", SignalMeaning::Upgrade},
    // Nobody who sends these to berth can want its end.
    {SIGALRM, "ALRM", SignalMeaning::Nothing},
    {SIGVTALRM, "VTALRM", SignalMeaning::Nothing},
    {SIGPROF, "PROF", SignalMeaning::Nothing},
    {SIGIO, "IO", SignalMeaning::Nothing},
    {SIGSTKFLT, "STKFLT", SignalMeaning::Nothing},
}};

const Row* find(int signal) {
  const auto* at =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.number == signal; });
  return at == kRows.end() ? nullptr : at;
}

}  // namespace

std::vector<int> awaited_signals() {
  std::vector<int> all;
  all.reserve(kRows.size() + static_cast<std::size_t>(SIGRTMAX - SIGRTMIN + 1));
  for (const Row& row : kRows) all.push_back(row.number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) all.push_back(number);
  return all;
}

SignalMeaning meaning_of(int signal) {
  const Row* row = find(signal);
  return row == nullptr ? SignalMeaning::Nothing : row->meaning;
}

std::string signal_name_text(int signal) {
  if (const Row* row = find(signal)) return std::string(row->name);
  return signal >= SIGRTMIN ? "RTMIN+" + std::to_string(signal - SIGRTMIN) : std::to_string(signal);
}

}  // namespace berth
