import type { WireField } from '../../src/sandbox/wire/types.js'

/** A piece of a message: text, or a mask with the field that is behind it (null where that is not known). */
export type Piece = { text: string } | { mask: string; field: string | null }

const mask = /\*{3}(?:#[0-9a-f]{8})?/g

/**
 * Finds the masks in a message as it went over the wire, and the field each of them stands for. One with a hash is
 * known by it; those without come in the order of their fields.
 */
export function findMasks(raw: string, fields: readonly WireField[]): Piece[] {
  const secret = fields.filter(({ secret }) => secret)
  const bare = secret.filter(({ value }) => /\*{3}(?!#)/.test(String(value)))
  const pieces: Piece[] = []
  let end = 0
  for (const { 0: found, index } of raw.matchAll(mask)) {
    if (index > end) pieces.push({ text: raw.slice(end, index) })
    const owner =
      found.length > 3 ? secret.find(({ value }) => String(value).includes(found)) : bare.shift()
    pieces.push({ mask: found, field: owner?.field ?? null })
    end = index + found.length
  }
  if (end < raw.length) pieces.push({ text: raw.slice(end) })
  return pieces
}
