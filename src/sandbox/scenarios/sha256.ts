// By hand, as `crypto.subtle` is missing on pages that are neither on this machine nor on https.

/** The first 32 bits of the fraction of a root of each of the first primes: the constants of FIPS 180-4. */
function constants(count: number, root: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) {
    let prime = true
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false
    if (prime) found.push((n ** (1 / root) % 1) * 2 ** 32)
  }
  return found.map((value) => value | 0)
}

const roundConstants = constants(64, 3)
const firstState = constants(8, 2)
const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by))

function padded(bytes: Uint8Array): DataView {
  const length = Math.ceil((bytes.length + 9) / 64) * 64
  const block = new Uint8Array(length)
  block.set(bytes)
  block[bytes.length] = 0x80
  const view = new DataView(block.buffer)
  view.setUint32(length - 4, bytes.length * 8)
  return view
}

function schedule(view: DataView, offset: number): Int32Array {
  const w = new Int32Array(64)
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(offset + i * 4)
  for (let i = 16; i < 64; i++) {
    const [a, b] = [w[i - 15]!, w[i - 2]!]
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
  }
  return w
}

/** SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  const view = padded(new TextEncoder().encode(text))
  const state = Int32Array.from(firstState)
  for (let offset = 0; offset < view.byteLength; offset += 64) {
    const w = schedule(view, offset)
    let [a, b, c, d, e, f, g, h] = [...state] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[i]! + w[i]!) | 0
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0]
    }
    ;[a, b, c, d, e, f, g, h].forEach((value, i) => {
      state[i] = state[i]! + value
    })
  }
  return [...state].map((value) => (value >>> 0).toString(16).padStart(8, '0')).join('')
}

/** First 8 hex of it: what the sandbox shows of a code, and the `keyId` of a session key. */
export const fingerprint = (text: string): string => sha256(text).slice(0, 8)
