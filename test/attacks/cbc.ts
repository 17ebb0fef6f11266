import { createDecipheriv, randomBytes } from 'node:crypto'
import type { WxEncryptedData } from '../../src/types.js'

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

/** What no server of ours does: reads bytes that are no UTF-8 as text, and takes any JSON for a profile. */
export function decryptNaively(d: WxEncryptedData, sessionKey: string): Record<string, unknown> {
  const decipher = createDecipheriv('aes-128-cbc', bytesOf(sessionKey), bytesOf(d.iv))
  const bytes = Buffer.concat([decipher.update(bytesOf(d.encryptedData)), decipher.final()])
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
}

export const newIv = (): string => randomBytes(16).toString('base64')

/** The same bytes with some of them changed. */
export function xored(base64: string, at: number, change: Uint8Array): string {
  const bytes = bytesOf(base64)
  for (const [i, byte] of change.entries()) bytes[at + i]! ^= byte
  return bytes.toString('base64')
}

/** What turns one text into another of the same length, where it is xored into it. */
export function difference(from: string, to: string): Uint8Array {
  const [a, b] = [Buffer.from(from), Buffer.from(to)]
  if (a.length !== b.length) throw new Error('not of the same length')
  return a.map((byte, i) => byte ^ b[i]!)
}

/** Sixteen characters that close a string of JSON, say something of their own, and open another string. */
export const injected = '","isVip":1,"":"'

/**
 * Makes a block of the plain text say {@link injected}, without the key, by whoever knows what the block says now.
 * The price of CBC: the block before it becomes sixteen bytes that nobody can choose.
 *
 * @param plain - what was encrypted, with a run of at least 47 `A` in it
 */
export function injectField(
  { encryptedData, iv }: WxEncryptedData,
  plain: Buffer,
): WxEncryptedData {
  const bytes = bytesOf(encryptedData)
  // Two whole blocks inside the run: the first may become anything, the second is aimed at.
  const target = 16 * (Math.ceil(plain.indexOf('AAAA') / 16) + 1)
  for (const [i, wanted] of Buffer.from(injected).entries()) {
    bytes[target - 16 + i]! ^= plain[target + i]! ^ wanted
  }
  return { encryptedData: bytes.toString('base64'), iv }
}

/** Whether the padding of each of these was good, as far as somebody without the key can see. */
export type PaddingOracle = (questions: WxEncryptedData[]) => Promise<boolean[]> | boolean[]

/** Thrown where an oracle called no padding good, or all of them: it tells nothing. */
export class Untold extends Error {}

/** The block that one block of ciphertext decrypts to, before CBC lays the block in front of it over it. */
async function openBlock(block: Buffer, ask: PaddingOracle): Promise<Buffer> {
  const encryptedData = block.toString('base64')
  const opened = Buffer.alloc(16)
  const iv = Buffer.alloc(16)
  for (let at = 15; at >= 0; at--) {
    const padding = 16 - at
    for (let i = at + 1; i < 16; i++) iv[i] = opened[i]! ^ padding
    const guesses = Array.from({ length: 256 }, (_, guess) => {
      iv[at] = guess
      return { encryptedData, iv: iv.toString('base64') }
    })
    const told = await ask(guesses)
    let good = guesses.flatMap((_, guess) => (told[guess] === true ? [guess] : []))
    if (good.length > 1 && at === 15) {
      // By chance the byte before it is a 2, so that 2 2 is a good padding as well: that byte is changed.
      const again = good.map((guess) => {
        const other = Buffer.alloc(16)
        other[14] = 1
        other[15] = guess
        return { encryptedData, iv: other.toString('base64') }
      })
      const stillGood = await ask(again)
      good = good.filter((_, i) => stillGood[i] === true)
    }
    if (good.length !== 1) throw new Untold('an oracle that tells nothing')
    opened[at] = good[0]! ^ padding
  }
  return opened
}

/**
 * Encrypts a text of one's own choice without the key, by nothing but questions on padding (CBC-R, Rizzo and Duong,
 * "Practical Padding Oracle Attacks"): from the last block back, each block in front is what makes the one behind it
 * say what is wanted, and the first of them is the iv.
 *
 * @param last - the block of ciphertext to begin with; any will do
 * @throws {@link Untold} where the oracle tells nothing
 */
export async function forge(
  text: string,
  ask: PaddingOracle,
  last: Buffer,
): Promise<WxEncryptedData> {
  const pad = 16 - (Buffer.byteLength(text) % 16)
  const plain = Buffer.concat([Buffer.from(text), Buffer.alloc(pad, pad)])
  const blocks = [last]
  for (let at = plain.length - 16; at >= 0; at -= 16) {
    const opened = await openBlock(blocks[0]!, ask)
    blocks.unshift(opened.map((byte, i) => byte ^ plain[at + i]!) as Buffer)
  }
  const [iv, ...rest] = blocks
  return {
    encryptedData: Buffer.concat(rest).toString('base64'),
    iv: Buffer.from(iv!).toString('base64'),
  }
}
