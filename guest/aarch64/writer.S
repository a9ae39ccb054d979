// The writer of Drover's aarch64 guest, included by boot.S: it stamps its slice for ever. What a stamp is, and the
// order of its stores, is in ../README.md.

// A writer: x0 is its number.
//   x19: block; x20: first address of the slice; x21: stamps in it; x22: step; w23: writer
//   x24: clock ticks a page, 0 without a pace; x25: when the next page is due; x26: a tenth of a second
//        (all three with CLOCK_FRACTION_BITS behind the point)
//   x27: heartbeat counter or 0; x28: passes so far; w29: passes until the next 'B'
writer:
	mov	w23, w0
	FIELD	x1, GUEST_FIELD_START
	FIELD	x2, GUEST_FIELD_END
	FIELD	x22, GUEST_FIELD_STEP
	FIELD	w3, GUEST_FIELD_WRITERS
	sub	x2, x2, x1
	udiv	x2, x2, x22			// all stamps
	udiv	x21, x2, x3
	mul	x4, x21, x23			// stamps before this slice
	madd	x20, x4, x22, x1
	sub	w5, w3, #1
	cmp	w23, w5
	b.ne	1f
	sub	x21, x2, x4			// the last one has the rest
1:	FIELD	x27, GUEST_FIELD_HEARTBEAT
	cbz	x27, 2f
	add	x27, x27, x23, lsl #6		// GUEST_HEARTBEAT_STRIDE
2:	FIELD	x4, GUEST_FIELD_PACE
	mrs	x5, cntfrq_el0
	lsl	x5, x5, #CLOCK_FRACTION_BITS
	mov	x6, #10
	udiv	x26, x5, x6
	mul	x5, x5, x3
	mov	x24, #0
	cbz	x4, 3f
	udiv	x24, x5, x4
3:	FIELD	w0, GUEST_FIELD_STAMP_KIND

// Nothing is stamped yet.
	mov	x1, x20
	mov	x2, x21
4:	cmp	w0, #GUEST_STAMP_WIDE
	b.hi	6f
	b.eq	5f
	strb	wzr, [x1]
	b	8f
5:	stp	xzr, x1, [x1]
	b	8f
6:	mov	x3, x1
	mov	x4, #GUEST_STAMP_PAGE_BYTES / 128
7:	.irp	at, 0, 16, 32, 48, 64, 80, 96, 112
	stp	xzr, xzr, [x3, #\at]
	.endr
	add	x3, x3, #128
	subs	x4, x4, #1
	b.ne	7b
8:	add	x1, x1, x22
	subs	x2, x2, #1
	b.ne	4b

	mov	x28, #0
	mrs	x25, cntvct_el0
	lsl	x25, x25, #CLOCK_FRACTION_BITS
10:	FIELD	w29, GUEST_FIELD_PASSES_PER_B
11:
	// TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed
	// while well used. Often at first, for an early 'B'; now and then later, for a processor that came
	// here by migration and starts with a small TLB again.
	FIELD	w1, GUEST_FIELD_STAMP_KIND
	cmp	w1, #GUEST_STAMP_PAGE		// takes so long that a flush does not count
	b.eq	12f
	cmp	x28, #10
	b.lo	12f
	tst	x28, #7
	b.ne	13f
12:	tlbi	vmalle1
	dsb	nsh
	isb
13:	add	x28, x28, #1
	mov	x0, x20
	FIELD	w1, GUEST_FIELD_STAMP_KIND
	cmp	w1, #GUEST_STAMP_WIDE
	b.hi	pass_page
	b.eq	pass_wide
	b	pass_byte
passed:
	// The first 'B' says that every page of every slice has a stamp.
	cmp	x28, #1
	b.ne	9f
	ldr	x1, =GUEST_AARCH64_SCRATCH
	mov	w2, #1
	dmb	ish
	strb	w2, [x1, x23]
	cbnz	w23, 9f
	FIELD	w3, GUEST_FIELD_WRITERS
14:	sub	w3, w3, #1
15:	ldrb	w2, [x1, x3]
	cbz	w2, 15b
	cbnz	w3, 14b
9:	subs	w29, w29, #1
	b.ne	11b
	cbnz	w23, 10b
	PRINT GUEST_SIGN_PASSES
	b	10b

// Each pass adds one to what a page holds, so that a page which was stale once stays it, and leads to `passed`.
	.macro STAMP_BYTE
	ldrb	w3, [x0]
	add	w3, w3, #1
	strb	w3, [x0]
	add	x0, x0, x22
	.endm

// Eight pages a round: under TCG a round is one translated block, and the cost of entering a block is paid
// once for eight pages.
	.macro PASS_BYTE accounted
	lsr	x1, x21, #3
	cbz	x1, 2f
1:	.rept	8
	STAMP_BYTE
	.endr
	.if \accounted
	mov	x9, #8
	bl	account
	.endif
	subs	x1, x1, #1
	b.ne	1b
2:	ands	x1, x21, #7
	b.eq	passed
3:	STAMP_BYTE
	.if \accounted
	mov	x9, #1
	bl	account
	.endif
	subs	x1, x1, #1
	b.ne	3b
	b	passed
	.endm

pass_byte:
	orr	x1, x24, x27
	cbnz	x1, 10f
	PASS_BYTE 0
10:	PASS_BYTE 1

pass_wide:
	mov	x1, x21
	mov	x9, #1
1:	ldr	x2, [x0]
	add	x2, x2, #1
	str	x2, [x0]
	bl	account
	add	x0, x0, x22
	subs	x1, x1, #1
	b.ne	1b
	b	passed

// The order of the stores is the contract's: word 1, the words behind it upwards, word 0 last.
pass_page:
	mov	x1, x21
	mov	x9, #1
	ldr	x6, =(GUEST_MIX_GENERATION_HIGH << 32) + GUEST_MIX_GENERATION_LOW
	ldr	x7, =(GUEST_MIX_MULTIPLY_HIGH << 32) + GUEST_MIX_MULTIPLY_LOW
1:	ldr	x2, [x0]
	add	x2, x2, #1
	str	x0, [x0, #8]
	mul	x3, x2, x6
	add	x4, x0, #16			// a + k is a word's own address
	mov	x5, #(GUEST_STAMP_PAGE_BYTES - 16) / 8 / PAGE_WORDS_A_ROUND
2:	.rept	PAGE_WORDS_A_ROUND
	eor	x8, x4, x3
	eor	x8, x8, x8, lsr #32
	mul	x8, x8, x7
	eor	x8, x8, x8, lsr #32
	str	x8, [x4], #8
	.endr
	subs	x5, x5, #1
	b.ne	2b
	str	x2, [x0]
	bl	account
	add	x0, x0, x22
	subs	x1, x1, #1
	b.ne	1b
	b	passed

// After x9 pages: updates the heartbeat, and waits for the pace. Changes x10 and x11.
account:
	cbz	x27, 1f
	ldr	x10, [x27]
	add	x10, x10, #1
	str	x10, [x27]
1:	cbz	x24, 3f
	madd	x25, x24, x9, x25
2:	isb
	mrs	x10, cntvct_el0
	lsl	x10, x10, #CLOCK_FRACTION_BITS
	subs	x11, x10, x25
	b.mi	4f
	cmp	x11, x26			// what was missed before is not caught up
	b.ls	3f
	sub	x25, x10, x26
3:	ret
4:	cbz	x27, 2b
	ldr	x10, [x27]
	add	x10, x10, #1
	str	x10, [x27]
	b	2b
