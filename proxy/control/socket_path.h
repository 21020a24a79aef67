// Where the control socket lies and who may have made the directories it lies in. Owns the path rules of both
// sides, and the socket of a front; find_berth.h looks for the sockets of others. Knows neither HTTP nor what
// is said over it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/loop/unix_listener.h"

namespace berth::control {

inline constexpr std::size_t kLongestSocketPath = 107;  ///< bytes; Linux's sockaddr_un has one more

/// What the path rules ask of the process's surroundings; tests put others in its place.
struct Surroundings {
  std::optional<std::string> berth_control;    ///< $BERTH_CONTROL, for clients alone
  std::optional<std::string> xdg_runtime_dir;  ///< $XDG_RUNTIME_DIR
  std::string tmp = "/tmp";
  unsigned uid = 0;
  std::string runtime_dirs = "/run/user";  ///< where systemd has those of all users, by their numbers
  std::string proc{};                      ///< where the processes are told of; empty: nowhere

  static Surroundings of_process();
};

/// Whether nobody but `uid` could have put a socket into that directory.
bool is_private_to(const std::string& directory, unsigned uid);

/// Why others than root and `uid` could put a socket of theirs at a path in `directory`: somebody else owns
/// it, or a directory or link on the way to it, or may write there (but for sticky ones, as /tmp). Empty:
/// nobody could, or it is not there. An absolute path.
std::string open_to_others(const std::string& directory, unsigned uid);

/// "127.0.0.1:8000" -> "127.0.0.1:8000.sock".
std::string socket_file_name(std::string_view listen);

/// Whether it is such a name, and not a temporary one.
bool is_socket_file_name(std::string_view name);

/// The directories that may hold sockets of this user, the one for new ones first.
std::vector<std::string> socket_directories(const Surroundings& surroundings);

/// The socket of a front, made and listened on. Removes its file when it ends, unless another has taken the
/// name.
class ControlSocket {
 public:
  /// At `explicit_path` (--control), else by the name of `listen` in the directory of ours, which is made
  /// when it is missing. $BERTH_CONTROL names the berth that runs already, whose backend this may be. A file
  /// that no berth answers on any more is replaced; a live one is an error. The string says what is wrong and
  /// what to do.
  static std::variant<ControlSocket, std::string> make(const std::string& explicit_path,
                                                       std::string_view listen,
                                                       const Surroundings& surroundings);
  const std::string& path() const { return socket_.file.path(); }
  /// The listening descriptor; ownership passes to the caller.
  int release_fd() { return socket_.fd.release(); }
  /// Listens at the same path again if its file is gone, as when somebody cleans up /tmp. False: the file is
  /// there, or cannot be made now; `trouble` says why, where somebody else is to blame. The descriptor that
  /// was released stays open until this has returned.
  bool renew(std::string& trouble);

 private:
  explicit ControlSocket(loop::UnixListener socket) : socket_(std::move(socket)) {}
  loop::UnixListener socket_;
};

}  // namespace berth::control
