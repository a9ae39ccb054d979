# Drover's riscv64 guest: a 4 KiB firmware image that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0x80000000, where RAM of machine virt begins, given with -bios; entered in M-mode
#   range         [start, end) of the parameter block at image offset 0x100
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass; '!', and no more, when it refuses the block or
#                 meets an exception, such as an address without RAM
#   scratch       68 bytes of the image; no stack, no interrupts, no paging
#
# All harts enter at once, with their number in a0: hart 0 is writer 0, wherever it comes in time.

	.include "contract.inc"

	.set CLOCK_HZ, 10000000			# of machine virt
	.set CLOCK_FRACTION_BITS, 16
	.set PAGE_WORDS_A_ROUND, 10		# divides the 510 words behind the first two
	.set GO, 1
	.set REFUSED, 2

	.option norvc
	.option norelax
	.text
image:
	j	start

	.org GUEST_RISCV64_BLOCK_OFFSET, 0
block:
	.long GUEST_BLOCK_MAGIC_LOW, GUEST_BLOCK_MAGIC_HIGH
	.long GUEST_BLOCK_VERSION, GUEST_BLOCK_BYTES
	.quad 0x80100000			# start
	.quad 0x86400000			# end
	.quad 4096				# step
	.long GUEST_STAMP_BYTE
	.long 1					# writers
	.long 0					# suspend
	.long 64				# passes per 'B'
	.quad 0					# pace
	.quad 0					# heartbeat
	.quad 0					# hole start
	.quad 0					# hole end
	.org GUEST_RISCV64_BLOCK_OFFSET + GUEST_BLOCK_BYTES, 0

# What the other harts wait for: 0, GO or REFUSED.
verdict:
	.long 0
# A byte for each writer: it has stamped all its pages.
stamped:
	.zero GUEST_WRITERS_MAX

	.macro PRINT sign
	li	t0, GUEST_RISCV64_SERIAL
	li	t1, \sign
	sb	t1, 0(t0)
	.endm

	.macro REQUIRE_WORD field, value
	lwu	t0, \field(s0)
	li	t1, \value
	bne	t0, t1, refuse
	.endm

start:
	csrw	mie, zero
	lla	t0, refuse
	csrw	mtvec, t0
	lla	s0, block
	mv	s4, a0
	beqz	a0, 2f

	# Another hart: its turn comes when hart 0 has looked at the block, if it has a slice.
	lla	t0, verdict
1:	lw	t1, 0(t0)
	beqz	t1, 1b
	li	t2, GO
	bne	t1, t2, halt
	fence
	lwu	t1, GUEST_FIELD_WRITERS(s0)
	bltu	s4, t1, writer
	j	halt

# What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
2:	REQUIRE_WORD GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_WORD GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_WORD GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_WORD GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_WORD GUEST_FIELD_SUSPEND, 0
	lwu	t0, GUEST_FIELD_STAMP_KIND(s0)
	li	t1, GUEST_STAMP_PAGE
	bgtu	t0, t1, refuse
	lwu	t0, GUEST_FIELD_PASSES_PER_B(s0)
	beqz	t0, refuse
	ld	t0, GUEST_FIELD_HOLE_START(s0)	# this machine's memory has none
	bnez	t0, refuse
	ld	t0, GUEST_FIELD_HOLE_END(s0)
	bnez	t0, refuse
	ld	a1, GUEST_FIELD_START(s0)
	ld	a2, GUEST_FIELD_END(s0)
	ld	a3, GUEST_FIELD_STEP(s0)
	or	t0, a1, a2
	or	t0, t0, a3
	slli	t0, t0, 52			# the lowest 12 bits
	bnez	t0, refuse
	beqz	a3, refuse
	li	a4, GUEST_RISCV64_RANGE_MIN
	bltu	a1, a4, refuse
	bgeu	a1, a2, refuse
	sub	t0, a2, a1
	remu	t1, t0, a3
	bnez	t1, refuse			# a last step cut short
	divu	t0, t0, a3			# stamps
	lwu	t1, GUEST_FIELD_WRITERS(s0)
	beqz	t1, refuse
	li	t2, GUEST_WRITERS_MAX
	bgtu	t1, t2, refuse
	bltu	t0, t1, refuse			# a writer without a page
	ld	t0, GUEST_FIELD_HEARTBEAT(s0)
	beqz	t0, 3f
	slli	t1, t0, 52
	bnez	t1, refuse
	li	a4, GUEST_RISCV64_HEARTBEAT
	bltu	t0, a4, refuse			# in the image
	bgeu	t0, a2, 3f
	bgeu	t0, a1, refuse			# within the range
3:
	PRINT GUEST_SIGN_START
	fence
	lla	t0, verdict
	li	t1, GO
	sw	t1, 0(t0)
	j	writer

refuse:
	PRINT GUEST_SIGN_REFUSED
	lla	t0, verdict
	li	t1, REFUSED
	sw	t1, 0(t0)
halt:
	csrw	mie, zero
	wfi
	j	halt

	.include "writer.S"

	.org GUEST_RISCV64_IMAGE_BYTES, 0
