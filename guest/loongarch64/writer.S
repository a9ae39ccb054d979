# The writer of Drover's loongarch64 guest, included by boot.S: it stamps its slice for ever. What a stamp is, and the
# order of its stores, is in ../README.md.

# A writer. Its slice has two pieces if the hole lies within.
#   s0: block; s1: first address of the first piece; s2: stamps in it; sp: stamps in the second one, from the hole's end
#   s3: step; s4: writer
#   s5: clock ticks a page, 0 without a pace; s6: when the next page is due; s7: a tenth of a second
#       (all three with CLOCK_FRACTION_BITS behind the point)
#   s8: heartbeat counter or 0; fp: passes so far; r21: passes until the next 'B'; tp: stamp kind
writer:
	ld.d	$t0, $s0, GUEST_FIELD_START
	ld.d	$t1, $s0, GUEST_FIELD_END
	ld.d	$s3, $s0, GUEST_FIELD_STEP
	ld.wu	$t2, $s0, GUEST_FIELD_WRITERS
	ld.d	$t5, $s0, GUEST_FIELD_HOLE_START
	ld.d	$t6, $s0, GUEST_FIELD_HOLE_END
	bnez	$t5, 1f
	move	$t5, $t1
	move	$t6, $t1
1:	sub.d	$t5, $t5, $t0
	div.du	$t5, $t5, $s3			# stamps before the hole
	sub.d	$t1, $t1, $t6
	div.du	$t1, $t1, $s3
	add.d	$t1, $t1, $t5			# all stamps
	div.du	$s2, $t1, $t2
	mul.d	$t3, $s2, $s4			# stamps before this slice
	addi.d	$t4, $t2, -1
	bne	$s4, $t4, 2f
	sub.d	$s2, $t1, $t3			# the last one has the rest
2:	li.w	$sp, 0
	bgeu	$t3, $t5, 3f
	mul.d	$t4, $t3, $s3
	add.d	$s1, $t0, $t4
	sub.d	$t5, $t5, $t3			# stamps from here to the hole
	bgeu	$t5, $s2, 4f
	sub.d	$sp, $s2, $t5
	move	$s2, $t5
	b	4f
3:	sub.d	$t4, $t3, $t5			# all of the slice lies behind the hole
	mul.d	$t4, $t4, $s3
	add.d	$s1, $t6, $t4
4:	ld.d	$s8, $s0, GUEST_FIELD_HEARTBEAT
	beqz	$s8, 2f
	slli.d	$t3, $s4, 6			# GUEST_HEARTBEAT_STRIDE
	add.d	$s8, $s8, $t3
2:	ld.d	$t3, $s0, GUEST_FIELD_PACE
	li.d	$t4, CLOCK_HZ << CLOCK_FRACTION_BITS
	li.d	$s7, (CLOCK_HZ << CLOCK_FRACTION_BITS) / 10
	li.d	$s5, 0
	beqz	$t3, 3f
	mul.d	$t4, $t4, $t2
	div.du	$s5, $t4, $t3
3:	ld.wu	$tp, $s0, GUEST_FIELD_STAMP_KIND

# Nothing is stamped yet.
	move	$a0, $s1
	move	$a1, $s2
	move	$t8, $sp
	li.w	$t0, GUEST_STAMP_WIDE
4:	bltu	$t0, $tp, 6f
	beq	$tp, $t0, 5f
	st.b	$zero, $a0, 0
	b	8f
5:	st.d	$zero, $a0, 0
	st.d	$a0, $a0, 8
	b	8f
6:	move	$a2, $a0
	li.w	$a3, GUEST_STAMP_PAGE_BYTES / 128
7:	.irp	at, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
	st.d	$zero, $a2, \at
	.endr
	addi.d	$a2, $a2, 128
	addi.d	$a3, $a3, -1
	bnez	$a3, 7b
8:	add.d	$a0, $a0, $s3
	addi.d	$a1, $a1, -1
	bnez	$a1, 4b
	beqz	$t8, 9f
	move	$a1, $t8
	li.w	$t8, 0
	ld.d	$a0, $s0, GUEST_FIELD_HOLE_END
	b	4b

9:	li.w	$fp, 0
	rdtime.d	$s6, $zero
	slli.d	$s6, $s6, CLOCK_FRACTION_BITS
10:	ld.wu	$r21, $s0, GUEST_FIELD_PASSES_PER_B
11:
	# TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed
	# while well used. Often at first, for an early 'B'; now and then later, for a processor that came
	# here by migration and starts with a small TLB again.
	li.w	$t0, GUEST_STAMP_PAGE		# takes so long that a flush does not count
	beq	$tp, $t0, 12f
	li.w	$t0, 10
	bltu	$fp, $t0, 12f
	andi	$t0, $fp, 7
	bnez	$t0, 13f
12:	invtlb	0, $zero, $zero
13:	addi.d	$fp, $fp, 1
	move	$a0, $s1
	move	$a1, $s2
	move	$t8, $sp
