// What comes of an app's first start: the guest of `berth exec` begins, or the user is told on one screen.
#include <algorithm>
#include <system_error>

#include "backend/address.h"
#include "proxy/app.h"
#include "proxy/say.h"

namespace berth {
namespace {

/// One screen: what failed and what to do.
std::vector<std::string> first_failure_lines(const observe::SwapReport& report, bool tries_again,
                                             bool has_address) {
  std::vector<std::string> lines{report.app + " did not start: " + report.reason};
  for (const std::string& note : report.notes) lines.push_back("  " + note);
  for (const std::string& line : report.last_lines) lines.push_back("  | " + line);
  if (!report.hint.empty()) lines.push_back("  " + report.hint);
  if (!tries_again) return lines;
  lines.push_back(std::string(has_address ? "  the address stays open and " : "  ") +
                  (report.external.empty()
                       ? "the command is tried again; or mend it and type: berth swap"
                       : "the server is asked again; or name another: berth attach ADDRESS"));
  return lines;
}

}  // namespace

void App::on_first_ready(const std::string& app, Generation) {
  fleet_->serves(app);
  if (!start_.guest) return;
  status([this](const control::FrontStatus& front) { welcome_guest(front); });
}

void App::welcome_guest(const control::FrontStatus& front) {
  if (phase_ != Phase::Serving) return;
  Endpoint endpoint =
      backend::reachable(Endpoint::parse(listeners_.addresses().front()).value_or(Endpoint{}), false);
  if (start_.guest->direct && !front.apps.front().generations.empty())
    endpoint = front.apps.front().generations.front().endpoint;
  GuestVariables variables{{"BERTH_CONTROL", control_socket_->path()}};
  if (endpoint.family == Endpoint::Family::Unix) {
    variables.emplace_back("BERTH_SOCKET", endpoint.path);
  } else {
    variables.emplace_back("BERTH_URL", "http://" + endpoint.text());
    variables.emplace_back("BERTH_PORT", std::to_string(endpoint.port));
  }
  const int error = guest_.start(start_.guest->command, variables);
  if (error == 0) return;
  say(STDERR_FILENO,
      "berth: " + start_.guest->command.front() + ": " + std::generic_category().message(error) + "\n");
  exit_code_ = guest_exit_code(error);
  shut_down();
}

/// Behind berth's address the guest's requests wait for the next server; at the server's own address nobody
/// is left.
void App::on_crashed(const std::string&, Generation, const std::string& what) {
  if (!guest_.runs()) return;
  const std::string command = start_.guest->command.front();
  guest_lost_server_ = start_.guest->direct;
  say(STDERR_FILENO,
      "berth: while " + command + " runs, its server has " + what +
          (guest_lost_server_
               ? "; " + command +
                     " has the old server's own address (--direct), so this counts as a failure\n"
               : "\n"));
}

void App::guest_left() {
  exit_code_ = guest_.exit_code();
  if (guest_lost_server_ && exit_code_ == 0) exit_code_ = Guest::kBerthFailed;
  if (phase_ == Phase::Serving) shut_down();
}

/// The address was promised (P1), so it stays open: requests wait while the command is tried again.
void App::on_first_start_failed(const observe::SwapReport& report) {
  const bool has_address = std::any_of(config_.apps.begin(), config_.apps.end(), [&](const AppConfig& app) {
    return app.name == report.app && !app.listen.empty();
  });
  for (const std::string& line : first_failure_lines(report, !start_.guest, has_address))
    log_.line(observe::Level::Error, report.app, report.to, line);
  if (!start_.guest) return;
  exit_code_ = Guest::kBerthFailed;
  shut_down();
}

}  // namespace berth
