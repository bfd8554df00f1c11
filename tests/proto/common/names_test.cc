#include "proto/common/names.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/common/link_reference.h"
#include "proto/common/listen_address.h"

namespace warren {
namespace {

TEST(Names, NamespacesFollowTheRules) {
  for (const char* good : {"red", "qrouter-97db7930-9d5c-4e3b", "a", "1a", "größe", "a.b"}) {
    EXPECT_EQ(WhyBadNamespace(good), std::nullopt) << good;
  }
  for (const char* bad : {"", ".", "..", "123", "@host", "-x", "a/b", "a:b", "a%b", "a*b", "a b", "a\tb", "a\x7f",
                          "a=b", "a=20b", "\xff", "\xc0\xaf", "\xed\xa0\x80"}) {
    EXPECT_NE(WhyBadNamespace(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(WhyBadNamespace(std::string(255, 'a')), std::nullopt);
  EXPECT_NE(WhyBadNamespace(std::string(256, 'a')), std::nullopt);
  EXPECT_EQ(WhyBadNamespaceReference("@host"), std::nullopt);
}

TEST(Names, InterfacesFollowTheRules) {
  for (const char* good : {"eth0", "a", "123456789012345", "v.100", "0"})
    EXPECT_EQ(WhyBadInterface(good), std::nullopt);
  for (const char* bad : {"", ".", "..", "all", "default", "1234567890123456", "a/b", "a:b", "q%d", "a b", "a=b"}) {
    EXPECT_NE(WhyBadInterface(bad), std::nullopt) << bad;
  }
}

TEST(Names, HostsAreDnsNames) {
  for (const char* good : {"h1", "node-1.example.org", "10.0.0.1", "A"}) EXPECT_EQ(WhyBadHost(good), std::nullopt);
  for (const char* bad : {"", "-", "-a", "a-", "a..b", ".a", "a_b", "a/b"})
    EXPECT_NE(WhyBadHost(bad), std::nullopt) << bad;
  EXPECT_NE(WhyBadHost(std::string(64, 'a')), std::nullopt);
}

TEST(Names, EscapingIsReversibleAndLeavesGoodNamesAlone) {
  for (const std::string raw : {"red", "a b", "a=b", "@x", "-x", "123", ".hidden", "a%d", "\xff\xfe", "größe", "=41"}) {
    const std::string shown = EscapeName(raw);
    ASSERT_TRUE(UnescapeName(shown).ok()) << shown;
    EXPECT_EQ(*UnescapeName(shown), raw);
    EXPECT_EQ(WhyBadNamespaceReference(shown), std::nullopt) << shown;
    EXPECT_EQ(*RawNamespace(shown), raw);
    EXPECT_EQ(ShowNamespace(raw), shown);
    EXPECT_EQ(*RawLinkName(EscapeLinkName(raw)), raw);
  }
  EXPECT_EQ(EscapeName("red"), "red");
  EXPECT_EQ(EscapeName("a b"), "a=20b");
  EXPECT_FALSE(UnescapeName("a=2").ok());
  EXPECT_FALSE(UnescapeName("a=zz").ok());
}

TEST(Names, OneNameIsEscapedInOneWayOnly) {
  for (const char* bad :
       {"a=62", "=6Frange", "x=2dy", "=3", "=", "a=2Fb", "a=00", "=2E", "=2E=2E", "=31=32", "a b=20"}) {
    EXPECT_NE(WhyBadNamespaceReference(bad), std::nullopt) << bad;
    EXPECT_FALSE(RawNamespace(bad).ok()) << bad;
  }
  EXPECT_EQ(WhyBadNamespaceReference("a=62"), "is not how that name is escaped, which is \"ab\"");
  EXPECT_EQ(WhyBadNamespaceReference("x=2dy"), "has a \"=\" that is not followed by two upper-case hex digits");
  EXPECT_EQ(WhyBadNamespace("k=v"), "has a \"=\", which stands for an escaped byte in names that others made");
  for (const char* bad : {"e=62", "e=3d1", "e=", "e=2Fx"}) EXPECT_NE(WhyBadLinkReference(bad), std::nullopt) << bad;
  EXPECT_EQ(WhyBadLinkReference("e=3D1"), std::nullopt);
  EXPECT_EQ(WhyBadLinkReference("e=FF"), std::nullopt);
  EXPECT_NE(WhyBadInterface("e=FF"), std::nullopt) << "a new link cannot be called that";
}

TEST(Names, TheHostIsNotAFileOfThatName) {
  EXPECT_EQ(*RawNamespace("@host"), kRawHost);
  EXPECT_EQ(ShowNamespace(kRawHost), "@host");
  EXPECT_EQ(ShowNamespace("@host"), "=40host");
  EXPECT_EQ(*RawNamespace("=40host"), "@host");
}

TEST(Names, LengthIsThatOfTheRawName) {
  for (const std::string& raw : {std::string(254, 'x') + " ", std::string(255, '\xff')}) {
    const std::string shown = EscapeName(raw);
    EXPECT_EQ(WhyBadNamespaceReference(shown), std::nullopt) << shown.size();
    EXPECT_EQ(*RawNamespace(shown), raw);
  }
  EXPECT_NE(WhyBadNamespaceReference(EscapeName(std::string(256, '\xff'))), std::nullopt);
  EXPECT_NE(WhyBadNamespaceReference(std::string(255, 'x') + "=20"), std::nullopt);
  EXPECT_EQ(WhyBadLinkReference(EscapeLinkName(std::string(127, '\xff'))), std::nullopt);
  EXPECT_NE(WhyBadLinkReference(EscapeLinkName(std::string(128, '\xff'))), std::nullopt);
}

TEST(Names, PlacesAreSplitAtTheFirstSlashAndTheLastColon) {
  const auto place = ParsePlace("h1/red:eth0");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->host, "h1");
  EXPECT_EQ(place->netns, "red");
  EXPECT_EQ(place->interface, "eth0");
  EXPECT_EQ(ParsePlace("h1/@host")->netns, "@host");
  EXPECT_EQ(ParsePlace("h1")->netns, "");
  for (const char* bad : {"", "/red", "h1/", "h1/:eth0", "h1/red:", "h1/a/b", "h1/red:a b"}) {
    EXPECT_FALSE(ParsePlace(bad).ok()) << bad;
  }
  // An alternative name may be longer than a name.
  EXPECT_EQ(ParsePlace("h1/red:0123456789abcdef")->interface, "0123456789abcdef");
  EXPECT_FALSE(ParsePlace("h1/red:" + std::string(128, 'x')).ok());
  for (const char* bad : {"h1/red:a%b", "h1/red:all"}) {
    EXPECT_FALSE(ParsePlace(bad).ok()) << bad;
  }
}

TEST(Names, ResourceNamesAreTakenApart) {
  EXPECT_EQ(ParseNamespace("hosts/h1/namespaces/@host")->id, "@host");
  EXPECT_EQ(*ParseHost("hosts/-"), "-");
  for (const char* bad : {"hosts/h1", "hosts//namespaces/x", "hosts/h1/namespaces/", "hosts/h1/namespaces/a/b", ""}) {
    EXPECT_FALSE(ParseNamespace(bad).ok()) << bad;
  }
  const std::string id = NewUuid();
  EXPECT_EQ(WhyBadUuid(id), std::nullopt) << id;
  EXPECT_EQ(ParseIntent(IntentName("h1", id))->id, id);
  EXPECT_NE(WhyBadUuid("97db7930"), std::nullopt);
}

TEST(Names, LabelsHaveShortPlainKeysAndAnyTextAsValue) {
  for (const char* key : {"rack", "a", "example.com/role_x-1", "9"})
    EXPECT_EQ(WhyBadLabelKey(key), std::nullopt) << key;
  EXPECT_EQ(WhyBadLabelKey(std::string(63, 'k')), std::nullopt);
  for (const std::string& key : {std::string(), std::string(64, 'k'), std::string("a b"), std::string("a=b"),
                                 std::string("k\xc3\xa4se"), std::string("a,b"), std::string("a\0", 2)}) {
    EXPECT_NE(WhyBadLabelKey(key), std::nullopt) << key;
  }
  for (const char* value : {"", "a b=c", "K\xc3\xb6ln"}) EXPECT_EQ(WhyBadLabelValue(value), std::nullopt) << value;
  EXPECT_EQ(WhyBadLabelValue(std::string(255, 'v')), std::nullopt);
  for (const std::string& value :
       {std::string(256, 'v'), std::string("a\nb"), std::string("\xff"), std::string("\x7f")}) {
    EXPECT_NE(WhyBadLabelValue(value), std::nullopt) << value;
  }
}

TEST(ListenAddresses, TakeTcpAndUnixAndKnowWhatIsLocal) {
  EXPECT_TRUE(ParseListenAddress("127.0.0.1:7600")->IsLocal());
  EXPECT_TRUE(ParseListenAddress("unix:/run/x.sock")->IsLocal());
  EXPECT_TRUE(ParseListenAddress("[::1]:0")->IsLocal());
  EXPECT_FALSE(ParseListenAddress("0.0.0.0:7600")->IsLocal());
  EXPECT_EQ(ParseListenAddress("[::1]:7600")->ToString(), "[::1]:7600");
  for (const char* bad : {"", "7600", ":7600", "::1:7600", "h:99999", "h:x", "unix:"}) {
    EXPECT_FALSE(ParseListenAddress(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace warren
