#include "backend/demo/demo.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "backend/demo/facts.h"
#include "backend/demo/server.h"

namespace berth::demo {
namespace {

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::uint16_t port_of(const DemoOptions& options) {
  if (options.port) return *options.port;
  const auto text = from_environment("PORT", "0");
  char* end = nullptr;
  const auto number = std::strtoul(text.c_str(), &end, 10);
  if (*end != '\0' || number > 65535) throw std::runtime_error("PORT is not a port number: " + text);
  return static_cast<std::uint16_t>(number);
}

constexpr const char* kHelp =
    "usage: berth demo [--host HOST] [--port N] [--ready-after MS] [--exit-after MS]\n"
    "The demo server: a page that shows its generation, and endpoints to try things on.\n"
    "Its port is --port, else $PORT, else one that the system chooses and it prints.\n";

std::optional<std::uint32_t> number_of(const std::string& text, std::uint32_t limit) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > limit) return std::nullopt;
  return value;
}

/// False: `name` is no option, or `value` is not one of its values.
bool take_option(const std::string& name, const std::string& value, DemoOptions& options) {
  if (name == "--host") {
    options.host = value;
    return true;
  }
  const auto number = number_of(value, name == "--port" ? 65535 : 86'400'000);
  if (!number) return false;
  if (name == "--port") {
    options.port = static_cast<std::uint16_t>(*number);
  } else if (name == "--ready-after") {
    options.ready_after = std::chrono::milliseconds(*number);
  } else if (name == "--exit-after") {
    options.exit_after = std::chrono::milliseconds(*number);
  } else {
    return false;
  }
  return true;
}

}  // namespace

int demo_main(const DemoOptions& options) {
  try {
    boost::asio::io_context loop(1);
    Facts facts;
    facts.app = from_environment("BERTH_APP", "demo");
    facts.base = from_environment("BERTH_BASE", "");
    facts.generation = from_environment("BERTH_GENERATION", "");
    facts.pid = ::getpid();
    facts.ready_at = facts.started + options.ready_after;
    Server server(loop, facts);
    server.listen(options.host == "localhost" ? "127.0.0.1" : options.host, port_of(options));
    if (options.exit_after.count() > 0) server.end_after(options.exit_after);
    std::printf("demo: listening on http://%s:%u (pid %d)\n", options.host.c_str(),
                static_cast<unsigned>(facts.port), facts.pid);
    std::fflush(stdout);
    loop.run();
    std::printf("demo: %llu requests answered, ending\n", static_cast<unsigned long long>(facts.requests));
    return server.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
}

int demo_main(const std::vector<std::string>& arguments) {
  DemoOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    std::string value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (take_option(name, value, options)) continue;
    const std::string words = value.empty() ? name : name + " " + value;
    std::fprintf(stderr, "berth demo: '%s' is not understood\n%s", words.c_str(), kHelp);
    return 2;
  }
  return demo_main(options);
}

}  // namespace berth::demo
