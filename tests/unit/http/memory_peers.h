// The two sides of an exchange in memory: a client, and connections to a backend that say what they are
// given.
#pragma once

#include <string>

#include "proxy/http/client_stream.h"
#include "proxy/route/upstream.h"
#include "tests/unit/http/memory_stream.h"

namespace berth::test {

using namespace berth::http;

/// What one connection to the backend is to say, and what it was told.
struct Script {
  explicit Script(Fate& fate) : stream(fate) {}
  MemoryStream stream;
  std::string answer;  ///< given once `awaits` has come
  std::string awaits = "\r\n\r\n";
  bool closes = false;  ///< behind the answer
  bool dies = false;    ///< in place of it
  bool closed = false;
  loop::Gate* gate = nullptr;
};

class MemoryUpstream final : public route::Upstream {
 public:
  MemoryUpstream(route::Target& target, Script& script, Fate& fate)
      : Upstream(target), script_(script), fate_(fate) {}
  int connect(loop::Gate& gate) override {
    if (fate_.next_fails()) return ECONNREFUSED;
    attach(gate);
    gate.raise(loop::kUpstreamOut);
    return 0;
  }
  int connect_error() const override { return fate_.next_fails() ? ECONNREFUSED : 0; }
  loop::Stream& stream() override { return script_.stream; }
  void attach(loop::Gate& gate) override { script_.gate = &gate; }
  void lie_idle() override { script_.gate = nullptr; }
  bool is_quiet() const override { return script_.stream.input.empty() && !script_.stream.ended; }
  void close(bool) override {
    script_.closed = true;
    script_.gate = nullptr;
  }

 private:
  Script& script_;
  Fate& fate_;
};

class MemoryClient final : public ClientStream {
 public:
  MemoryClient(loop::Loop& loop, Fate& fate) : stream_(fate), loop_(loop) {}
  loop::Loop& loop() override { return loop_; }
  Heads& heads() override { return heads_; }
  Journal& journal() override { return notes; }
  Journal notes;
  loop::Stream& stream() override { return stream_; }
  const HeadLimits& head_limits() const override { return limits_; }
  ClientFacts facts() const override {
    return {.address = peer, .client = peer, .trusted = trusted, .listener = "127.0.0.1:8000"};
  }
  std::string_view peer = "192.0.2.7";
  bool trusted = false;
  bool stopping() const override { return false; }
  bool takes_chunks(int version) const override { return version >= 11; }
  void put_head(const ResponseHead& head, const ResponseRules& rules, loop::Block& out) override {
    write_response_head(head, rules, loop_.blocks(), out);
  }
  void put_error(const ErrorReply& reply, loop::Block& out) override {
    out.append(loop_.blocks(), write_error_reply(reply));
  }
  MemoryStream& memory() { return stream_; }

 private:
  MemoryStream stream_;
  loop::Loop& loop_;
  Heads heads_;
  HeadLimits limits_;
};

}  // namespace berth::test
