#include "config/run_options.h"

#include "config/command_words.h"

namespace berth {

CLI::App* add_client(CLI::App& root, const std::string& name, const std::string& description,
                     Target& target) {
  CLI::App* app = root.add_subcommand(name, description);
  if (name == "stop" || name == "reload")
    app->add_option("ADDRESS", target.app, "an address of the berth meant")->type_name("");
  else if (name != "attach")
    app->add_option("APP", target.app,
                    "which app: its name, or an address of it (may be left out when there is one)")
        ->type_name("");
  add_valued_option(*app, "--control", target.control, "PATH", "the control socket of the berth meant");
  app->add_flag("--json", target.json, "the API's own objects instead of text");
  return app;
}

std::optional<ShowText> read_env_words(const std::vector<std::string>& words,
                                       std::map<std::string, std::string>& into, const std::string& verb) {
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return wrong_call("--env '" + word + "' is not K=V", verb);
    into[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return std::nullopt;
}

void add_run_options(CLI::App& app, RunVerb& run, std::vector<std::string>& env) {
  add_valued_option(app, "-l,--listen", run.listen, "ADDRESS",
                    "where users come to (127.0.0.1:8000), unix:/PATH or systemd; may be repeated");
  add_valued_option(app, "-c,--config", run.file, "FILE", "serve what this file says (berth.toml)");
  app.add_flag("--watch-config", run.watch_config, "reload when the file is written");
  add_valued_option(app, "--control", run.control, "PATH", "the control socket");
  add_valued_option(app, "--workers", run.workers, "N", "threads that serve (0: one per core)");
  add_valued_option(app, "--name", run.name, "NAME", "the app's name (app)");
  add_valued_option(app, "--dir", run.dir, "DIR", "the command's working directory");
  add_valued_option(app, "--env", env, "K=V", "adds to the command's environment; may be repeated");
  add_valued_option(app, "--port", run.port, "MODE",
                    "lease, fd, discover, unix or a number (by placeholders)");
  add_valued_option(app, "--external", run.external, "ADDRESS",
                    "a server that runs already, or `attach`: it comes later");
  add_valued_option(app, "--swap", run.swap, "ORDER",
                    "overlap, or stop-start for what cannot run twice (overlap)");
  add_valued_option(app, "--mode", run.mode, "MODE", "http, or tcp for what is not HTTP (http)");
  add_valued_option(app, "--user", run.user, "NAME", "whom the command runs as, where berth is root's");
  app.add_flag("--plain", run.plain, "leaves the command of a known server as it is");
  app.add_flag("--tty", run.tty, "gives the command a terminal of its own");
  add_valued_option(app, "--ready", run.ready, "CHECK",
                    "http=/path, tcp, listen, notify, log=REGEX or exec='CMD ARG' (http=/)");
  add_valued_option(app, "--ready-status", run.ready_status, "A-B", "the statuses that are ready (100-499)");
  add_valued_option(app, "--ready-host", run.ready_host, "HOST", "the Host of the check (localhost)");
  add_valued_option(app, "--ready-successes", run.ready_successes, "N",
                    "how often in a row it has to pass (1)");
  add_valued_option(app, "--ready-warm", run.ready_warm, "PATH",
                    "requested before the switch; may be repeated");
  add_valued_option(app, "--ready-timeout", run.ready_timeout, "TIME", "how long a start may take (30s)");
  add_valued_option(app, "--drain", run.drain, "TIME", "how long old requests may take (30s)");
  add_valued_option(app, "--stop-signal", run.stop_signal, "NAME", "asks the old backend to end (TERM)");
  add_valued_option(app, "--stop-to", run.stop_to, "main|group",
                    "who gets the signal first: the main process, or its whole group (main)");
  add_valued_option(app, "--stop-grace", run.stop_grace, "TIME", "then KILL comes (10s)");
  add_valued_option(app, "--max-retiring", run.max_retiring, "N", "old backends at once (4)");
  add_valued_option(app, "--limit", run.limits, "KEY=VALUE",
                    "any key of [app.NAME.limits] or [listener]; may be repeated");
  add_valued_option(app, "--trusted", run.trusted, "NETWORK",
                    "a proxy whose X-Forwarded-* are kept: 10.0.0.0/8, or unix; may be repeated");
  add_valued_option(app, "--log-format", run.log_format, "FORMAT",
                    "human, or json: an object a line (human)");
  add_valued_option(app, "--log-level", run.log_level, "LEVEL", "debug, info, warn or error (info)");
  app.add_option("--wait", run.wait, "wait for a busy address, at most this long (30s without a TIME)")
      ->expected(0, 1)
      ->type_name("[TIME]");
}

}  // namespace berth
