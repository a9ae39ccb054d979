# Drover's x86 guest: a 64 KiB firmware image that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0xffff0000, the last 64 KiB below 4 GiB, given with -bios; entered at reset
#   range         [start, end) of the parameter block at image offset 0
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass, '!' when it refuses the block
#   scratch       0x10000-0x15fff (page tables); no stack, no interrupts
#
# Runs on pc and q35. Uses long mode where the processor has it, else 32-bit protected mode without
# paging; the loop is the same source for both. Left out: anything the memory check does not need
# (no ACPI tables, no PCI set-up, no timer).

	.include "contract.inc"

	.set PAGE_TABLES, 0x10000
	.set PAGE_TABLES_DWORDS, 0x6000 / 4
	.set DIRECTORY_ENTRIES, 4 * 512

	.set PCI_ADDRESS, 0xcf8
	.set PCI_DATA, 0xcfc
	.set ICH9_LPC, 0x8000f800		# 0:1f.0, on q35
	.set ICH9_LPC_ID, 0x29188086
	.set PIIX4_PM, 0x80000b00		# 0:1.3, on pc
	.set PIIX4_PM_ID, 0x71138086
	.set PM_BASE, 0x600
	.set PM_CONTROL, PM_BASE + 4
	.set SLEEP_S3, 0x2401			# SCI_EN, sleep type 1, SLP_EN
	.set SLEEP_WAIT_ROUNDS, 0x8000000

	.text
image:
	.set block, image + GUEST_BLOCK_OFFSET
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
	.org GUEST_BLOCK_BYTES, 0

# Descriptors have the accessed bit set: the processor would otherwise write it, and KVM cannot
# emulate a write into ROM.
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff		# 0x08: 32-bit code, flat
	.quad 0x00cf93000000ffff		# 0x10: data, flat
	.quad 0x00af9b000000ffff		# 0x18: 64-bit code
gdt_pointer:
	.word . - gdt - 1
	.long gdt

	.balign 16, 0xcc
	.code16
start16:
	cli
	cld
	lgdtl %cs:(gdt_pointer - image)
	movl $0x11, %eax			# PE and ET; CD and NW, set by reset, are cleared
	movl %eax, %cr0
	ljmpl $0x08, $start32

	.balign 16, 0xcc
	.code32
start32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	inb $0x92, %al				# open the A20 gate; bit 0 would reset the machine
	orb $0x02, %al
	andb $0xfe, %al
	outb %al, $0x92

# What this image cannot do it must refuse, or a check would pass on memory that nobody wrote.
	.macro REQUIRE_LONG field, value
	cmpl $\value, block + \field
	jne refuse
	.endm
	REQUIRE_LONG GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_LONG GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_LONG GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_LONG GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_LONG GUEST_FIELD_STAMP_KIND, GUEST_STAMP_BYTE
	REQUIRE_LONG GUEST_FIELD_WRITERS, 1
	REQUIRE_LONG GUEST_FIELD_START + 4, 0	# nothing above 4 GiB yet
	REQUIRE_LONG GUEST_FIELD_END + 4, 0
	REQUIRE_LONG GUEST_FIELD_STEP + 4, 0
	REQUIRE_LONG GUEST_FIELD_PACE, 0	# not implemented yet
	REQUIRE_LONG GUEST_FIELD_PACE + 4, 0
	REQUIRE_LONG GUEST_FIELD_HEARTBEAT, 0
	REQUIRE_LONG GUEST_FIELD_HEARTBEAT + 4, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_START, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_START + 4, 0
	cmpl $1, block + GUEST_FIELD_SUSPEND
	ja refuse
	cmpl $0, block + GUEST_FIELD_PASSES_PER_B
	je refuse
	movl block + GUEST_FIELD_START, %eax
	cmpl $GUEST_X86_RANGE_MIN, %eax
	jb refuse
	cmpl block + GUEST_FIELD_END, %eax
	jae refuse
	movl block + GUEST_FIELD_STEP, %eax
	testl %eax, %eax
	jz refuse
	addl block + GUEST_FIELD_END, %eax	# the address after the last stamp must not wrap
	jc refuse

	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb writer32
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx				# long mode
	jnc writer32

# Identity map of the first 4 GiB with 2 MiB pages: one top table, one of pointers, four directories.
	xorl %eax, %eax
	movl $PAGE_TABLES, %edi
	movl $PAGE_TABLES_DWORDS, %ecx
	rep stosl
	movl $PAGE_TABLES + 0x1003, PAGE_TABLES
	movl $PAGE_TABLES + 0x2003, PAGE_TABLES + 0x1000
	movl $PAGE_TABLES + 0x3003, PAGE_TABLES + 0x1008
	movl $PAGE_TABLES + 0x4003, PAGE_TABLES + 0x1010
	movl $PAGE_TABLES + 0x5003, PAGE_TABLES + 0x1018
	movl $PAGE_TABLES + 0x2000, %edi
	movl $0x83, %eax			# present, writable, 2 MiB
	movl $DIRECTORY_ENTRIES, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	subl $1, %ecx
	jnz 1b

	movl %cr4, %eax
	orl $0x20, %eax				# PAE
	movl %eax, %cr4
	movl $PAGE_TABLES, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx			# EFER
	rdmsr
	orl $0x100, %eax			# LME
	wrmsr
	movl $0x80000011, %eax			# PG, ET, PE
	movl %eax, %cr0
	ljmp $0x18, $writer64

