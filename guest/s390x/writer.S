# The writer of Drover's s390x guest, included by boot.S: it stamps its slice for ever. What a stamp is, and the
# order of its stores, is in ../README.md.

# A writer: finds its slice, clears it, and stamps it for ever. In all that follows
#   r3: pages in the batch; r4: passes until the next 'B'; r5: first page of the slice; r6: pages in the slice
#   r7: step; r8: heartbeat counter, or 0; r9: time that a page takes, 0 without pace; r10: when the next batch is
#   due; r11: address; r12: passes so far; r13: where this writer stores the clock; r14: pages left; r15: pages in a full batch
# Times are in 1/256 of the clock's unit, which is 1/4096 of a microsecond.
writer:
	llgf %r12, entering			# 0 for the first writer
	mvhi entering, 0
	larl %r13, block
	lrv %r4, GUEST_FIELD_WRITERS(%r13)
	llgfr %r4, %r4
	lrvg %r5, GUEST_FIELD_START(%r13)
	lrvg %r7, GUEST_FIELD_STEP(%r13)
	lrvg %r3, GUEST_FIELD_END(%r13)
	sgr %r3, %r5
	lghi %r2, 0
	dlgr %r2, %r7
	lgr %r6, %r3				# pages of all
	lghi %r2, 0
	dlgr %r2, %r4				# r3: pages of each writer but the last
	lgr %r11, %r3
	msgr %r11, %r12				# pages before the slice
	lgr %r0, %r11
	msgr %r0, %r7
	agr %r5, %r0
	sgr %r6, %r11				# the last has all that are left
	lgr %r0, %r4
	aghi %r0, -1
	cgr %r12, %r0
	je 1f
	lgr %r6, %r3
1:	lrvg %r8, GUEST_FIELD_HEARTBEAT(%r13)
	ltgr %r8, %r8
	je 2f
	lgr %r0, %r12
	mghi %r0, GUEST_HEARTBEAT_STRIDE
	agr %r8, %r0

# Without heartbeat and pace all of a slice is one batch. With a pace a batch lasts a millisecond at most.
2:	lghi %r9, 0
	lgr %r15, %r6
	lrvg %r1, GUEST_FIELD_PACE(%r13)
	ltgr %r1, %r1
	je 3f
	llihf %r3, SECOND_HIGH
	oilf %r3, SECOND_LOW
	msgr %r3, %r4
	lghi %r2, 0
	dlgr %r2, %r1
	lgr %r9, %r3
	lgr %r3, %r1
	lghi %r2, 0
	dlgr %r2, %r4				# pages a second of this writer
	srlg %r15, %r3, 10
	ltgr %r15, %r15
	jne 4f
	lghi %r15, 1
	j 4f
3:	ltgr %r8, %r8
	je 5f
4:	clgfi %r15, BATCH_PAGES
	jle 5f
	lghi %r15, BATCH_PAGES
5:	lrv %r0, GUEST_FIELD_STAMP_KIND(%r13)
	larl %r13, clocks
	lgr %r1, %r12
	mghi %r1, CLOCK_STRIDE
	agr %r13, %r1
	lghi %r12, 0
	clfi %r0, GUEST_STAMP_WIDE
	jl writer_byte
	je writer_wide
	j writer_page

# Each of these goes over the r3 pages of a batch. To the generation that is in memory one is added: a page that
# migration lost stays behind for ever, where one that is given a count would look sound after a pass.
# Additions by `la`, since the others set the condition code, which costs under TCG.
	.macro CLEAR_BYTE
	mvi 0(%r11), 0
	.endm
	.macro CLEAR_WIDE
	mvghi 0(%r11), 0
	strvg %r11, 8(%r11)
	.endm
	.macro CLEAR_PAGE
	lgr %r1, %r11
	lghi %r2, GUEST_STAMP_PAGE_BYTES / 256
31:	xc 0(256, %r1), 0(%r1)
	la %r1, 256(%r1)
	brctg %r2, 31b
	.endm

	.macro NEXT_BYTE
	llgc %r1, 0(%r11)
	la %r1, 1(%r1)
	stc %r1, 0(%r11)
	la %r11, 0(%r7, %r11)
	.endm

# Eight pages a round: under TCG a round is one translated block, and the cost of entering a block is paid
# once for eight pages.
	.macro STAMP_BYTE
	srlg %r2, %r3, 3
	ltgr %r2, %r2
	je 22f
21:	.rept 8
	NEXT_BYTE
	.endr
	brctg %r2, 21b
22:	lghi %r2, 7
	ngr %r2, %r3
	je 24f
23:	NEXT_BYTE
	brctg %r2, 23b
24:
	.endm

	.macro STAMP_WIDE
	lgr %r2, %r3
21:	lrvg %r1, 0(%r11)
	la %r1, 1(%r1)
	strvg %r1, 0(%r11)
	la %r11, 0(%r7, %r11)
	brctg %r2, 21b
	.endm

