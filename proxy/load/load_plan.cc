#include "proxy/load/load_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "bench/load/head_fields.h"
#include "proxy/load/text_file.h"

namespace berth::load_verb {
namespace {

using load::LoadTarget;
using load::RequestKind;
using load::RequestShape;

constexpr unsigned kClosedConnections = 16;
constexpr unsigned kOpenConnections = 256;

RequestShape shape_of(const std::string& kind, const std::string& target) {
  RequestShape shape;
  shape.target = target;
  if (kind == "download") {
    shape.kind = RequestKind::Download;
    shape.learned = true;
  } else if (kind == "post" || kind == "upload") {
    const bool small = kind == "post";
    shape.kind = small ? RequestKind::Post : RequestKind::Upload;
    shape.method = "POST";
    shape.body_min = small ? 100 : 1'000'000;
    shape.body_max = small ? 1'000 : 4'000'000;
    shape.echoed = true;
    shape.marked = small;
  } else if (kind == "fresh") {
    shape.kind = RequestKind::Fresh;
  }
  return shape;
}

bool same(const LoadTarget& a, const LoadTarget& b) {
  return a.address == b.address && a.port == b.port && a.unix_path == b.unix_path;
}

/// Puts the plan together, URL by URL.
class Planner {
 public:
  explicit Planner(const LoadVerb& verb) : verb_(verb) {}

  Planned run() {
    planned_.plan.targets.clear();
    planned_.plan.shapes.clear();
    read_headers();
    check_mix();
    read_shares();
    if (planned_.error.empty()) read_file();
    for (const std::string& url : verb_.urls)
      if (planned_.error.empty()) add_url(url);
    if (planned_.error.empty()) set_lanes();
    return std::move(planned_);
  }

 private:
  void read_headers() {
    for (const std::string& header : verb_.headers) {
      const auto colon = header.find(':');
      const std::string_view name = std::string_view(header).substr(0, colon);
      const std::string value(load::trim(std::string_view(header).substr(colon + 1)));
      if (const std::string what = misfit_of_header(name, value); !what.empty())
        planned_.error = "--header '" + header + "': " + what;
      if (load::same_name(name, "host"))
        host_ = value;
      else
        fields_ += std::string(name) + ": " + value + "\r\n";
    }
  }

