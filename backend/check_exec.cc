// The check by a command of the user's own.
#include <utility>

#include "backend/backend.h"
#include "backend/check.h"
#include "backend/errand.h"

namespace berth::backend {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kQuoted = 200;

class ExecCheck final : public Check {
 public:
  ExecCheck(std::string name, CheckDone done) : name_(std::move(name)), done_(std::move(done)) {}

  void start(boost::asio::io_context& loop, const LaunchSpec& spec, const Endpoint& endpoint,
             milliseconds timeout) {
    ErrandSpec what{
        .purpose = "check", .words = spec.ready.exec, .endpoint = {}, .variables = {}, .timeout = timeout};
    if (spec.port.mode != PortMode::None) what.endpoint = endpoint;
    errand_ = start_errand(loop, spec, std::move(what),
                           {.on_line = [this](bool, std::string_view line) { hear(line); },
                            .on_end = [this](const ErrandEnd& end) { tell(end); }});
  }

  std::string unfinished() const override {
    return "the check command has not ended" + (last_line_.empty() ? "" : ": " + last_line_);
  }

 private:
  void hear(std::string_view line) {
    if (!line.empty()) last_line_ = line.substr(0, kQuoted);
  }

  /// Who is told may destroy the check.
  void tell(const ErrandEnd& end) {
    CheckResult result{.passed = end.kind == ErrandEnd::Kind::Passed, .text = {}};
    if (result.passed)
      result.text = name_ + " " + ExitStatus{}.text();
    else
      result.text = "the check command " + end.text + (last_line_.empty() ? "" : ": " + last_line_);
    std::exchange(done_, nullptr)(result);
  }

  const std::string name_;
  CheckDone done_;
  std::string last_line_;
  std::unique_ptr<Errand> errand_;
};

}  // namespace

std::unique_ptr<Check> start_exec_check(boost::asio::io_context& loop, const Endpoint& endpoint,
                                        const LaunchSpec& spec, milliseconds timeout, CheckDone done) {
  auto check = std::make_unique<ExecCheck>(spec.ready.exec.front(), std::move(done));
  check->start(loop, spec, endpoint, timeout);
  return check;
}

}  // namespace berth::backend
