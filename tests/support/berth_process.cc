#include "tests/support/berth_process.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

namespace berth::test {
namespace {

constexpr std::string_view kListening = "listening on ";
constexpr Milliseconds kListenDeadline{15'000};

void append(Command& to, const Command& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

std::string berth_binary() {
  const char* other = std::getenv("BERTH_TEST_BINARY");
  return other != nullptr ? other : BERTH_BINARY;
}

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
  const auto scheme = text.find("://", line + kListening.size());
  if (scheme == std::string::npos) return std::nullopt;
  const auto end = text.find_first_of(" \r\n/,;", scheme + 3);
  // A line that is not yet whole would give half a number.
  if (end == std::string::npos) return std::nullopt;
  const auto colon = text.rfind(':', end);
  return static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1, end - colon - 1)));
}

namespace {

Command command_of(const BerthOptions& options, const std::string& control) {
  Command command{berth_binary(),
                  "run",
                  "-l",
                  options.listen,
                  "--control",
                  control,
                  "--drain",
                  options.drain,
                  "--stop-grace",
                  options.stop_grace,
                  "--ready-timeout",
                  options.ready_timeout};
  append(command, options.more);
  if (!options.command.empty()) {
    command.emplace_back("--");
    append(command, options.command);
  }
  return command;
}

Command command_of_file(const BerthOptions& options, const std::string& control, const std::string& file) {
  Command command{berth_binary(), "run", "-c", file, "--control", control};
  append(command, options.more);
  return command;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
}

}  // namespace

std::string scripted_toml(const std::vector<std::string>& options) {
  std::string list;
  for (const std::string& word : scripted(options)) list += (list.empty() ? "[\"" : ", \"") + word + "\"";
  return list + "]";
}

std::vector<std::uint16_t> BerthProcess::ports() const {
  std::vector<std::uint16_t> found;
  // Not the backends' own words, which berth's log passes on.
  constexpr std::string_view kAnnounced = "berth: listening on ";
  const std::string text = output();
  for (auto at = text.find(kAnnounced); at != std::string::npos; at = text.find(kAnnounced, at + 1))
    if (const auto port = listening_port(text.substr(at, text.find('\n', at) + 1 - at)))
      found.push_back(*port);
  return found;
}

BerthProcess::BerthProcess(const BerthOptions& options)
    : control_(options.control.empty() ? temp_ / "berth.sock" : options.control) {
  Command command =
      options.file.empty() ? command_of(options, control_) : command_of_file(options, control_, file());
  if (!options.file.empty()) write_text(file(), options.file);
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
