/*
 * Numbers that the guest images and the host agree on. guest/README.md says what they mean.
 *
 * Read by C and C++ as it is; guest/build.sh turns each "#define NAME number" into an assembler symbol;
 * a test compares each with src/guest/contract.ts. So: one number per line, no expressions.
 */
#ifndef DROVER_GUEST_CONTRACT_H
#define DROVER_GUEST_CONTRACT_H

/* The parameter block: its place in the image and its fields (offsets in bytes, little-endian). */
#define GUEST_BLOCK_OFFSET 0x0
#define GUEST_BLOCK_BYTES 256
#define GUEST_BLOCK_VERSION 2
/* "DROVERG1" read as two little-endian numbers */
#define GUEST_BLOCK_MAGIC_LOW 0x564f5244
#define GUEST_BLOCK_MAGIC_HIGH 0x31475245
#define GUEST_FIELD_MAGIC 0x00
#define GUEST_FIELD_VERSION 0x08
#define GUEST_FIELD_BLOCK_BYTES 0x0c
#define GUEST_FIELD_START 0x10
#define GUEST_FIELD_END 0x18
#define GUEST_FIELD_STEP 0x20
#define GUEST_FIELD_STAMP_KIND 0x28
#define GUEST_FIELD_WRITERS 0x2c
#define GUEST_FIELD_SUSPEND 0x30
#define GUEST_FIELD_PASSES_PER_B 0x34
#define GUEST_FIELD_PACE 0x38
#define GUEST_FIELD_HEARTBEAT 0x40
#define GUEST_FIELD_HOLE_START 0x48
#define GUEST_FIELD_HOLE_END 0x50
#define GUEST_FIELD_PROCESSOR 0x58
#define GUEST_FIELD_FLUSH 0x5c
#define GUEST_FIELD_HOT_PAGES 0x60
#define GUEST_FIELD_COLD_PAGES 0x68
#define GUEST_FIELD_PULSE_PORT 0x70

/* Values of the field `processor`; 0: nothing is looked at. */
#define GUEST_PROCESSOR_VALUES 1
#define GUEST_PROCESSOR_TIMERS 2

#define GUEST_STAMP_BYTE 0
#define GUEST_STAMP_WIDE 1
#define GUEST_STAMP_PAGE 2

/* A stamp of kind `page` is so long, whatever the step; all words have 8 bytes. */
#define GUEST_STAMP_PAGE_BYTES 4096

/* One heartbeat counter a writer, each in a cache line of its own, all in one page. */
#define GUEST_WRITERS_MAX 64
#define GUEST_HEARTBEAT_STRIDE 64

/* Characters on the serial port. */
#define GUEST_SIGN_START 0x41
#define GUEST_SIGN_PASSES 0x42
#define GUEST_SIGN_REFUSED 0x21
#define GUEST_SIGN_LOST_APIC 0x61
#define GUEST_SIGN_LOST_CONTROL 0x63
#define GUEST_SIGN_LOST_DEBUG 0x64
#define GUEST_SIGN_LOST_X87 0x66
#define GUEST_SIGN_LOST_MSR 0x6d
#define GUEST_SIGN_LOST_GENERAL 0x72
#define GUEST_SIGN_LOST_SSE 0x73
#define GUEST_SIGN_LOST_TSC 0x74
#define GUEST_SIGN_LOST_COUNTER 0x68
#define GUEST_SIGN_LOST_PM_TIMER 0x70
/* A timer that did not fire; the same letter in upper case: it fired when it was not due. */
#define GUEST_SIGN_LOST_APIC_TIMER 0x6c
#define GUEST_SIGN_LOST_PIT 0x69
#define GUEST_SIGN_LOST_HPET 0x65
#define GUEST_SIGN_LOST_RTC 0x6b

/* The suspend variant keeps a 32-bit mark here, counted from the start of the range. */
#define GUEST_SUSPEND_MARK_OFFSET 4
#define GUEST_SUSPEND_MARK 1

/* The constants of mix(), which the words of a stamp of kind `page` follow from, in two halves. */
#define GUEST_MIX_GENERATION_LOW 0x7f4a7c15
#define GUEST_MIX_GENERATION_HIGH 0x9e3779b9
#define GUEST_MIX_MULTIPLY_LOW 0x6659fd93
#define GUEST_MIX_MULTIPLY_HIGH 0xd6e8feb8

/*
 * x86: image size, load address, serial port, the least address a range may start at, the usual heartbeat page, and a 32-bit
 * count of rounds in which each timer fired (0: timers are not looked at).
 */
#define GUEST_X86_IMAGE_BYTES 0x10000
#define GUEST_X86_IMAGE_ADDRESS 0xffff0000
#define GUEST_X86_SERIAL_PORT 0x3f8
#define GUEST_X86_RANGE_MIN 0x100000
#define GUEST_X86_HEARTBEAT 0x9f000
#define GUEST_X86_TIMER_ROUNDS 0xd100

/*
 * aarch64: image size, place of the block, serial port, size of the flash that the image lies in, where RAM begins,
 * scratch memory, the usual heartbeat page, the least address that a range may start at.
 */
#define GUEST_AARCH64_IMAGE_BYTES 0x4000
#define GUEST_AARCH64_BLOCK_OFFSET 0x100
#define GUEST_AARCH64_SERIAL 0x9000000
#define GUEST_AARCH64_FLASH_BYTES 0x8000000
#define GUEST_AARCH64_RAM 0x40000000
#define GUEST_AARCH64_SCRATCH 0x400fe000
#define GUEST_AARCH64_HEARTBEAT 0x400ff000
#define GUEST_AARCH64_RANGE_MIN 0x40100000

/* riscv64: image size, place of the block, serial port, the usual heartbeat page, the least address of a range. */
#define GUEST_RISCV64_IMAGE_BYTES 0x1000
#define GUEST_RISCV64_BLOCK_OFFSET 0x100
#define GUEST_RISCV64_SERIAL 0x10000000
#define GUEST_RISCV64_HEARTBEAT 0x80001000
#define GUEST_RISCV64_RANGE_MIN 0x80002000

/*
 * s390x: image size, place of the block in it (it is loaded at 0), the usual heartbeat page, the least address of a
 * range.
 */
#define GUEST_S390X_IMAGE_BYTES 0x4000
#define GUEST_S390X_BLOCK_OFFSET 0x2000
#define GUEST_S390X_HEARTBEAT 0xff000
#define GUEST_S390X_RANGE_MIN 0x100000

/* ppc64: the same. */
#define GUEST_PPC64_IMAGE_BYTES 0x4000
#define GUEST_PPC64_BLOCK_OFFSET 0x2000
#define GUEST_PPC64_HEARTBEAT 0xff000
#define GUEST_PPC64_RANGE_MIN 0x100000

/*
 * loongarch64: image size, where machine virt has it, places of the block and of what exceptions enter, serial port,
 * scratch memory, the usual heartbeat page, the least address of a range.
 */
#define GUEST_LOONGARCH64_IMAGE_BYTES 0x2000
#define GUEST_LOONGARCH64_IMAGE_ADDRESS 0x1c000000
#define GUEST_LOONGARCH64_BLOCK_OFFSET 0x100
#define GUEST_LOONGARCH64_EXCEPTION_OFFSET 0x1000
#define GUEST_LOONGARCH64_SERIAL 0x1fe001e0
#define GUEST_LOONGARCH64_SCRATCH 0xfe000
#define GUEST_LOONGARCH64_HEARTBEAT 0xff000
#define GUEST_LOONGARCH64_RANGE_MIN 0x100000

#endif
