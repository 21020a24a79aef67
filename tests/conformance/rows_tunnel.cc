// Upgrades: a tunnel after a real 101 to a real upgrade, and none otherwise.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

// RFC 6455 §1.3's own example.
const std::string kKey = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const std::string kUpgrade = start() + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + kKey + "\r\n";
const std::string kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + kAccept + "\r\n";

Row tunnel(const std::string& name, Steps client, Steps backend, Want want,
           const std::string& source = "RFC 9110 §7.8") {
  return {.name = name,
          .source = source,
          .client = std::move(client),
          .backend = std::move(backend),
          .want = std::move(want)};
}
/// A 101 that is none.
Row bad_switch(const std::string& name, const std::string& fields) {
  return tunnel(
      name, {say(kUpgrade)},
      {whole_request(), say("HTTP/1.1 101 Switching Protocols\r\n" + fields + kAccept + "\r\nevil")},
      {.status = 502, .ends = Ends::Any, .withheld = {"evil"}});
}
/// Of a tunnel: what went through it lies behind the request at the backend.
Want through(std::vector<std::string> passed, std::vector<std::string> answered, Ends ends = Ends::Closed) {
  passed.push_back("Upgrade: websocket\r\n");
  answered.push_back("HTTP/1.1 101 ");
  return {.status = 0,
          .ends = ends,
          .reaches = Reaches::Any,
          .requests = 1,
          .passed = std::move(passed),
          .answered = std::move(answered)};
}

}  // namespace

Group tunnel_rows() {
  return {
      "Upgrades",
      "A tunnel only after a real 101 to a real upgrade; bytes glued to either head are kept; either side "
      "may finish first.",
      {
          tunnel("bytes both ways, the backend ends first",
                 {say(kUpgrade), hear("\r\n\r\n"), say("ping"), hear("pong"), hear("bye"), finish()},
                 {whole_request(), say(kSwitch), hear("ping"), say("pong"), say("bye"), finish()},
                 through({"\r\n\r\nping"}, {"\r\n\r\npongbye", "Upgrade: websocket\r\n"})),
          tunnel("the client ends first, and hears on",
                 {say(kUpgrade), hear("\r\n\r\n"), say("ping"), finish()},
                 {whole_request(), say(kSwitch), hear("ping"), say("pong"), finish()},
                 through({"\r\n\r\nping"}, {"\r\n\r\npong"})),
          tunnel("the backend ends first, and hears on",
                 {say(kUpgrade), hear("bye"), say("still here"), backend_done(), finish()},
                 {whole_request(), say(kSwitch + "bye"), finish(), hear("still here")},
                 through({"still here"}, {"bye"})),
          tunnel("bytes glued to the backend's head", {say(kUpgrade), hear("glued"), finish()},
                 {whole_request(), say(kSwitch + "glued"), finish()}, through({}, {"\r\n\r\nglued"})),
          tunnel("bytes glued to the client's head", {say(kUpgrade + "glued"), hear("heard"), finish()},
                 {whole_request(), say(kSwitch), hear("\r\n\r\nglued"), say("heard"), finish()},
                 through({"\r\n\r\nglued"}, {"heard"})),
          tunnel("a tunnel carries any bytes",
                 {say(kUpgrade), hear("\r\n\r\n"), say(bytes("\0\r\n\r\nGET /raw HTTP/1.1\r\n\n\xff")),
                  hear("heard"), finish()},
                 {whole_request(), say(kSwitch), hear(bytes("\0\r\n\r\nGET /raw HTTP/1.1\r\n\n\xff")),
                  say("heard"), finish()},
                 through({}, {"heard"})),
          tunnel("an upgrade that was not taken", {say(kUpgrade)}, {whole_request(), say(kOk)},
                 {.answer = "ok", .passed = {"Upgrade: websocket\r\n"}}),
          tunnel("an upgrade that was not taken, with a request behind it",
                 {say(kUpgrade + "GET /again HTTP/1.1\r\nHost: a\r\n\r\n"), hear("ok"), hear("\r\n\r\nok")},
                 {whole_request(), say(kOk)}, {.requests = 2, .answer = "ok"}),
          tunnel(
              "another protocol of several",
              {say(start() + "Connection: upgrade\r\nUpgrade: websocket, chat\r\n" + kKey + "\r\n"),
               hear("glued"), finish()},
              {whole_request(),
               say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: CHAT\r\n\r\nglued"),
               finish()},
              {.status = 0, .ends = Ends::Closed, .reaches = Reaches::Any, .answered = {"\r\n\r\nglued"}}),
          tunnel("an upgrade with a body",
                 {say(start("POST") + "Connection: upgrade\r\nUpgrade: websocket\r\n" + kKey +
                      "Content-Length: 5\r\n\r\nhello"),
                  hear("\r\n\r\n"), say("ping"), hear("pong"), finish()},
                 {whole_request(), say(kSwitch), hear("ping"), say("pong"), finish()},
                 through({"\r\n\r\nhelloping"}, {"pong"})),
          bad_switch("a 101 without Upgrade", "Connection: upgrade\r\n"),
          bad_switch("a 101 without its option", "Upgrade: websocket\r\n"),
          bad_switch("a 101 to what was not asked for", "Connection: upgrade\r\nUpgrade: other\r\n"),
          tunnel("a 101 to the option alone", {say(start() + "Connection: upgrade\r\n\r\n")},
                 {whole_request(), say(kSwitch + "evil")},
                 {.status = 502, .ends = Ends::Any, .withheld = {"evil"}}),
          tunnel("a 101 to Upgrade alone", {say(start() + "Upgrade: websocket\r\n\r\n")},
                 {whole_request(), say(kSwitch + "evil")},
                 {.status = 502, .ends = Ends::Any, .withheld = {"evil"}}),
          tunnel("a 101 to an upgrade to h2c", {say(start() + "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n")},
                 {whole_request(),
                  say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nevil")},
                 {.status = 502, .ends = Ends::Any, .withheld = {"evil"}}, "RFC 9113 §3.1"),
          tunnel("a 101 in HTTP/1.0",
                 {say("GET /here HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")},
                 {whole_request(), say(kSwitch + "evil")},
                 {.status = 502, .ends = Ends::Any, .withheld = {"evil"}}),
          tunnel("a 103 before the 101", {say(kUpgrade), hear("glued"), finish()},
                 {whole_request(), say("HTTP/1.1 103 Early Hints\r\n\r\n" + kSwitch + "glued"), finish()},
                 through({}, {"HTTP/1.1 103", "glued"})),
      }};
}

}  // namespace berth::test
