// Where the control socket lies and who may have made the directory it lies in (design section 9). Owns the
// path rules of both sides: the front that makes the socket, the client that looks for it. Knows neither HTTP
// nor what is said over it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/loop/unix_listener.h"

namespace berth::control {

/// What the path rules ask of the process's surroundings; tests put others in its place.
struct Surroundings {
  std::optional<std::string> berth_control;    ///< $BERTH_CONTROL, for clients alone
  std::optional<std::string> xdg_runtime_dir;  ///< $XDG_RUNTIME_DIR
  std::string tmp = "/tmp";
  unsigned uid = 0;

  static Surroundings of_process();
};

/// "127.0.0.1:8000" -> "127.0.0.1:8000.sock".
std::string socket_file_name(std::string_view listen);

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
  /// there, or cannot be made now. The descriptor that was released stays open until this has returned.
  bool renew();

 private:
  explicit ControlSocket(loop::UnixListener socket) : socket_(std::move(socket)) {}
  loop::UnixListener socket_;
};

/// A berth that answers, as a client found it.
struct Candidate {
  std::string path;
  std::string dir;   ///< its working directory
  std::string apps;  ///< for the list: "web on 127.0.0.1:8000"
};

/// What the client's search came to.
struct Found {
  std::string path;   ///< empty: none, or several
  std::string error;  ///< what to tell then; may have several lines
  int exit_code = 0;  ///< 2: several; 3: none is running there
};

/// Asks the berth at a path who it is; nullopt: nobody answers.
using AskWho = std::function<std::optional<Candidate>(const std::string& path)>;

/// --control, else $BERTH_CONTROL, else the only live one, else the one whose directory contains
/// `working_dir`.
Found find_control(const std::optional<std::string>& explicit_path, const std::string& working_dir,
                   const Surroundings& surroundings, const AskWho& ask);

/// The choice among several live ones. Pure.
Found choose(const std::vector<Candidate>& live, const std::string& working_dir);

}  // namespace berth::control
