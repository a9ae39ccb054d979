# One compilation for each folder of the core, so that the standard library's headers are read ten times less often;
# included by the top CMakeLists.txt. The kernels stay apart: each is compiled for other instructions.
set_target_properties(drover-core PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
get_target_property(sources drover-core SOURCES)
foreach(source IN LISTS sources)
  if(source MATCHES "/kernels/")
    continue()
  endif()
  get_filename_component(folder ${source} DIRECTORY)
  string(REPLACE "/" "_" group ${folder})
  set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${group})
endforeach()
