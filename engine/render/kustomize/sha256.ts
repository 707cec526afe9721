/** SHA-256 (FIPS 180-4) in hex. Of our own because nothing pure may import node:crypto. */
export function sha256(text: string): string {
  const message = padded(new TextEncoder().encode(text))
  const hash = initial.slice()
  const schedule = new Uint32Array(64)
  for (let start = 0; start < message.byteLength; start += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = message.getUint32(start + i * 4)
    for (let i = 16; i < 64; i++) {
      const [a, b] = [at(schedule, i - 15), at(schedule, i - 2)]
      const small0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
      const small1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
      schedule[i] = at(schedule, i - 16) + small0 + at(schedule, i - 7) + small1
    }
    compress(hash, schedule)
  }
  return Array.from(hash, word => word.toString(16).padStart(8, '0')).join('')
}

function compress(hash: Uint32Array, schedule: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash
  for (let i = 0; i < 64; i++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const first = (h + big1 + ((e & f) ^ (~e & g)) + at(constants, i) + at(schedule, i)) | 0
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0]
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) hash[i] = at(hash, i) + word
}

function padded(bytes: Uint8Array): DataView {
  const length = (((bytes.length + 8) >> 6) + 1) << 6
  const message = new Uint8Array(length)
  message.set(bytes)
  message[bytes.length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(length - 4, bytes.length << 3)
  return view
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}

const primes = Array.from({ length: 312 }, (_, i) => i).filter(
  n => n > 1 && Array.from({ length: n }, (_, i) => i).every(i => i < 2 || n % i !== 0),
)
/** The first 32 bits of the fractions of the primes' cube and square roots: exact in a double's 53 bits. */
const constants = Uint32Array.from(primes.slice(0, 64), prime => fraction(Math.cbrt(prime)))
const initial = Uint32Array.from(primes.slice(0, 8), prime => fraction(Math.sqrt(prime)))

function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32)
}
