// The one file of this folder that uses Beast's parser.
#include "backend/check_answer.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

namespace berth::backend {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// How the answer of Node's inspector to a request that is no WebSocket's begins.
constexpr std::string_view kInspectorSays = "WebSockets request was expected";

/// Nothing of a body is kept but its first bytes.
struct PassingBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
        const asio::const_buffer piece(*at);
        const std::size_t room = kInspectorSays.size() - body_.size();
        body_.append(static_cast<const char*>(piece.data()), std::min(room, piece.size()));
      }
      return asio::buffer_size(buffers);
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

std::string printable(std::string_view text) {
  std::string out(text.substr(0, CheckAnswer::kMostReason));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

}  // namespace

struct CheckAnswer::Reader {
  Reader() { begin(); }

  void begin() {
    parser.emplace();
    parser->body_limit(boost::none);
    parser->header_limit(kMostHead + 1);
    parser->eager(true);
  }

  State stop(std::string why) {
    failure = std::move(why);
    pending.clear();
    return state = State::Broken;
  }

  State fail(error_code error) {
    if (error == http::error::header_limit) return too_long();
    if (error == http::error::end_of_stream || error == http::error::partial_message) return cut();
    if (error.category() == make_error_code(http::error::bad_version).category())
      return stop("got an answer that is not HTTP/1 (" + error.message() + ")");
    return stop("failed: " + error.message());
  }

  State cut() { return stop("failed: the connection was closed without a complete answer"); }

  State too_long() {
    return stop("got an answer whose head, or a chunk's head, is longer than " +
                std::to_string(kMostHead / 1024) + " KiB");
  }

  State take(std::string_view bytes) {
    // Never more at a time than may be kept: what is not understood by then is refused, not stored.
    while (state == State::Going && !bytes.empty()) {
      const auto piece = bytes.substr(0, kMostHead - pending.size());
      pending += piece;
      bytes.remove_prefix(piece.size());
      read();
      if (state == State::Going && pending.size() >= kMostHead) too_long();
    }
    return state;
  }

  void read() {
    while (state == State::Going && !pending.empty() &&
           (parser->is_header_done() ? read_body() : read_head())) {
    }
  }

  /// False: more of it has to come first. It is parsed as a whole, so that the pieces that it comes in make
  /// no difference.
  bool read_head() {
    constexpr std::string_view kBegin = "HTTP/1.";
    constexpr std::string_view kEnd = "\r\n\r\n";
    constexpr std::size_t kStatusEnd = std::string_view("HTTP/1.1 200").size();
    const std::string_view begin = std::string_view(pending).substr(0, kBegin.size());
    if (begin != kBegin.substr(0, begin.size())) {
      stop("got an answer that is not HTTP/1");
      return false;
    }
    const std::size_t end = pending.find(kEnd, searched);
    searched = pending.size() - std::min(pending.size(), kEnd.size() - 1);
    const bool whole = end != std::string::npos;
    const std::size_t size = whole ? end + kEnd.size() : pending.size();
    if (head + size > kMostHead) too_long();
    if (state != State::Going || !whole) return false;
    head += size;
    searched = 0;
    // Without a reason many leave out the blank before it, too, as berth lets them (RFC 9112 §4).
    std::string text = pending.substr(0, size);
    if (text.find('\r') == kStatusEnd) text.insert(kStatusEnd, " ");
    pending.erase(0, size);
    error_code error;
    parser->put(asio::buffer(text), error);
    if (error || !parser->is_header_done()) {
      fail(error ? error : http::error::bad_value);
      return false;
    }
    take_head();
    return true;
  }

  bool read_body() {
    error_code error;
    const std::size_t used = parser->put(asio::buffer(pending.data(), pending.size()), error);
    pending.erase(0, std::min(used, pending.size()));
    if (error && error != http::error::need_more) {
      fail(error);
      return false;
    }
    if (parser->is_done()) state = State::Whole;
    return used != 0;
  }

  /// Interim answers are passed over (RFC 9110 §15.2). A switch of protocols, which nobody asked for, is an
  /// answer like any other, and has no end.
  void take_head() {
    const int code = static_cast<int>(parser->get().result_int());
    if (code < 200 && code != 101) return begin();
    status = code;
    if (code == 101 || parser->is_done()) state = State::Whole;
  }

  State end(bool in_order) {
    if (state != State::Going) return state;
    error_code error;
    if (!in_order || !parser->is_header_done()) return cut();
    parser->put_eof(error);
    if (error || !parser->is_done()) return cut();
    return state = State::Whole;
  }

  std::optional<http::response_parser<PassingBody>> parser;
  std::string pending;
  std::size_t head = 0;      ///< of all heads, interim ones included
  std::size_t searched = 0;  ///< of `pending`, for the end of a head
  int status = 0;
  State state = State::Going;
  std::string failure;
};

CheckAnswer::CheckAnswer() : reader_(std::make_unique<Reader>()) {}
CheckAnswer::~CheckAnswer() = default;
CheckAnswer::CheckAnswer(CheckAnswer&&) noexcept = default;
CheckAnswer& CheckAnswer::operator=(CheckAnswer&&) noexcept = default;

CheckAnswer::State CheckAnswer::take(std::string_view bytes) { return reader_->take(bytes); }
CheckAnswer::State CheckAnswer::end(bool in_order) { return reader_->end(in_order); }
CheckAnswer::State CheckAnswer::state() const { return reader_->state; }
int CheckAnswer::status() const { return reader_->status; }
std::string CheckAnswer::reason() const { return printable(reader_->parser->get().reason()); }
const std::string& CheckAnswer::failure() const { return reader_->failure; }
std::size_t CheckAnswer::held() const { return reader_->pending.size(); }

bool CheckAnswer::is_debugger() const {
  return reader_->status == 400 && reader_->parser->get().body() == kInspectorSays;
}

}  // namespace berth::backend
