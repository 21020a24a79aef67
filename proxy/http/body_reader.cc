#include "proxy/http/body_reader.h"

#include <algorithm>

namespace berth::http {

void BodyReader::start(Framing framing, std::uint64_t length, std::size_t bound, Trailers trailers) {
  framing_ = framing;
  left_ = length;
  done_ = framing == Framing::None || (framing == Framing::Length && length == 0);
  if (framing == Framing::Chunked) walker_.start(bound, trailers);
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
  const BodyStep step = walker_.feed(bytes, data);
  done_ = walker_.done();
  return step;
}

bool BodyReader::end() {
  if (framing_ == Framing::Close) done_ = true;
  return done_;
}

}  // namespace berth::http
