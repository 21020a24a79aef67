#include "bench/load/request_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace berth::load {
namespace {

constexpr std::size_t kSlack = 64 * 1024;

void append_number(std::string& out, std::size_t value, int base) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

}  // namespace

RequestSource::RequestSource(const LoadPlan& plan)
    : shapes_(plan.shapes), host_line_("Host: " + plan.host + "\r\n"), random_(plan.seed) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    if (shapes_[i].body_min > shapes_[i].body_max) throw std::invalid_argument("body_min is above body_max");
    round_.insert(round_.end(), shapes_[i].weight, i);
    largest = std::max(largest, shapes_[i].body_max);
  }
  if (round_.empty()) throw std::invalid_argument("a load plan without requests");
  if (largest == 0) return;
  // Bodies start anywhere within the slack, so that two of one size still differ.
  block_.resize(largest + kSlack);
  std::uniform_int_distribution<int> byte(0, 255);
  for (auto& c : block_) c = static_cast<char>(byte(random_));
}

std::string_view RequestSource::random_body(const RequestShape& shape) {
  if (shape.body_max == 0) return {};
  std::uniform_int_distribution<std::size_t> size(shape.body_min, shape.body_max);
  std::uniform_int_distribution<std::size_t> offset(0, kSlack);
  const auto start = offset(random_);
  return std::string_view(block_).substr(start, size(random_));
}

void RequestSource::append_chunked(std::string& wire, std::string_view body) {
  std::uniform_int_distribution<std::size_t> size(1, 9000);
  while (!body.empty()) {
    const auto chunk = body.substr(0, size(random_));
    append_number(wire, chunk.size(), 16);
    wire.append("\r\n").append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  wire.append("0\r\n\r\n");
}

void RequestSource::next(Request& request, bool last) {
  const RequestShape& shape = shapes_[round_[turn_]];
  turn_ = (turn_ + 1) % round_.size();
  request.shape = &shape;
  request.body = random_body(shape);
  request.tail = {};
  auto& wire = request.wire;
  wire.clear();
  wire.append(shape.method).append(" ").append(shape.target).append(" HTTP/1.1\r\n");
  wire.append(host_line_).append(shape.fields);
  if (last) wire.append("Connection: close\r\n");
  if (shape.body_max == 0) {
    wire.append("\r\n");
  } else if (shape.chunked) {
    wire.append("Transfer-Encoding: chunked\r\n\r\n");
    append_chunked(wire, request.body);
  } else {
    wire.append("Content-Length: ");
    append_number(wire, request.body.size(), 10);
    wire.append("\r\n\r\n");
    request.tail = request.body;
  }
}

}  // namespace berth::load
