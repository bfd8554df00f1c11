#ifndef WARREN_CLIENT_OUTPUT_LIST_WRITER_H_
#define WARREN_CLIENT_OUTPUT_LIST_WRITER_H_

// A list that comes in pages, and a watch that comes in events, in every format (format.h). One thread. A writer holds
// one page at most.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/output/format.h"
#include "client/output/table.h"
#include "client/output/yaml.h"

namespace warren::cli {

// Now, for ages: a watch goes on for long.
using Clock = std::function<absl::Time()>;

// How a kind of resource looks in a table. The first cell is its name.
template <typename Item>
struct Columns {
  std::vector<std::string> heading;
  std::function<std::vector<std::string>(const Item&)> row;
  // How wide columns are at least in a watch, whose rows come one by one; may be shorter than the heading.
  std::vector<size_t> least = {};
};

// Texts to be written one after the other: pages, then the end.
template <typename Item>
class ListWriter {
 public:
  ListWriter(Format format, Columns<Item> columns)
      : format_(format), row_(std::move(columns.row)), table_(std::move(columns.heading)), data_(format) {}

  std::string Page(const std::vector<Item>& items) {
    std::string text;
    std::vector<std::vector<std::string>> rows;
    for (const Item& item : items) {
      if (format_ == Format::kName) {
        absl::StrAppend(&text, item.name(), "\n");
      } else if (IsData(format_)) {
        absl::StrAppend(&text, data_.Add(item));
      } else {
        rows.push_back(row_(item));
      }
    }
    return rows.empty() ? text : table_.Rows(std::move(rows));
  }
  std::string End() {
    if (format_ == Format::kName) return "";
    return IsData(format_) ? data_.End() : table_.Rows({});
  }

 private:
  const Format format_;
  const std::function<std::vector<std::string>(const Item&)> row_;
  TableStream table_;
  DataList data_;
};

// {"type":"CHANGED","object":OBJECT,"revision":"7"}, as a watch's events are in JSON; object, a JSON text, may be
// empty.
std::string EventJson(const std::string& type, const std::string& object, int64_t revision);
// The same as a YAML document; object is a YAML text.
std::string EventYaml(const std::string& type, const std::string& object, int64_t revision);

// What to write for each event of a watch: a row with the type in front; a line of JSON; a document of YAML; the name
// of what exists or changed. Rows of a snapshot are held back until there is a page of them or it is over, so that they
// stand in line.
template <typename Item>
class EventWriter {
 public:
  EventWriter(Format format, Columns<Item> columns)
      : format_(format),
        row_(std::move(columns.row)),
        table_(WithFirst(std::move(columns.heading), "EVENT"), WithFirst(std::move(columns.least), kWidestType)) {}

  // item: null where the event is about none. gone: only its name is set.
  std::string Event(const std::string& type, const Item* item, bool gone, int64_t revision) {
    if (format_ == Format::kJson) return EventJson(type, item == nullptr ? "" : JsonLine(*item), revision);
    if (format_ == Format::kYaml) return EventYaml(type, item == nullptr ? "" : MessageYaml(*item), revision);
    if (format_ == Format::kName) return item == nullptr || gone ? "" : absl::StrCat(item->name(), "\n");
    if (item == nullptr) return held_.empty() ? "" : Flush();
    std::vector<std::string> row = row_(*item);
    if (gone) row = std::vector<std::string>(row.size()), row[0] = row_(*item)[0];
    row.insert(row.begin(), type);
    held_.push_back(std::move(row));
    return type == "EXISTING" && held_.size() < kPage ? "" : Flush();
  }

 private:
  static constexpr size_t kPage = 1000;

  static constexpr size_t kWidestType = sizeof("EXISTING") - 1;

  template <typename Cell, typename First>
  static std::vector<Cell> WithFirst(std::vector<Cell> row, First first) {
    row.insert(row.begin(), first);
    return row;
  }
  std::string Flush() { return table_.Rows(std::exchange(held_, {})); }

  const Format format_;
  const std::function<std::vector<std::string>(const Item&)> row_;
  TableStream table_;
  std::vector<std::vector<std::string>> held_;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_LIST_WRITER_H_
