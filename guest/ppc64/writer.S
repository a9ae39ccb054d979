# The writer of Drover's ppc64 guest, included by boot.S: it stamps its slice for ever. What a stamp is, and the
# order of its stores, is in ../README.md.

# A writer: finds its slice, clears it, and stamps it for ever. In all that follows
#   r14: first page of the slice; r15: pages in the slice; r16: step; r17: heartbeat counter, or 0
#   r18: time that a page takes, 0 without pace; r19: when the next batch is due; r20: address; r21: pages left
#   r22: pages in a full batch; r23: passes so far; r24: passes until the next 'B'; r25: number of the writer
#   r26: block; r27: pages in the batch; r28, r29: the factors of mix
# Times are in 1/256 of the timebase's unit.
writer:
	mr %r25, %r3
	ADDRESS %r26, block
	LOAD_LONG %r30, GUEST_FIELD_WRITERS
	LOAD_QUAD %r14, GUEST_FIELD_START
	LOAD_QUAD %r15, GUEST_FIELD_END
	LOAD_QUAD %r16, GUEST_FIELD_STEP
	sub %r15, %r15, %r14
	divdu %r15, %r15, %r16			# pages of all
	divdu %r4, %r15, %r30			# pages of each writer but the last
	mulld %r5, %r4, %r25			# pages before the slice
	sub %r15, %r15, %r5			# the last has all that are left
	mulld %r5, %r5, %r16
	add %r14, %r14, %r5
	subi %r5, %r30, 1
	cmpld %r25, %r5
	beq 1f
	mr %r15, %r4
1:	LOAD_QUAD %r17, GUEST_FIELD_HEARTBEAT
	cmpldi %r17, 0
	beq 2f
	mulli %r5, %r25, GUEST_HEARTBEAT_STRIDE
	add %r17, %r17, %r5

# Without heartbeat and pace all of a slice is one batch. With a pace a batch lasts a millisecond at most.
2:	li %r18, 0
	mr %r22, %r15
	LOAD_QUAD %r3, GUEST_FIELD_PACE
	cmpldi %r3, 0
	beq 3f
	CONSTANT %r4, SECOND >> 32, SECOND & 0xffffffff
	mulld %r4, %r4, %r30
	divdu %r18, %r4, %r3
	divdu %r3, %r3, %r30			# pages a second of this writer
	srdi. %r22, %r3, 10
	bne 4f
	li %r22, 1
	b 4f
3:	cmpldi %r17, 0
	beq 5f
4:	cmpldi %r22, BATCH_PAGES
	ble 5f
	li %r22, BATCH_PAGES
5:	CONSTANT %r28, GUEST_MIX_GENERATION_HIGH, GUEST_MIX_GENERATION_LOW
	CONSTANT %r29, GUEST_MIX_MULTIPLY_HIGH, GUEST_MIX_MULTIPLY_LOW
	LOAD_LONG %r3, GUEST_FIELD_STAMP_KIND
	li %r23, 0
	cmpldi %r3, GUEST_STAMP_WIDE
	blt writer_byte
	beq writer_wide
	b writer_page

# Each of these goes over the r27 pages of a batch. To the generation that is in memory one is added: a page that
# migration lost stays behind for ever, where one that is given a count would look sound after a pass.
	.macro CLEAR_BYTE
	stb %r3, 0(%r20)
	.endm
	.macro CLEAR_WIDE
	std %r3, 0(%r20)
	li %r4, 8
	stdbrx %r20, %r20, %r4
	.endm
	.macro CLEAR_PAGE
	li %r4, GUEST_STAMP_PAGE_BYTES / 64
	mtctr %r4
	subi %r4, %r20, 8
31:	.rept 8
	stdu %r3, 8(%r4)
	.endr
	bdnz 31b
	.endm

	.macro NEXT_BYTE
	lbz %r3, 0(%r20)
	addi %r3, %r3, 1
	stb %r3, 0(%r20)
	add %r20, %r20, %r16
	.endm

# Eight pages a round: under TCG a round is one translated block, and the cost of entering a block is paid
# once for eight pages.
	.macro STAMP_BYTE
	srdi. %r4, %r27, 3
	beq 22f
	mtctr %r4
21:	.rept 8
	NEXT_BYTE
	.endr
	bdnz 21b
22:	andi. %r4, %r27, 7
	beq 24f
	mtctr %r4
23:	NEXT_BYTE
	bdnz 23b
24:
	.endm

	.macro STAMP_WIDE
	mtctr %r27
21:	ldbrx %r3, 0, %r20
	addi %r3, %r3, 1
	stdbrx %r3, 0, %r20
	add %r20, %r20, %r16
	bdnz 21b
	.endm

