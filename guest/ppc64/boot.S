# Drover's ppc64 guest: a firmware image of 16 KiB that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0, given with -bios as a raw image; entered at 0x100, with the device tree's address in r3
#   range         [start, end) of the parameter block at image offset 0x2000
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass, '!' when it refuses the block or
#                 meets an interrupt, as one for an address without memory
#   scratch       the image itself; no stack, no interrupts
#
# Runs on pseries, big-endian, in 64-bit mode with address translation off. The console is a call to the
# hypervisor. Left out: anything the memory check does not need (no Open Firmware, no client architecture).

	.include "contract.inc"

	.set H_PUT_TERM_CHAR, 0x58
	.set H_CEDE, 0xe0
	.set H_RTAS, 0xf000			# QEMU's own: what its RTAS firmware does to get to QEMU
	.set PID, 48
	.set FDT_STRUCT, 8			# offsets in the tree's header
	.set FDT_STRINGS, 12
	.set FDT_BOOT_CPU, 28
	.set FDT_BEGIN_NODE, 1
	.set FDT_PROPERTY, 3
	.set FDT_END, 9
	.set BATCH_PAGES, 64
	.set SECOND, 512000000 << 8		# the timebase's, in 1/256 of a unit
	.set WORDS_A_ROUND, 15			# 510 words follow the first two of a page
	.set PAGE_ROUNDS, 34

	.machine "power7"
	.text
image:
	.org 0x100, 0
	.globl reset
reset:
	b start
	.macro VECTOR offset, to
	.org \offset, 0
	b \to
	.endm
	VECTOR 0x200, refuse
	VECTOR 0x300, refuse
	VECTOR 0x380, refuse
	VECTOR 0x400, refuse
	VECTOR 0x480, refuse
	VECTOR 0x500, refuse
	VECTOR 0x600, refuse
	VECTOR 0x700, refuse
	VECTOR 0x800, refuse
	VECTOR 0x900, halt			# the decrementer, which may wake one that halted
	VECTOR 0xc00, refuse
	VECTOR 0xe40, refuse
	VECTOR 0xf00, refuse

	.org GUEST_PPC64_BLOCK_OFFSET, 0
block:
	.macro LITTLE_LONG value
	.byte (\value) & 0xff, ((\value) >> 8) & 0xff, ((\value) >> 16) & 0xff, ((\value) >> 24) & 0xff
	.endm
	.macro LITTLE_QUAD value
	LITTLE_LONG \value
	.long 0
	.endm
	LITTLE_LONG GUEST_BLOCK_MAGIC_LOW
	LITTLE_LONG GUEST_BLOCK_MAGIC_HIGH
	LITTLE_LONG GUEST_BLOCK_VERSION
	LITTLE_LONG GUEST_BLOCK_BYTES
	LITTLE_QUAD 0x100000			# start
	LITTLE_QUAD 0x6400000			# end
	LITTLE_QUAD 4096			# step
	LITTLE_LONG GUEST_STAMP_BYTE
	LITTLE_LONG 1				# writers
	LITTLE_LONG 0				# suspend
	LITTLE_LONG 64				# passes per 'B'
	LITTLE_QUAD 0				# pace
	LITTLE_QUAD 0				# heartbeat
	LITTLE_QUAD 0				# hole start
	LITTLE_QUAD 0				# hole end
	.org GUEST_PPC64_BLOCK_OFFSET + GUEST_BLOCK_BYTES, 0

# Puts a label's address into a register: the image lies at 0.
	.macro ADDRESS register, label
	li \register, \label
	.endm
	.macro LOAD_LONG register, field
	li %r12, \field
	lwbrx \register, %r26, %r12
	.endm
	.macro LOAD_QUAD register, field
	li %r12, \field
	ldbrx \register, %r26, %r12
	.endm
	.macro CONSTANT register, high, low
	lis \register, (\high) >> 16
	ori \register, \register, (\high) & 0xffff
	sldi \register, \register, 32
	oris \register, \register, (\low) >> 16
	ori \register, \register, (\low) & 0xffff
	.endm

