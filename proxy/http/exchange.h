// One request and its response: from a complete head to the last byte, both directions at once. It decides
// when to wait, to try again, to give up; who reads and writes are the client's stream and an upstream
// connection. Lives in one loop, within the coroutine of its client.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/http/body_reader.h"
#include "proxy/http/boundaries.h"
#include "proxy/http/client_stream.h"
#include "proxy/http/head_rules.h"
#include "proxy/http/head_watch.h"
#include "proxy/loop/task.h"
#include "proxy/route/app_route.h"

namespace berth::http {

/// What remains of a body from which on a pipe is worth its two descriptors.
inline constexpr std::uint64_t kSpliceFrom = 128 * 1024;

class Exchange {
 public:
  /// What is to become of the client's connection.
  enum class End : std::uint8_t {
    KeepAlive,  ///< the next request may come
    Close,      ///< everything is said
    Linger,     ///< everything is said, but the client may still be sending
    Reset,      ///< cut off in the middle: the client must see it
  };

  Exchange(ClientStream& client, route::AppRoute& route);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// `view`: unused bytes of the client that begin with the request in client.heads().
  void begin(std::string_view view);
  loop::Task<End> run();

 private:
  /// Where it stands; anything but Going ends the exchange, or this attempt of it.
  enum class Verdict : std::uint8_t {
    Going,
    Retry,   ///< once more, on a fresh connection to the current target
    Reply,   ///< with failure_, made by berth
    Gone,    ///< the client has left
    Broken,  ///< the response ended in the middle
    Tunnel,  ///< 101: relay bytes from here on
    Done,
  };
  enum class Stage : std::uint8_t { Head, Body, Done };

  // acquiring an upstream connection (exchange_upstream.cc)
  /// Whether those that wait come first.
  enum class Turn : std::uint8_t { Newcomer, Admitted };
  bool take_pooled(Turn turn);
  loop::Task<bool> obtain_upstream();
  loop::Task<bool> wait_in_queue(loop::Tick hold_deadline);
  loop::Task<bool> connect(route::Target& target);
  void refused();
  void fail_unconnected();
  bool may_retry() const;
  void give_up_upstream(bool peer_closed);
  void return_upstream();

  // the request's way (exchange.cc)
  void flush_to_upstream();
  void send_body(std::string_view view);
  void read_client();
  void write_failed(int error);
  bool request_sent() const;

  // the response's way (exchange_response.cc)
  void read_upstream();
  void take_response(std::string_view bytes, loop::Block& from);
  void on_interim(const ResponseHead& head);
  void on_final(const ResponseHead& head);
  void take_body(std::string_view bytes, loop::Block& head, loop::Block& from);
  void send_client(std::span<iovec> parts);
  void send_last_chunk();
  void upstream_ended(bool in_error);
  void flush_to_client();

  // a large body's way past this process (exchange_splice.cc)
  bool splice_response();
  bool splice_request();
  void drain_pipe_to_client();
  bool drain_pipe_to_upstream();
  bool client_owes() const { return !to_client_.empty() || !pipe_to_client_.empty(); }
  bool upstream_owes() const { return !to_upstream_.empty() || !pipe_to_upstream_.empty(); }

  // what is written down of it (exchange_notes.cc)
  using AddedRoom = std::array<char, 320>;
  using TimePoint = std::chrono::steady_clock::time_point;
  std::string_view choose_id(const RequestHead& head, const ClientFacts& facts);
  std::string_view id() const { return {id_.data(), id_size_}; }
  std::string_view added_fields(const ResponseHead& head, AddedRoom& room) const;
  std::chrono::steady_clock::duration held_for() const;
  void note_request(const RequestHead& head, const ClientFacts& facts);
  void note_upstream();
  void note_answer(int status);
  void note_end();

  // how a long one ends when its backend retires (exchange_long.cc)
  void become_long(const ResponseHead& head);
  bool walks_events(const ResponseHead& head) const;
  void leave();
  void end_events();

