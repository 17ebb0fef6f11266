import { createHmac, randomBytes } from 'node:crypto'

/** Makes bytes out of a label: always the same ones for the same label. */
export type Derive = (...label: (string | number)[]) => Buffer

const derivation =
  (root: string | Buffer): Derive =>
  (...label) =>
    createHmac('sha256', root).update(JSON.stringify(label)).digest()

/** Where everything that looks random comes from. */
export interface Seeds {
  /** For openids and unionids: the same in every run, also without a seed. */
  readonly identity: Derive
  /** For codes, keys, tokens: the same in every run only with a seed. */
  readonly secret: Derive
}

export function createSeeds(seed: string | undefined): Seeds {
  return {
    identity: derivation(seed ?? 'express-wx-login sandbox'),
    secret: derivation(seed ?? randomBytes(32)),
  }
}

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Letters and digits, one for each byte. */
export const alphanumeric = (bytes: Buffer): string =>
  Array.from(bytes, (byte) => letters[byte % letters.length]).join('')

/** Counts up for each name on its own, so that what one user does never changes another user's codes. */
export function createCounter(): (name: string) => number {
  const counts = new Map<string, number>()
  return (name) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count
  }
}
