#include "tests/support/berth_process.h"

#include <csignal>
#include <stdexcept>

#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

namespace berth::test {
namespace {

constexpr std::string_view kListening = "listening on http://";
constexpr Milliseconds kListenDeadline{15'000};

void append(Command& to, const Command& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

std::string berth_binary() { return BERTH_BINARY; }

std::string app_path(const std::string& name) { return std::string(BERTH_TEST_APPS) + "/" + name; }

Command scripted(const std::vector<std::string>& options) {
  Command command{BERTH_SCRIPTED_BACKEND};
  append(command, options);
  return command;
}

Command demo(const std::vector<std::string>& options) {
  Command command{berth_binary(), "demo"};
  append(command, options);
  return command;
}

std::optional<std::uint16_t> listening_port(const std::string& text) {
  const auto line = text.find(kListening);
  if (line == std::string::npos) return std::nullopt;
  const auto end = text.find_first_of(" \r\n/,;", line + kListening.size());
  // A line that is not yet whole would give half a number.
  if (end == std::string::npos) return std::nullopt;
  const auto colon = text.rfind(':', end);
  return static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1, end - colon - 1)));
}

BerthProcess::BerthProcess(const BerthOptions& options)
    : control_(options.control.empty() ? temp_ / "berth.sock" : options.control) {
  Command command{berth_binary(),
                  "run",
                  "-l",
                  options.listen,
                  "--control",
                  control_,
                  "--drain",
                  options.drain,
                  "--stop-grace",
                  options.stop_grace,
                  "--ready-timeout",
                  options.ready_timeout};
  append(command, options.more);
  if (!options.command.empty()) {
    command.push_back("--");
    append(command, options.command);
  }
  child_ = std::make_unique<ChildProcess>(ChildOptions{command, options.dir, options.env});
  const bool printed = child_->wait_output(kListening, kListenDeadline);
  if (printed) wait_until([&] { return listening_port(output()).has_value(); }, std::chrono::seconds(1));
  const auto port = listening_port(output());
  if (!port) throw std::runtime_error("berth did not say that it listens:\n" + output());
  port_ = *port;
}

ChildOptions BerthProcess::call_options(const std::string& verb, const std::vector<std::string>& options,
                                        const Command& command) const {
  Command full{berth_binary(), verb, "--control", control_};
  append(full, options);
  if (!command.empty()) {
    full.push_back("--");
    append(full, command);
  }
  return {full, {}, {}};
}

CommandResult BerthProcess::call(const std::string& verb, const std::vector<std::string>& options,
                                 const Command& command, Milliseconds deadline) {
  return run_command(call_options(verb, options, command), deadline);
}

bool BerthProcess::wait_serving(Milliseconds deadline) {
  // Held until the backend is ready: one request is the event itself.
  const auto response = get(port_, "/", deadline);
  return response.complete && response.status < 500;
}

std::optional<ExitStatus> BerthProcess::stop(Milliseconds deadline) {
  child_->signal(SIGTERM);
  return child_->wait_exit(deadline);
}

}  // namespace berth::test