# Reached from 64-bit code too: these instructions are the same bytes in both modes.
refuse:
	movw $GUEST_X86_SERIAL_PORT, %dx
	movb $GUEST_SIGN_REFUSED, %al
	outb %al, %dx
1:	cli
	hlt
	jmp 1b

	.macro PRINT sign
	movw $GUEST_X86_SERIAL_PORT, %dx
	movb $\sign, %al
	outb %al, %dx
	.endm

	.macro PCI_WRITE address, value
	movw $PCI_ADDRESS, %dx
	movl $\address, %eax
	outl %eax, %dx
	movw $PCI_DATA, %dx
	movl $\value, %eax
	outl %eax, %dx
	.endm

	.macro PCI_ID_IS address, id
	movw $PCI_ADDRESS, %dx
	movl $\address, %eax
	outl %eax, %dx
	movw $PCI_DATA, %dx
	inl %dx, %eax
	cmpl $\id, %eax
	.endm

# Stamps every page of the range once, in ascending order. Eight pages a round: under TCG a round is one
# translated block, and the cost of entering a block is paid once for eight pages. `add` and not `inc`,
# which must preserve the carry flag and is slower under TCG for it.
	.macro PASS instruction, r, rip
	movl block + GUEST_FIELD_START\rip, %edi
	movl %esi, %ecx
	shrl $3, %ecx
	jz 2f
1:
	.rept 8
	\instruction, (%\r\()di)
	add %\r\()bx, %\r\()di
	.endr
	subl $1, %ecx
	jnz 1b
2:	movl %esi, %ecx
	andl $7, %ecx
	jz 4f
3:	\instruction, (%\r\()di)
	add %\r\()bx, %\r\()di
	subl $1, %ecx
	jnz 3b
4:
	.endm

# The writer, once for each mode.
#   ebx: step; esi: stamps in the range; edi: address; edx: passes until the next 'B'; ebp: passes so far
#   r: first letter of the registers that hold addresses (e or r)
#   rip: how the block is addressed, since 64-bit code cannot hold its address as an absolute one
	.macro WRITER r, rip
	PRINT GUEST_SIGN_START
	movl block + GUEST_FIELD_END\rip, %eax
	subl block + GUEST_FIELD_START\rip, %eax
	movl block + GUEST_FIELD_STEP\rip, %ebx
	xorl %edx, %edx
	addl %ebx, %eax				# stamps = (end - start + step - 1) / step
	subl $1, %eax
	divl %ebx
	movl %eax, %esi

	PASS "movb $0", \r, \rip
	xorl %ebp, %ebp

10:	movl block + GUEST_FIELD_PASSES_PER_B\rip, %edx
11:
	# TCG's software TLB starts with room for a few hundred pages and grows only when it is flushed
	# while well used; with a TLB that holds the whole range the loop is four times faster. A change of
	# CR4.PGE flushes it. Often at first, for an early 'B'; now and then later, for a processor that
	# came here by migration and starts with a small TLB again.
	cmpl $10, %ebp
	jb 12f
	testl $7, %ebp
	jnz 13f
12:	mov %cr4, %\r\()ax
	xorl $0x80, %eax
	mov %\r\()ax, %cr4
13:	addl $1, %ebp
	PASS "addb $1", \r, \rip
	subl $1, %edx
	jnz 11b
	PRINT GUEST_SIGN_PASSES

	cmpl $0, block + GUEST_FIELD_SUSPEND\rip
	je 10b
	movl block + GUEST_FIELD_START\rip, %edi
	cmpl $GUEST_SUSPEND_MARK, GUEST_SUSPEND_MARK_OFFSET(%\r\()di)
	je 10b
	movl $GUEST_SUSPEND_MARK, GUEST_SUSPEND_MARK_OFFSET(%\r\()di)

	# No firmware gave the power-management block an address, so we do.
	PCI_ID_IS ICH9_LPC, ICH9_LPC_ID
	jne 20f
	PCI_WRITE ICH9_LPC + 0x40, PM_BASE + 1
	PCI_WRITE ICH9_LPC + 0x44, 0x80		# decode it
	jmp 21f
20:	PCI_ID_IS PIIX4_PM, PIIX4_PM_ID
	jne refuse
	PCI_WRITE PIIX4_PM + 0x40, PM_BASE + 1
	PCI_WRITE PIIX4_PM + 0x80, 1		# decode it
21:	movw $PM_CONTROL, %dx
	movw $SLEEP_S3, %ax
	outw %ax, %dx

	# The machine stops a moment after the write. Waiting here keeps every stamp at the value it had when
	# 'B' was printed. No port and no `pause` in the loop: either would make the processor's thread compete
	# with the thread that is to stop it. It ends, lest a QEMU that lets the processor run on hangs the guest.
	movl $SLEEP_WAIT_ROUNDS, %ecx
22:	subl $1, %ecx
	jnz 22b
	jmp 10b
	.endm

	.balign 16, 0xcc
writer32:
	WRITER e,

	.balign 16, 0xcc
	.code64
writer64:
	WRITER r, (%rip)

	.org GUEST_X86_IMAGE_BYTES - 16, 0xff
	.code16
	.globl reset
reset:
	jmp start16
	.org GUEST_X86_IMAGE_BYTES, 0xff
