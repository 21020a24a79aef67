#include "backend/demo/demo.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
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

}  // namespace

int demo_main(const DemoOptions& options) {
  try {
    boost::asio::io_context loop(1);
    Facts facts;
    facts.app = from_environment("BERTH_APP", "demo");
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

}  // namespace berth::demo
