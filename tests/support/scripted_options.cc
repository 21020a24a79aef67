#include "tests/support/scripted_options.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

namespace berth::test {

ScriptedOptions parse_scripted(int argc, char** argv) {
  ScriptedOptions o;
  if (const char* port = std::getenv("PORT")) o.port = static_cast<std::uint16_t>(std::atoi(port));
  const std::map<std::string, bool*> flags{
      {"--no-reuse", &o.no_reuse},         {"--elsewhere", &o.elsewhere},
      {"--never-listen", &o.never_listen}, {"--mute", &o.mute},
      {"--nonsense", &o.nonsense},         {"--close", &o.close},
      {"--ignore-term", &o.ignore_term},   {"--listen-then-exit", &o.listen_then_exit}};
  const std::map<std::string, int*> numbers{{"--ready-after", &o.ready_after_ms},
                                            {"--listen-after", &o.listen_after_ms},
                                            {"--status", &o.status},
                                            {"--exit", &o.exit_code},
                                            {"--exit-after", &o.exit_after_ms},
                                            {"--slow-term", &o.slow_term_ms},
                                            {"--idle-close", &o.idle_close_ms},
                                            {"--exit-after-requests", &o.exit_after_requests}};
  const std::map<std::string, std::string*> texts{
      {"--host", &o.host},     {"--name", &o.name},         {"--say", &o.say},
      {"--record", &o.record}, {"--pid-file", &o.pid_file}, {"--announce", &o.announce},
      {"--go", &o.go},         {"--reply", &o.reply},       {"--grandchild", &o.grandchild}};
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (const auto flag = flags.find(option); flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    if (i + 1 < argc) {
      const std::string value = argv[++i];
      if (const auto number = numbers.find(option); number != numbers.end()) {
        *number->second = std::atoi(value.c_str());
        continue;
      }
      if (const auto text = texts.find(option); text != texts.end()) {
        *text->second = value;
        continue;
      }
      if (option == "--port") {
        o.port = static_cast<std::uint16_t>(std::atoi(value.c_str()));
        continue;
      }
    }
    std::fprintf(stderr, "scripted_backend: what is %s?\n", option.c_str());
    std::exit(2);
  }
  return o;
}

}  // namespace berth::test
