// What `berth help VERB` and the manual page show as examples.
#include <utility>

#include "config/command_line.h"
#include "config/command_table.h"

namespace berth {
namespace {

constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
    {"run", R"(berth run -- uvicorn app:app             http://127.0.0.1:8000, a port of its own behind it
berth run -l 0.0.0.0:80 -- node server.js  for everybody; the server reads PORT
berth run                                what ./berth.toml says
berth run --ready http=/health -- ./app  ready when /health answers
berth run --swap stop-start -- ./app     for a server that cannot run twice
)"},
    {"exec", R"(berth exec -- uvicorn app:app ::: pytest  tests against BERTH_URL
berth exec --verbose -- ./app ::: curl -sf localhost  with the server's output
)"},
    {"swap", R"(berth swap                               the same command, a new generation
berth swap -- uvicorn other:app          another command, from this directory
berth swap web --env DEBUG=1             of the app `web`, with a variable more
berth swap --to 127.0.0.1:9000           to a server that runs already
berth swap --wait=switch                 do not wait for the old one's end
)"},
    {"restart", R"(berth restart                            the same command, a new generation
berth restart web --no-queue             or fail, when a swap runs already
)"},
    {"rollback", R"(berth rollback                           what served before, again
berth rollback web --wait=switch         of the app `web`; do not wait for the other one's end
)"},
    {"pause", R"(berth pause --max 30s                    new requests wait, for half a minute at most
berth pause web --message 'back at noon' who has waited too long is told
)"},
    {"resume", R"(berth resume                             those that waited go on
)"},
    {"reload", R"(berth reload                             what differs in the file, and nothing else
kill -HUP PID                            the same
)"},
    {"check", R"(berth check                              every fault of ./berth.toml, and what it describes
berth check --defaults > berth.toml      all keys, with what they mean
)"},
    {"init", R"(berth init                               a first ./berth.toml from what is found here
berth init -c site.toml --force          another name, even if it is there
)"},
    {"attach", R"(berth attach 9000                        the server on 127.0.0.1:9000
berth attach web unix:/run/web.sock      for the app `web`
)"},
    {"detach", R"(berth detach                             the app's own command again
berth detach --only 127.0.0.1:9000       only if that is what is attached
)"},
    {"cancel", R"(berth cancel                             the old backend serves on
)"},
    {"status", R"(berth status                             everything, once
berth status --watch                     the table, every second
berth status 127.0.0.1:8000              of several berths the one that listens there
berth status --json | jq .apps[0].state  for a script
)"},
    {"why", R"(berth why                                the last swap, in sentences
berth why web --json                     its report, for a script
)"},
    {"history", R"(berth history                            what has served, numbered
berth rollback --to 3                    one of it again
)"},
    {"logs", R"(berth logs -f                            all apps, as they write
berth logs web -n 20                     the last lines of one
berth logs --raw > app.log               with every byte that was written
)"},
    {"stop", R"(berth stop                               in order, whatever it takes
berth stop --timeout 10s                 but wait no longer than that
berth stop 127.0.0.1:8000                of several berths the one that listens there
)"},
    {"ls", R"(berth ls                                 which berths run, for whom and where
berth ls --json | jq .berths[].control   for a script
)"},
    {"port", R"(berth port 127.0.0.1:8000                free, or who has it
berth port 8000 --wait 20s && ./app      start when it is free
)"},
    {"load", R"(berth load http://127.0.0.1:8000/ --swaps 50 --html report.html
berth load http://127.0.0.1:8000/ -r 500 -d 1m --max-failed 0 --max-p99 50ms
berth load http://127.0.0.1:80/ -d 30s --each 5s -- nginx -s reload
berth load http://127.0.0.1:8000/ --mix get=80%,fresh=10%,post=10%@/echo,websocket=4@/ws
berth load --compare before.json after.json
)"},
    {"demo", R"(berth run -- berth demo                  a page that shows who answered
)"},
    {"completions", R"(source <(berth completions bash)         for this shell
berth completions fish > ~/.config/fish/completions/berth.fish
)"},
    {"help", R"(berth help swap                          a verb, with examples
berth help --man | man -l -              the manual
)"},
};

}  // namespace

std::string_view examples_of(std::string_view verb) {
  for (const auto& [name, text] : kExamples)
    if (name == verb) return text;
  return {};
}

std::string_view run_explanation() {
  return R"(berth run needs to know what to serve:

  berth run -- COMMAND ARG...      one app, for example: berth run -- python3 -m http.server {port}
  berth run -c berth.toml          what a file says (./berth.toml is found by itself)
  berth run --external ADDRESS     a server that runs already; `attach`: one that comes later
  berth run -- berth demo          a demo server, to look around

Users come to 127.0.0.1:8000 unless -l HOST:PORT says otherwise; `berth swap` then brings in the next server.
)";
}

}  // namespace berth
