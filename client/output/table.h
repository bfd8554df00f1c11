#ifndef WARREN_CLIENT_OUTPUT_TABLE_H_
#define WARREN_CLIENT_OUTPUT_TABLE_H_

// Rows under a heading, columns as wide as their widest cell and three spaces apart; nothing trails. An empty cell is
// shown as "-". Pure; one thread. Widths are those of client/output/ink.h, so that names in UTF-8 and colours stay in
// line.

#include <string>
#include <utility>
#include <vector>

namespace warren::cli {

// Rows that come in batches: the heading goes before the first one, and columns stay as wide as they have become.
class TableStream {
 public:
  // least: widths that columns have from the start; may be shorter than the heading.
  explicit TableStream(std::vector<std::string> heading, std::vector<size_t> least = {})
      : heading_(std::move(heading)), widths_(std::move(least)) {}

  // Each row has as many cells as the heading.
  std::string Rows(std::vector<std::vector<std::string>> rows);

 private:
  std::vector<std::string> heading_;  // empty: is written
  std::vector<size_t> widths_;
};

class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}

  // As many cells as the heading has.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const { return TableStream(heading_).Rows(rows_); }

 private:
  std::vector<std::string> heading_;
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
