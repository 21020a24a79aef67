// What /proc tells about processes: who descends from whom, their command lines, and which of them has a
// socket. Reads only; knows nothing of keepers or ports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::backend {

/// Descendants of `root`, parents before their children, without `root`; zombies are left out unless asked
/// for. One whose main thread alone has ended is no zombie: its other threads run. A snapshot: processes come
/// and go while it is read.
std::vector<int> descendants(int root, bool with_zombies = false);

/// NULs as spaces, at most 200 characters; "[name]" where there is none; empty if the process is gone.
std::string command_line(int pid);

/// Every process of a session. Asks the kernel about each process there is: not in a loop.
std::vector<int> session_members(int session);

/// The words of its command line, as it was started or has renamed itself; empty if the process is gone.
std::vector<std::string> command_words(int pid);

/// Whether it ignores the signal (SIG_IGN); false if that cannot be read.
bool ignores_signal(int pid, int signal);

/// "pid 4132 python3 app.py"
std::string describe_process(int pid);

struct ProcessFacts {
  std::uint32_t uid = 0;
  std::int64_t started_unix_s = 0;  ///< 0: unknown
  std::uint64_t started_ticks = 0;  ///< since boot
};
std::optional<ProcessFacts> process_facts(int pid);

/// The name of a user, or its number.
std::string user_name(std::uint32_t uid);

/// The sockets that some processes have open.
struct SocketInodes {
  std::vector<std::uint64_t> inodes;  ///< sorted
  bool complete = true;               ///< false: the descriptors of one of them cannot be read
  bool has(std::uint64_t inode) const;
};

/// Of all their threads. 10 to 20 microseconds for each process, and one more for each thread.
SocketInodes socket_inodes(const std::vector<int>& pids);

/// The processes, oldest first, that have each of `inodes` open: one full scan of /proc, tens of milliseconds
/// with a thousand processes, so for the text of an error only. Same order as `inodes`; 0 where none is
/// readable.
std::vector<int> owners_of(const std::vector<std::uint64_t>& inodes);

struct UnixListener {
  std::string path;
  std::uint64_t inode = 0;
};

/// Every listening unix socket that has a path.
std::vector<UnixListener> unix_listeners();

}  // namespace berth::backend
