#include "proxy/http/error_reply.h"

#include "proxy/http/http_date.h"
#include "proxy/http/status_text.h"

namespace berth::http {
namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string page(const ErrorReply& reply) {
  const bool passing = reply.status == 502 || reply.status == 503 || reply.status == 504;
  const std::string title = std::to_string(reply.status) + " " + std::string(status_text(reply.status));
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  if (passing) html += "<meta http-equiv=\"refresh\" content=\"1\">";
  html += "<meta name=\"viewport\" content=\"width=device-width\"><title>" + title +
          "</title><style>"
          ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh "
          "auto;"
          "padding:0 1rem}h1{font-size:1.4rem}small{opacity:.7}</style></head><body><h1>" +
          title + "</h1><p>" + escape_html(reply.reason) + "</p><small>" +
          (passing ? "berth answers for the server behind it. This page reloads by itself."
                   : "berth answers for the server behind it.") +
          "</small></body></html>\n";
  return html;
}

}  // namespace

std::string write_error_reply(const ErrorReply& reply) {
  const std::string body = reply.html ? page(reply) : "berth: " + std::string(reply.reason) + "\n";
  std::string text =
      "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string(status_text(reply.status)) +
      "\r\nServer: berth\r\n" + std::string(HttpDate().line(HttpDate::Clock::now())) +
      "Content-Type: " + (reply.html ? "text/html" : "text/plain") +
      "; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (reply.retry_after_s > 0) text += "Retry-After: " + std::to_string(reply.retry_after_s) + "\r\n";
  if (!reply.request_id.empty()) text += "X-Request-Id: " + std::string(reply.request_id) + "\r\n";
  if (!reply.keep_alive) text += "Connection: close\r\n";
  text += "\r\n";
  if (!reply.to_head) text += body;
  return text;
}

}  // namespace berth::http
