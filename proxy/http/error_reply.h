// The replies that berth makes itself: one file writes them, so that all say whose they are and what to do.
#pragma once

#include <string>
#include <string_view>

namespace berth::http {

struct ErrorReply {
  int status = 502;
  std::string_view reason;  ///< one sentence, in our words
  bool html = false;        ///< a browser asks: a page that reloads by itself for 502, 503 and 504
  bool keep_alive = false;
  bool to_head = false;           ///< no body behind it
  int retry_after_s = 0;          ///< 0: no field
  std::string_view request_id{};  ///< empty: no field
};

/// The whole reply, head and body.
std::string write_error_reply(const ErrorReply& reply);

}  // namespace berth::http
