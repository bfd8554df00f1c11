#include "client/output/table.h"

#include <gtest/gtest.h>

namespace warren::cli {
namespace {

TEST(Table, ColumnsAreInLineAndNothingTrails) {
  Table table({"A", "LONGER", "C"});
  table.Add({"one", "2", "3"});
  table.Add({"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "", "last"});
  EXPECT_EQ(table.Text(),
            "A      LONGER   C\n"
            "one    2        3\n"
            "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9   -        last\n");
}

TEST(Table, AHeadingAloneIsATable) { EXPECT_EQ(Table({"A", "B"}).Text(), "A   B\n"); }

TEST(Sheet, ValuesAreInLineAndEmptyOnesLeftOut) {
  Sheet sheet;
  sheet.Add("Key", "value");
  sheet.Add("Nothing", "");
  sheet.Add("Longer", "1");
  sheet.Add("", "2");
  EXPECT_EQ(sheet.Text(),
            "Key:      value\n"
            "Longer:   1\n"
            "          2\n");
}

}  // namespace
}  // namespace warren::cli
