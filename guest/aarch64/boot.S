// Drover's aarch64 guest: a 16 KiB firmware image that writes memory in a way that can be checked.
//
// Contract (the numbers are in ../contract.h, the prose in ../README.md)
//   load address  0, the first flash of machine virt, given with -bios; entered at reset in EL1
//   range         [start, end) of the parameter block at image offset 0x100
//   step          one stamp every `step` bytes of the range
//   prints        'A' once after each reset, 'B' after every n-th pass; '!', and no more, when it refuses the block or
//                 meets an exception, such as an address without RAM
//   scratch       64 bytes below the usual heartbeat page: who has stamped all pages; no stack, no interrupts
//
// Other processors are started with PSCI, by HVC. The MMU is on, with memory mapped one to one and cacheable:
// with it off KVM would let stores go past the caches that the host reads through.

	.include "contract.inc"

	.set SERIAL_CONTROL, 0x30
	.set SERIAL_ENABLED, 0x301		// UARTEN, TXE, RXE
	.set PSCI_CPU_ON, 0xc4000003
	.set PROCESSORS_PER_CLUSTER, 16		// of the interrupt controller's version 3
	.set CLOCK_FRACTION_BITS, 16
	.set PAGE_WORDS_A_ROUND, 10		// divides the 510 words behind the first two

	// Level 1 covers 512 GiB in 1 GiB blocks; level 2 the first of them in 2 MiB blocks.
	.set MEMORY_ATTRIBUTES, 0xff04		// MAIR: 0 device, 1 normal, write-back
	.set TRANSLATION_CONTROL, 0x200803519	// TCR: 39 bits, 4 KiB, write-back walks, inner shareable, no TTBR1; 40 bits out
	.set DEVICE_BLOCK, 0x60000000000401	// AF, never executed
	.set MEMORY_BLOCK, 0x705		// AF, inner shareable
	.set FLASH_BLOCK, 0x785			// the same, read only
	.set TABLE, 3
	.set SYSTEM_CONTROL, 0x1005		// SCTLR: translation, data cache, instruction cache
	.set RANGE_MAX, 0x8000000000

	.text
image:
	b	start

	.org GUEST_AARCH64_BLOCK_OFFSET, 0
block:
	.long GUEST_BLOCK_MAGIC_LOW, GUEST_BLOCK_MAGIC_HIGH
	.long GUEST_BLOCK_VERSION, GUEST_BLOCK_BYTES
	.quad 0x40100000			// start
	.quad 0x46400000			// end
	.quad 4096				// step
	.long GUEST_STAMP_BYTE
	.long 1					// writers
	.long 0					// suspend
	.long 64				// passes per 'B'
	.quad 0					// pace
	.quad 0					// heartbeat
	.quad 0					// hole start
	.quad 0					// hole end
	.org GUEST_AARCH64_BLOCK_OFFSET + GUEST_BLOCK_BYTES, 0

