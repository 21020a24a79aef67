// The rest of a large body with a length, in either direction: from socket to socket through a pipe, counted
// and not copied. What was received before goes first; what the other side does not take waits in the pipe,
// and nothing more is read meanwhile.
#include "proxy/http/exchange.h"

namespace berth::http {

using loop::IoResult;
using Status = loop::IoResult::Status;

/// The next piece of the response. False: it is to be read and copied.
bool Exchange::splice_response() {
  loop::Stream& from = upstream_->stream();
  if (!from.splices() || !client_.stream().splices()) return false;
  pipe_to_client_ = loop_.pipes().take();
  if (!pipe_to_client_.is_open()) return false;
  const IoResult result = from.read_into(pipe_to_client_, response_body_.left());
  if (result.status != Status::Done) {
    pipe_to_client_.reset();
    if (result.status != Status::Again) upstream_ended(result.status == Status::Error);
    return true;
  }
  response_body_.skip(result.bytes);
  body_sent_ += result.bytes;
  if (response_body_.done()) stage_ = Stage::Done;
  drain_pipe_to_client();
  return true;
}

void Exchange::drain_pipe_to_client() {
  while (!pipe_to_client_.empty()) {
    const IoResult result = client_.stream().write_from(pipe_to_client_);
    if (result.status == Status::Again) return;
    if (result.status == Status::Error) {
      verdict_ = Verdict::Gone;
      return;
    }
  }
  pipe_to_client_.reset();
}

/// The next piece of the request's body. False: it is to be read and copied.
bool Exchange::splice_request() {
  loop::Stream& from = client_.stream();
  if (!from.splices() || !upstream_->stream().splices()) return false;
  pipe_to_upstream_ = loop_.pipes().take();
  if (!pipe_to_upstream_.is_open()) return false;
  const IoResult result = from.read_into(pipe_to_upstream_, request_body_.left());
  if (result.status != Status::Done) {
    pipe_to_upstream_.reset();
    if (result.status != Status::Again) verdict_ = Verdict::Gone;  // it left before its request was whole
    return true;
  }
  request_body_.skip(result.bytes);
  body_bytes_ += result.bytes;
  drain_pipe_to_upstream();
  return true;
}

/// True: nothing waits in it.
bool Exchange::drain_pipe_to_upstream() {
  while (!pipe_to_upstream_.empty()) {
    const IoResult result = upstream_->stream().write_from(pipe_to_upstream_);
    if (result.status == Status::Again) return false;
    if (result.status == Status::Error) {
      write_failed(result.error);
      break;
    }
  }
  pipe_to_upstream_.reset();
  return true;
}

}  // namespace berth::http
