#include "bench/load/request_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "bench/load/head_fields.h"

namespace berth::load {
namespace {

constexpr std::size_t kSlack = 64 * 1024;

void append_number(std::string& out, std::size_t value, int base) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

/// RFC 9110 §8.6: a method that means a body says that there is none.
bool wants_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

/// Each shape as often as its weight says, spread over the round (nginx calls it smooth).
std::vector<std::size_t> mixed_round(const std::vector<RequestShape>& shapes) {
  std::vector<std::size_t> round;
  std::vector<std::int64_t> credit(shapes.size(), 0);
  std::int64_t all = 0;
  for (const auto& shape : shapes) all += shape.weight;
  for (std::int64_t turn = 0; turn < all; ++turn) {
    for (std::size_t i = 0; i < shapes.size(); ++i) credit[i] += shapes[i].weight;
    const auto most = std::max_element(credit.begin(), credit.end());
    *most -= all;
    round.push_back(static_cast<std::size_t>(most - credit.begin()));
  }
  return round;
}

}  // namespace

RequestSource::RequestSource(std::vector<RequestShape> shapes, const std::string& host, std::uint64_t seed)
    : shapes_(std::move(shapes)), seed_(seed), random_(seed) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const auto& shape = shapes_[i];
    if (shape.body_min > shape.body_max) throw std::invalid_argument("body_min is above body_max");
    largest = std::max(largest, shape.body_max);
    const bool bodiless = shape.body_max == 0 && shape.body.empty();
    // RFC 9110 §10.1.1: without a body there is nothing to wait for, and it must not be said.
    const std::string fields = bodiless ? without_fields(shape.fields, {"expect"}) : shape.fields;
    heads_.push_back({.text = shape.method + " " + shape.target + " HTTP/1.1\r\nHost: " +
                              (shape.host.empty() ? host : shape.host) + "\r\n" + fields,
                      .closes = fields_have_token(fields, "connection", "close"),
                      .expects = fields_have_token(fields, "expect", "100-continue")});
  }
  round_ = mixed_round(shapes_);
  if (round_.empty()) throw std::invalid_argument("a load plan without requests");
  if (largest == 0) return;
  // Bodies start anywhere within the slack, so that two of one size still differ.
  block_.resize(largest + kSlack);
  std::uniform_int_distribution<int> byte(0, 255);
  for (auto& c : block_) c = static_cast<char>(byte(random_));
}

std::string_view RequestSource::random_body(const RequestShape& shape) {
  if (shape.body_max == 0) return shape.body;
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
  const std::size_t index = round_[turn_];
  const RequestShape& shape = shapes_[index];
  if (++turn_ == round_.size()) turn_ = 0;
  request.shape = &shape;
  request.body = random_body(shape);
  request.tail = {};
  auto& wire = request.wire;
  const Head& head = heads_[index];
  request.closes = last || head.closes;
  request.expects = head.expects;
  wire.assign(head.text);
  if (last && !head.closes) wire.append("Connection: close\r\n");
  if (shape.marked) {
    wire.append("X-Load-Id: ");
    append_number(wire, seed_, 10);
    wire.append("-");
    append_number(wire, ++marks_, 10);
    wire.append("\r\n");
  }
  if (shape.body_max == 0 && shape.body.empty()) {
    wire.append(wants_body(shape.method) ? "Content-Length: 0\r\n\r\n" : "\r\n");
    request.head = wire.size();
  } else if (shape.chunked) {
    wire.append("Transfer-Encoding: chunked\r\n\r\n");
    request.head = wire.size();
    append_chunked(wire, request.body);
  } else {
    wire.append("Content-Length: ");
    append_number(wire, request.body.size(), 10);
    wire.append("\r\n\r\n");
    request.head = wire.size();
    request.tail = request.body;
  }
}

}  // namespace berth::load
