// The kernel's table of processes as tests ask it: who descends from whom, who still runs, what a process
// holds. Reads /proc; starts and ends nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::test {

/// One process at the moment of reading. (pid, started) names it for ever, pid alone does not.
struct Process {
  int pid = 0;
  int parent = 0;
  char state = '?';           ///< as in /proc: R, S, T, Z ...
  std::uint64_t started = 0;  ///< clock ticks since boot
  std::string command_line;   ///< NULs as spaces
};

/// nullopt: there is none, or it has ended and waits to be collected.
std::optional<Process> process(int pid);

/// Everything below `pid` that has not ended, parents first.
std::vector<Process> descendants(int pid);

/// The same process still runs (zombies do not).
bool still_runs(const Process& recorded);

/// Makes orphans of all that this test starts its own children, so that descendants(getpid()) finds whatever
/// a killed berth leaves behind, however it hides. Once per test program.
void adopt_orphans();

/// "pid 12 (python3 app.py), pid 13 (...)", for messages.
std::string text(const std::vector<Process>& processes);

std::size_t open_descriptors(int pid);
std::size_t resident_kib(int pid);

/// Inodes of the sockets that listen on TCP `port`, on any address.
std::vector<std::uint64_t> listeners(std::uint16_t port);

}  // namespace berth::test
