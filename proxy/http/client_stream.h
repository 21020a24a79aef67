// The client's side of one exchange, whatever protocol it speaks: where the request's body comes from, where
// the response goes, and what is known about the client. A Session is the one of HTTP/1; a protocol that
// carries many requests at once has one of these for each.
#pragma once

#include <string_view>

#include "proxy/http/error_reply.h"
#include "proxy/http/head.h"
#include "proxy/http/head_rules.h"
#include "proxy/http/journal.h"
#include "proxy/loop/block.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/stream.h"

namespace berth::http {

/// Lives in one loop. An exchange uses it from the complete head of a request to the end of its response.
class ClientStream {
 public:
  ClientStream() = default;
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  virtual loop::Loop& loop() = 0;
  /// The loop's workspaces for heads: valid until the next suspension of whoever read into them.
  virtual Heads& heads() = 0;
  virtual Journal& journal() = 0;
  /// Raises kClient* at gate().
  virtual loop::Stream& stream() = 0;
  virtual const HeadLimits& head_limits() const = 0;
  /// Of the request in heads().
  virtual ClientFacts facts() const = 0;
  /// berth stops: the connection is not to be kept for another request.
  virtual bool stopping() const = 0;

  /// Whether a body may be sent to it in chunks; else these are taken off.
  virtual bool takes_chunks(int version) const = 0;
  /// Writes the head of a response, as its protocol has it, behind what is in `out`.
  virtual void put_head(const ResponseHead& head, const ResponseRules& rules, loop::Block& out) = 0;
  /// Writes a whole reply of berth's own.
  virtual void put_error(const ErrorReply& reply, loop::Block& out) = 0;

  loop::Gate& gate() { return gate_; }

  /// Bytes received and not used yet: the rest of a read, behind the message that was served.
  loop::Block& pending() { return pending_; }
  /// Reads once: behind what is pending, else into the loop's scratch block. `view` shows all unused bytes.
  loop::IoResult receive(std::string_view& view);
  /// `view` was what receive() showed (or pending()): the first `n` are used, the rest becomes pending.
  void use(std::string_view view, std::size_t n);

  /// The one deadline of the moment; raises kTimeout.
  void set_deadline(loop::Tick tick) { deadline_ = tick; }
  loop::Tick deadline() const { return deadline_; }

 protected:
  ~ClientStream() = default;

 private:
  loop::Gate gate_;
  loop::Block pending_;
  loop::Tick deadline_ = 0;
};

}  // namespace berth::http
