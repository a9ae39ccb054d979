# Drover's loongarch64 guest: an 8 KiB firmware image that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0x1c000000, a ROM of machine virt, given with -bios; entered with address translation off
#   range         [start, end) of the parameter block at image offset 0x100
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass; '!', and no more, when it refuses the block or
#                 meets an exception, such as an address without RAM
#   scratch       68 bytes of RAM, below the range; no stack, no interrupts, no paging
#
# All processors enter at once, with their number in CSR CPUID: processor 0 is writer 0, wherever it comes in time.

	.include "contract.inc"

	.set CLOCK_HZ, 100000000		# of machine virt
	.set CLOCK_FRACTION_BITS, 12
	.set PAGE_WORDS_A_ROUND, 10		# divides the 510 words behind the first two
	.set GO, 1
	.set REFUSED, 2

	.set CSR_ECFG, 0x4
	.set CSR_EENTRY, 0xc			# its lowest 12 bits are 0
	.set CSR_CPUID, 0x20

# In scratch memory. What the other processors wait for: 0, GO or REFUSED.
	.set VERDICT, GUEST_LOONGARCH64_SCRATCH
# A byte for each writer: it has stamped all its pages.
	.set STAMPED, GUEST_LOONGARCH64_SCRATCH + 4

	.text
image:
	b	start

	.org GUEST_LOONGARCH64_BLOCK_OFFSET, 0
block:
	.long GUEST_BLOCK_MAGIC_LOW, GUEST_BLOCK_MAGIC_HIGH
	.long GUEST_BLOCK_VERSION, GUEST_BLOCK_BYTES
	.quad 0x100000				# start
	.quad 0x6400000				# end
	.quad 4096				# step
	.long GUEST_STAMP_BYTE
	.long 1					# writers
	.long 0					# suspend
	.long 64				# passes per 'B'
	.quad 0					# pace
	.quad 0					# heartbeat
	.quad 0					# hole start
	.quad 0					# hole end
	.org GUEST_LOONGARCH64_BLOCK_OFFSET + GUEST_BLOCK_BYTES, 0

	.macro PRINT sign
	li.d	$t0, GUEST_LOONGARCH64_SERIAL
	li.w	$t1, \sign
	st.b	$t1, $t0, 0
	.endm

	.macro REQUIRE_WORD field, value
	ld.wu	$t0, $s0, \field
	li.d	$t1, \value
	bne	$t0, $t1, refuse
	.endm

start:
	csrwr	$zero, CSR_ECFG			# no interrupt, one entry for all exceptions
	li.d	$t0, GUEST_LOONGARCH64_IMAGE_ADDRESS + GUEST_LOONGARCH64_EXCEPTION_OFFSET
	csrwr	$t0, CSR_EENTRY
	li.d	$s0, GUEST_LOONGARCH64_IMAGE_ADDRESS + GUEST_LOONGARCH64_BLOCK_OFFSET
	csrrd	$s4, CSR_CPUID
	beqz	$s4, 2f

	# Another processor: its turn comes when processor 0 has looked at the block, if it has a slice.
	li.d	$t0, VERDICT
1:	ld.w	$t1, $t0, 0
	beqz	$t1, 1b
	li.w	$t2, GO
	bne	$t1, $t2, halt
	dbar	0
	ld.wu	$t1, $s0, GUEST_FIELD_WRITERS
	bltu	$s4, $t1, writer
	b	halt

# What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
2:	REQUIRE_WORD GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_WORD GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_WORD GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_WORD GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_WORD GUEST_FIELD_SUSPEND, 0
	ld.wu	$t0, $s0, GUEST_FIELD_STAMP_KIND
	li.w	$t1, GUEST_STAMP_PAGE
	bltu	$t1, $t0, refuse
	ld.wu	$t0, $s0, GUEST_FIELD_PASSES_PER_B
	beqz	$t0, refuse
	ld.d	$a1, $s0, GUEST_FIELD_START
	ld.d	$a2, $s0, GUEST_FIELD_END
	ld.d	$a3, $s0, GUEST_FIELD_STEP
	ld.d	$a5, $s0, GUEST_FIELD_HOLE_START
	ld.d	$a6, $s0, GUEST_FIELD_HOLE_END
	or	$t0, $a1, $a2
	or	$t0, $t0, $a3
	or	$t0, $t0, $a5
	or	$t0, $t0, $a6
	slli.d	$t0, $t0, 52			# the lowest 12 bits
	bnez	$t0, refuse
	beqz	$a3, refuse
	li.d	$a4, GUEST_LOONGARCH64_RANGE_MIN
	bltu	$a1, $a4, refuse
	or	$t0, $a5, $a6
	bnez	$t0, 4f
	move	$a5, $a2			# no hole: the first piece is all there is
	move	$a6, $a2
	bltu	$a1, $a2, 5f
	b	refuse
4:	bgeu	$a1, $a5, refuse
	bgeu	$a5, $a6, refuse
	bgeu	$a6, $a2, refuse
5:	sub.d	$t0, $a5, $a1
	mod.du	$t1, $t0, $a3
	bnez	$t1, refuse			# a last step cut short
	sub.d	$t2, $a2, $a6
	mod.du	$t1, $t2, $a3
	bnez	$t1, refuse
	add.d	$t0, $t0, $t2
	div.du	$t0, $t0, $a3			# stamps
	ld.wu	$t1, $s0, GUEST_FIELD_WRITERS
	beqz	$t1, refuse
	li.w	$t2, GUEST_WRITERS_MAX
	bltu	$t2, $t1, refuse
	bltu	$t0, $t1, refuse		# a writer without a page
	ld.d	$t0, $s0, GUEST_FIELD_HEARTBEAT
	beqz	$t0, 3f
	slli.d	$t1, $t0, 52
	bnez	$t1, refuse
	li.d	$a4, GUEST_LOONGARCH64_HEARTBEAT
	bltu	$t0, $a4, refuse		# in scratch memory or below
	bgeu	$t0, $a2, 3f
	bgeu	$t0, $a1, refuse		# within the range
3:
	PRINT GUEST_SIGN_START
	dbar	0
	li.d	$t0, VERDICT
	li.w	$t1, GO
	st.w	$t1, $t0, 0
	b	writer

refuse:
	PRINT GUEST_SIGN_REFUSED
	li.d	$t0, VERDICT
	li.w	$t1, REFUSED
	st.w	$t1, $t0, 0
halt:
	csrwr	$zero, CSR_ECFG
	idle	0
	b	halt

	.include "writer.S"

	.org GUEST_LOONGARCH64_EXCEPTION_OFFSET, 0
	b	refuse

	.org GUEST_LOONGARCH64_IMAGE_BYTES, 0
