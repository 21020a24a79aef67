// What is written down of an exchange: its id, the fields that say what became of it, its line in the access
// log and its place in the metrics.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

#include "config/trusted.h"
#include "proxy/http/exchange.h"
#include "proxy/http/field_text.h"

namespace berth::http {

using observe::AccessRecord;
using Text = AccessRecord::Text;

namespace {

constexpr int kClientLeft = 499;  ///< as nginx has it

static_assert(sizeof(AccessRecord) <= loop::BlockPool::kSmall);

std::uint32_t in_short_us(std::chrono::steady_clock::duration time) {
  return static_cast<std::uint32_t>(observe::in_us(time));
}

double in_ms(std::chrono::steady_clock::duration time) { return in_short_us(time) / 1000.0; }

}  // namespace

/// The id that the backend is to be given in place of the client's; empty: what the client sent is passed on.
std::string_view Exchange::choose_id(const RequestHead& head, const ClientFacts& facts) {
  if (!route_.fields.request_id) return {};
  const bool one = head.request_ids == 1 && is_request_id(head.request_id);
  if (one && (facts.trusted || is_local_peer(facts.address))) {
    id_size_ = static_cast<std::uint8_t>(head.request_id.size());
    std::memcpy(id_.data(), head.request_id.data(), id_size_);
    return {};
  }
  client_.journal().ids.next(id_.data());
  id_size_ = sizeof(RequestIds::Text);
  return id();
}

std::chrono::steady_clock::duration Exchange::held_for() const {
  return (obtained_ == std::chrono::steady_clock::time_point{} ? loop_.now() : obtained_) - begun_;
}

/// A connection to a backend is there, and the request goes out on it.
void Exchange::note_upstream() {
  asked_ = loop_.now();
  if (obtained_ == std::chrono::steady_clock::time_point{}) obtained_ = asked_;
  generation_ = holder_.target()->generation();
}

void Exchange::note_answer(int status) {
  status_ = static_cast<std::uint16_t>(status);
  answered_ = loop_.now();
}

/// The field lines that berth adds to a final response, put into `room`.
std::string_view Exchange::added_fields(const ResponseHead& head, AddedRoom& room) const {
  const ResponseFields& fields = route_.fields;
  char* at = room.data();
  const auto put = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  if (fields.request_id && head.request_ids == 0) {
    put("X-Request-Id: ");
    put(id());
    put("\r\n");
  }
  if (!head.has_date) put(client_.journal().date.line(loop_.now()));
  const auto left = [&] { return static_cast<std::size_t>(room.data() + room.size() - at); };
  if (fields.server_timing)
    at += std::snprintf(at, left(), "Server-Timing: berth;dur=%.3f, upstream;dur=%.3f\r\n", in_ms(held_for()),
                        in_ms(loop_.now() - asked_));
  if (fields.generation) at += std::snprintf(at, left(), "Berth-Generation: %u\r\n", generation_.number);
  return {room.data(), static_cast<std::size_t>(at - room.data())};
}

/// While its head is there. Only with an access log.
void Exchange::note_request(const RequestHead& head, const ClientFacts& facts) {
  record_.reserve(loop_.blocks(), sizeof(AccessRecord));
  auto& record = *new (record_.tail()) AccessRecord;
  record_.commit(sizeof record);
  record.version = version_;
  record.put(Text::Address, facts.client);
  record.put(Text::Method, head.method);
  record.put(Text::Target, head.target);
  record.put(Text::Referer, field_value(head, "referer"));
  record.put(Text::UserAgent, field_value(head, "user-agent"));
  record.put(Text::RequestId, id());
  record.put(Text::App, route_.name());
}

/// It is over, whatever by.
void Exchange::note_end() {
  const auto now = loop_.now();
  route_.tally.finished(status_, now - begun_);
  if (record_.empty()) return;
  auto& record = *std::launder(reinterpret_cast<AccessRecord*>(record_.data()));
  record.unix_us = observe::unix_us_now();
  record.status = status_ != 0 ? status_ : kClientLeft;
  record.bytes = body_sent_ - std::min<std::uint64_t>(body_sent_, to_client_.size() + pipe_to_client_.size());
  record.generation = generation_.number;
  record.total_us = observe::in_us(now - begun_);
  record.held_us = in_short_us(held_for());
  if (answered_ != std::chrono::steady_clock::time_point{})
    record.upstream_us = in_short_us(answered_ - asked_);
  const bool ended = verdict_ == Verdict::Done || verdict_ == Verdict::Reply || verdict_ == Verdict::Tunnel;
  record.complete = ended && !client_owes();
  // A reload may have taken the log away since.
  if (observe::AccessRing* access = client_.journal().access) access->push(record);
}

}  // namespace berth::http
