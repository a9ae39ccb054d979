# Drover's x86 guest: a 64 KiB firmware image that writes memory in a way that can be checked.
#
# Contract (the numbers are in ../contract.h, the prose in ../README.md)
#   load address  0xffff0000, the last 64 KiB below 4 GiB, given with -bios; entered at reset
#   range         [start, end) of the parameter block at image offset 0, without its hole
#   step          one stamp every `step` bytes of the range
#   prints        'A' once after each reset, 'B' after every n-th pass, '!' when it refuses the block
#   scratch       0x8000-0xdfff (what writers know), 0x10000-0x8ffff (page tables); no stack and no interrupts but for timers
#
# Runs on pc and q35. Uses long mode where the processor has it, else 32-bit protected mode without
# paging; writer.inc is the same source for both. Left out: anything the checks do not need
# (no ACPI tables, no PCI set-up).
#
# Parts: boot.S (from reset to the writer's mode), machine.inc (ports, other processors, pace), stamp.inc
# (one batch of pages of each kind), slice.inc (which pages are whose), parts.inc (hot and
# cold), writer.inc (passes and signs), processor.inc, timers.inc and timer-chips.inc (clocks and timers).

	.include "contract.inc"

	.set TABLE_TOP, 0x10000
	.set TABLE_POINTERS, 0x11000
	.set TABLE_DIRECTORIES, 0x12000		# with 2 MiB pages, one for each GiB
	.set TABLE_END, 0x90000
	.set DIRECTORIES_MIN, 4
	.set DIRECTORIES_MAX, (TABLE_END - TABLE_DIRECTORIES) / 4096
	.set MAPPED_GIB_MAX, 512		# with 1 GiB pages, what one table of pointers maps

# What all writers see.
	.set SHARED_COUNT, 0xc000		# processors that have come so far
	.set SHARED_GO, 0xc004
	.set SHARED_DONE, 0xc008		# writers that have stamped all their pages once
	.set SHARED_LONG, 0xc00c		# long mode is used

	.set SHARED_APIC, 0xc010		# there are local APICs
	.set KEPT_SCRATCH, 0xc014

	.include "machine.inc"
	.include "processor.inc"
	.include "timers.inc"
	.include "timer-chips.inc"
	.include "stamp.inc"
	.include "slice.inc"
	.include "parts.inc"
	.include "writer.inc"

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
	.long 0, 0				# processor, flush
	.quad 0, 0				# hot pages, cold pages
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

# Known to be writer 0 from here to the end of boot.S. What this image cannot do it must refuse, or a
# check would pass on memory that nobody wrote. Addresses are looked at in writer.inc.
	.macro REQUIRE_LONG field, value
	cmpl $\value, block + \field
	jne refuse
	.endm
	REQUIRE_LONG GUEST_FIELD_MAGIC, GUEST_BLOCK_MAGIC_LOW
	REQUIRE_LONG GUEST_FIELD_MAGIC + 4, GUEST_BLOCK_MAGIC_HIGH
	REQUIRE_LONG GUEST_FIELD_VERSION, GUEST_BLOCK_VERSION
	REQUIRE_LONG GUEST_FIELD_BLOCK_BYTES, GUEST_BLOCK_BYTES
	REQUIRE_LONG GUEST_FIELD_PACE + 4, 0
	cmpl $GUEST_STAMP_PAGE, block + GUEST_FIELD_STAMP_KIND
	ja refuse
	movl block + GUEST_FIELD_WRITERS, %eax
	subl $1, %eax
	cmpl $GUEST_WRITERS_MAX, %eax
	jae refuse
	cmpl $0, block + GUEST_FIELD_PASSES_PER_B
	je refuse
	cmpl $GUEST_PROCESSOR_TIMERS, block + GUEST_FIELD_PROCESSOR
	ja refuse
	cmpl $1, block + GUEST_FIELD_SUSPEND
	ja refuse
	jb 1f
	REQUIRE_LONG GUEST_FIELD_WRITERS, 1	# the others would not wake
	REQUIRE_LONG GUEST_FIELD_STAMP_KIND, GUEST_STAMP_BYTE
1:	movl $1, SHARED_COUNT
	movl $0, SHARED_GO
	movl $0, SHARED_DONE
	movl $0, SHARED_LONG
	xorl %ebp, %ebp				# writer 0

	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb short_mode
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx				# long mode
	jnc short_mode
	movl $1, SHARED_LONG

# Identity map. How many GiB: up to the end of the range, and all below 4 GiB in any case.
	movl %edx, %esi
	xorl %eax, %eax
	movl $TABLE_TOP, %edi
	movl $0x2000 / 4, %ecx
	rep stosl
	movl $TABLE_POINTERS + 3, TABLE_TOP
	movl block + GUEST_FIELD_END + 4, %ecx
	cmpl $MAPPED_GIB_MAX / 4, %ecx
	ja refuse
	movl block + GUEST_FIELD_END, %eax
	shldl $2, %eax, %ecx
	testl $0x3fffffff, %eax
	jz 1f
	addl $1, %ecx
