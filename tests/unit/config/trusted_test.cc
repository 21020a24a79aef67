#include "config/trusted.h"

#include <doctest/doctest.h>

#include <string>

#include "config/config_change.h"
#include "config/toml_file.h"
#include "config/whole_listeners.h"

namespace berth {
namespace {

FileResult read(const std::string& keys) {
  return parse_toml("[listener.\"127.0.0.1:8000\"]\n" + keys +
                        "\n[app.web]\nlisten = \"127.0.0.1:8000\"\ncommand = [\"a\"]\n",
                    {.name = "berth.toml", .dir = "/srv", .variables = {}});
}

}  // namespace

TEST_CASE("trusted: networks, addresses and the peers of a unix socket") {
  const TrustedPeers peers = trusted_peers({"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "unix"});
  for (const char* peer :
       {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::1", "2001:db8:ffff::", "unix:"}) {
    CAPTURE(std::string(peer));
    CHECK(peers.has(peer));
  }
  for (const char* peer : {"9.255.255.255", "11.0.0.0", "192.0.2.8", "2001:db9::1", "::1", "", "unix",
                           "10.0.0", "10.0.0.1:80", "x"}) {
    CAPTURE(std::string(peer));
    CHECK_FALSE(peers.has(peer));
  }
}

TEST_CASE("trusted: an IPv4 address and its IPv6 form are one, and nobody is trusted without a word") {
  CHECK(trusted_peers({"10.0.0.0/8"}).has("::ffff:10.1.2.3"));
  CHECK(trusted_peers({"0.0.0.0/0"}).has("8.8.8.8"));
  CHECK_FALSE(trusted_peers({"0.0.0.0/0"}).has("2001:db8::1"));
  CHECK(trusted_peers({"::/0"}).has("8.8.8.8"));
  CHECK_FALSE(trusted_peers({"::/0"}).has("unix:"));
  CHECK(trusted_peers({}).empty());
  CHECK_FALSE(trusted_peers({}).has("127.0.0.1"));
  CHECK_FALSE(trusted_peers({}).has("unix:"));
}

TEST_CASE("trusted: what is no network is told with what to write instead") {
  const auto wrong = [](const char* word) { return TrustedPeers().add(word).value_or(""); };
  CHECK(wrong("10.0.0.0/8").empty());
  CHECK(
      wrong("localhost") ==
      "'localhost' is not a network; write \"127.0.0.1/32\", \"10.0.0.0/8\", \"2001:db8::/32\" or \"unix\"");
  CHECK(wrong("10.0.0.0/33") ==
        "'10.0.0.0/33' has no network size from 0 to 32 after its slash; write \"10.0.0.0/32\" for this one "
        "address");
  CHECK(wrong("::1/129").find("from 0 to 128") != std::string::npos);
  CHECK(wrong("10.0.0.0/").find("no network size") != std::string::npos);
  CHECK(wrong("10.0.0.0/8x").find("no network size") != std::string::npos);
  CHECK(wrong("10.1.2.3/8") == "'10.1.2.3/8' has bits set outside of its network; write \"10.0.0.0/8\"");
  CHECK(wrong("2001:db8::1/32") ==
        "'2001:db8::1/32' has bits set outside of its network; write \"2001:db8::/32\"");
}

TEST_CASE("trusted: the file takes one word or a list, and a wrong one has its place") {
  CHECK(read("trusted = \"unix\"").config.listeners.at(0).trusted == std::vector<std::string>{"unix"});
  const FileResult two = read("trusted = [\"127.0.0.1/32\", \"::1/128\"]");
  CHECK(two.errors.empty());
  CHECK(two.config.listeners.at(0).trusted.size() == 2);
  const FileResult wrong = read("trusted = [\"10.0.0.0/8\", \"10.0.0.1/8\"]");
  REQUIRE(wrong.errors.size() == 1);
  CHECK(wrong.errors[0].text() ==
        "berth.toml:2:11: '10.0.0.1/8' has bits set outside of its network; write \"10.0.0.0/8\"");
}

TEST_CASE("trusted: each address of a list has its own, by a table of its name") {
  for (const char* listen :
       {"[\"127.0.0.1:8000\", \"unix:/run/a.sock\"]", "\"127.0.0.1:8000, unix:/run/a.sock\""}) {
    CAPTURE(std::string(listen));
    const FileResult two = parse_toml(std::string("[listener.\"unix:/run/a.sock\"]\ntrusted = \"unix\"\n") +
                                          "[app.web]\ncommand = [\"x\"]\nlisten = " + listen,
                                      {"berth.toml", "/", {}});
    CHECK(two.errors.empty());
    REQUIRE(two.config.listeners.size() == 2);
    for (const ListenerConfig& listener : two.config.listeners) {
      const bool socket = listener.text == "unix:/run/a.sock";
      CHECK(listener.trusted == (socket ? std::vector<std::string>{"unix"} : std::vector<std::string>{}));
      CHECK(listener.addresses.size() == 1);
      CHECK(listener.listen == two.config.apps.at(0).listen);
    }
    CHECK(whole_listeners(two.config.listeners).at(0).addresses.size() == 2);
  }
}

TEST_CASE("trusted: a table that names a whole list, or no address that is listened on, is one fault") {
  const auto faults = [](const std::string& name) {
    const FileResult read = parse_toml("[listener.\"" + name +
                                           "\"]\n[app.web]\ncommand = [\"x\"]\nlisten = [\"127.0.0.1:8000\", "
                                           "\"127.0.0.1:8001\"]",
                                       {"berth.toml", "/", {}});
    std::string text;
    for (const ConfigError& error : read.errors) text += error.text() + "\n";
    return text;
  };
  CHECK(faults("127.0.0.1:8001").empty());
  CHECK(faults("127.0.0.1:8000,127.0.0.1:8001") ==
        "berth.toml:1:1: no app listens on '127.0.0.1:8000,127.0.0.1:8001'; each address has a table of its "
        "own: "
        "write [listener.\"127.0.0.1:8000\"]\n");
  CHECK(faults("0.0.0.0:8000") ==
        "berth.toml:1:1: no app listens on '0.0.0.0:8000'; its name is one address of an app's listen, "
        "letter by "
        "letter\n");
}

TEST_CASE("trusted: a reload finds the change") {
  const Config before = read("").config;
  const Config after = read("trusted = \"unix\"").config;
  CHECK(compare(before, after).listeners == std::vector<std::string>{"listener.\"127.0.0.1:8000\".trusted"});
  CHECK(compare(after, after).listeners.empty());
}

}  // namespace berth
