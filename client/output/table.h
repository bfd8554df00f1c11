#ifndef WARREN_CLIENT_OUTPUT_TABLE_H_
#define WARREN_CLIENT_OUTPUT_TABLE_H_

// Rows under a heading, columns as wide as their widest cell and three spaces apart; nothing trails. An empty cell is
// shown as "-". Pure; one thread. Widths count code points, so that names in UTF-8 stay in line.

#include <string>
#include <utility>
#include <vector>

namespace warren::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heading) : rows_({std::move(heading)}) {}

  // As many cells as the heading has.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "Key:   value" lines, values in line, for showing one thing. Lines with an empty value are left out;
// an empty key goes on with the one above.
class Sheet {
 public:
  void Add(std::string key, std::string value);
  std::string Text() const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_TABLE_H_