# One page a batch. Each word with one store, in the contract's order: word 0 last.
	.macro STAMP_PAGE
	ldbrx %r6, 0, %r20
	addi %r6, %r6, 1
	mulld %r7, %r6, %r28			# what the generation gives to all words
	li %r4, 8
	stdbrx %r20, %r20, %r4
	li %r4, PAGE_ROUNDS
	mtctr %r4
	addi %r5, %r20, 8
21:	.rept WORDS_A_ROUND
	addi %r5, %r5, 8
	xor %r3, %r5, %r7
	srdi %r4, %r3, 32
	xor %r3, %r3, %r4
	mulld %r3, %r3, %r29
	srdi %r4, %r3, 32
	xor %r3, %r3, %r4
	stdbrx %r3, 0, %r5
	.endr
	bdnz 21b
	stdbrx %r6, 0, %r20
	add %r20, %r20, %r16
	.endm

	.macro BEAT by
	cmpldi %r17, 0
	beq 41f
	ldbrx %r3, 0, %r17
	add %r3, %r3, \by
	stdbrx %r3, 0, %r17
41:
	.endm

# Waits until the next batch is due. Who is late by more than a tenth of a second lets the rest go. Should the
# timebase have been set back, a batch that is due later than it can be is due now.
	.macro KEEP_PACE
	cmpldi %r18, 0
	beq 55f
	mulld %r5, %r18, %r27
	add %r19, %r19, %r5
51:	mftb %r4
	sldi %r4, %r4, 8
	sub. %r6, %r19, %r4
	ble 53f
	cmpd %r6, %r5
	bgt 54f
	li %r7, 1
	BEAT %r7
	b 51b
53:	add. %r6, %r6, %r30
	bge 55f
	sub %r4, %r4, %r30
54:	mr %r19, %r4
55:
	.endm

# TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed while well
# used; with a TLB that holds the whole range the loop is much faster. A write to the process number flushes it.
# Often at first, for an early 'B'; now and then later, for a processor that came here by migration and starts
# with a small TLB again.
# In every pass of `page`, where it costs nothing: QEMU may miss writes until a flush after a migration began.
	.macro WRITER clear, stamp, by
	li %r3, 0
	mr %r20, %r14
	mr %r21, %r15
10:	\clear
	add %r20, %r20, %r16
	subi %r21, %r21, 1
	cmpldi %r21, 0
	bne 10b
	CONSTANT %r30, (SECOND / 10) >> 32, (SECOND / 10) & 0xffffffff
	mftb %r19
	sldi %r19, %r19, 8

11:	LOAD_LONG %r24, GUEST_FIELD_PASSES_PER_B
12:	.ifnc \stamp, STAMP_PAGE
	cmpldi %r23, 10
	blt 13f
	andi. %r3, %r23, 7
	bne 14f
	.endif
13:	mtspr PID, %r3
	isync
14:	addi %r23, %r23, 1
	mr %r20, %r14
	mr %r21, %r15
15:	li %r27, 1
	.ifnc \stamp, STAMP_PAGE
	mr %r27, %r22
	cmpld %r27, %r21
	ble 16f
	mr %r27, %r21
	.endif
16:	\stamp
	.ifc \stamp, STAMP_BYTE
	li %r4, 1
	BEAT %r4
	.else
	BEAT %r27
	.endif
	KEEP_PACE
	sub. %r21, %r21, %r27
	bne 15b
	cmpldi %r23, 1
	bne 17f
	bl all_stamped
17:	subi %r24, %r24, 1
	cmpldi %r24, 0
	bne 12b
	cmpldi %r25, 0
	bne 11b
	PRINT GUEST_SIGN_PASSES
	b 11b
	.endm

# The first 'B' says that every page of every slice has a stamp: after its first pass writer 0 waits for the others'.
all_stamped:
	ADDRESS %r4, stamped
	li %r3, 1
	lwsync
	stbx %r3, %r4, %r25
	cmpldi %r25, 0
	bnelr
	LOAD_LONG %r3, GUEST_FIELD_WRITERS
1:	subi %r5, %r3, 1
2:	lbzx %r6, %r4, %r5
	cmpldi %r6, 0
	beq 2b
	mr %r3, %r5
	cmpldi %r3, 0
	bne 1b
	blr

writer_byte:
	WRITER CLEAR_BYTE, STAMP_BYTE
writer_wide:
	WRITER CLEAR_WIDE, STAMP_WIDE
writer_page:
	WRITER CLEAR_PAGE, STAMP_PAGE
