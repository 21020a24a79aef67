#include "backend/external.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <set>
#include <utility>

#include "backend/ask_pace.h"
#include "backend/check.h"
#include "backend/loop_timer.h"
#include "backend/reach.h"
#include "backend/release.h"
#include "backend/steady_answer.h"
#include "config/duration_text.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Verdict = ReleaseCertificate::Verdict;

// Without the kernel's tables a release can only be tried.
constexpr milliseconds kBetweenTries{100};
constexpr milliseconds kTryTimeout{5'000};

}  // namespace

class External::Impl : public std::enable_shared_from_this<External::Impl> {
 public:
  Impl(boost::asio::io_context& loop, ExternalSpec spec, BackendEvents& owner)
      : loop_(loop),
        spec_(std::move(spec)),
        owner_(&owner),
        pause_(loop.get_executor()),
        deadline_(loop.get_executor()) {}

  void start() {
    auto met_stranger = [weak = weak_from_this()](const std::string& text) {
      if (auto self = weak.lock()) self->note(text);
    };
    reach_ = reach_others(loop_, spec_.endpoint, met_stranger);
    pace_ = new_pace();
    tell([told = spec_.endpoint](BackendEvents& owner, Generation generation) {
      owner.on_started(generation, {.pid = 0, .told = told, .mode = "external"});
    });
    if (spec_.ready.timeout != kOff) {
      deadline_.expires_after(spec_.ready.timeout);
      deadline_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error && self->starting_) self->give_up();
      });
    }
    starting_ = true;
    check();
  }

  void stop() {
    end_start();
    remember_listeners();
    tell([](BackendEvents& owner, Generation generation) { owner.on_stopped(generation, Stopped{}); });
  }

  void release(milliseconds deadline) {
    released_by_ = Clock::now() + std::min<milliseconds>(deadline, std::chrono::hours(24 * 365));
    began_ = Clock::now();
    if (deadline.count() == 0) return released(Verdict::NoPort, {});
    // Who listens on a path, or on another machine, is not in this one's tables.
    const bool in_tables =
        spec_.endpoint.family != Endpoint::Family::Unix && probe(spec_.endpoint).error != EADDRNOTAVAIL;
    if (!in_tables) return try_release();
    release_ = std::make_unique<Release>(
        loop_, ReleaseSpec{.lease = std::nullopt, .endpoint = spec_.endpoint, .inodes = inodes_}, deadline,
        [this](const ReleaseCertificate& certificate) { tell_released(certificate); });
  }

  std::unique_ptr<Check> ask(milliseconds timeout, CheckDone done) {
    if (spec_.ready.kind == ReadyConfig::Kind::Http)
      return start_http_check(loop_, reach_, spec_.ready, timeout, std::move(done));
    if (spec_.ready.kind == ReadyConfig::Kind::Listen) {
      const bool listens = !holders(spec_.endpoint).empty();
      boost::asio::post(loop_, [done = std::move(done), listens] {
        done({listens, listens ? "listening" : "nothing listens there"});
      });
      return nullptr;
    }
    return start_tcp_check(loop_, reach_, timeout, std::move(done));
  }

  void shut() {
    owner_ = nullptr;
    end_start();
    release_.reset();
  }

 private:
  /// The owner is told by a handler of its own: never within its own call, and free to destroy the External.
  template <class Call>
  void tell(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)] {
      if (self->owner_ != nullptr) call(*self->owner_, self->spec_.generation);
    });
  }

  void note(const std::string& text) {
    tell([text](BackendEvents& owner, Generation generation) { owner.on_note(generation, text); });
  }

  AskPace new_pace() const { return {AskPace::Question::Request, spec_.ready.successes, Clock::now()}; }

  void end_start() {
    starting_ = false;
    deadline_.cancel();
    pause_.cancel();
    running_.reset();
  }

  void check() {
    auto done = [self = shared_from_this()](const CheckResult& result) {
      if (self->starting_) self->checked(result);
    };
    running_ = ask(pace_.ask(Clock::now()), std::move(done));
  }

  void checked(const CheckResult& result) {
    last_answer_ = result.text;
    if (!result.passed && result.status != 0) return answered_badly(result);
    if (!result.passed) return try_again();
    const auto next = pace_.passed();
    last_answer_ = pace_.standing(result.text);
    if (!next) return warm_up(last_answer_);
    check_after(*next);
  }

  void answered_badly(const CheckResult& result) {
    steady_.answered(result.status, Clock::now());
    tell([text = result.text, times = steady_.times()](BackendEvents& owner, Generation generation) {
      owner.on_unready(generation, text, times);
    });
    check_after(pace_.refused());
  }

  void warm_up(const std::string& said) {
    if (spec_.ready.warm.empty()) return ready(said);
    running_ = start_warm_up(loop_, reach_, spec_.ready,
                             [self = shared_from_this(), said](const CheckResult& result) {
                               if (!self->starting_) return;
                               self->last_answer_ = result.text;
                               if (result.passed) return self->ready(said + ", " + result.text);
                               self->try_again();
                             });
  }

  void ready(const std::string& said) {
    end_start();
    remember_listeners();
    tell([ready = Ready{.endpoint = spec_.endpoint, .followed = false, .check = said, .reach = reach_}](
             BackendEvents& owner, Generation generation) { owner.on_ready(generation, ready); });
  }

  void try_again() { check_after(pace_.failed(Clock::now())); }

  void check_after(milliseconds pause) {
    again_after(pause, [](Impl& self) {
      if (self.starting_) self.check();
    });
  }

  void give_up() {
    end_start();
    StartFailure failure;
    failure.kind = StartFailure::Kind::Timeout;
    failure.what = spec_.endpoint.text() + " was not ready within " + duration_text(spec_.ready.timeout) +
                   ": " + (last_answer_.empty() ? "it gave no complete answer" : last_answer_);
    const bool answers = !last_answer_.ends_with("connection refused");
    failure.hint = answers ? "it is asked as `ready` says: another path or status may suit it"
                           : "start the server first; berth does not start this one";
    tell([failure](BackendEvents& owner, Generation generation) {
      owner.on_start_failed(generation, failure);
    });
  }

  void remember_listeners() {
    for (const std::uint64_t inode : listener_inodes(spec_.endpoint)) inodes_.insert(inode);
  }

  template <class Then>
  void again_after(milliseconds pause, Then then) {
    pause_.expires_after(pause);
    pause_.async_wait([self = shared_from_this(), then](boost::system::error_code error) {
      if (!error && self->owner_ != nullptr) then(*self);
    });
  }

  /// By connecting: it is there as long as somebody accepts.
  void try_release() {
    running_ =
        start_tcp_check(loop_, reach_, kTryTimeout, [self = shared_from_this()](const CheckResult& result) {
          if (self->owner_ != nullptr) self->tried_release(result.passed);
        });
  }

  void tried_release(bool accepted) {
    if (!accepted) return released(Verdict::StrictlyFree, {});
    if (Clock::now() >= released_by_) return released(Verdict::Held, holders(spec_.endpoint));
    again_after(kBetweenTries, [](Impl& self) { self.try_release(); });
  }

  void released(Verdict verdict, std::vector<Holder> holders) {
    ReleaseCertificate certificate;
    certificate.verdict = verdict;
    certificate.endpoint = spec_.endpoint;
    certificate.holders = std::move(holders);
    certificate.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
    tell_released(certificate);
  }

  void tell_released(const ReleaseCertificate& certificate) {
    tell([certificate](BackendEvents& owner, Generation generation) {
      owner.on_released(generation, certificate);
    });
  }

  boost::asio::io_context& loop_;
  const ExternalSpec spec_;
  BackendEvents* owner_;  ///< null: the External is destroyed
  LoopTimer pause_;
  LoopTimer deadline_;
  bool starting_ = false;
  ReachPtr reach_;
  AskPace pace_ = new_pace();
  SteadyAnswer steady_;      ///< only counted: what it writes is not berth's to hear
  Clock::time_point began_;  ///< of the release
  Clock::time_point released_by_;
  std::unique_ptr<Check> running_;
  std::string last_answer_;
  std::set<std::uint64_t> inodes_;  ///< of the listeners that it was seen with
  std::unique_ptr<Release> release_;
};

External::External(boost::asio::io_context& control, ExternalSpec spec, BackendEvents& owner)
    : impl_(std::make_shared<Impl>(control, std::move(spec), owner)) {}

External::~External() { impl_->shut(); }

void External::start() { impl_->start(); }
std::unique_ptr<Check> External::check(milliseconds timeout, CheckDone done) {
  return impl_->ask(timeout, std::move(done));
}
void External::stop() { impl_->stop(); }
void External::release(milliseconds deadline) { impl_->release(deadline); }

}  // namespace berth::backend
