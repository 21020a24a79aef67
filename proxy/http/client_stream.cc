#include "proxy/http/client_stream.h"

namespace berth::http {

using loop::IoResult;

namespace {

constexpr std::size_t kRead = 16 * 1024;  ///< room for one read behind pending bytes

}  // namespace

IoResult ClientStream::receive(std::string_view& view) {
  loop::Block* into = &pending_;
  if (pending_.empty()) {
    pending_.reset();
    into = &loop().scratch();
  } else {
    pending_.reserve(loop().blocks(), kRead);
  }
  const IoResult result = stream().read({into->tail(), into->room()});
  into->commit(result.bytes);
  view = into->view();
  return result;
}

void ClientStream::use(std::string_view view, std::size_t n) {
  if (!pending_.empty() && view.data() == pending_.data()) {
    pending_.consume(n);
    if (pending_.empty()) pending_.reset();
  } else {
    pending_.append(loop().blocks(), view.substr(n));
  }
}

}  // namespace berth::http