  std::string misfit_of_header(std::string_view name, std::string_view value) const {
    if (!load::is_token(name)) return "a name is letters, digits and hyphens";
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; }))
      return "a control character is no part of a value";
    if (load::same_name(name, "content-length") || load::same_name(name, "transfer-encoding"))
      return "how long a body is, the load client says itself";
    if (!load::same_name(name, "host")) return {};
    return value.empty() || !host_.empty() ? "a request has one Host, and it is not empty" : "";
  }

  void check_mix() {
    for (const auto& part : verb_.mix) {
      if (part.target.empty()) continue;
      if (const std::string what = misfit_of_path(part.target); !what.empty())
        planned_.error = "--mix " + part.kind + "@" + part.target + ": " + what;
    }
  }

  void read_shares() {
    unsigned percent = 0;
    bool any_share = verb_.mix.empty() || verb_.rate > 0;
    for (const auto& part : verb_.mix) {
      if (!part.percent) continue;
      any_share = true;
      if (part.kind != "get") percent += part.amount;
      if (part.kind == "fresh") {
        fresh_ += part.amount;
        fresh_target_ = part.target;
      }
      if (part.kind == "get") get_target_ = part.target;
    }
    get_ = any_share ? 100 - std::min(percent, 100U) : 0;
  }

  void read_file() {
    if (!verb_.request_file) return;
    const auto file = read_text_file(*verb_.request_file);
    if (!file.error.empty()) {
      planned_.error = file.error;
      return;
    }
    auto requests = parse_requests(file.text);
    if (const auto* what = std::get_if<std::string>(&requests))
      planned_.error = *verb_.request_file + ":" + *what;
    else
      from_file_ = std::get<std::vector<RequestShape>>(std::move(requests));
  }

  void add_url(const std::string& text) {
    auto parsed = parse_url(text);
    if (const auto* what = std::get_if<std::string>(&parsed)) {
      planned_.error = "'" + text + "': " + *what;
      return;
    }
    const Url url = std::get<Url>(std::move(parsed));
    auto resolved = resolve(url);
    if (const auto* what = std::get_if<std::string>(&resolved)) {
      planned_.error = *what;
      return;
    }
    const std::size_t server = server_of(std::get<LoadTarget>(resolved));
    const std::string host = host_.empty() ? url.host_field : host_;
    const auto add = [&](RequestShape shape, unsigned weight) {
      shape.server = server;
      shape.host = host;
      shape.fields = fields_;
      shape.weight = weight;
      planned_.plan.shapes.push_back(std::move(shape));
    };
    const auto path = [&](const std::string& given) { return given.empty() ? url.path : sent_path(given); };
    for (RequestShape shape : from_file_) {
      if (get_ > 0) add(shape, get_);
      shape.kind = RequestKind::Fresh;
      if (fresh_ > 0) add(shape, fresh_);
    }
    if (from_file_.empty() && get_ > 0) add(shape_of("get", path(get_target_)), get_);
    if (from_file_.empty() && fresh_ > 0) add(shape_of("fresh", path(fresh_target_)), fresh_);
    for (const auto& part : verb_.mix) {
      if (part.percent) {
        if (part.kind != "get" && part.kind != "fresh")
          add(shape_of(part.kind, path(part.target)), part.amount);
      } else if (!dedicated_) {  // the first URL's server has them
        dedicate(part, path(part.target), host, server);
      }
    }
    dedicated_ = true;
  }

  void dedicate(const LoadVerb::Part& part, const std::string& path, const std::string& host,
                std::size_t server) {
    if (part.kind == "events" || part.kind == "websocket") {
      auto& lanes = part.kind == "events" ? planned_.plan.events : planned_.plan.websockets;
      lanes = {.server = server,
               .target = path,
               .host = host,
               .fields = fields_,
               .lanes = lanes.lanes + part.amount};
      return;
    }
    RequestShape shape = shape_of(part.kind, path);
    shape.server = server;
    shape.host = host;
    shape.fields = fields_;
    planned_.plan.dedicated.push_back({std::move(shape), part.amount});
  }

  std::size_t server_of(const LoadTarget& target) {
    auto& targets = planned_.plan.targets;
    const auto known = std::find_if(targets.begin(), targets.end(),
                                    [&](const LoadTarget& each) { return same(each, target); });
    if (known != targets.end()) return static_cast<std::size_t>(known - targets.begin());
    targets.push_back(target);
    return targets.size() - 1;
  }

  void set_lanes() {
    auto& plan = planned_.plan;
    unsigned kept = 0, common = 0;
    for (const auto& shape : plan.shapes) {
      if (shape.kind != RequestKind::Fresh) kept += shape.weight;
      common = std::gcd(common, shape.weight);
    }
    for (auto& shape : plan.shapes) shape.weight /= std::max(common, 1U);
    plan.rate = verb_.rate;
    plan.fresh_share = fresh_ / 100.0;
    const unsigned given = verb_.connections;
    if (plan.rate > 0) {
      plan.keep_alive_lanes = kept == 0 ? 0 : (given != 0 ? given : kOpenConnections);
      plan.fresh_lanes = fresh_ == 0 ? 0 : (given != 0 ? given : kOpenConnections);
    } else {
      const unsigned all = given != 0 ? given : kClosedConnections;
      const auto fresh = static_cast<unsigned>(std::lround(all * plan.fresh_share));
      plan.fresh_lanes = fresh_ == 0 ? 0 : std::max(1U, fresh);
      plan.keep_alive_lanes = kept == 0 ? 0 : std::max(1U, all - std::min(all, plan.fresh_lanes));
    }
    plan.request_timeout = verb_.timeout;
    plan.probe_every = verb_.probe;
    plan.most_requests = verb_.requests;
    plan.seed = verb_.seed;
  }

  const LoadVerb& verb_;
  Planned planned_;
  std::string host_, fields_, get_target_, fresh_target_;
  std::vector<RequestShape> from_file_;
  unsigned get_ = 0, fresh_ = 0;  ///< per cent
  bool dedicated_ = false;
};

}  // namespace

std::variant<std::vector<RequestShape>, std::string> parse_requests(std::string_view text) {
  std::vector<RequestShape> shapes;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    RequestShape shape;
    const auto method = line.find(' ');
    const auto target = method == std::string::npos ? method : line.find(' ', method + 1);
    if (method == std::string::npos || method + 1 == line.size() || line[method + 1] != '/' ||
        !load::is_token(std::string_view(line).substr(0, method)))
      return std::to_string(number) + ": a line is METHOD PATH [BODY], as in `GET /health`";
    shape.method = line.substr(0, method);
    shape.target =
        sent_path(line.substr(method + 1, target == std::string::npos ? target : target - method - 1));
    if (const auto what = misfit_of_path(shape.target); !what.empty())
      return std::to_string(number) + ": " + what;
    if (target != std::string::npos) shape.body = line.substr(target + 1);
    if (!shape.body.empty()) shape.kind = RequestKind::Post;
    shapes.push_back(std::move(shape));
  }
  if (shapes.empty()) return std::string("1: there is no request in it");
  return shapes;
}

Planned plan_load(const LoadVerb& verb) { return Planner(verb).run(); }

}  // namespace berth::load_verb
