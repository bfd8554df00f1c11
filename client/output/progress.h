#ifndef WARREN_CLIENT_OUTPUT_PROGRESS_H_
#define WARREN_CLIENT_OUTPUT_PROGRESS_H_

// How far intents are, while they are waited for. On a terminal: a line for each, drawn anew in place (state and time;
// one line for all when they are more than it is high). Elsewhere: a line for each change of state. One thread.

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/terminal.h"
#include "warren/v1/intents.pb.h"

namespace warren::cli {

class Progress {
 public:
  Progress(std::ostream& out, const Terminal& terminal, bool color, absl::Time start)
      : out_(out), terminal_(terminal), color_(color), start_(start) {}

  // Known to be in that state already: nothing is shown until something is news.
  void Add(const std::string& name, v1::Intent::State state);
  // What row `index` (in the order added) now is. The end of a single intent is not shown: its report follows.
  void Update(size_t index, v1::Intent::State state, absl::Time now);
  // Takes the lines from the terminal again. Before anything else is written there.
  void Clear();

 private:
  struct Row {
    std::string name;
    v1::Intent::State state = v1::Intent::STATE_UNSPECIFIED;
    absl::Duration since_start;  // when it got there
  };

  bool Summed() const { return rows_.size() + 1 > static_cast<size_t>(terminal_.height); }
  std::vector<std::string> Lines(absl::Duration elapsed) const;
  void Draw(absl::Duration elapsed);

  std::ostream& out_;
  const Terminal terminal_;
  const bool color_;
  const absl::Time start_;
  std::vector<Row> rows_;
  size_t drawn_ = 0;  // lines on the terminal
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_PROGRESS_H_
