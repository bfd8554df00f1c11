#include "client/output/operation_text.h"

#include <gtest/gtest.h>

#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

TEST(OperationText, EveryKindNamesItsObjects) {
  const std::pair<const char*, const char*> kCases[] = {
      {"create_namespace { namespace: 'red' }", "create_namespace red"},
      {"delete_namespace { namespace: 'red' }", "delete_namespace red"},
      {"create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'tap0' } }",
       "create_veth red:eth0 @host:tap0"},
      {"move_link { namespace: 'red' name: 'wan0' to_namespace: '@host' to_name: 'tap1' }",
       "move_link red:wan0 @host:tap1"},
      {"move_link { namespace: 'red' name: 'wan0' to_namespace: 'blue' }", "move_link red:wan0 blue"},
      {"delete_link { namespace: 'red' name: 'eth0' }", "delete_link red:eth0"},
      {"set_link { namespace: 'red' name: 'eth0' up: false mtu: 1400 mac: '02:00:00:00:00:01' new_name: 'wan0' }",
       "set_link red:eth0 down mtu 1400 address 02:00:00:00:00:01 name wan0"},
      {"set_link { namespace: 'red' name: 'eth0' up: true }", "set_link red:eth0 up"},
      {"add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' peer: '10.0.0.2' }",
       "add_address 10.0.0.1/24 peer 10.0.0.2 dev red:eth0"},
      {"delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }",
       "delete_address 10.0.0.1/24 dev red:eth0"},
      {"add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' dev: 'eth0' src: '10.0.0.1' metric: 50 "
       "table: 77 onlink: true }",
       "add_route red default via 10.0.0.254 dev eth0 src 10.0.0.1 metric 50 table 77 onlink"},
      {"delete_route { namespace: 'red' destination: '10.9.0.0/16' }", "delete_route red 10.9.0.0/16"},
      {"create_bridge { namespace: '@host' name: 'br0' }", "create_bridge @host:br0"},
      {"delete_bridge { namespace: '@host' name: 'br0' }", "delete_bridge @host:br0"},
      {"attach_link { namespace: '@host' link: 'tap0' bridge: 'br0' }", "attach_link @host:tap0 br0"},
      {"detach_link { namespace: '@host' link: 'tap0' bridge: 'br0' }", "detach_link @host:tap0 br0"},
      {"detach_link { namespace: '@host' link: 'tap0' }", "detach_link @host:tap0"},
      {"", "none"},
  };
  for (const auto& [operation, text] : kCases) EXPECT_EQ(OperationText(From<v1::Operation>(operation)), text);
}

TEST(OperationText, ManyAreTheFirstAndACount) {
  EXPECT_EQ(OperationsText({}), "");
  const auto one = From<v1::Operation>("create_namespace { namespace: 'red' }");
  google::protobuf::RepeatedPtrField<v1::Operation> operations;
  *operations.Add() = one;
  EXPECT_EQ(OperationsText(operations), "create_namespace red");
  *operations.Add() = one;
  *operations.Add() = one;
  EXPECT_EQ(OperationsText(operations), "create_namespace red, and 2 more");
}

}  // namespace
}  // namespace warren::cli
