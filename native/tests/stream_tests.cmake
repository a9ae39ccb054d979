# Tests of the stream parser; included by CMakeLists.txt.
target_sources(drover-native-tests PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/stream_block_list_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_description_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_hostile_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_index_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_mapped_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_multifd_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_postcopy_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_records_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_samples_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_sections_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/stream_xbzrle_test.cc)
target_link_libraries(drover-native-tests PRIVATE ZLIB::ZLIB)
target_compile_definitions(drover-native-tests PRIVATE DROVER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
