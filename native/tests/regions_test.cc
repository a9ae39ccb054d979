#include "core/ram/regions.h"

#include <doctest/doctest.h>

#include <vector>

using namespace drover;

namespace {

std::vector<Piece> piecesOf(const RegionTable& table, const Strided& wanted, Status& status) {
  std::vector<Piece> pieces;
  status = table.forEachPiece(wanted, [&](const Piece& piece) {
    pieces.push_back(piece);
    return Status{};
  });
  return pieces;
}

}  // namespace

TEST_CASE("a request is cut at region borders, and a step carries over a border") {
  // Given out of order; 0x2000 continues at another target.
  const auto table = RegionTable::make({{0x2000, 0x1800, 0x90000}, {0x1000, 0x1000, 0x500}});
  REQUIRE(table.ok());
  Status status;
  const auto pieces = piecesOf(table.value, {0x1400, 0x800, 5}, status);
  REQUIRE(status.ok());
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].target == 0x900);
  CHECK(pieces[0].firstIndex == 0);
  CHECK(pieces[0].count == 2);
  CHECK(pieces[1].target == 0x90400);
  CHECK(pieces[1].firstIndex == 2);
  CHECK(pieces[1].count == 3);
}

TEST_CASE("an address in a hole, below or above all regions is named") {
  const auto table = RegionTable::make({{0x1000, 0x1000, 0}, {0x4000, 0x1000, 0x1000}});
  Status status;
  piecesOf(table.value, {0x1f00, 0x100, 2}, status);
  CHECK(status.fault == Fault::outOfRange);
  CHECK(status.address == 0x2000);
  piecesOf(table.value, {0xfff, 1, 1}, status);
  CHECK(status.address == 0xfff);
  piecesOf(table.value, {0x5000, 1, 1}, status);
  CHECK(status.address == 0x5000);
}

TEST_CASE("no regions, empty ones, overlaps and overflow are refused") {
  CHECK(RegionTable::make({}).status.fault == Fault::badArgument);
  CHECK(RegionTable::make({{0, 0, 0}}).status.fault == Fault::badArgument);
  CHECK(RegionTable::make({{0, 2, 0}, {1, 2, 9}}).status.fault == Fault::badArgument);
  CHECK(RegionTable::make({{~0ULL, 2, 0}}).status.fault == Fault::badArgument);
  CHECK(RegionTable::make({{0, 2, ~0ULL}}).status.fault == Fault::badArgument);
}
