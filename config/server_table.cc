#include "config/server_table.h"

namespace berth {

// Sources: each server's own manual and --help.
const std::vector<KnownServer>& server_table() {
  static const std::vector<KnownServer> servers = {
      {.name = "uvicorn",
       .programs = {"uvicorn"},
       .modules = {"uvicorn"},
       .port_options = {"--port"},
       .last_wins = true,
       .told_otherwise = {"--fd", "--uds"},
       .value_options = "--host --reload-dir --reload-include --reload-exclude --reload-delay --workers "
                        "--loop --http --ws --ws-max-size --ws-max-queue --ws-ping-interval "
                        "--ws-ping-timeout --ws-per-message-deflate --lifespan --interface --env-file "
                        "--log-config --log-level --root-path --limit-concurrency --backlog "
                        "--limit-max-requests --timeout-keep-alive --timeout-graceful-shutdown "
                        "--timeout-worker-healthcheck --ssl-keyfile --ssl-certfile "
                        "--ssl-keyfile-password --ssl-version --ssl-cert-reqs --ssl-ca-certs "
                        "--ssl-ciphers --header --app-dir --h11-max-incomplete-event-size "
                        "--forwarded-allow-ips"},
      {.name = "gunicorn",
       .programs = {"gunicorn"},
       .modules = {"gunicorn"},
       .port_options = {"--bind", "-b"},
       .port_value = "127.0.0.1:{port}",
       .value_options = "-c --config --backlog -w --workers -k --worker-class --threads "
                        "--worker-connections --max-requests --max-requests-jitter -t --timeout "
                        "--graceful-timeout --keep-alive --limit-request-line --limit-request-fields "
                        "--limit-request-field_size --reload-engine --reload-extra-file --chdir -e "
                        "--env -p --pid --worker-tmp-dir -u --user -g --group -m --umask "
                        "--access-logfile --access-logformat --error-logfile --log-file --log-level "
                        "--logger-class --log-config --log-config-json --log-syslog-to "
                        "--log-syslog-prefix --log-syslog-facility --statsd-host --dogstatsd-tags "
                        "--statsd-prefix -n --name --pythonpath --paste --paster --proxy-allow-from "
                        "--forwarded-allow-ips --keyfile --certfile --ssl-version --cert-reqs "
                        "--ca-certs --ciphers"},
      {.name = "hypercorn",
       .programs = {"hypercorn"},
       .modules = {"hypercorn"},
       .port_options = {"--bind", "-b"},
       .port_value = "127.0.0.1:{port}",
       .value_options = "--access-log --access-logfile --access-logformat --backlog --ca-certs "
                        "--certfile --cert-reqs --ciphers -c --config --error-log --error-logfile "
                        "--log-file --graceful-timeout -g --group -k --worker-class --keep-alive "
                        "--keyfile --keyfile-password --insecure-bind --log-config --log-level "
                        "--max-requests --max-requests-jitter -p --pid --quic-bind --read-timeout "
                        "--root-path --server-name --statsd-host --statsd-prefix -m --umask -u --user "
                        "--verify-mode --websocket-ping-interval -w --workers"},
      {.name = "flask",
       .programs = {"flask"},
       .modules = {"flask"},
       .subcommands = {"run"},
       .port_options = {"--port", "-p"},
       .last_wins = true,
       .value_options = "-e --env-file -A --app -h --host --cert --key --extra-files --exclude-patterns"},
      {.name = "http.server",
       .modules = {"http.server"},
       .positional = true,
       .value_options = "-d --directory -p --protocol -b --bind --tls-cert --tls-key "
                        "--tls-password-file",
       .extras = {{{"--bind", "-b"}, {"--bind", "127.0.0.1"}}}},
      {.name = "Django's runserver",
       .programs = {"manage.py", "django-admin"},
       .modules = {"django"},
       .subcommands = {"runserver"},
       .port_value = "127.0.0.1:{port}",
       .positional = true,
       .value_options = "-v --verbosity --settings --pythonpath --http_timeout "
                        "--websocket_handshake_timeout"},
      {.name = "vite",
       .programs = {"vite"},
       .port_options = {"--port"},
       .last_wins = true,
       .value_options = "--base -l --logLevel -c --config --configLoader -f --filter -m --mode",
       .extras = {{{"--strictPort"}, {"--strictPort"}}, {{"--host"}, {"--host", "127.0.0.1"}}},
       .below = {{"--base"}, {"--base", "{base}/"}}},
      {.name = "next",
       .programs = {"next"},
       .subcommands = {"dev"},
       .port_options = {"--port", "-p"},
       .last_wins = true,
       .value_options = "-H --hostname --keepAliveTimeout --experimental-https-key "
                        "--experimental-https-cert --experimental-https-ca --experimental-upload-trace",
       .extras = {{{"--hostname", "-H"}, {"--hostname", "127.0.0.1"}}},
       .caution = "two at once spoil each other's .next, so let its swaps stop the old one first (berth run "
                  "--swap stop-start, in the file swap = \"stop-start\"), or give each its "
                  "distDir"},
      {.name = "next",
       .programs = {"next"},
       .subcommands = {"start"},
       .port_options = {"--port", "-p"},
       .last_wins = true,
       .value_options = "-H --hostname --keepAliveTimeout --experimental-https-key "
                        "--experimental-https-cert --experimental-https-ca --experimental-upload-trace",
       .extras = {{{"--hostname", "-H"}, {"--hostname", "127.0.0.1"}}}},
      {.name = "rails",
       .programs = {"rails"},
       .subcommands = {"server", "s"},
       .port_options = {"-p", "--port"},
       .last_wins = true,
       .value_options = "-b --binding -P --pid -e --environment -c --config -u --using",
       .extras = {{{"-b", "--binding"}, {"-b", "127.0.0.1"}},
                  {{"-P", "--pid"}, {"-P", "tmp/pids/server-{port}.pid"}}}},
      {.name = "puma",
       .programs = {"puma"},
       .port_options = {"-b", "--bind"},
       .port_value = "tcp://127.0.0.1:{port}",
       .number_options = {"-p", "--port"},
       .told_otherwise = {"-C", "--config"},
       .value_options = "--control-url --control-token --dir -e --environment -I --include --pidfile "
                        "--redirect-stdout --redirect-stderr --restart-cmd -S --state -t --threads "
                        "--tag -w --workers"},
      {.name = "streamlit",
       .programs = {"streamlit"},
       .modules = {"streamlit"},
       .subcommands = {"run"},
       .port_options = {"--server.port"},
       .last_wins = true,
       .dotted_take_values = true,
       .extras = {{{"--server.address"}, {"--server.address", "127.0.0.1"}},
                  {{"--server.headless"}, {"--server.headless", "true"}}},
       .below = {{"--server.baseUrlPath"}, {"--server.baseUrlPath", "{base}"}},
       .ready_path = "/_stcore/health"},
      {.name = "jupyter",
       .programs = {"jupyter", "jupyter-server", "jupyter-lab", "jupyter-notebook"},
       .modules = {"jupyter", "jupyterlab", "notebook", "jupyter_server"},
       .port_options = {"--port", "--ServerApp.port"},
       .stray_port_options = {"--NotebookApp.port", "--LabApp.port"},
       .told_otherwise = {"--sock", "--ServerApp.sock"},
       .value_options = "--ip --notebook-dir --config --log-level --transport --keyfile --certfile "
                        "--client-ca --browser --port-retries --sock-mode --app-dir --preferred-dir "
                        "--gateway-url",
       .dotted_take_values = true,
       .extras = {{{"--ServerApp.port_retries", "--port-retries"}, {"--ServerApp.port_retries=0"}},
                  {{"--no-browser"}, {"--no-browser"}}},
       .below = {{"--ServerApp.base_url"}, {"--ServerApp.base_url={base}/"}}},
  };
  return servers;
}

}  // namespace berth
