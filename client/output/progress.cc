#include "client/output/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/ink.h"
#include "client/output/intent_text.h"

namespace warren::cli {
namespace {

bool IsOver(v1::Intent::State state) { return state > v1::Intent::RUNNING; }

// "0s", "12s", "3m5s"
std::string Elapsed(absl::Duration time) {
  return time < absl::Seconds(1) ? "0s" : absl::FormatDuration(absl::Trunc(time, absl::Seconds(1)));
}

}  // namespace

void Progress::Add(const std::string& name, v1::Intent::State state) {
  rows_.push_back({name, state, absl::ZeroDuration()});
}

void Progress::Update(size_t index, v1::Intent::State state, absl::Time now) {
  Row& row = rows_[index];
  const bool news = row.state != state;
  const absl::Duration elapsed = std::max(now - start_, absl::ZeroDuration());
  if (news) row.since_start = elapsed;
  row.state = state;
  if (rows_.size() == 1 && IsOver(state)) return;
  if (terminal_.interactive) {
    Draw(elapsed);
  } else if (news) {
    out_ << row.name << " " << Painted(StateText(state), StateInk(state), color_) << "\n" << std::flush;
  }
}

std::vector<std::string> Progress::Lines(absl::Duration elapsed) const {
  std::vector<std::string> lines;
  if (!Summed()) {
    size_t widest = 0;
    for (const Row& row : rows_) widest = std::max(widest, Width(row.name));
    for (const Row& row : rows_) {
      const std::string state = StateText(row.state);
      lines.push_back(absl::StrCat(row.name, std::string(widest - Width(row.name) + 2, ' '),
                                   Painted(state, StateInk(row.state), color_),
                                   std::string(11 - std::min<size_t>(state.size(), 10), ' '),
                                   Elapsed(IsOver(row.state) ? row.since_start : elapsed)));
    }
    return lines;
  }
  std::map<v1::Intent::State, int> counts;
  for (const Row& row : rows_) ++counts[row.state];
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) {
    parts.push_back(absl::StrCat(count, " ", Painted(StateText(state), StateInk(state), color_)));
  }
  return {absl::StrCat(rows_.size(), " intents: ", absl::StrJoin(parts, ", "), "  ", Elapsed(elapsed))};
}

void Progress::Draw(absl::Duration elapsed) {
  std::string text = drawn_ > 0 ? absl::StrCat("\x1b[", drawn_, "A") : "";
  const std::vector<std::string> lines = Lines(elapsed);
  for (const std::string& line : lines) {
    absl::StrAppend(&text, "\r\x1b[2K", Cut(line, static_cast<size_t>(std::max(terminal_.width - 1, 1))), "\n");
  }
  drawn_ = lines.size();
  out_ << text << std::flush;
}

void Progress::Clear() {
  if (drawn_ > 0) out_ << absl::StrCat("\x1b[", drawn_, "A\r\x1b[J") << std::flush;
  drawn_ = 0;
}

}  // namespace warren::cli
