// README's recipes for a proxy in front of berth, with the real nginx and the real Caddy, over TLS.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The block of README that is fenced as `language`.
std::string recipe(const std::string& language) {
  const std::string readme = read_file(BERTH_README);
  const std::string fence = "```" + language + "\n";
  const std::size_t begin = readme.find(fence);
  REQUIRE(begin != std::string::npos);
  return readme.substr(begin + fence.size(), readme.find("```", begin + fence.size()) - begin - fence.size());
}

/// `text` with `from` as `to`; a recipe without `from` is not the one that is meant.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

/// The scripted backend behind berth, which believes the proxy that connects from 127.0.0.1.
BerthOptions trusting() {
  return {
      .file =
          "[front.log]\naccess = \"access.log\"\n[listener.\"127.0.0.1:0\"]\ntrusted = [\"127.0.0.1/32\"]\n"
          "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " +
          scripted_toml() + "\n"};
}

/// A user at 127.0.0.2, who says that he is somebody else, asks the proxy for shop.example.
CommandResult ask(std::uint16_t port, const std::string& path) {
  const std::string number = std::to_string(port);
  return run_command({.command = {"curl", "-sSk", "--interface", "127.0.0.2", "--resolve",
                                  "shop.example:" + number + ":127.0.0.1", "-H", "X-Forwarded-For: 6.6.6.6",
                                  "-H", "X-Real-IP: 6.6.6.6", "-H", "X_Forwarded_For: 6.6.6.6",
                                  "https://shop.example:" + number + path}});
}

void check_told(BerthProcess& berth, std::uint16_t port, const std::string& host) {
  REQUIRE(wait_until([&] { return ask(port, "/").exit_code == 0; }, 30s));
  const CommandResult head = ask(port, "/head");
  INFO(head.all());
  for (const std::string& line :
       {std::string("X-Forwarded-For: 127.0.0.2, 127.0.0.1\r\n"), std::string("X-Forwarded-Proto: https\r\n"),
        "X-Forwarded-Host: " + host + "\r\n"}) {
    CAPTURE(line);
    CHECK(has(head.out, line));
  }
  CHECK_FALSE(has(head.out, "6.6.6.6"));
  CHECK(wait_until([&] { return has(read_file(berth.dir() / "access.log"), "127.0.0.2 - - ["); }));
}

}  // namespace

TEST_CASE("behind nginx: README's recipe tells the backend the user's address, https and the host") {
  const TempDir dir;
  BerthProcess berth(trusting());
  REQUIRE(berth.wait_serving());
  // Held without listening, it is nginx's alone: both set SO_REUSEADDR.
  const HeldSocket lease({.reuse_address = true, .listening = false});
  const auto made = run_command({.command = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shop.example",
                                             "-days", "2", "-keyout", dir / "key", "-out", dir / "pem"}});
  REQUIRE_MESSAGE(made.exit_code == 0, made.all());
  std::string server =
      with(recipe("nginx"), "listen 443 ssl", "listen 127.0.0.1:" + std::to_string(lease.port()) + " ssl");
  server = with(server, "/etc/ssl/shop.example.pem", dir / "pem");
  server = with(server, "/etc/ssl/shop.example.key", dir / "key");
  server = with(server, "127.0.0.1:8000", "127.0.0.1:" + std::to_string(berth.port()));
  std::string temporary;
  for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += std::string(each) + "_temp_path " + (dir / each) + ";\n";
  write_file(dir / "nginx.conf", "daemon off;\npid " + (dir / "pid") +
                                     ";\nerror_log stderr;\nevents {}\nhttp {\n" + "access_log off;\n" +
                                     temporary + server + "}\n");
  {
    ChildProcess nginx({.command = {"nginx", "-c", dir / "nginx.conf", "-e", "stderr"}});
    check_told(berth, lease.port(), "shop.example");
    nginx.signal(SIGTERM);
    CHECK(nginx.wait_exit(10s) == ExitStatus{false, 0});
  }
  check_clean_stop(berth);
}

TEST_CASE("behind Caddy: README's recipe tells the backend the user's address, https and the host") {
  const TempDir dir;
  BerthProcess berth(trusting());
  REQUIRE(berth.wait_serving());
  const HeldSocket lease({.reuse_address = true, .listening = false});
  const std::string number = std::to_string(lease.port());
  std::string site = with(recipe("caddyfile"), "shop.example {",
                          "https://shop.example:" + number + " {\n    bind 127.0.0.1\n    tls internal");
  site = with(site, "127.0.0.1:8000", "127.0.0.1:" + std::to_string(berth.port()));
  write_file(dir / "Caddyfile",
             "{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n}\n" + site);
  {
    ChildProcess caddy(
        {.command = {"caddy", "run", "--config", dir / "Caddyfile", "--adapter", "caddyfile"},
         .env = {{"HOME", dir.path()}, {"XDG_DATA_HOME", dir.path()}, {"XDG_CONFIG_HOME", dir.path()}}});
    check_told(berth, lease.port(), "shop.example:" + number);
    caddy.signal(SIGTERM);
    CHECK(caddy.wait_exit(10s) == ExitStatus{false, 0});
  }
  check_clean_stop(berth);
}
