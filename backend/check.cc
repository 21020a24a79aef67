#include "backend/check.h"

#include "backend/backend.h"

namespace berth::backend {

StartCheck check_of(boost::asio::io_context& loop, const LaunchSpec& spec, std::function<Sign()> sign) {
  using std::chrono::milliseconds;
  const LaunchSpec* launch = &spec;
  switch (spec.ready.kind) {
    case ReadyConfig::Kind::Http:
      return [&loop, launch](const ReachPtr& to, milliseconds timeout, CheckDone done) {
        return start_http_check(loop, to, launch->ready, timeout, std::move(done));
      };
    case ReadyConfig::Kind::Tcp:
      return [&loop](const ReachPtr& to, milliseconds timeout, CheckDone done) {
        return start_tcp_check(loop, to, timeout, std::move(done));
      };
    case ReadyConfig::Kind::Exec:
      return [&loop, launch](const ReachPtr& to, milliseconds timeout, CheckDone done) {
        return start_exec_check(loop, to->endpoint(), *launch, timeout, std::move(done));
      };
    case ReadyConfig::Kind::Listen:
      sign = [] { return Sign{true, "listening"}; };
      break;
    case ReadyConfig::Kind::Started:
      sign = [] { return Sign{true, "started"}; };
      break;
    case ReadyConfig::Kind::Notify:
    case ReadyConfig::Kind::Log:
      break;
  }
  // These ask nobody: the answer is there.
  return [sign = std::move(sign)](const ReachPtr&, milliseconds, const CheckDone& done) {
    const Sign said = sign();
    done({said.given, said.text});
    return std::unique_ptr<Check>();
  };
}

}  // namespace berth::backend
