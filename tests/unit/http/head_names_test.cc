// Which names of fields berth has business with.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proxy/http/field_text.h"
#include "proxy/http/head.h"

using namespace berth;
using namespace berth::http;

TEST_CASE("head: the names that berth has business with are known in any case, and no others") {
  struct Name {
    std::string name;
    FieldTag tag;
  };
  const std::vector<Name> names = {
      {"accept", FieldTag::Accept},
      {"connection", FieldTag::Connection},
      {"content-length", FieldTag::ContentLength},
      {"expect", FieldTag::Expect},
      {"forwarded", FieldTag::Forwarded},
      {"host", FieldTag::Host},
      {"keep-alive", FieldTag::KeepAlive},
      {"proxy-connection", FieldTag::ProxyConnection},
      {"x-request-id", FieldTag::RequestId},
      {"te", FieldTag::Te},
      {"transfer-encoding", FieldTag::TransferEncoding},
      {"upgrade", FieldTag::Upgrade},
      {"date", FieldTag::Date},
      {"via", FieldTag::Via},
      {"x-real-ip", FieldTag::RealIp},
      {"x-forwarded-for", FieldTag::XForwardedFor},
      {"x-forwarded-host", FieldTag::XForwardedHost},
      {"x-forwarded-prefix", FieldTag::XForwardedPrefix},
      {"x-forwarded-proto", FieldTag::XForwardedProto},
      {"x-forwarded-port", FieldTag::XForwarded},
      {"x_forwarded_proto", FieldTag::Folded},
      {"x-forwarded-client_cert", FieldTag::Folded},
      {"x.real~ip", FieldTag::Folded},
      {"x_request-id", FieldTag::Folded},
  };
  for (const Name& each : names) {
    const std::string& name = each.name;
    const FieldTag tag = each.tag;
    CAPTURE(name);
    CHECK(tag_of(name) == tag);
    std::string upper = name;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    CHECK(tag_of(upper) == tag);
    // One octet changed, missing or too many makes it another name: those of the table, and what begins as
    // x-forwarded-, apart. Another one for a hyphen of what berth tells of a client is another spelling.
    const bool open = name.size() > 12 && name.starts_with("x") && name.substr(2, 9) == "forwarded";
    if (open || tag == FieldTag::Folded) continue;
    for (std::size_t at = 0; at < name.size(); ++at)
      for (const char c : std::string("!#$%&'*+-.^_`|~09azAZ")) {
        std::string other = name;
        other[at] = c;
        const bool alphanumeric = (c >= '0' && c <= '9') || (c | 0x20) >= 'a';
        const bool spelling =
            name.starts_with("x-") && name[at] == '-' && (!alphanumeric || (c | 0x20) > 'z');
        if ((c | 0x20) != name[at] && c != name[at])
          CHECK(tag_of(other) == (spelling ? FieldTag::Folded : FieldTag::Other));
      }
    CHECK(tag_of(name + "s") == FieldTag::Other);
    CHECK(tag_of(name.substr(1)) == FieldTag::Other);
    CHECK(tag_of(name.substr(0, name.size() - 1)) == FieldTag::Other);
  }
}

TEST_CASE("head: Accept lists an event stream by its whole name, wherever in the list and in any case") {
  struct Case {
    const char* accept;
    bool listed;
  };
  for (const Case& each : {
           Case{"text/event-stream", true},
           Case{"application/signed-exchange;v=b3;q=0.7, TEXT/Event-Stream ; q=0.1", true},
           Case{"x-text/event-stream, text/event-stream", true},
           Case{"x/text/event-stream", false},
           Case{"text/event-streams", false},
           Case{"event-stream", false},
           Case{"text/html;a=text/event-stream", false},
           Case{"text/html,application/xhtml+xml,*/*;q=0.8,application/signed-exchange;v=b3", false},
           Case{"-", false},
           Case{"", false},
       }) {
    const std::string accept = each.accept;
    CAPTURE(accept);
    RequestHead head;
    HeadError error;
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nAccept: " + accept + "\r\n\r\n";
    REQUIRE(read_request_head(text, HeadLimits{}, head, error) == HeadResult::Complete);
    CHECK(head.accepts_events == each.listed);
  }
}
