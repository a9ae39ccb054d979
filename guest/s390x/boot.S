# Drover's s390x guest: a kernel image of 16 KiB that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0, given with -kernel as a raw image, which starts without any firmware; entered where
#                 the IPL PSW at 0 says
#   range         [start, end) of the parameter block at image offset 0x2000
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass, '!' when it refuses the block or
#                 meets an address without memory
#   scratch       the image itself; no stack; one interrupt, the one that ends a print
#
# Runs on s390-ccw-virtio, in 64-bit mode with address translation off. Left out: anything the memory
# check does not need. Storage keys are left alone: QEMU keeps none for a guest that sets none.

	.include "contract.inc"

	.set SCLP_WRITE_MASK, 0x780005
	.set SCLP_WRITE_DATA, 0x760005
	.set SCLP_SEND_ASCII, 0x40		# the bit of event type 0x1a in a mask
	.set SCLP_EVENT_ASCII, 0x1a
	.set CR0_SERVICE_SIGNAL, 0x200
	.set SIGP_SENSE, 1
	.set SIGP_RESTART, 6
	.set NOT_THERE, 1			# condition codes 2 and 3 as masks of a branch
	.set BUSY, 2
	.set BATCH_PAGES, 64
	.set CLOCK_STRIDE, 32
	.set SECOND_HIGH, 0xf4			# 10^6 * 4096 * 256
	.set SECOND_LOW, 0x24000000
	.set TENTH_HIGH, 0x18
	.set TENTH_LOW, 0x6a000000
	.set WORDS_A_ROUND, 15			# 510 words follow the first two of a page
	.set PAGE_ROUNDS, 34

	.machine "z196"
	.text
image:
	.long 0x00080000, 0x80000000 + start	# IPL PSW
	.set MODE, 0x0000000180000000		# 64-bit addressing, nothing enabled
	.set WAIT, 0x0102000180000000		# the same, waits for an external interrupt
	.org 0x1a0, 0
	.quad MODE, writer			# restart: how the other processors enter
	.quad MODE, printed			# external
	.quad MODE, refuse			# supervisor call
	.quad MODE, refuse			# program: an address without memory
	.quad MODE, refuse			# machine check
	.quad MODE, refuse			# input/output

# Whatever is addressed without a base register, and stored into, lies in this first page, where no code is.
	.org 0x400, 0
cr0:
	.quad CR0_SERVICE_SIGNAL
none:
	.quad 0
print_wait:
	.quad WAIT, 0
halt_wait:
	.quad WAIT, 0
entering:
	.long 0					# number of the writer that is being started
stamped:
	.fill GUEST_WRITERS_MAX, 1, 0		# each writer's own: it has stamped all its pages

	.org GUEST_S390X_BLOCK_OFFSET, 0
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
	.org GUEST_S390X_BLOCK_OFFSET + GUEST_BLOCK_BYTES, 0

# Prints the sign in r2. The call is answered by an interrupt, and printing ends with it. Clobbers r0-r3.
print:
	lgfi %r0, SCLP_WRITE_DATA
	larl %r1, print_request
	stc %r2, print_sign - print_request(%r1)
	mvi print_flags - print_request(%r1), 0	# the answer to the last one
service:
	.insn rre, 0xb2200000, %r0, %r1		# service call
	brc BUSY, service
	bcr NOT_THERE, %r14
	lpswe print_wait
printed:
	br %r14

# What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
refuse:
	lghi %r2, GUEST_SIGN_REFUSED
	brasl %r14, print
	lctlg %c0, %c0, none			# nothing wakes it any more
	lpswe halt_wait

	.macro REQUIRE_LONG field, value
	lrv %r0, \field(%r13)
	clfi %r0, \value
	jne refuse
	.endm

	.globl start
start:
	larl %r13, block
	lctlg %c0, %c0, cr0
	lgfi %r0, SCLP_WRITE_MASK
	larl %r1, mask_request
	brasl %r14, service
	REQUIRE_LONG GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_LONG GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_LONG GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_LONG GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_LONG GUEST_FIELD_SUSPEND, 0	# the machine has no suspend to RAM
	REQUIRE_LONG GUEST_FIELD_HOLE_START, 0	# nor a hole in its memory
	REQUIRE_LONG GUEST_FIELD_HOLE_START + 4, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_END, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_END + 4, 0
	lrv %r0, GUEST_FIELD_STAMP_KIND(%r13)
	clfi %r0, GUEST_STAMP_PAGE
	jh refuse
	lrv %r0, GUEST_FIELD_PASSES_PER_B(%r13)
	clfi %r0, 0
	je refuse
	lrv %r6, GUEST_FIELD_WRITERS(%r13)
	llgfr %r6, %r6
	ltgr %r6, %r6
	je refuse
	clgfi %r6, GUEST_WRITERS_MAX
	jh refuse

	lrvg %r5, GUEST_FIELD_START(%r13)
	lrvg %r4, GUEST_FIELD_END(%r13)
	lrvg %r7, GUEST_FIELD_STEP(%r13)
	clgfi %r5, GUEST_S390X_RANGE_MIN
	jl refuse
	clgr %r5, %r4
	jhe refuse
	ltgr %r7, %r7
	je refuse
	lrvg %r1, GUEST_FIELD_HEARTBEAT(%r13)
	lgr %r0, %r5
	ogr %r0, %r7
	ogr %r0, %r4
	ogr %r0, %r1
	tmll %r0, 0xfff				# all multiples of 4096
	jnz refuse
	lgr %r3, %r4
	sgr %r3, %r5
	lghi %r2, 0
	dlgr %r2, %r7				# r3: pages in the range; r2: bytes of a step cut short
	ltgr %r2, %r2
	jne refuse
	clgr %r3, %r6				# each writer has a page at least
	jl refuse
	ltgr %r1, %r1
	je 1f
	clgfi %r1, GUEST_S390X_IMAGE_BYTES
	jl refuse
	clgr %r1, %r5				# outside the range
	jl 1f
	clgr %r1, %r4
	jl refuse

# The processors' addresses are 0, 1, ...; that all are there is seen before the 'A'.
1:	lgr %r4, %r6
2:	aghi %r4, -1
	je 4f
3:	sigp %r2, %r4, SIGP_SENSE
	brc BUSY, 3b
	brc NOT_THERE, refuse
	j 2b
4:	lghi %r2, GUEST_SIGN_START
	brasl %r14, print

# One after the other, since a number is all that a processor is given: it takes it from memory.
	lgr %r4, %r6
5:	aghi %r4, -1
	je writer
	st %r4, entering
6:	sigp %r2, %r4, SIGP_RESTART
	brc BUSY, 6b
	brc NOT_THERE, refuse
7:	clfhsi entering, 0
	jne 7b
	j 5b

	.include "writer.S"

# A page that has no code either. Commands for the service element and the text that it prints may not lie in the first
# two pages, and each lies within one.
	.balign 0x1000, 0
clocks:
	.fill GUEST_WRITERS_MAX * CLOCK_STRIDE, 1, 0
mask_request:
	.short 28, 0, 0, 0			# length; the last is the answer
	.short 0, 4				# a mask has 4 bytes
	.long 0, SCLP_SEND_ASCII, 0, 0
	.balign 8, 0
print_request:
	.short 15, 0, 0, 0
	.short 7				# length of the event
	.byte SCLP_EVENT_ASCII
print_flags:
	.byte 0
	.short 0
print_sign:
	.byte 0
	.org GUEST_S390X_IMAGE_BYTES, 0
