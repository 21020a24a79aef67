#include "proxy/route/target.h"

#include <algorithm>
#include <random>
#include <utility>

namespace berth::route {
namespace {

constexpr std::chrono::milliseconds kSurelyAlive{1'000};

}  // namespace

void Holder::take(Target& target) {
  let_go();
  target_ = &target;
  how_ = Leave::Finished;
  what_ = Carried::Request;
  stay_ = Stay::Drain;
  leave_at_ = 0;
  target.holders_.push_back(*this);
  ++target.holder_count_;
}

void Holder::let_go() {
  if (target_ == nullptr) return;
  unlink();
  std::exchange(target_, nullptr)->let_go(what_, how_);
}

void Holder::stay(Stay stay, std::chrono::milliseconds grace) {
  stay_ = stay;
  grace_ = grace;
  leave_at_ = 0;
  if (target_ != nullptr && target_->retired_) leave_soon(target_->loop_);
}

void Holder::leave_soon(loop::Loop& loop) {
  if (stay_ != Stay::Leave) return;
  // Any spread will do that differs from one to the next.
  static thread_local std::minstd_rand spread;
  const auto more = std::uniform_int_distribution<std::int64_t>(0, grace_.count())(spread);
  leave_at_ = loop.deadline(grace_ + std::chrono::milliseconds(more));
}

Target::Target(loop::Loop& loop, Generation generation, Destination destination, Settings settings)
    : loop_(loop), generation_(generation), destination_(std::move(destination)), settings_(settings) {}

Target::~Target() { close_idle(); }

std::unique_ptr<Upstream> Target::take_idle(Idle which) {
  Upstream* upstream = idle_.front();
  while (upstream != nullptr && !upstream->is_kept(loop_.now())) {
    close_idle(*upstream);
    upstream = idle_.front();
  }
  if (which == Idle::SurelyAlive) {
    // Its end may be in the kernel already, behind other events of this batch.
    while (upstream != nullptr && !upstream->is_quiet()) {
      close_idle(*upstream, true);
      upstream = idle_.front();
    }
    if (upstream != nullptr && loop_.now() - upstream->used_at > kSurelyAlive) return nullptr;
  }
  if (upstream == nullptr) return nullptr;
  upstream->unlink();
  --idle_count_;
  return std::unique_ptr<Upstream>(upstream);
}

bool Target::make_room() {
  if (!may_connect()) close_eldest_idle();
  return may_connect();
}

bool Target::close_eldest_idle() {
  if (idle_count_ == 0) return false;
  close_idle(*idle_.back());
  return true;
}

std::unique_ptr<Upstream> Target::make_connection() {
  ++connections_;
  auto upstream = settings_.connector(loop_, *this);
  upstream->place = place_;
  return upstream;
}

void Target::give_back(std::unique_ptr<Upstream> upstream) {
  if (retired_ || upstream->place != place_) return drop(std::move(upstream), false);
  upstream->used_at = loop_.now();
  upstream->idle_until = loop_.deadline(std::min(settings_.idle, upstream->keep_alive));
  upstream->lie_idle();
  ++idle_count_;
  idle_.push_front(*upstream.release());
}

void Target::move_to(Destination destination) {
  const bool moves = destination.endpoint != destination_.endpoint;
  destination_ = std::move(destination);
  if (!moves) return;
  ++place_;
  close_idle();
}

void Target::drop(std::unique_ptr<Upstream> upstream, bool peer_closed) {
  upstream->close(peer_closed);
  --connections_;
  loop_.dispose(std::move(upstream));
}

void Target::retire() {
  retired_ = true;
  close_idle();
  holders_.for_each([this](Holder& holder) { holder.leave_soon(loop_); });
}

void Target::revive() {
  retired_ = false;
  holders_.for_each([](Holder& holder) { holder.leave_at_ = 0; });
  drain_ = {};
}

void Target::when_drained(std::function<void(DrainCount)> drained) {
  if (holder_count_ != 0) {
    drained_ = std::move(drained);
    return;
  }
  told_ = true;
  drained(drain_);
}

void Target::cut(Whom whom) {
  holders_.for_each([whom](Holder& holder) {
    if (whom == Whom::AllButPinned && holder.stay_ == Stay::Pin) return;
    holder.how_ = Leave::Cut;
    holder.gate_.raise(loop::kCut);
  });
}

void Target::let_go(Carried what, Leave how) {
  --holder_count_;
  if (!retired_) return;
  observe::DrainKind& kind = drain_.of(what);
  ++(how == Leave::Finished ? kind.finished : how == Leave::Ended ? kind.ended : kind.cut);
  if (holder_count_ != 0 || !drained_) return;
  told_ = true;
  std::exchange(drained_, nullptr)(drain_);
}

void Target::close_idle() {
  while (Upstream* upstream = idle_.front()) close_idle(*upstream);
}

void Target::close_idle(Upstream& upstream, bool peer_closed) {
  upstream.unlink();
  --idle_count_;
  drop(std::unique_ptr<Upstream>(&upstream), peer_closed);
}

void Target::idle_ended(Upstream& upstream) { close_idle(upstream, true); }

void Target::on_tick() {
  // All of them: one that the backend keeps for a shorter time may lie before an older one.
  idle_.for_each([this](Upstream& each) {
    if (each.idle_until != 0 && loop_.tick() >= each.idle_until) close_idle(each);
  });
  if (!retired_) return;
  holders_.for_each([this](Holder& holder) {
    if (holder.leave_at_ == 0 || loop_.tick() < holder.leave_at_) return;
    holder.leave_at_ = 0;
    holder.gate_.raise(loop::kLeave);
  });
}

}  // namespace berth::route
