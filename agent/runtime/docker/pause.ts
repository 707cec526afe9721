/**
 * The program that holds a pod's namespaces: it waits for SIGTERM or SIGINT and does nothing else. It is a static
 * executable of some 250 bytes, put together here, since no registry can be counted on and no compiler either.
 *
 *     rt_sigaction(SIGCHLD, { SIG_IGN })     the kernel then reaps what is left to the first process of a pid namespace
 *     rt_sigprocmask(SIG_BLOCK, {INT, TERM}) the first process gets only signals that it asks for
 *     do rt_sigtimedwait({INT, TERM}) while it was interrupted
 *     exit_group(0)
 */
import { createHash } from 'node:crypto'

export type Architecture = 'x86_64' | 'aarch64'

/** Where the file is loaded; headers, data and code follow one another. */
const base = 0x400000
const headerBytes = 64 + 56
const addressOfSignals = base + headerBytes
const addressOfIgnore = addressOfSignals + 8
const entry = addressOfIgnore + 32

/** A set of signals has bit n-1 for signal n: SIGINT is 2, SIGTERM 15. */
const signals = (1 << 1) | (1 << 14)
const SIGCHLD = 17

export function pauseProgram(architecture: Architecture): Buffer {
  const code = architecture === 'x86_64' ? codeForX86() : codeForArm()
  const data = Buffer.alloc(8 + 32)
  data.writeUInt32LE(signals, 0)
  // The kernel's struct sigaction: handler (SIG_IGN is 1), flags, restorer, mask.
  data.writeUInt32LE(1, 8)
  return Buffer.concat([headers(architecture, data.length + code.length), data, code])
}

/** Names the program by what it is: another version is another image. */
export function pauseTag(architecture: Architecture): string {
  return createHash('sha256').update(pauseProgram(architecture)).digest('hex').slice(0, 12)
}

/** ELF (elf(5)): the file header and one segment, readable and executable. */
function headers(architecture: Architecture, contentBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // 64 bits, little-endian, version 1
  header.writeUInt16LE(2, 16) // an executable at a fixed address
  header.writeUInt16LE(architecture === 'x86_64' ? 62 : 183, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(BigInt(entry), 24)
  header.writeBigUInt64LE(64n, 32) // the program header follows this one
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  const size = BigInt(headerBytes + contentBytes)
  header.writeUInt32LE(1, 64) // PT_LOAD
  header.writeUInt32LE(5, 68) // readable, executable
  header.writeBigUInt64LE(BigInt(base), 80)
  header.writeBigUInt64LE(BigInt(base), 88)
  header.writeBigUInt64LE(size, 96)
  header.writeBigUInt64LE(size, 104)
  header.writeBigUInt64LE(0x10000n, 112) // 64 KiB: the largest page an arm64 kernel uses
  return header
}

/** System call number in rax, arguments in rdi, rsi, rdx, r10. */
function codeForX86(): Buffer {
  const wait = [
    [0xb8, ...inFourBytes(128)], //        mov  eax, rt_sigtimedwait
    [0xbf, ...inFourBytes(addressOfSignals)], // mov edi, signals
    [0x31, 0xf6], //                   xor  esi, esi
    [0x31, 0xd2], //                   xor  edx, edx
    [0x0f, 0x05], //                   syscall
    [0x85, 0xc0], //                   test eax, eax
  ].flat()
  return Buffer.from(
    [
      [0xb8, ...inFourBytes(13)], //         mov  eax, rt_sigaction
      [0xbf, ...inFourBytes(SIGCHLD)], //    mov  edi, SIGCHLD
      [0xbe, ...inFourBytes(addressOfIgnore)], // mov esi, ignore
      [0x31, 0xd2], //                   xor  edx, edx
      [0x41, 0xba, ...inFourBytes(8)], //    mov  r10d, 8
      [0x0f, 0x05], //                   syscall
      [0xb8, ...inFourBytes(14)], //         mov  eax, rt_sigprocmask
      [0x31, 0xff], //                   xor  edi, edi (SIG_BLOCK)
      [0xbe, ...inFourBytes(addressOfSignals)], // mov esi, signals
      [0x0f, 0x05], //                   syscall
      wait,
      [0x78, 0x100 - (wait.length + 2)], // js  wait
      [0xb8, ...inFourBytes(231)], //        mov  eax, exit_group
      [0x31, 0xff], //                   xor  edi, edi
      [0x0f, 0x05], //                   syscall
    ].flat(),
  )
}

/** System call number in x8, arguments in x0 to x3; each instruction is a word. */
function codeForArm(): Buffer {
  const systemCall = 0xd4000001
  const wait = [put(8, 137), ...point(0, addressOfSignals), put(1, 0), put(2, 0), systemCall] // rt_sigtimedwait
  const words = [
    [put(8, 134), put(0, SIGCHLD), ...point(1, addressOfIgnore), put(2, 0), put(3, 8), systemCall], // rt_sigaction
    [put(8, 135), put(0, 0), ...point(1, addressOfSignals), put(2, 0), put(3, 8), systemCall], // rt_sigprocmask
    wait,
    // tbnz x0, #63, wait: a negative result is an interruption. The distance is in words, of 14 bits.
    [(0xb7f80000 | ((-wait.length & 0x3fff) << 5)) >>> 0],
    [put(8, 94), put(0, 0), systemCall], // exit_group
  ].flat()
  const code = Buffer.alloc(words.length * 4)
  for (const [n, word] of words.entries()) code.writeUInt32LE(word, n * 4)
  return code
}

function inFourBytes(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
}

/** movz: a number of 16 bits into a register. */
function put(register: number, value: number): number {
  return (0xd2800000 | (value << 5) | register) >>> 0
}

/** movz, then movk shifted by 16: an address of 32 bits. */
function point(register: number, address: number): readonly number[] {
  return [put(register, address & 0xffff), (0xf2a00000 | ((address >> 16) << 5) | register) >>> 0]
}
