#include "proxy/http/error_reply.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy/http/status_text.h"

using namespace berth::http;

TEST_CASE("error reply: says whose it is, why, and when to come back") {
  const std::string text = write_error_reply({.status = 503, .reason = "no server", .retry_after_s = 1});
  CHECK(text.starts_with("HTTP/1.1 503 Service Unavailable\r\nServer: berth\r\n"));
  CHECK(text.find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(text.find("Connection: close\r\n") != std::string::npos);
  CHECK(text.ends_with("berth: no server\n"));
}

TEST_CASE("error reply: a browser gets a page that reloads by itself, with the reason escaped") {
  const std::string text =
      write_error_reply({.status = 502, .reason = "<gone>", .html = true, .keep_alive = true});
  CHECK(text.find("http-equiv=\"refresh\"") != std::string::npos);
  CHECK(text.find("&lt;gone&gt;") != std::string::npos);
  CHECK(text.find("Connection:") == std::string::npos);
}

TEST_CASE("error reply: to HEAD there is a length and no body") {
  const std::string text = write_error_reply({.status = 400, .reason = "x", .to_head = true});
  CHECK(text.find("Content-Length: 9\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("error reply: every status has its own phrase, in the status line and in the heading") {
  for (const int status : {400, 404, 408, 414, 421, 431, 501, 502, 503, 504, 505, 508}) {
    CAPTURE(status);
    const std::string line = std::to_string(status) + " " + std::string(status_text(status));
    CHECK(write_error_reply({.status = status, .reason = "x"}).starts_with("HTTP/1.1 " + line + "\r\n"));
    CHECK(write_error_reply({.status = status, .reason = "x", .html = true}).find("<h1>" + line + "</h1>") !=
          std::string::npos);
    CHECK(status_text(status).find("Error") == std::string_view::npos);
  }
  CHECK(status_text(404) == "Not Found");
  CHECK(status_text(421) == "Misdirected Request");
  CHECK(status_text(508) == "Loop Detected");
  CHECK(status_text(499) == "Client Error");
  CHECK(status_text(599) == "Server Error");
}
