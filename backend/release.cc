#include "backend/release.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "backend/address.h"
#include "backend/linux_sock_diag.h"
#include "backend/loop_timer.h"
#include "backend/own_path.h"
#include "backend/port_unix.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using Verdict = ReleaseCertificate::Verdict;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{50};

struct Finding {
  Verdict verdict = Verdict::Held;
  std::string leftovers;
  std::vector<Holder> holders;
  bool certain = true;  ///< false: what was in the way was gone when it was looked for
};

}  // namespace

struct Release::State : std::enable_shared_from_this<Release::State> {
  State(boost::asio::io_context& loop, ReleaseSpec what, Done callback)
      : spec(std::move(what)), done(std::move(callback)), timer(loop.get_executor()) {}

  void look() {
    auto finding = spec.lease ? look_with_lease() : look_without_lease();
    bool decided = finding.certain && finding.verdict != Verdict::Held;
    if (!decided && Clock::now() < deadline) return look_again();
    finish(std::move(finding));
  }

  void look_again() {
    timer.expires_at(std::min(deadline, Clock::now() + pause));
    pause = std::min(pause * 2, kLongestPause);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->done) self->look();
    });
  }

  Finding look_with_lease() {
    auto& lease = *spec.lease;
    lease.close_door();
    if (lease.try_listen() == 0) return {.verdict = Verdict::StrictlyFree, .leftovers = {}, .holders = {}};
    auto leftovers = describe_leftovers(sockets_on_port(lease.port()));
    lease.open_door();
    int error = lease.try_listen();
    if (error == 0) return {.verdict = Verdict::Leftovers, .leftovers = leftovers, .holders = {}};
    lease.close_door();
    return judge(holders(Endpoint::any_v6(lease.port())));
  }

  /// The directory of its socket was its alone: who accepts there has got the socket from it.
  Finding look_at_path() {
    if (!spec.directory.handle) return {.verdict = Verdict::StrictlyFree, .leftovers = {}, .holders = {}};
    const OwnPath path(spec.directory, spec.endpoint.path, 0, {});
    const auto peer = path.listener();
    // A link, or somebody else's socket under another name, is nothing of this backend's.
    if (!peer || !path.is_users(*peer))
      return {.verdict = Verdict::StrictlyFree, .leftovers = {}, .holders = {}};
    return {.verdict = Verdict::Held, .leftovers = {}, .holders = unix_holders(*peer, spec.endpoint)};
  }

  Finding look_without_lease() {
    if (spec.endpoint.family == Endpoint::Family::Unix) return look_at_path();
    // It may have listened on several addresses of this port: all are its own.
    auto anywhere = judge(holders(Endpoint::any_v6(spec.endpoint.port)));
    if (anywhere.verdict == Verdict::Held) return anywhere;
    auto result = probe(spec.endpoint);
    switch (result.state) {
      case ProbeResult::State::Free:
        return {.verdict = Verdict::StrictlyFree, .leftovers = {}, .holders = {}};
      case ProbeResult::State::Leftovers:
        return {.verdict = Verdict::Leftovers, .leftovers = result.leftovers, .holders = {}};
      // The address itself has gone (an interface went down): nothing can listen there.
      case ProbeResult::State::Denied:
        return {.verdict = Verdict::StrictlyFree, .leftovers = {}, .holders = {}};
      case ProbeResult::State::Listened:
      case ProbeResult::State::Bound:
        return judge(std::move(result.holders));
    }
    return {};
  }

  /// The tree is empty, so only a socket that was seen in it makes a holder this backend's own.
  Finding judge(std::vector<Holder> found) {
    if (found.empty())
      return {.verdict = Verdict::TakenSince, .leftovers = {}, .holders = {}, .certain = false};
    auto own = std::stable_partition(found.begin(), found.end(), [this](const Holder& holder) {
      return spec.inodes.contains(holder.inode);
    });
    if (own == found.begin())
      return {.verdict = Verdict::TakenSince, .leftovers = {}, .holders = std::move(found)};
    found.erase(own, found.end());
    return {.verdict = Verdict::Held, .leftovers = {}, .holders = std::move(found)};
  }

  void finish(Finding finding) {
    ReleaseCertificate out;
    out.verdict = finding.verdict;
    out.endpoint = spec.endpoint;
    out.leftovers = std::move(finding.leftovers);
    out.holders = std::move(finding.holders);
    out.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    spec.lease.reset();
    std::exchange(done, nullptr)(std::move(out));
  }

  ReleaseSpec spec;
  Done done;
  LoopTimer timer;
  Clock::time_point began = Clock::now();
  Clock::time_point deadline;
  milliseconds pause = kFirstPause;
};

Release::Release(boost::asio::io_context& loop, ReleaseSpec spec, milliseconds deadline, Done done)
    : state_(std::make_shared<State>(loop, std::move(spec), std::move(done))) {
  constexpr milliseconds kYear = std::chrono::hours(24 * 365);
  state_->deadline = state_->began + std::min(deadline, kYear);
  boost::asio::post(loop, [state = state_] {
    if (state->done) state->look();
  });
}

Release::~Release() {
  state_->done = nullptr;
  state_->timer.cancel();
}

}  // namespace berth::backend
