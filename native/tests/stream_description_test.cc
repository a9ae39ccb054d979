#include <doctest/doctest.h>

#include "core/stream/description.h"
#include "core/stream/json_reader.h"
#include "tests/stream_image.h"

using namespace drover;
using test::StreamBuilder;

namespace {

std::optional<Description> describe(std::string_view json) {
  StreamBuilder out;
  const auto file = InputFile::open(test::memfdOf(out.header().end().description(json).data()));
  return findDescription(file.value, 0);
}

}  // namespace

TEST_CASE("a description gives the size of each device") {
  const auto found = describe(R"({"configuration":{"x":[1,{"y":null}]},"page_size":1024,"devices":[
    {"name":"a","instance_id":3,"vmsd_name":"v","version":1,"fields":[
      {"name":"f","size":4,"array_len":5,"struct":{"fields":[{"size":99}]}},{"name":"g","size":1}],
     "subsections":[{"vmsd_name":"a/b","version":2,"fields":[{"size":7}],
       "subsections":[{"vmsd_name":"a/b/c","fields":[{"size":1}]}]}]},
    {"name":"old","instance_id":0,"size":77,"fields":[{"name":"buffer","size":77}]}]})");
  REQUIRE(found);
  CHECK(found->pageBytes == 1024);
  CHECK(found->sizeOf("a", 3) == 21 + (2 + 3 + 4 + 7) + (2 + 5 + 4 + 1));
  CHECK(found->sizeOf("old", 0) == 77);
  CHECK_FALSE(found->sizeOf("a", 0));
}

TEST_CASE("sizes that overflow are no sizes") {
  const auto found = describe(R"({"devices":[{"name":"a","instance_id":0,
    "fields":[{"size":18446744073709551615,"array_len":2}]}]})");
  REQUIRE(found);
  CHECK_FALSE(found->sizeOf("a", 0));
}

TEST_CASE("texts that are no description are none") {
  for (const char* text :
       {"{}x}", R"({"page_size":-1})", R"({"page_size":99999999999999999999999})",
        R"({"devices":[{"name":}]})", R"({"devices":[})", R"({"a"})", R"({"a":})"}) {
    CHECK_FALSE(describe(text));
  }
  std::string deep = "{\"a\":";
  deep += std::string(100000, '[') + std::string(100000, ']') + "}";
  CHECK_FALSE(describe(deep));
}