piece:
	li.w	$t0, GUEST_STAMP_WIDE
	bltu	$t0, $tp, pass_page
	beq	$tp, $t0, pass_wide
	b	pass_byte
passed:
	beqz	$t8, 13f
	move	$a1, $t8
	li.w	$t8, 0
	ld.d	$a0, $s0, GUEST_FIELD_HOLE_END
	b	piece
13:
	# The first 'B' says that every page of every slice has a stamp.
	li.w	$t0, 1
	bne	$fp, $t0, 9f
	li.d	$t0, STAMPED
	add.d	$t1, $t0, $s4
	li.w	$t2, 1
	dbar	0
	st.b	$t2, $t1, 0
	bnez	$s4, 9f
	ld.wu	$t3, $s0, GUEST_FIELD_WRITERS
14:	addi.d	$t3, $t3, -1
	add.d	$t1, $t0, $t3
15:	ld.bu	$t2, $t1, 0
	beqz	$t2, 15b
	bnez	$t3, 14b
9:	addi.d	$r21, $r21, -1
	bnez	$r21, 11b
	bnez	$s4, 10b
	PRINT GUEST_SIGN_PASSES
	b	10b

# A pass over a1 pages from a0 on. It adds one to what a page holds, so that a page which was stale once stays it, and
# leads to `passed`.
	.macro STAMP_BYTE
	ld.bu	$t0, $a0, 0
	addi.d	$t0, $t0, 1
	st.b	$t0, $a0, 0
	add.d	$a0, $a0, $s3
	.endm

# Eight pages a round: under TCG a round is one translated block, and the cost of entering a block is paid
# once for eight pages.
	.macro PASS_BYTE accounted
	move	$a3, $a1
	srli.d	$a1, $a3, 3
	beqz	$a1, 2f
1:	.rept	8
	STAMP_BYTE
	.endr
	.if \accounted
	li.w	$a5, 8
	bl	account
	.endif
	addi.d	$a1, $a1, -1
	bnez	$a1, 1b
2:	andi	$a1, $a3, 7
	beqz	$a1, passed
3:	STAMP_BYTE
	.if \accounted
	li.w	$a5, 1
	bl	account
	.endif
	addi.d	$a1, $a1, -1
	bnez	$a1, 3b
	b	passed
	.endm

pass_byte:
	or	$t0, $s5, $s8
	bnez	$t0, 10f
	PASS_BYTE 0
10:	PASS_BYTE 1

pass_wide:
	li.w	$a5, 1
1:	ld.d	$a2, $a0, 0
	addi.d	$a2, $a2, 1
	st.d	$a2, $a0, 0
	bl	account
	add.d	$a0, $a0, $s3
	addi.d	$a1, $a1, -1
	bnez	$a1, 1b
	b	passed

# The order of the stores is the contract's: word 1, the words behind it upwards, word 0 last.
pass_page:
	li.w	$a5, 1
	li.d	$a6, (GUEST_MIX_GENERATION_HIGH << 32) + GUEST_MIX_GENERATION_LOW
	li.d	$a7, (GUEST_MIX_MULTIPLY_HIGH << 32) + GUEST_MIX_MULTIPLY_LOW
1:	ld.d	$a2, $a0, 0
	addi.d	$a2, $a2, 1
	st.d	$a0, $a0, 8
	mul.d	$a3, $a2, $a6
	addi.d	$a4, $a0, 16			# a + k is a word's own address
	li.w	$t2, (GUEST_STAMP_PAGE_BYTES - 16) / 8 / PAGE_WORDS_A_ROUND
2:	.rept	PAGE_WORDS_A_ROUND
	xor	$t0, $a4, $a3
	srli.d	$t1, $t0, 32
	xor	$t0, $t0, $t1
	mul.d	$t0, $t0, $a7
	srli.d	$t1, $t0, 32
	xor	$t0, $t0, $t1
	st.d	$t0, $a4, 0
	addi.d	$a4, $a4, 8
	.endr
	addi.d	$t2, $t2, -1
	bnez	$t2, 2b
	st.d	$a2, $a0, 0
	bl	account
	add.d	$a0, $a0, $s3
	addi.d	$a1, $a1, -1
	bnez	$a1, 1b
	b	passed

# After a5 pages: updates the heartbeat, and waits for the pace. Changes t0 and t1.
account:
	beqz	$s8, 1f
	ld.d	$t0, $s8, 0
	addi.d	$t0, $t0, 1
	st.d	$t0, $s8, 0
1:	beqz	$s5, 3f
	mul.d	$t0, $s5, $a5
	add.d	$s6, $s6, $t0
2:	rdtime.d	$t0, $zero
	slli.d	$t0, $t0, CLOCK_FRACTION_BITS
	sub.d	$t1, $t0, $s6
	blt	$t1, $zero, 4f
	bgeu	$s7, $t1, 3f			# what was missed before is not caught up
	sub.d	$s6, $t0, $s7
3:	ret
4:	beqz	$s8, 2b
	ld.d	$t0, $s8, 0
	addi.d	$t0, $t0, 1
	st.d	$t0, $s8, 0
	b	2b
