// The real berth binary as a child of the test: started on a port of the OS's choice with a control socket of
// its own, and asked through its own command line. The only place that knows what berth's lines look like.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace berth::test {

using Command = std::vector<std::string>;

struct BerthOptions {
  Command command{};   ///< of the backend; empty: none is given
  std::string file{};  ///< text of a berth.toml, in its own directory; instead of all options of an app
  std::string listen = "127.0.0.1:0";
  std::string control{};  ///< path of the control socket; empty: one of its own
  std::string drain = "5s";
  std::string stop_grace = "2s";
  std::string ready_timeout = "10s";
  std::vector<std::string> more{};  ///< further options of `berth run`
  std::string dir{};
  std::map<std::string, std::string> env{};
};

/// Path of the binary under test, of the scripted backend, and of the folder with the small apps.
std::string berth_binary();
std::string app_path(const std::string& name);

/// The command of a scripted backend: see scripted_options.h for what it takes.
Command scripted(const std::vector<std::string>& options = {});
/// The same as an array of TOML: ["…", "--name", "web"].
std::string scripted_toml(const std::vector<std::string>& options = {});
/// The command of the embedded demo server.
Command demo(const std::vector<std::string>& options = {});

/// The port in berth's "listening on http://HOST:PORT"; nullopt if no such line is in `text`.
std::optional<std::uint16_t> listening_port(const std::string& text);

/// `berth run`, listening. Ends with the test: SIGKILL if it was not stopped before.
class BerthProcess {
 public:
  /// Waits for the printed address; throws std::runtime_error with all output if it does not come.
  explicit BerthProcess(const BerthOptions& options);

  std::uint16_t port() const { return port_; }
  int pid() const { return child_->pid(); }
  /// Of a front with several addresses: in the order of its lines.
  std::vector<std::uint16_t> ports() const;
  const std::string& control() const { return control_; }
  ChildProcess& child() { return *child_; }
  const TempDir& dir() const { return temp_; }
  /// Where `file` was written.
  std::string file() const { return temp_ / "berth.toml"; }

  /// `berth VERB --control ... OPTIONS [-- COMMAND]`
  CommandResult call(const std::string& verb, const std::vector<std::string>& options = {},
                     const Command& command = {}, Milliseconds deadline = std::chrono::seconds(60));
  ChildOptions call_options(const std::string& verb, const std::vector<std::string>& options = {},
                            const Command& command = {}) const;
  CommandResult swap(const Command& command = {}) { return call("swap", {}, command); }

  /// The first answer of the backend with a final status below 500; false at the deadline.
  bool wait_serving(Milliseconds deadline = std::chrono::seconds(15));

  /// SIGTERM, and how it ended; nullopt: it did not.
  std::optional<ExitStatus> stop(Milliseconds deadline = std::chrono::seconds(20));

  /// All that it printed, for messages.
  std::string output() const { return child_->out() + child_->err(); }

 private:
  TempDir temp_;
  std::string control_;
  std::unique_ptr<ChildProcess> child_;
  std::uint16_t port_ = 0;
};

}  // namespace berth::test
