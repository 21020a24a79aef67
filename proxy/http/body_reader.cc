#include "proxy/http/body_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/none.hpp>

#include "proxy/http/field_text.h"

namespace berth::http {

namespace beast = boost::beast;
using beast::http::field;
using ErrorCode = beast::error_code;

namespace {

/// What berth tells a backend of its client.
bool names_ours(beast::string_view name) {
  const std::string_view text(name.data(), name.size());
  return is_forwarding_name(text) || is_request_id_name(text);
}

}  // namespace

/// Beast's parser, put behind a head of two lines that says `chunked`: the way to its chunk grammar.
class ChunkWalker final : public beast::http::basic_parser<true> {
 public:
  ChunkWalker(std::size_t bound, Trailers whose) : bound_(bound), whose_(whose) {
    static constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    body_limit(boost::none);
    ErrorCode ec;
    put(boost::asio::const_buffer(kHead.data(), kHead.size()), ec);
    header_limit(kTrailerLimit);
    eager(true);
    in_body_ = true;
  }

  BodyStep feed(std::string_view bytes, std::string* data) {
    // Outside of a chunk's data nothing shorter than "0\\r\\n\\r\\n" can be whole, and Beast takes that for
    // granted.
    if (left_ == 0 && bytes.size() < kShortest) return {};
    begin_ = bytes.data();
    data_ = data;
    ErrorCode ec;
    const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec && ec != beast::http::error::need_more) return {0, true};
    return {used, false};
  }

  bool behind_chunk() const { return behind_chunk_; }

 private:
  static constexpr std::uint32_t kTrailerLimit = 64 * 1024;
  static constexpr std::size_t kShortest = 5;
  static constexpr unsigned kTrailerFields = 128;

  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, ErrorCode&) override {}
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override { return body.size(); }
  void on_finish_impl(ErrorCode&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    left_ -= body.size();
    behind_chunk_ = left_ == 0;
    if (data_ != nullptr) data_->append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t size, beast::string_view extensions, ErrorCode& ec) override {
    if (extensions.size() > bound_) ec = beast::http::error::bad_chunk_extension;
    for (const char c : extensions)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
        ec = beast::http::error::bad_chunk_extension;
    left_ = size;
    behind_chunk_ = false;
    // 16 digits can hold every size; more are zeros, which another reader may take for something else.
    const char* digit = extensions.data();
    while (digit > begin_ && std::isxdigit(static_cast<unsigned char>(digit[-1])) != 0) --digit;
    if (extensions.data() - digit > 16) ec = beast::http::error::bad_chunk;
  }

  void on_field_impl(field known, beast::string_view name, beast::string_view value, ErrorCode& ec) override {
    if (!in_body_) return;
    // RFC 9110 §6.5.1: what frames or routes a message has no place behind it.
    switch (known) {
      case field::authorization:
      case field::connection:
      case field::content_encoding:
      case field::content_length:
      case field::content_range:
      case field::content_type:
      case field::host:
      case field::keep_alive:
      case field::proxy_connection:
      case field::te:
      case field::trailer:
      case field::transfer_encoding:
      case field::upgrade:
        ec = beast::http::error::bad_field;
        return;
      case field::expect:
      case field::forwarded:
        if (whose_ == Trailers::OfClient) ec = beast::http::error::bad_field;
        break;
      case field::unknown:
        if (whose_ == Trailers::OfClient && names_ours(name)) ec = beast::http::error::bad_field;
        break;
      default:
        break;
    }
    trailer_bytes_ += name.size() + value.size() + 4;
    if (trailer_bytes_ > bound_) ec = beast::http::error::header_limit;
    const char* between = name.data() + name.size() + 1;
    if (value.data() < between || value.data() > between + kTrailerLimit) ec = beast::http::error::bad_field;
    for (const char* p = between; !ec && p < value.data(); ++p)
      if (*p != ' ' && *p != '\t') ec = beast::http::error::bad_field;
    if (++trailers_ > kTrailerFields) ec = beast::http::error::bad_field;
  }

  std::uint64_t left_ = 0;     ///< of the current chunk's data
  bool behind_chunk_ = false;  ///< only its line end is missing
  const char* begin_ = nullptr;
  std::string* data_ = nullptr;
  const std::size_t bound_;
  const Trailers whose_;
  std::size_t trailer_bytes_ = 0;
  unsigned trailers_ = 0;
  bool in_body_ = false;
};

BodyReader::BodyReader() = default;
BodyReader::~BodyReader() = default;
BodyReader::BodyReader(BodyReader&&) noexcept = default;
BodyReader& BodyReader::operator=(BodyReader&&) noexcept = default;

void BodyReader::start(Framing framing, std::uint64_t length, std::size_t bound, Trailers trailers) {
  framing_ = framing;
  left_ = length;
  bound_ = bound;
  trailers_ = trailers;
  done_ = framing == Framing::None || (framing == Framing::Length && length == 0);
  if (framing == Framing::Chunked)
    walker_ = std::make_unique<ChunkWalker>(bound_, trailers_);
  else
    walker_.reset();
}

BodyStep BodyReader::feed(std::string_view bytes, std::string* data) {
  if (done_ || bytes.empty()) return {};
  switch (framing_) {
    case Framing::None:
      return {};
    case Framing::Length: {
      const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      left_ -= take;
      done_ = left_ == 0;
      return {take, false};
    }
    case Framing::Close:
      return {bytes.size(), false};
    case Framing::Chunked:
      break;
  }
  BodyStep step = walker_->feed(bytes, data);
  if (step.bad) return step;
  done_ = walker_->is_done();
  if (!done_ && walker_->behind_chunk() && bytes.substr(step.take).starts_with("\r\n")) {
    // Beast takes a chunk's line end only with the next chunk. A reader that waits for it would get every
    // piece of a stream one piece late, so it goes out now; behind it the grammar is that of a first chunk
    // again.
    step.take += 2;
    walker_ = std::make_unique<ChunkWalker>(bound_, trailers_);
  }
  // What it waits to see whole is one line, or the trailer section.
  if (!done_ && bytes.size() - step.take > bound_) return {0, true};
  return step;
}

bool BodyReader::end() {
  if (framing_ == Framing::Close) done_ = true;
  return done_;
}

}  // namespace berth::http