# Prints one sign on the lowest terminal. The call leaves r13 and above alone.
	.macro PRINT sign
	li %r3, H_PUT_TERM_CHAR
	li %r4, 0
	li %r5, 1
	li %r6, \sign
	sldi %r6, %r6, 56
	sc 1
	.endm

# What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
refuse:
	PRINT GUEST_SIGN_REFUSED
halt:
	lis %r3, 0x7fff
	mtspr 22, %r3				# the decrementer, as far away as it can be
	li %r3, H_CEDE
	sc 1
	b halt

	.macro REQUIRE_LONG field, value
	LOAD_LONG %r3, \field
	CONSTANT %r4, 0, \value
	cmpld %r3, %r4
	bne refuse
	.endm

start:
	mfmsr %r4
	li %r5, 1
	rldimi %r4, %r5, 63, 0			# 64-bit mode
	mtmsrd %r4
	isync
	mr %r31, %r3
	ADDRESS %r26, block
	REQUIRE_LONG GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_LONG GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_LONG GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_LONG GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_LONG GUEST_FIELD_SUSPEND, 0	# the machine has no suspend to RAM
	REQUIRE_LONG GUEST_FIELD_HOLE_START, 0	# nor a hole in its memory
	REQUIRE_LONG GUEST_FIELD_HOLE_START + 4, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_END, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_END + 4, 0
	LOAD_LONG %r3, GUEST_FIELD_STAMP_KIND
	cmpldi %r3, GUEST_STAMP_PAGE
	bgt refuse
	LOAD_LONG %r3, GUEST_FIELD_PASSES_PER_B
	cmpldi %r3, 0
	beq refuse
	LOAD_LONG %r30, GUEST_FIELD_WRITERS
	cmpldi %r30, 0
	beq refuse
	cmpldi %r30, GUEST_WRITERS_MAX
	bgt refuse

	LOAD_QUAD %r14, GUEST_FIELD_START
	LOAD_QUAD %r15, GUEST_FIELD_END
	LOAD_QUAD %r16, GUEST_FIELD_STEP
	LOAD_QUAD %r17, GUEST_FIELD_HEARTBEAT
	lis %r3, GUEST_PPC64_RANGE_MIN >> 16
	cmpld %r14, %r3
	blt refuse
	cmpld %r14, %r15
	bge refuse
	cmpldi %r16, 0
	beq refuse
	or %r3, %r14, %r15
	or %r3, %r3, %r16
	or %r3, %r3, %r17
	andi. %r3, %r3, 0xfff			# all multiples of 4096
	bne refuse
	sub %r3, %r15, %r14
	divdu %r4, %r3, %r16			# pages in the range
	mulld %r5, %r4, %r16
	cmpld %r5, %r3				# a step cut short
	bne refuse
	cmpld %r4, %r30				# each writer has a page at least
	blt refuse
	cmpldi %r17, 0
	beq 1f
	cmpldi %r17, GUEST_PPC64_IMAGE_BYTES
	blt refuse
	cmpld %r17, %r14			# outside the range
	blt 1f
	cmpld %r17, %r15
	blt refuse

1:	cmpldi %r30, 1
	beq 2f
	bl start_processors			# they wait for the 'A'
2:	PRINT GUEST_SIGN_START
	li %r3, 1
	ADDRESS %r4, released
	stw %r3, 0(%r4)
	li %r3, 0
	b writer

# Another processor enters: its number, which is its slice's, is in r3.
enter:
	ADDRESS %r4, released
1:	lwz %r5, 0(%r4)
	cmplwi %r5, 0
	beq 1b

	.include "writer.S"
	.include "processors.S"

# A page that has no code: a store into a page with code makes TCG translate it again.
	.balign 0x1000, 0
released:
	.long 0
rtas_call:
	.long 0, 3, 1				# token; arguments; results
	.long 0, enter, 0			# processor, where it enters, what it gets in r3
	.long 0
stamped:
	.fill GUEST_WRITERS_MAX, 1, 0		# each writer's own: it has stamped all its pages
processors:
	.fill GUEST_WRITERS_MAX, 4, 0
	.org GUEST_PPC64_IMAGE_BYTES, 0
