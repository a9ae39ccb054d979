# The writer of Drover's riscv64 guest, included by boot.S: it stamps its slice for ever. What a stamp is, and the
# order of its stores, is in ../README.md.

# A writer.
#   s0: block; s1: first address of the slice; s2: stamps in it; s3: step; s4: writer
#   s5: clock ticks a page, 0 without a pace; s6: when the next page is due; s7: a tenth of a second
#       (all three with CLOCK_FRACTION_BITS behind the point)
#   s8: heartbeat counter or 0; s9: passes so far; s10: passes until the next 'B'; s11: stamp kind
writer:
	ld	t0, GUEST_FIELD_START(s0)
	ld	t1, GUEST_FIELD_END(s0)
	ld	s3, GUEST_FIELD_STEP(s0)
	lwu	t2, GUEST_FIELD_WRITERS(s0)
	sub	t1, t1, t0
	divu	t1, t1, s3			# all stamps
	divu	s2, t1, t2
	mul	t3, s2, s4			# stamps before this slice
	mul	t4, t3, s3
	add	s1, t0, t4
	addi	t4, t2, -1
	bne	s4, t4, 1f
	sub	s2, t1, t3			# the last one has the rest
1:	ld	s8, GUEST_FIELD_HEARTBEAT(s0)
	beqz	s8, 2f
	slli	t3, s4, 6			# GUEST_HEARTBEAT_STRIDE
	add	s8, s8, t3
2:	ld	t3, GUEST_FIELD_PACE(s0)
	li	t4, CLOCK_HZ << CLOCK_FRACTION_BITS
	li	s7, (CLOCK_HZ << CLOCK_FRACTION_BITS) / 10
	li	s5, 0
	beqz	t3, 3f
	mul	t4, t4, t2
	divu	s5, t4, t3
3:	lwu	s11, GUEST_FIELD_STAMP_KIND(s0)

# Nothing is stamped yet.
	mv	a0, s1
	mv	a1, s2
	li	t0, GUEST_STAMP_WIDE
4:	bgtu	s11, t0, 6f
	beq	s11, t0, 5f
	sb	zero, 0(a0)
	j	8f
5:	sd	zero, 0(a0)
	sd	a0, 8(a0)
	j	8f
6:	mv	a2, a0
	li	a3, GUEST_STAMP_PAGE_BYTES / 128
7:	.irp	at, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
	sd	zero, \at(a2)
	.endr
	addi	a2, a2, 128
	addi	a3, a3, -1
	bnez	a3, 7b
8:	add	a0, a0, s3
	addi	a1, a1, -1
	bnez	a1, 4b

	li	s9, 0
	csrr	s6, time
	slli	s6, s6, CLOCK_FRACTION_BITS
10:	lwu	s10, GUEST_FIELD_PASSES_PER_B(s0)
11:
	# TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed
	# while well used. Often at first, for an early 'B'; now and then later, for a processor that came
	# here by migration and starts with a small TLB again.
	li	t0, GUEST_STAMP_PAGE		# takes so long that a flush does not count
	beq	s11, t0, 12f
	li	t0, 10
	bltu	s9, t0, 12f
	andi	t0, s9, 7
	bnez	t0, 13f
12:	sfence.vma
13:	addi	s9, s9, 1
	mv	a0, s1
	li	t0, GUEST_STAMP_WIDE
	bgtu	s11, t0, pass_page
	beq	s11, t0, pass_wide
	j	pass_byte
passed:
	# The first 'B' says that every page of every slice has a stamp.
	li	t0, 1
	bne	s9, t0, 9f
	lla	t0, stamped
	add	t1, t0, s4
	li	t2, 1
	fence
	sb	t2, 0(t1)
	bnez	s4, 9f
	lwu	t3, GUEST_FIELD_WRITERS(s0)
14:	addi	t3, t3, -1
	add	t1, t0, t3
15:	lbu	t2, 0(t1)
	beqz	t2, 15b
	bnez	t3, 14b
9:	addi	s10, s10, -1
	bnez	s10, 11b
	bnez	s4, 10b
	PRINT GUEST_SIGN_PASSES
	j	10b

# Each pass adds one to what a page holds, so that a page which was stale once stays it, and leads to `passed`.
	.macro STAMP_BYTE
	lbu	t0, 0(a0)
	addi	t0, t0, 1
	sb	t0, 0(a0)
	add	a0, a0, s3
	.endm

# Eight pages a round: under TCG a round is one translated block, and the cost of entering a block is paid
# once for eight pages.
	.macro PASS_BYTE accounted
	srli	a1, s2, 3
	beqz	a1, 2f
1:	.rept	8
	STAMP_BYTE
	.endr
	.if \accounted
	li	a5, 8
	jal	account
	.endif
	addi	a1, a1, -1
	bnez	a1, 1b
2:	andi	a1, s2, 7
	beqz	a1, passed
3:	STAMP_BYTE
	.if \accounted
	li	a5, 1
	jal	account
	.endif
	addi	a1, a1, -1
	bnez	a1, 3b
	j	passed
	.endm

pass_byte:
	or	t0, s5, s8
	bnez	t0, 10f
	PASS_BYTE 0
10:	PASS_BYTE 1

pass_wide:
	mv	a1, s2
	li	a5, 1
1:	ld	a2, 0(a0)
	addi	a2, a2, 1
	sd	a2, 0(a0)
	jal	account
	add	a0, a0, s3
	addi	a1, a1, -1
	bnez	a1, 1b
	j	passed

# The order of the stores is the contract's: word 1, the words behind it upwards, word 0 last.
pass_page:
	mv	a1, s2
	li	a5, 1
	li	a6, (GUEST_MIX_GENERATION_HIGH << 32) + GUEST_MIX_GENERATION_LOW
	li	a7, (GUEST_MIX_MULTIPLY_HIGH << 32) + GUEST_MIX_MULTIPLY_LOW
1:	ld	a2, 0(a0)
	addi	a2, a2, 1
	sd	a0, 8(a0)
	mul	a3, a2, a6
	addi	a4, a0, 16			# a + k is a word's own address
	li	t2, (GUEST_STAMP_PAGE_BYTES - 16) / 8 / PAGE_WORDS_A_ROUND
2:	.rept	PAGE_WORDS_A_ROUND
	xor	t0, a4, a3
	srli	t1, t0, 32
	xor	t0, t0, t1
	mul	t0, t0, a7
	srli	t1, t0, 32
	xor	t0, t0, t1
	sd	t0, 0(a4)
	addi	a4, a4, 8
	.endr
	addi	t2, t2, -1
	bnez	t2, 2b
	sd	a2, 0(a0)
	jal	account
	add	a0, a0, s3
	addi	a1, a1, -1
	bnez	a1, 1b
	j	passed

# After a5 pages: updates the heartbeat, and waits for the pace. Changes t0 and t1.
account:
	beqz	s8, 1f
	ld	t0, 0(s8)
	addi	t0, t0, 1
	sd	t0, 0(s8)
1:	beqz	s5, 3f
	mul	t0, s5, a5
	add	s6, s6, t0
2:	csrr	t0, time
	slli	t0, t0, CLOCK_FRACTION_BITS
	sub	t1, t0, s6
	bltz	t1, 4f
	bleu	t1, s7, 3f			# what was missed before is not caught up
	sub	s6, t0, s7
3:	ret
4:	beqz	s8, 2b
	ld	t0, 0(s8)
	addi	t0, t0, 1
	sd	t0, 0(s8)
	j	2b