// Every processor: translation on. x0, which holds the writer's number, is kept.
	.macro TRANSLATE
	adr	x1, vectors
	msr	vbar_el1, x1
	adr	x1, level1
	msr	ttbr0_el1, x1
	ldr	x1, =MEMORY_ATTRIBUTES
	msr	mair_el1, x1
	ldr	x1, =TRANSLATION_CONTROL
	msr	tcr_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	ldr	x2, =SYSTEM_CONTROL
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	isb
	.endm

	.macro PRINT sign
	ldr	x1, =GUEST_AARCH64_SERIAL
	mov	w2, #\sign
	strb	w2, [x1]
	.endm

	.macro FIELD register, field
	ldr	\register, [x19, #\field]
	.endm

	.macro REQUIRE_WORD field, value
	FIELD	w1, \field
	ldr	w2, =\value
	cmp	w1, w2
	b.ne	refuse
	.endm

start:
	msr	daifset, #0xf
	adr	x19, block
	mrs	x1, CurrentEL
	cmp	x1, #4				// EL1: higher up the registers below are not the ones that count
	b.ne	refuse
	mov	x0, #0
	TRANSLATE
	ldr	x1, =GUEST_AARCH64_SERIAL
	mov	w2, #SERIAL_ENABLED
	str	w2, [x1, #SERIAL_CONTROL]

// What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
	REQUIRE_WORD GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_WORD GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_WORD GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_WORD GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_WORD GUEST_FIELD_SUSPEND, 0
	FIELD	w1, GUEST_FIELD_STAMP_KIND
	cmp	w1, #GUEST_STAMP_PAGE
	b.hi	refuse
	FIELD	w1, GUEST_FIELD_PASSES_PER_B
	cbz	w1, refuse
	FIELD	x1, GUEST_FIELD_HOLE_START	// this machine's memory has none
	cbnz	x1, refuse
	FIELD	x1, GUEST_FIELD_HOLE_END
	cbnz	x1, refuse
	FIELD	x1, GUEST_FIELD_START
	FIELD	x2, GUEST_FIELD_END
	FIELD	x3, GUEST_FIELD_STEP
	orr	x4, x1, x2
	orr	x4, x4, x3
	tst	x4, #0xfff
	b.ne	refuse
	cbz	x3, refuse
	ldr	x4, =GUEST_AARCH64_RANGE_MIN
	cmp	x1, x4
	b.lo	refuse
	cmp	x1, x2
	b.hs	refuse
	ldr	x4, =RANGE_MAX
	cmp	x2, x4
	b.hi	refuse
	sub	x4, x2, x1
	udiv	x5, x4, x3			// stamps
	msub	x6, x5, x3, x4
	cbnz	x6, refuse			// a last step cut short
	FIELD	w6, GUEST_FIELD_WRITERS
	sub	w7, w6, #1
	cmp	w7, #GUEST_WRITERS_MAX - 1
	b.hi	refuse
	cmp	x5, x6
	b.lo	refuse				// a writer without a page
	FIELD	x7, GUEST_FIELD_HEARTBEAT
	cbz	x7, 1f
	tst	x7, #0xfff
	b.ne	refuse
	ldr	x4, =GUEST_AARCH64_RAM
	cmp	x7, x4
	b.lo	refuse
	cmp	x7, x2
	b.hs	1f
	cmp	x7, x1
	b.hs	refuse				// within the range
1:
	PRINT GUEST_SIGN_START

	ldr	x1, =GUEST_AARCH64_SCRATCH
	.irp	at, 0, 16, 32, 48
	stp	xzr, xzr, [x1, #\at]
	.endr
	mov	x23, x6
	mov	x24, #1
2:	cmp	x24, x23
	b.hs	3f
	ldr	x0, =PSCI_CPU_ON
	mov	x3, x24				// what it finds in x0
	and	x1, x24, #PROCESSORS_PER_CLUSTER - 1
	lsr	x2, x24, #4
	orr	x1, x1, x2, lsl #8		// its affinity
	adr	x2, start_other
	hvc	#0
	cbnz	w0, refuse			// a machine with fewer processors than writers
	add	x24, x24, #1
	b	2b
3:	mov	x0, #0
	b	writer

start_other:
	msr	daifset, #0xf
	TRANSLATE
	adr	x19, block
	b	writer

refuse:
	PRINT GUEST_SIGN_REFUSED
1:	msr	daifset, #0xf
	wfi
	b	1b

	.include "writer.S"

	.pool

// Sixteen kinds of exceptions, 0x80 bytes each.
	.org 0x1000, 0
vectors:
	.rept	16
	b	refuse
	.zero	0x7c
	.endr

	.org GUEST_AARCH64_IMAGE_BYTES - 0x2000, 0
level1:
	.quad level2 - image + TABLE
	.set at, 0x40000000
	.rept	511
	.quad at + MEMORY_BLOCK
	.set at, at + 0x40000000
	.endr
level2:
	.set at, 0
	.rept	GUEST_AARCH64_FLASH_BYTES / 0x200000
	.quad at + FLASH_BLOCK
	.set at, at + 0x200000
	.endr
	.rept	512 - GUEST_AARCH64_FLASH_BYTES / 0x200000
	.quad at + DEVICE_BLOCK
	.set at, at + 0x200000
	.endr
