#include "server/api/page_key.h"

#include <gtest/gtest.h>

#include <string>

namespace warren::api {
namespace {

TEST(PageKeyTest, ATokenGivesItsKeyBack) {
  for (const std::string& key :
       {std::string("h1"), std::string("h1/@host"), std::string("1:2"), std::string("a\0b", 3)}) {
    EXPECT_EQ(DecodePageKey("hosts", EncodePageKey("hosts", key)), key);
  }
}

TEST(PageKeyTest, NoTokenMeansFromTheFirst) { EXPECT_EQ(DecodePageKey("hosts", ""), ""); }

TEST(PageKeyTest, ATokenOfAnotherListingIsRefused) {
  EXPECT_EQ(DecodePageKey("namespaces hosts/h1 0", EncodePageKey("namespaces hosts/h2 0", "red")), std::nullopt);
  EXPECT_EQ(DecodePageKey("namespaces hosts/h1 0", EncodePageKey("namespaces hosts/h1 1", "red")), std::nullopt);
  // Where the listing ends and the key begins is not up to their bytes.
  EXPECT_EQ(DecodePageKey("a", EncodePageKey("ab", "c")), std::nullopt);
  EXPECT_EQ(DecodePageKey("ab", EncodePageKey("a", "bc")), std::nullopt);
}

TEST(PageKeyTest, AListingIsBoundToEachOfItsParts) {
  const std::string bound = BindListing("hosts", {"connected = true", "name"});
  EXPECT_EQ(bound, BindListing("hosts", {"connected = true", "name"}));
  EXPECT_NE(bound, BindListing("hosts", {"connected = true", "name desc"}));
  EXPECT_NE(bound, BindListing("hosts", {"connected = false", "name"}));
  EXPECT_NE(BindListing("hosts", {"a", "b"}), BindListing("hosts", {"ab", ""}));
  EXPECT_NE(BindListing("hosts", {"a"}), BindListing("intents", {"a"}));
  EXPECT_LT(BindListing("hosts", {std::string(4096, 'x')}).size(), 40u);
}

TEST(PageKeyTest, WhatIsNoTokenIsRefused) {
  for (const char* token : {"x", "%%%", "aGVsbG8", "MQ"})
    EXPECT_EQ(DecodePageKey("hosts", token), std::nullopt) << token;
}

TEST(PageKeyTest, PageSizesHaveADefaultAndAMaximum) {
  EXPECT_EQ(PageSize(0), 100u);
  EXPECT_EQ(PageSize(1), 1u);
  EXPECT_EQ(PageSize(1000), 1000u);
  EXPECT_EQ(PageSize(1001), 1000u);
}

}  // namespace
}  // namespace warren::api
