# How Drover's ppc64 guest starts other processors, included by boot.S. RTAS does it, whose token for it, and the
# processors' numbers, are in the device tree.

# Starts processors for all writers but the first. The tree is at r31, the writers are in r30.
#   r18: where we are; r19: strings; r20: token, or 0; r21: processors found; r22: length of a property
#   r23: name of a property; r24: link
start_processors:
	mflr %r24
	lwz %r18, FDT_STRUCT(%r31)
	add %r18, %r18, %r31
	lwz %r19, FDT_STRINGS(%r31)
	add %r19, %r19, %r31
	li %r20, 0
	li %r21, 0
2:	lwz %r3, 0(%r18)
	addi %r18, %r18, 4
	cmplwi %r3, FDT_END
	beq 6f
	cmplwi %r3, FDT_BEGIN_NODE
	bne 4f
3:	lbz %r3, 0(%r18)			# skip the node's name
	addi %r18, %r18, 1
	cmplwi %r3, 0
	bne 3b
	addi %r18, %r18, 3
	clrrdi %r18, %r18, 2
	b 2b
4:	cmplwi %r3, FDT_PROPERTY
	bne 2b
	lwz %r22, 0(%r18)
	lwz %r23, 4(%r18)
	add %r23, %r23, %r19
	addi %r18, %r18, 8
	ADDRESS %r4, start_cpu_name
	bl same
	bne 5f
	lwz %r20, 0(%r18)
5:	ADDRESS %r4, processors_name
	bl same
	bne 8f
	li %r5, 0				# all threads of the core
7:	cmpld %r5, %r22
	bge 8f
	lwzx %r6, %r18, %r5
	addi %r5, %r5, 4
	lwz %r7, FDT_BOOT_CPU(%r31)
	cmplw %r6, %r7
	beq 7b
	cmplwi %r21, GUEST_WRITERS_MAX
	bge 7b
	ADDRESS %r7, processors
	sldi %r8, %r21, 2
	stwx %r6, %r7, %r8
	addi %r21, %r21, 1
	b 7b
8:	addi %r22, %r22, 3
	clrrdi %r22, %r22, 2
	add %r18, %r18, %r22
	b 2b
6:	cmplwi %r20, 0
	beq refuse
	addi %r21, %r21, 1
	cmpld %r21, %r30
	blt refuse

	li %r21, 1
7:	ADDRESS %r4, rtas_call
	stw %r20, 0(%r4)
	ADDRESS %r5, processors - 4
	sldi %r6, %r21, 2
	lwzx %r5, %r5, %r6
	stw %r5, 12(%r4)
	stw %r21, 20(%r4)
	li %r3, 0
	ori %r3, %r3, H_RTAS
	sc 1
	ADDRESS %r4, rtas_call
	lwz %r3, 24(%r4)
	cmplwi %r3, 0
	bne refuse
	addi %r21, %r21, 1
	cmpld %r21, %r30
	blt 7b
	mtlr %r24
	blr

# Compares the names at r4 and r23, to which their ends belong; equal or not is in cr0.
same:
	subi %r5, %r23, 1
	subi %r4, %r4, 1
1:	lbzu %r6, 1(%r4)
	lbzu %r7, 1(%r5)
	cmplw %r6, %r7
	bnelr
	cmplwi %r6, 0
	bne 1b
	blr
start_cpu_name:
	.asciz "start-cpu"
processors_name:
	.asciz "ibm,ppc-interrupt-server#s"
	.balign 4, 0