  bool left_in_silence() const;
  std::chrono::milliseconds body_wait() const;
  void fail(int status, std::string_view reason, int retry_after_s = 0);
  std::string_view why_cut() const;
  std::string_view waits_in_vain(std::string_view otherwise) const;
  loop::Wakes interest();
  void react(loop::Wakes wakes);
  void on_timeout();
  loop::Task<End> finish();
  loop::Task<End> reply();
  loop::Task<bool> drain_to_client();
  loop::Task<End> discard_request_body();
  loop::Task<End> tunnel();
  bool client_keeps() const;

  ClientStream& client_;
  loop::Loop& loop_;
  Heads& heads_;
  route::AppRoute& route_;
  route::Holder holder_;
  std::unique_ptr<route::Upstream> upstream_;

  // What the request asked for, kept when its head is gone.
  bool to_head_ = false;
  bool idempotent_ = false;
  bool keep_alive_ = true;
  bool wants_tunnel_ = false;
  bool wants_websocket_ = false;
  LongMode long_mode_ = LongMode::Cut;
  bool leaving_ = false;  ///< its event stream ends behind the next event
  bool expects_continue_ = false;
  bool accepts_html_ = false;
  bool opens_events_ = false;  ///< an event stream that ends is opened again by its client, by itself
  bool body_in_head_ = false;  ///< the body, if any, lies whole in head_
  std::uint8_t version_ = 11;
  std::uint8_t retries_ = 0;
  Generation failed_on_;  ///< where the first attempt was lost

  Verdict verdict_ = Verdict::Going;
  Stage stage_ = Stage::Head;
  bool held_ = false;
  bool upstream_reset_ = false;   ///< the backend has not closed in order
  bool write_dead_ = false;       ///< the backend reads no more
  bool upstream_closes_ = false;  ///< behind its answer, as that says
  bool reusable_ = false;         ///< the upstream connection, after this response
  bool rechunk_ = false;
  bool unchunk_ = false;
  bool said_continue_ = false;
  bool counted_failed_ = false;

  loop::Block head_;           ///< the rewritten head and the body that came with it: kept for a retry
  std::size_t sent_ = 0;       ///< of head_
  loop::Block to_upstream_;    ///< body that the backend did not take yet
  loop::Block from_upstream_;  ///< received, not yet understood: a partial head or chunk line
  HeadWatch answer_watch_{HeadWatch::Kind::Response};  ///< of a partial head
  std::size_t interim_bytes_ = 0;                      ///< of the heads before the final one
  loop::Tick answer_by_ = 0;                           ///< 0: something else is waited for
  loop::Block to_client_;                              ///< what the client did not take yet
  bool response_splices_ = false;                      ///< its body is large and of known length
  bool request_splices_ = false;
  loop::Pipe pipe_to_client_;  ///< what of a spliced body was not taken yet, behind to_client_
  loop::Pipe pipe_to_upstream_;
  BodyReader request_body_;
  BodyReader response_body_;
  std::optional<EventWalker> events_;  ///< of a response that may be ended between two
  bool refused_ = false;               ///< the backend took no connection; nothing of the request was sent
  loop::Tick refused_until_ = 0;
  bool lacks_descriptor_ = false;  ///< what refused it was not the backend
  std::uint8_t id_size_ = 0;
  std::uint16_t status_ = 0;     ///< what the client is told; 0: nothing yet
  std::uint64_t body_sent_ = 0;  ///< of the response, what waits for the client included
  Generation generation_;        ///< of the last backend asked
  TimePoint begun_;
  TimePoint obtained_{};  ///< the first connection to a backend
  TimePoint asked_{};     ///< the last one
  TimePoint answered_{};  ///< its response's head
  loop::Block record_;    ///< for the access log; empty without one
  std::array<char, kMostRequestId> id_;

  std::uint64_t body_bytes_ = 0;  ///< of the request, since body_begun_
  std::chrono::steady_clock::time_point body_begun_{};
  struct {
    int status = 0;
    std::string_view reason;
    int retry_after_s = 0;
  } failure_;
};

/// The exchange of the request at the start of `view`, to its end.
loop::Task<Exchange::End> serve_exchange(ClientStream& client, route::AppRoute& route, std::string_view view);

}  // namespace berth::http
