#include "backend/demo/page.h"

#include <array>
#include <cstdio>

#include "config/json_text.h"

namespace berth::demo {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<link rel="icon" href="data:,">
<script>
// The links are relative to the directory that this page is, also where its URL does not end with a slash.
if (!location.pathname.endsWith("/")) {
  const base = document.createElement("base");
  base.href = location.pathname + "/";
  document.head.append(base);
}
</script>
<style>
:root { color-scheme: light dark; --ink:#16202b; --soft:#52606d; --ground:#f5f7f9; --card:#fff; --line:#d6dde4;
  --accent:#0b63a5; --bad:#b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink:#e8eef4; --soft:#9fb0c0; --ground:#0f151b; --card:#18212a;
  --line:#2c3945; --accent:#6cb8f6; --bad:#ff8a80; } }
* { box-sizing: border-box; }
body { margin:0; font:16px/1.5 system-ui, sans-serif; color:var(--ink); background:var(--ground); }
main { max-width:44rem; margin:0 auto; padding:2rem 1rem 3rem; }
h1 { font-size:1.1rem; font-weight:600; margin:0 0 1rem; }
h2 { font-size:1rem; margin:0 0 .5rem; }
section { background:var(--card); border:1px solid var(--line); border-radius:.75rem; padding:1.25rem;
  margin-bottom:1rem; }
.now { display:flex; flex-wrap:wrap; gap:1rem 2.5rem; align-items:center; }
.number { font-size:4.5rem; line-height:1; font-weight:700; color:var(--accent); font-variant-numeric:tabular-nums; }
.number small { display:block; font-size:.85rem; font-weight:400; color:var(--soft); margin-bottom:.35rem; }
dl { display:grid; grid-template-columns:auto auto; gap:.15rem 1.25rem; margin:0; }
dt { color:var(--soft); } dd { margin:0; font-variant-numeric:tabular-nums; }
.strip { display:flex; gap:2px; height:2.5rem; align-items:stretch; overflow:hidden; justify-content:flex-end; }
.strip i { flex:0 0 5px; border-radius:2px; }
.strip i.bad { background:var(--bad) !important; }
p { margin:.5rem 0 0; color:var(--soft); }
p.bad { color:var(--bad); }
code, pre { font:.9em ui-monospace, monospace; }
pre { margin:.25rem 0 0; overflow-x:auto; }
a { color:var(--accent); }
ul { margin:0; padding-left:1.1rem; }
.flash { animation:flash 1.2s ease-out; }
@keyframes flash { from { background:color-mix(in srgb, var(--accent) 35%, var(--card)); } }
@media (prefers-reduced-motion: reduce) { .flash { animation:none; } }
</style>
</head>
<body>
<main>
<h1>berth demo &middot; app <span id="app">@APP@</span></h1>
<section class="now" id="card">
<div class="number" role="status" aria-live="polite"><small>generation</small><span id="generation">@GENERATION@</span></div>
<dl>
<dt>process</dt><dd id="pid">@PID@</dd>
<dt>its own port</dt><dd id="port">@PORT@</dd>
<dt>running for</dt><dd id="uptime">&ndash;</dd>
<dt>answered</dt><dd id="requests">@REQUESTS@</dd>
</dl>
</section>
<section aria-labelledby="answers">
<h2 id="answers">Answers to this page</h2>
<div class="strip" id="strip" aria-hidden="true"></div>
<p id="tally">This page asks twice a second; each bar is one answer, a colour for each generation.</p>
<noscript><p>Reload the page to ask again.</p></noscript>
</section>
<section aria-labelledby="try">
<h2 id="try">Swap it</h2>
<p>In another terminal, in the directory where berth runs:</p>
<pre>@SWAP@</pre>
<p>The number above changes, and no bar turns red.</p>
</section>
<section aria-labelledby="more">
<h2 id="more">What else is here</h2>
<ul>
<li><a href="info">/info</a>: these facts as JSON</li>
<li><code>/echo</code>: the body comes back, byte for byte</li>
<li><a href="slow?ms=2000">/slow?ms=2000</a>, <a href="stream?chunks=10&amp;ms=300">/stream?chunks=10&amp;ms=300</a>,
<a href="events">/events</a>, <a href="big?bytes=100000">/big?bytes=100000</a></li>
<li><a href="status/404">/status/404</a>, <code>/ws</code> (WebSocket echo), <code>/crash</code> (ends the process)</li>
</ul>
</section>
</main>
<script>
"use strict";
const at = id => document.getElementById(id);
let ok = 0, failed = 0, swaps = 0, shown = null;
const colour = g => `hsl(${(Number(g) || 0) * 67 % 360} 60% 50%)`;
function bar(generation, ms) {
  const i = document.createElement("i");
  if (generation === null) i.className = "bad";
  else { i.style.background = colour(generation); i.title = `generation ${generation}, ${ms.toFixed(0)} ms`; }
  at("strip").append(i);
  while (at("strip").childElementCount > 120) at("strip").firstChild.remove();
}
function show(info) {
  const key = info.generation + "/" + info.pid;
  if (shown !== null && shown !== key) {
    swaps++;
    const card = at("card");
    card.classList.remove("flash"); void card.offsetWidth; card.classList.add("flash");
  }
  shown = key;
  if (at("generation").textContent !== (info.generation || "–")) at("generation").textContent = info.generation || "–";
  at("app").textContent = info.app;
  at("pid").textContent = info.pid; at("port").textContent = info.port;
  at("uptime").textContent = `${(info.uptime_ms / 1000).toFixed(1)} s`; at("requests").textContent = info.requests;
}
async function ask() {
  const begun = performance.now();
  try {
    const response = await fetch("info", { cache: "no-store" });
    if (!response.ok) throw new Error(response.status);
    const info = await response.json();
    ok++; show(info); bar(info.generation || "0", performance.now() - begun);
  } catch { failed++; bar(null, 0); }
  at("tally").textContent = `${ok} answered, ${failed} failed, ${swaps} swap${swaps === 1 ? "" : "s"} seen`;
  at("tally").className = failed ? "bad" : "";
  setTimeout(ask, document.hidden ? 5000 : 500);
}
ask();
</script>
</body>
</html>
)html";

void replace(std::string& text, std::string_view mark, std::string_view value) {
  const auto at = text.find(mark);
  if (at != std::string::npos) text.replace(at, mark.size(), value);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    std::array<char, 8> code{};
    if (c == '<' || c == '&' || c == '>' || c == '"') {
      std::snprintf(code.data(), code.size(), "&#%d;", c);
      result += code.data();
    } else {
      result += c;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  std::string result;
  append_json_string(result, text);
  return result;
}

}  // namespace

std::string page(const Facts& facts) {
  std::string text(kPage);
  const auto generation = facts.generation.empty() ? "&ndash;" : escaped(facts.generation);
  replace(text, "@TITLE@", escaped(facts.app) + " &middot; berth demo");
  replace(text, "@APP@", escaped(facts.app));
  // With its name, for it may be one of several; started by hand it has none that berth knows.
  replace(text, "@SWAP@", "berth swap" + (facts.generation.empty() ? "" : " " + escaped(facts.app)));
  replace(text, "@GENERATION@", generation);
  replace(text, "@PID@", std::to_string(facts.pid));
  replace(text, "@PORT@", std::to_string(facts.port));
  replace(text, "@REQUESTS@", std::to_string(facts.requests));
  return text;
}

std::string info_json(const Facts& facts) {
  const auto uptime =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - facts.started);
  return "{\"app\":" + in_quotes(facts.app) + ",\"generation\":" + in_quotes(facts.generation) +
         ",\"pid\":" + std::to_string(facts.pid) + ",\"port\":" + std::to_string(facts.port) +
         ",\"uptime_ms\":" + std::to_string(uptime.count()) +
         ",\"requests\":" + std::to_string(facts.requests) + "}";
}

std::string big_piece(std::uint64_t offset, std::size_t size) {
  constexpr std::uint64_t kRecord = 16;
  std::string result;
  result.reserve(size + kRecord);
  const auto first = offset / kRecord * kRecord;
  for (auto at = first; at < offset + size; at += kRecord) {
    std::array<char, 32> record{};
    std::snprintf(record.data(), record.size(), "%015llx\n", static_cast<unsigned long long>(at));
    result.append(record.data(), kRecord);
  }
  return result.substr(static_cast<std::size_t>(offset - first), size);
}

}  // namespace berth::demo
