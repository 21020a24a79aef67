// What a front and a keeper say to each other over their socket pair, and how the front hands a command over.
// Knows neither side.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/descriptor.h"

namespace berth::backend {

/// The process name of a keeper, and how its argv[0] begins ("backend-keeper: web generation 3"). Without
/// "berth", so that killing berth by name spares it; of at most 15 characters, as the kernel has them.
inline constexpr const char* kKeeperName = "backend-keeper";

/// Of this protocol: the first octet of all that goes either way. A front and a keeper of two versions refuse
/// each other. Raise it with every change of what is below.
inline constexpr std::uint8_t kKeeperVersion = 2;

/// The descriptors that a keeper starts with, besides 0 to 2.
inline constexpr int kKeeperSocket = 3;
inline constexpr int kKeeperStdout = 4;
inline constexpr int kKeeperStderr = 5;
inline constexpr int kKeeperCommand = 6;
inline constexpr int kKeeperListener = 7;  ///< /dev/null where none is handed over

/// Where a command finds the listening socket that is handed over (sd_listen_fds(3)).
inline constexpr int kHandedOver = 3;

/// Front to keeper.
struct KeeperOrder {
  enum class Verb : std::uint32_t {
    /// `signal` and CONT to the command, and to what is left of its group once the command has ended; KILL to
    /// what is left of the tree once the group is gone.
    Stop,
    /// The same, but the signal goes to the whole group at once.
    StopGroup,
    Kill,  ///< KILL to the whole tree
  };
  std::uint8_t version = kKeeperVersion;
  Verb verb = Verb::Stop;
  std::int32_t signal = 0;
};

/// Where starting a command failed.
enum class ExecStage : std::int32_t {
  Fork,
  Group,
  Directory,
  Limits,
  User,
  Streams,
  Exec,
  Protocol,  ///< the keeper is of another version of berth
};

/// Keeper to front, one datagram each.
struct KeeperNews {
  enum class Kind : std::uint32_t {
    Started,     ///< first: the command's pid
    ExecFailed,  ///< first: ExecStage, second: errno
    Exited,      ///< first: the status as wait(2) gives it
    Killed,  ///< first: pid of a process that is sent KILL, second: 1 if it is the command; text: its line
    Empty,   ///< the tree is gone (ECHILD); the keeper ends
  };
  std::uint8_t version = kKeeperVersion;
  Kind kind = Kind::Empty;
  std::int32_t first = 0;
  std::int32_t second = 0;
  std::array<char, 240> text{};
};

/// What a keeper is to run; travels in a memory file, so its size has no limit of its own.
struct KeeperCommand {
  std::uint8_t version = kKeeperVersion;
  std::string whose;    ///< for the keeper's own name, "web generation 3"; the keeper is not told
  std::string program;  ///< a path
  /// Further paths of the same name, in the order of PATH: one after the other has its turn where its user
  /// may not run those before it.
  std::vector<std::string> others;
  std::string dir;  ///< empty: the front's own
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  rlimit descriptors{};     ///< RLIMIT_NOFILE to give back to the command
  bool hands_over = false;  ///< kKeeperListener becomes kHandedOver, and LISTEN_PID is set
  bool tty = false;         ///< kKeeperStdout is a terminal: its controlling one, and its stdin
  std::string user;         ///< whose it is to be, with uid and gid; empty: the front's own
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// nullopt: see errno.
std::optional<Descriptor> write_command(const KeeperCommand& command);
/// nullopt: see errno; EPROTO is another version, EBADMSG what is no command at all.
std::optional<KeeperCommand> read_command(int fd);

}  // namespace berth::backend
