// The requests that warm a new backend up.
#include "backend/check.h"

namespace berth::backend {
namespace {

constexpr std::chrono::milliseconds kWithoutDeadline = std::chrono::hours(24);

class WarmUp final : public Check {
 public:
  WarmUp(boost::asio::io_context& loop, ReachPtr to, ReadyConfig config, CheckDone done)
      : loop_(loop),
        to_(std::move(to)),
        config_(std::move(config)),
        timeout_(config_.timeout == kOff ? kWithoutDeadline : config_.timeout),
        done_(std::move(done)) {
    // A page that answers 500 has been computed all the same: it is told, not judged.
    config_.status_min = 100;
    config_.status_max = 999;
  }

  void next() {
    if (at_ == config_.warm.size()) return finish({true, "warm: " + told_});
    config_.path = config_.warm[at_];
    request_ = start_http_check(loop_, to_, config_, timeout_,
                                [this](const CheckResult& result) { answered(result); });
  }

  std::string unfinished() const override {
    return "GET " + config_.path + ", which is to warm it, gave no complete answer";
  }

 private:
  void answered(const CheckResult& result) {
    if (!result.passed) return finish({false, "warm: " + result.text});
    told_ += (told_.empty() ? "" : ", ") + result.text;
    ++at_;
    next();
  }

  void finish(const CheckResult& result) {
    const auto tell = std::move(done_);
    tell(result);
  }

  boost::asio::io_context& loop_;
  ReachPtr to_;
  ReadyConfig config_;
  std::chrono::milliseconds timeout_;  ///< as long as the start may take: that is what ends it
  CheckDone done_;
  std::size_t at_ = 0;
  std::string told_;
  std::unique_ptr<Check> request_;
};

}  // namespace

std::unique_ptr<Check> start_warm_up(boost::asio::io_context& loop, const ReachPtr& to,
                                     const ReadyConfig& config, CheckDone done) {
  auto warm_up = std::make_unique<WarmUp>(loop, to, config, std::move(done));
  warm_up->next();
  return warm_up;
}

}  // namespace berth::backend
