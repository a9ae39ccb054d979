/* Memory that is written and read again, and files on each disk. */
#include "busy.h"

enum { words_of_page = page_bytes / 8, head_words = 2 };

/* Each page begins with this word and its number, so that it can be found from outside. */
static const uint64_t page_magic = 0x5245564f52445f4cull;

static void write_page(uint64_t* page, uint64_t number, uint64_t generation) {
  page[0] = page_magic + generation;
  page[1] = number;
  fill(page + head_words, words_of_page - head_words, mixed(number << 32 | generation));
}

static void check_page(const uint64_t* page, uint64_t number, uint64_t generation) {
  uint64_t seed = mixed(number << 32 | generation);
  size_t at = differing(page + head_words, words_of_page - head_words, seed);
  if (page[0] != page_magic + generation) {
    wrong("page %llu begins with %llx instead of %llx", (unsigned long long)number,
          (unsigned long long)page[0], (unsigned long long)(page_magic + generation));
  } else if (page[1] != number) {
    wrong("page %llu says that it is page %llu", (unsigned long long)number,
          (unsigned long long)page[1]);
  } else if (at < words_of_page - head_words) {
    wrong("page %llu holds %llx at byte %zu instead of %llx", (unsigned long long)number,
          (unsigned long long)page[head_words + at], (head_words + at) * 8,
          (unsigned long long)noise_word(seed, at));
  }
}

/* Pages that are written once, and only read from then on. */
void run_old_memory(const char* argument) {
  size_t pages = (size_t)atol(argument);
  uint64_t* memory = new_pages(pages);
  for (size_t i = 0; i < pages; i++) write_page(memory + i * words_of_page, i, 0);
  for (size_t i = 0;; i = (i + 1) % pages) {
    check_page(memory + i * words_of_page, i, 0);
    own->done++;
    if (i % 64 == 0) rest_ms(10);
  }
}

/* Pages that are read and written again, one after another. */
void run_new_memory(const char* argument) {
  size_t pages = (size_t)atol(argument);
  uint64_t* memory = new_pages(pages);
  for (size_t i = 0; i < pages; i++) write_page(memory + i * words_of_page, i, 1);
  for (uint64_t generation = 2;; generation++) {
    for (size_t i = 0; i < pages; i++) {
      check_page(memory + i * words_of_page, i, generation - 1);
      write_page(memory + i * words_of_page, i, generation);
      own->done++;
      if (i % 16 == 0) rest_ms(10);
    }
  }
}

enum { file_bytes = 128 * 1024 };

static void write_file(const char* path, uint64_t* words, uint64_t seed) {
  fill(words, file_bytes / 8, seed);
  int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (file < 0) give_up("%s does not open: %s", path, strerror(errno));
  if (write(file, words, file_bytes) != file_bytes)
    give_up("%s is not written: %s", path, strerror(errno));
  if (fsync(file) != 0) give_up("%s does not reach the disk: %s", path, strerror(errno));
  close(file);
}

/* Reads from the disk and not from the page cache, where the file system can. */
static void check_file(const char* path, uint64_t* words, uint64_t seed) {
  int file = open(path, O_RDONLY | O_DIRECT);
  if (file < 0) file = open(path, O_RDONLY);
  if (file < 0) give_up("%s does not open again: %s", path, strerror(errno));
  memset(words, 0, file_bytes);
  ssize_t length = read(file, words, file_bytes);
  if (length != file_bytes) give_up("%s is not read: %zd bytes, %s", path, length, strerror(errno));
  close(file);
  size_t at = differing(words, file_bytes / 8, seed);
  if (at < file_bytes / 8) {
    wrong("%s holds %llx at byte %zu instead of %llx", path, (unsigned long long)words[at], at * 8,
          (unsigned long long)noise_word(seed, at));
  }
}

void run_files(const char* folder) {
  uint64_t* words = new_pages(file_bytes / page_bytes);
  char old_path[64];
  snprintf(old_path, sizeof old_path, "%s/old", folder);
  write_file(old_path, words, 1);
  for (uint64_t generation = 2;; generation++) {
    char path[64];
    snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long)(generation % 8));
    write_file(path, words, mixed(generation));
    check_file(path, words, mixed(generation));
    if (generation % 8 == 0) check_file(old_path, words, 1);
    own->done++;
    rest_ms(50);
  }
}
