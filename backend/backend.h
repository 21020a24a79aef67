// One generation of a server behind the front: its lease, its keeper, its readiness, its end. Lives on the
// control loop and tells its owner what happens; decides nothing about swaps and logs nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/check.h"
#include "backend/port.h"
#include "config/config.h"
#include "config/reach.h"

namespace berth::backend {

/// What to start. `env` is added to berth's own environment (less what misleads servers, design section 5).
struct LaunchSpec {
  std::string app;
  Generation generation;
  std::vector<std::string> command;
  std::string dir;  ///< absolute; empty: berth's own
  std::map<std::string, std::string> env;
  PortConfig port;
  bool plain = false;  ///< a known server's command is left as it is
  std::string base;    ///< the path that all its requests begin with, "/lab"; empty: none
  std::string user;    ///< whose it is to be; empty: berth's own
  bool tty = false;    ///< a terminal of its own instead of /dev/null and pipes
  ReadyConfig ready;
  StopConfig stop;
  std::string control_path;  ///< becomes BERTH_CONTROL; empty: not set
  std::string runtime_dir;   ///< a private directory of berth's, for unix sockets; empty: /tmp
};

/// How a process ended, as wait(2) told it.
struct ExitStatus {
  bool signalled = false;
  int value = 0;  ///< exit code, or the signal's number
  bool operator==(const ExitStatus&) const = default;
  std::string text() const;                 ///< "exit 0", "killed by SIGKILL"
  static ExitStatus from_wait(int status);  ///< as wait(2) gives it
};

/// The command runs. Told once per attempt: a start that is tried again on another port tells it again.
struct Started {
  int pid = 0;
  Endpoint told;     ///< the address handed to the command
  std::string mode;  ///< "lease", see PortMode
};

/// The readiness check passed.
struct Ready {
  Endpoint endpoint;  ///< where requests go; differs from Started::told when the listener was followed
  bool followed = false;
  std::string check;  ///< "GET / 200"
  /// Makes and proves each connection to it. May outlive the Backend.
  std::shared_ptr<Reach> reach{};
};

/// Why a start came to nothing. `what` is one sentence for the user; `hint` says what to do (may be empty).
struct StartFailure {
  enum class Kind : std::uint8_t {
    Exec,       ///< the command could not be executed (no such file, no permission, bad directory)
    Exited,     ///< the command ended before it was ready
    Timeout,    ///< the deadline passed; `what` quotes the last answer of the check
    Busy,       ///< its fixed port is taken, before it was started
    Stolen,     ///< the port is listened on by a process outside the backend's tree, twice
    Elsewhere,  ///< it listens where berth cannot follow
    System,     ///< the OS refused something berth needs (descriptors, processes)
  };
  Kind kind = Kind::System;
  std::string what;
  std::string hint;
  std::optional<ExitStatus> exit;
  std::vector<std::string> last_lines;  ///< the backend's last output, oldest first, at most 20
};

/// The command has ended and its whole tree with it (the keeper's wait found no child).
struct Stopped {
  ExitStatus exit;
  bool ran = true;      ///< false: there never was a process of it
  bool killed = false;  ///< KILL was needed
  std::vector<std::string>
      descendants;                    ///< "pid 4132 python3 app.py": what had to be killed beside the command
  std::chrono::microseconds took{0};  ///< from stop() (or the unasked end) to the tree's end
};

/// The proof of release (design section 5).
struct ReleaseCertificate {
  enum class Verdict : std::uint8_t {
    StrictlyFree,  ///< a strict listen succeeded
    Leftovers,     ///< no listener; TIME_WAIT and the like remain, named in `leftovers`
    TakenSince,    ///< a stranger listens there now: no failure of this backend
    Held,          ///< something of this backend still listens: `holders`
    NoPort,        ///< it never had one
  };
  Verdict verdict = Verdict::NoPort;
  Endpoint endpoint;
  std::string leftovers;  ///< "3 in TIME_WAIT"
  std::vector<Holder> holders;
  std::chrono::microseconds took{0};
  bool released() const { return verdict != Verdict::Held; }
  std::string text() const;  ///< "38211 strictly free"
};

/// Told on the control loop, never from within a call of the owner. The owner outlives the Backend.
class BackendEvents {
 public:
  virtual ~BackendEvents() = default;
  virtual void on_started(Generation, const Started&) = 0;
  /// Something the user should know that changes nothing ("41507 was taken: trying again on 41733").
  virtual void on_note(Generation, const std::string& text) = 0;
  /// One line of output, without its newline; longer than 8 KiB is cut. `is_stderr` tells the stream.
  virtual void on_line(Generation, bool is_stderr, std::string_view line) = 0;
  /// Its check has met `answer`, `times` in a row, which is not the wanted one: "GET / gave 500 …".
  virtual void on_unready(Generation, const std::string& answer, unsigned times) = 0;
  virtual void on_ready(Generation, const Ready&) = 0;
  /// It was followed elsewhere, and has come to listen where it was told: that is where it is from now on.
  virtual void on_moved(Generation, const Ready&) = 0;
  /// Once, instead of on_ready. What runs still runs until stop().
  virtual void on_start_failed(Generation, const StartFailure&) = 0;
  /// The command ended, asked or not; after on_ready only (before, it is a StartFailure). The tree may live
  /// on.
  virtual void on_exited(Generation, const ExitStatus&) = 0;
  /// Answer to stop(), exactly once, when the tree is empty.
  virtual void on_stopped(Generation, const Stopped&) = 0;
  /// Answer to release(), exactly once.
  virtual void on_released(Generation, const ReleaseCertificate&) = 0;
};

/// Owns one generation's keeper, lease and output pipes. Destroying it kills what still runs (the keeper sees
/// its pipe close) without proof; the orderly way is stop(), then release().
class Backend {
 public:
  Backend(boost::asio::io_context& control, LaunchSpec spec, BackendEvents& owner);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// Starts the command and its readiness check; on_ready or on_start_failed follows within
  /// spec.ready.timeout.
  void start();

  /// Ends it: the stop signal and CONT to the main process, the same to what is left of its group once that
  /// has ended (or to the group at once, with stop.to = "group"), and KILL to the whole tree when the grace,
  /// counted from the first signal, is over. Valid at any time after start(), also after it ended by itself;
  /// ends a running readiness check without a further event of it.
  void stop();

  /// Skips what is left of the grace: KILL now. Only after stop().
  void hurry();

  /// Proves the port free and closes the lease. Only after on_stopped. Polls up to `deadline` for a holder to
  /// go.
  void release(std::chrono::milliseconds deadline);

  /// With a terminal (spec.tty): as if typed there.
  void type(std::string_view text);

  /// Asks it once, with the check of its readiness. Only after on_ready. nullptr: `done` was called already.
  std::unique_ptr<Check> check(std::chrono::milliseconds timeout, CheckDone done);

  int pid() const;  ///< 0 before on_started
  /// Whether a process of its tree listens there. Reads /proc: not for the path of a request.
  bool listens_at(const Endpoint& where) const;
  /// pids of the whole tree, as /proc shows it now; for `berth status`.
  std::vector<int> tree() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Removes the directories of unix sockets in `runtime_dir` whose front was killed.
void remove_stale_dirs(const std::string& runtime_dir);

/// The hidden verb: what the same binary does when it is started as a keeper. Returns the exit code. `argv`
/// as main got it. Never returns to berth's own code paths; single-threaded.
int keeper_main(int argc, char** argv);

/// True if this process was started as a keeper (main asks this first).
bool is_keeper(int argc, char** argv);

}  // namespace berth::backend
