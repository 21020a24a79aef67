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

/// A chunked body (RFC 9112 §7.1), passed over byte by byte: nothing of it is kept.
class Chunks {
 public:
  enum class Result : std::uint8_t { Going, Whole, Malformed, TooLong };

  /// Takes `bytes` as far as the body goes, and tells `data` of what is within its chunks.
  template <class Data>
  Result take(std::string_view bytes, Data data) {
    while (!bytes.empty() && result_ == Result::Going) {
      if (at_ == At::Data) {
        const auto part = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
        data(part);
        left_ -= part.size();
        bytes.remove_prefix(part.size());
        if (left_ == 0) at_ = At::DataCr;
      } else {
        step(bytes.front());
        bytes.remove_prefix(1);
      }
    }
    return result_;
  }

 private:
  enum class At : std::uint8_t {
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,      ///< at the beginning of a line
    TrailerLine,  ///< within one
    TrailerLf,
    EndLf,
  };

  void step(char c) {
    switch (at_) {
      case At::Size:
        return size(c);
      case At::Extension:
        return line(c, At::SizeLf);
      case At::SizeLf:
        line_ = 0;
        digits_ = 0;
        return expect(c, '\n', left_ == 0 ? At::Trailer : At::Data);
      case At::DataCr:
        return expect(c, '\r', At::DataLf);
      case At::DataLf:
        return expect(c, '\n', At::Size);
      case At::Trailer:
        if (c != '\r') at_ = At::TrailerLine;
        return line(c, At::EndLf);
      case At::TrailerLine:
        return line(c, At::TrailerLf);
      case At::TrailerLf:
        return expect(c, '\n', At::Trailer);
      case At::EndLf:
        expect(c, '\n', At::Trailer);
        if (result_ == Result::Going) result_ = Result::Whole;
        return;
      case At::Data:
        return;
    }
  }

  void size(char c) {
    constexpr int kMostDigits = 15;
    constexpr std::string_view kHex = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto digit = kHex.find(lower);
    if (digit != std::string_view::npos && digits_ < kMostDigits) {
      if (digits_++ == 0) left_ = 0;
      left_ = left_ * 16 + digit;
      return;
    }
    if (digits_ == 0 || (c != ';' && c != '\r' && c != ' ' && c != '\t')) {
      result_ = Result::Malformed;
      return;
    }
    at_ = At::Extension;
    line(c, At::SizeLf);
  }

  /// Within a line, which ends with CR and then LF. The lines of the trailer count together.
  void line(char c, At end) {
    if (++line_ > CheckAnswer::kMostHead)
      result_ = Result::TooLong;
    else if (c == '\n')
      result_ = Result::Malformed;
    else if (c == '\r')
      at_ = end;
  }

  void expect(char c, char wanted, At next) {
    if (c == wanted)
      at_ = next;
    else
      result_ = Result::Malformed;
  }

  At at_ = At::Size;
  Result result_ = Result::Going;
  std::uint64_t left_ = 0;
  int digits_ = 0;
  std::size_t line_ = 0;
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
    while (state == State::Going && !bytes.empty()) {
      if (status != 0) return take_body(bytes);
      // Never more at a time than may be kept.
      const auto piece = bytes.substr(0, kMostHead - std::min(kMostHead, pending.size()));
      pending += piece;
      bytes.remove_prefix(piece.size());
      while (state == State::Going && status == 0 && !pending.empty() && read_head()) {
      }
      if (state == State::Going && status == 0 && pending.size() >= kMostHead) too_long();
      // What came along with the head.
      if (state == State::Going && status != 0) take_body(std::exchange(pending, {}));
    }
    if (state != State::Going) pending.clear();
    return state;
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

  State take_body(std::string_view bytes) {
    const auto keep = [this](std::string_view part) {
      begun.append(part.substr(0, kInspectorSays.size() - begun.size()));
    };
    if (chunked) {
      switch (chunks.take(bytes, keep)) {
        case Chunks::Result::Going:
          return state;
        case Chunks::Result::Whole:
          return state = State::Whole;
        case Chunks::Result::TooLong:
          return too_long();
        case Chunks::Result::Malformed:
          return stop("failed: its answer is malformed between two chunks");
      }
    }
    keep(bytes);
    if (!length) return state;
    *length -= std::min<std::uint64_t>(*length, bytes.size());
    if (*length == 0) state = State::Whole;
    return state;
  }

  /// Interim answers are passed over (RFC 9110 §15.2). A switch of protocols, which nobody asked for, is an
  /// answer like any other, and has no end.
  void take_head() {
    const int code = static_cast<int>(parser->get().result_int());
    if (code < 200 && code != 101) return begin();
    status = code;
    chunked = parser->chunked();
    if (!chunked) length = to_std(parser->content_length());
    if (code == 101 || parser->is_done() || length == std::uint64_t{0}) state = State::Whole;
  }

  static std::optional<std::uint64_t> to_std(const boost::optional<std::uint64_t>& value) {
    return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
  }

  State end(bool in_order) {
    if (state != State::Going) return state;
    // Only a body without any other end ends with the connection.
    if (!in_order || status == 0 || chunked || length) return cut();
    return state = State::Whole;
  }

  std::optional<http::response_parser<http::empty_body>> parser;
  std::string pending;
  std::size_t head = 0;      ///< of all heads, interim ones included
  std::size_t searched = 0;  ///< of `pending`, for the end of a head
  int status = 0;            ///< 0: the final head has not come
  bool chunked = false;
  std::optional<std::uint64_t> length;  ///< of the body that is to come; nullopt: it is chunked, or not known
  Chunks chunks;
  std::string begun;  ///< the first bytes of the body
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

bool CheckAnswer::is_debugger() const { return reader_->status == 400 && reader_->begun == kInspectorSays; }

}  // namespace berth::backend
