#include "client/args/place_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

TEST(ShortPlace, IsThatOfAResourceName) {
  EXPECT_EQ(ShortPlace("hosts/h1/namespaces/red"), "h1/red");
  EXPECT_EQ(ShortPlace("hosts/h1/namespaces/@host"), "h1/@host");
  EXPECT_EQ(ShortPlace("h1/red"), "h1/red");
  EXPECT_EQ(ShortPlace("hosts/h1"), "hosts/h1");
  EXPECT_EQ(ParseNetnsArgument("hosts/h1/namespaces/red")->netns, "red");
  EXPECT_FALSE(ParseNetnsArgument("hosts/h1/namespaces/").ok());
}

TEST(PlaceArgs, AHostIsNamedAloneOrAsAResource) {
  EXPECT_EQ(*ParseHostArgument("h1"), "h1");
  EXPECT_EQ(*ParseHostArgument("hosts/h1.example.com"), "h1.example.com");
  EXPECT_THAT(ParseHostArgument(""), IsRefused("is empty"));
  EXPECT_THAT(ParseHostArgument("h1/red"), IsRefused("not a DNS name"));
  EXPECT_THAT(ParseHostArgument("-"), IsRefused("host \"-\""));
}

TEST(PlaceArgs, ANamespaceNeedsHostAndNameAndNoInterface) {
  const auto place = ParseNetnsArgument("h1/red");
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(PlaceText(*place), "h1/red");
  EXPECT_EQ(ParseNetnsArgument("h1/@host")->netns, "@host");
  EXPECT_THAT(ParseNetnsArgument("h1"), IsRefused("names no namespace; expected HOST/NS"));
  EXPECT_THAT(ParseNetnsArgument("h1/red:eth0"), IsRefused("names an interface; expected HOST/NS"));
  EXPECT_THAT(ParseNetnsArgument("h1/"), IsRefused("is empty"));
  EXPECT_THAT(ParseNetnsArgument("/red"), IsRefused("host \"\""));
  EXPECT_THAT(ParseNetnsArgument(""), IsRefused("expected HOST/NS"));
}

TEST(PlaceArgs, ALinkIsSplitAtTheFirstSlashAndTheLastColon) {
  const auto place = ParseLinkArgument("h1/red:eth0.100");
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->host, "h1");
  EXPECT_EQ(place->netns, "red");
  EXPECT_EQ(place->interface, "eth0.100");
  EXPECT_THAT(ParseLinkArgument("h1/red"), IsRefused("names no interface; expected HOST/NS:IF"));
  EXPECT_THAT(ParseLinkArgument("h1/red:"), IsRefused("is empty"));
  EXPECT_THAT(ParseLinkArgument("h1/a:b:eth0"), IsRefused("namespace \"a:b\""));
  EXPECT_TRUE(ParseLinkArgument("h1/red:an-alternative-name-may-be-long").ok());
  EXPECT_THAT(ParseLinkArgument("h1/red:" + std::string(128, 'x')), IsRefused("longer than 127 bytes"));
  EXPECT_THAT(ParseNewLinkArgument("h1/red:this-name-is-too-long"), IsRefused("longer than 15 bytes"));
  EXPECT_THAT(ParsePlaceOn("h1", "red:this-name-is-too-long"), IsRefused("longer than 15 bytes"));
}

TEST(PlaceArgs, ASecondPlaceMayLeaveOutTheHostButNotNameAnother) {
  EXPECT_EQ(PlaceText(*ParsePlaceOn("h1", "blue:eth0")), "h1/blue:eth0");
  EXPECT_EQ(PlaceText(*ParsePlaceOn("h1", "@host")), "h1/@host");
  EXPECT_EQ(PlaceText(*ParsePlaceOn("h1", "h1/blue")), "h1/blue");
  EXPECT_THAT(ParsePlaceOn("h1", "h2/blue"), IsRefused("one command changes one host"));
  EXPECT_THAT(ParsePlaceOn("h1", ""), IsRefused("expected NS or NS:IF"));
}

TEST(PlaceArgs, AnIntentIsNamedShortOrInFull) {
  constexpr char kId[] = "0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11";
  const std::string full = std::string("hosts/h1/intents/") + kId;
  EXPECT_EQ(*ParseIntentArgument(std::string("h1/") + kId), full);
  EXPECT_EQ(*ParseIntentArgument(full), full);
  for (const char* bad : {"h1", "h1/red", "hosts/h1", "hosts/h1/intents/red", kId, ""}) {
    EXPECT_THAT(ParseIntentArgument(bad), IsRefused("expected HOST/ID")) << bad;
  }
}

}  // namespace
}  // namespace warren::cli
