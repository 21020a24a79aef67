// One try to start a command: its lease, its keeper, its output, its end. Decides nothing about readiness,
// retries or release. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "backend/keeper_link.h"
#include "backend/linux_notify_socket.h"
#include "backend/log_match.h"
#include "backend/output.h"
#include "backend/output_ports.h"
#include "backend/place.h"
#include "backend/reach.h"
#include "backend/sign.h"

namespace berth::backend {

/// Called from handlers of the loop. None of them may destroy the Attempt itself, except on_empty.
struct AttemptEvents {
  std::function<void()> on_started;
  std::function<void(StartFailure)> on_exec_failed;
  std::function<void(bool is_stderr, std::string_view)> on_line;
  std::function<void()> on_exited;  ///< the status is in exit()
  std::function<void(const std::string&)> on_note;
  std::function<void()> on_sign;   ///< sign() is given now
  std::function<void()> on_empty;  ///< the tree is gone
};

class Attempt {
 public:
  Attempt(boost::asio::io_context& loop, const LaunchSpec& spec, PortMode mode, Place::Kept kept,
          AttemptEvents events);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// nullopt: the keeper runs and events will follow. Otherwise nothing runs.
  std::optional<StartFailure> begin();

  /// The stop signal, to whom `stop` says.
  void stop(const StopConfig& stop);
  void kill();
  /// With a terminal: as if typed there.
  void type(std::string_view text) {
    if (spec_.tty && out_) out_->type(text);
  }

  const Endpoint& told() const { return place_.told; }
  /// With a unix socket: where it lies, and whose it is.
  OwnDirectory directory() const { return {place_.directory_handle, uid_}; }
  /// What its words say of its ports.
  OutputPorts& ports() { return ports_; }
  std::optional<Lease> take_lease() { return std::exchange(place_.lease, std::nullopt); }
  int pid() const { return pid_; }
  int keeper_pid() const { return link_ ? link_->keeper_pid() : 0; }
  const std::optional<ExitStatus>& exit() const { return exit_; }
  bool killed() const { return killed_; }
  const std::vector<std::string>& killed_descendants() const { return killed_descendants_; }
  std::vector<std::string> last_lines() const { return {last_lines_.begin(), last_lines_.end()}; }
  /// What it has said of its readiness; with the checks notify and log.
  Sign sign() const;
  /// Whether its last lines say that the port was busy.
  bool complained_of_busy_port() const;

 private:
  std::optional<StartFailure> listen_for_sign(std::map<std::string, std::string>& environment);
  void hear_options(const std::map<std::string, std::string>& environment);
  void hear(const KeeperNews& news);
  void lost();
  void ended(ExitStatus status);
  void exec_failed(const KeeperNews& news);
  void drain_then(std::function<void()> next);
  void drain_next();
  void take_line(bool is_stderr, std::string_view line);

  boost::asio::io_context& loop_;
  const LaunchSpec& spec_;
  AttemptEvents events_;
  PortMode mode_;
  Place::Kept kept_;
  Place place_;
  std::unique_ptr<OutputPipe> out_, err_;  ///< a terminal is one for both
  std::deque<std::function<void()>> after_drains_;
  int undrained_ = 0;  ///< pipes, of the drain that is under way
  std::deque<std::string> last_lines_;
  OutputPorts ports_;
  std::uint32_t uid_ = 0;
  std::optional<LogMatch> log_;
  std::unique_ptr<NotifySocket> notify_;
  std::unique_ptr<KeeperLink> link_;
  int pid_ = 0;
  std::optional<ExitStatus> exit_;
  bool killed_ = false;
  std::vector<std::string> killed_descendants_;
};

}  // namespace berth::backend