# One page a batch; r15 holds the second factor instead. Each word with one store, in the contract's order: word 0 last.
	.macro STAMP_PAGE
	lrvg %r0, 0(%r11)
	aghi %r0, 1
	llihf %r1, GUEST_MIX_GENERATION_HIGH
	oilf %r1, GUEST_MIX_GENERATION_LOW
	msgr %r0, %r1				# r0: what the generation gives to all words
	strvg %r11, 8(%r11)
	lghi %r3, PAGE_ROUNDS
21:	.set offset, 16
	.rept WORDS_A_ROUND
	la %r1, offset(%r11)
	xgr %r1, %r0
	srlg %r2, %r1, 32
	xgr %r1, %r2
	msgr %r1, %r15
	srlg %r2, %r1, 32
	xgr %r1, %r2
	strvg %r1, offset(%r11)
	.set offset, offset + 8
	.endr
	la %r11, WORDS_A_ROUND * 8(%r11)
	brctg %r3, 21b
	aghi %r11, -PAGE_ROUNDS * WORDS_A_ROUND * 8
	lrvg %r1, 0(%r11)
	la %r1, 1(%r1)
	strvg %r1, 0(%r11)
	agr %r11, %r7
	lghi %r3, 1
	.endm

	.macro BEAT by
	ltgr %r8, %r8
	je 41f
	lrvg %r1, 0(%r8)
	la %r1, \by
	strvg %r1, 0(%r8)
41:
	.endm

# Waits until the next batch is due. Who is late by more than a tenth of a second lets the rest go. Should the
# clock have been set back, a batch that is due later than it can be is due now.
	.macro KEEP_PACE
	ltgr %r9, %r9
	je 55f
	lgr %r0, %r9
	msgr %r0, %r3
	agr %r10, %r0
51:	stckf 0(%r13)
	lg %r1, 0(%r13)
	sllg %r1, %r1, 8
	lgr %r2, %r10
	sgr %r2, %r1
	jnh 53f
	cgr %r2, %r0
	jh 54f
	BEAT "1(%r1)"
	j 51b
53:	llihf %r0, TENTH_HIGH
	oilf %r0, TENTH_LOW
	agr %r2, %r0
	jnl 55f
	sgr %r1, %r0
54:	lgr %r10, %r1
55:
	.endm

# TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed while well
# used; with a TLB that holds the whole range the loop is much faster. Often at first, for an early 'B'; now
# and then later, for a processor that came here by migration and starts with a small TLB again.
# In every pass of `page`, where it costs nothing: QEMU may miss writes until a flush after a migration began.
	.macro WRITER clear, stamp, batch, beat
	lgr %r11, %r5
	lgr %r14, %r6
10:	\clear
	agr %r11, %r7
	brctg %r14, 10b
	\batch
	stckf 0(%r13)
	lg %r10, 0(%r13)
	sllg %r10, %r10, 8

11:	larl %r1, block
	lrv %r4, GUEST_FIELD_PASSES_PER_B(%r1)
12:	.ifnc \stamp, STAMP_PAGE
	clgfi %r12, 10
	jl 13f
	tmll %r12, 7
	jnz 14f
	.endif
13:	ptlb
14:	la %r12, 1(%r12)
	lgr %r11, %r5
	lgr %r14, %r6
15:	lghi %r3, 1
	.ifnc \stamp, STAMP_PAGE
	lgr %r3, %r15
	clgr %r3, %r14
	jle 16f
	lgr %r3, %r14
	.endif
16:	\stamp
	BEAT "\beat"
	KEEP_PACE
	sgr %r14, %r3
	jne 15b
	clgfi %r12, 1
	jne 17f
	brasl %r14, all_stamped
17:	brct %r4, 12b
	larl %r1, clocks
	cgr %r1, %r13
	jne 11b
	lghi %r2, GUEST_SIGN_PASSES
	brasl %r14, print
	j 11b
	.endm

	.macro SECOND_FACTOR
	llihf %r15, GUEST_MIX_MULTIPLY_HIGH
	oilf %r15, GUEST_MIX_MULTIPLY_LOW
	.endm

# The first 'B' says that every page of every slice has a stamp: after its first pass writer 0 waits for the others'.
all_stamped:
	larl %r1, clocks
	lgr %r2, %r13
	sgr %r2, %r1
	srlg %r2, %r2, 5			# CLOCK_STRIDE
	mvi stamped(%r2), 1
	ltgr %r2, %r2
	bnzr %r14
	larl %r1, block
	lrv %r2, GUEST_FIELD_WRITERS(%r1)
	llgfr %r2, %r2
1:	llgc %r1, stamped - 1(%r2)
	ltgr %r1, %r1
	je 1b
	brctg %r2, 1b
	br %r14

writer_byte:
	WRITER CLEAR_BYTE, STAMP_BYTE, , "1(%r1)"
writer_wide:
	WRITER CLEAR_WIDE, STAMP_WIDE, , "0(%r3, %r1)"
writer_page:
	WRITER CLEAR_PAGE, STAMP_PAGE, SECOND_FACTOR, "1(%r1)"