1:	cmpl $MAPPED_GIB_MAX, %ecx
	ja refuse
	cmpl $DIRECTORIES_MIN, %ecx
	jae 1f
	movl $DIRECTORIES_MIN, %ecx
1:	movl $TABLE_POINTERS, %edi
	xorl %edx, %edx
	btl $26, %esi				# 1 GiB pages
	jnc 3f
	movl $0x83, %eax			# present, writable, large
2:	movl %eax, (%edi)
	movl %edx, 4(%edi)
	addl $0x40000000, %eax
	adcl $0, %edx
	addl $8, %edi
	subl $1, %ecx
	jnz 2b
	jmp enter_long

3:	cmpl $DIRECTORIES_MAX, %ecx
	ja refuse
	movl %ecx, %ebx
	movl $TABLE_DIRECTORIES + 3, %eax
4:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	subl $1, %ecx
	jnz 4b
	movl $TABLE_DIRECTORIES, %edi
	movl $0x83, %eax
	shll $9, %ebx
5:	movl %eax, (%edi)
	movl %edx, 4(%edi)
	addl $0x200000, %eax
	adcl $0, %edx
	addl $8, %edi
	subl $1, %ebx
	jnz 5b

enter_long:
	movl %cr4, %eax
	orl $0x20, %eax				# PAE
	movl %eax, %cr4
	movl $TABLE_TOP, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx			# EFER
	rdmsr
	orl $0x100, %eax			# LME
	wrmsr
	movl $0x80000011, %eax			# PG, ET, PE
	movl %eax, %cr0
	ljmp $0x18, $enter64

# Without long mode nothing above 4 GiB can be reached.
short_mode:
	REQUIRE_LONG GUEST_FIELD_START + 4, 0
	REQUIRE_LONG GUEST_FIELD_END + 4, 0
	REQUIRE_LONG GUEST_FIELD_STEP + 4, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_START + 4, 0
	REQUIRE_LONG GUEST_FIELD_HOLE_END + 4, 0
	REQUIRE_LONG GUEST_FIELD_HEARTBEAT + 4, 0
	movl block + GUEST_FIELD_END, %eax	# the address after the last stamp must not wrap
	addl block + GUEST_FIELD_STEP, %eax
	jc refuse
enter_short:
	cmpl $GUEST_STAMP_BYTE, block + GUEST_FIELD_STAMP_KIND
	je writer32
	movl $1, %eax				# 64 bits are stored at once by SSE2
	cpuid
	btl $26, %edx
	jnc refuse
	movl %cr4, %eax
	orl $0x200, %eax			# OSFXSR
	movl %eax, %cr4
	jmp writer32

# Another processor. It takes the next number; who comes when all are taken has nothing to do.
other32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $1, %ebp
	lock xaddl %ebp, SHARED_COUNT
	cmpl block + GUEST_FIELD_WRITERS, %ebp
	jae halt
	cmpl $0, SHARED_LONG
	jne enter_long
	jmp enter_short

# Reached from 64-bit code too: these instructions are the same bytes in both modes.
refuse:
	movw $GUEST_X86_SERIAL_PORT, %dx
	movb $GUEST_SIGN_REFUSED, %al
	outb %al, %dx
halt:
1:	cli
	hlt
	jmp 1b

	.balign 16, 0xcc
writer32:
	WRITER e,

	.balign 16, 0xcc
	.code64
writer64:
	WRITER r, (%rip)

enter64:
	cmpl $0, block + GUEST_FIELD_PROCESSOR(%rip)
	je writer64
	SET_PROCESSOR
	SET_TIMERS
	jmp writer64

	TIMER_CHIPS
	TIMER_CODE

processor_lost:
	movw $GUEST_X86_SERIAL_PORT, %dx
	movl %edi, %eax
	outb %al, %dx
	jmp halt

# Where the start-up message sends other processors: the last 64 KiB of the image are seen below 1 MiB,
# too, at 0xf0000, so this is 0xff000.
	.org OTHERS_OFFSET, 0xcc
	.code16
other16:
	cli
	cld
	movw $0xf000, %ax
	movw %ax, %ds
	lgdtl gdt_pointer - image
	movl $0x11, %eax
	movl %eax, %cr0
	ljmpl $0x08, $other32

	.org GUEST_X86_IMAGE_BYTES - 16, 0xff
	.code16
	.globl reset
reset:
	jmp start16
	.org GUEST_X86_IMAGE_BYTES, 0xff
