/**
 * A value in Redis' protocol, as JSON has it: maps are objects, sets are lists, big numbers are text.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export type RespValue =
  string | number | boolean | null | RespValue[] | { [key: string]: RespValue }

/** What comes over a connection, one value after the other. */
export type RespMessage =
  | { readonly kind: 'value' | 'error' | 'push'; readonly value: RespValue }
  /** A command as people type it, without lengths. */
  | { readonly kind: 'inline'; readonly value: string[] }

/** Reads what comes in pieces. */
export interface RespReader {
  /** @throws {@link RespSyntaxError} where it is not this protocol, or a value is larger than is read */
  push(chunk: Uint8Array): void
}

/** What came is no RESP, or too large to be looked at. */
export class RespSyntaxError extends Error {}

/** The largest value that is read, in bytes, with all that is in it. */
export const maxValue = 16 * 1024 * 1024
const maxDepth = 32

type Kind = 'value' | 'error' | 'push' | 'attribute'

/** A list or map of which not all is there yet. */
interface Open {
  readonly kind: Kind
  readonly isMap: boolean
  left: number
  readonly items: RespValue[]
}

const types = '+-:,(#_$=!*~>%|'

function lengthOf(text: string): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) > maxValue) throw new RespSyntaxError('no length')
  return Number(text)
}

function asObject(flat: RespValue[]): { [key: string]: RespValue } {
  const pairs: [string, RespValue][] = []
  for (let i = 0; i < flat.length; i += 2) {
    const key = flat[i]!
    pairs.push([typeof key === 'string' ? key : JSON.stringify(key), flat[i + 1]!])
  }
  return Object.fromEntries(pairs)
}

/** A value that is all in one line. */
function simple(type: string, text: string): RespValue {
  if (type === ':') return Number(text)
  if (type === ',') return /^-?(?:inf|nan)$/i.test(text) ? text : Number(text)
  if (type === '#') return text === 't'
  return type === '_' ? null : text
}

/** @param onMessage - is told each value as soon as its last byte is there */
export function createRespReader(onMessage: (message: RespMessage) => void): RespReader {
  const open: Open[] = []
  let rest = Buffer.alloc(0)
  let pieces: Uint8Array[] = []
  let length = 0
  /** Bytes that must be there before a look is worth it. */
  let needed = 1
  let size = 0

  function give(kind: Kind, value: RespValue): void {
    const parent = open.at(-1)
    if (!parent) {
      size = 0
      if (kind !== 'attribute') onMessage({ kind, value })
      return
    }
    // Attributes are beside the values.
    if (kind === 'attribute') return
    parent.items.push(value)
    parent.left -= 1
    if (parent.left === 0) closeList()
  }

  function closeList(): void {
    const { kind, isMap, items } = open.pop()!
    give(kind, isMap ? asObject(items) : items)
  }

  function openList(kind: Kind, isMap: boolean, items: number): void {
    if (open.length >= maxDepth) throw new RespSyntaxError('values too deep')
    open.push({ kind, isMap, left: items, items: [] })
    if (items === 0) closeList()
  }

  /** Takes what begins at `at`. @returns where it ends; undefined where it is not all there */
  function take(at: number): number | undefined {
    const end = rest.indexOf('\r\n', at, 'latin1')
    if (end === -1) {
      if (rest.length - at > maxValue) throw new RespSyntaxError('a line without an end')
      needed = rest.length - at + 1
      return undefined
    }
    const type = String.fromCharCode(rest[at]!)
    const after = end + 2
    size += after - at
    if (size > maxValue) throw new RespSyntaxError('a value too large')
    if (!types.includes(type)) {
      if (open.length > 0) throw new RespSyntaxError('no type of RESP')
      const words = rest.toString('utf8', at, end).split(/\s+/).filter(Boolean)
      size = 0
      onMessage({ kind: 'inline', value: words })
      return after
    }
    const text = rest.toString('utf8', at + 1, end)
    if ('*~>%|'.includes(type) && text !== '-1') {
      const isMap = type === '%' || type === '|'
      const kind = type === '>' ? 'push' : type === '|' ? 'attribute' : 'value'
      openList(kind, isMap, lengthOf(text) * (isMap ? 2 : 1))
      return after
    }
    if ('$=!'.includes(type) && text !== '-1') {
      const bytes = lengthOf(text)
      if (rest.length < after + bytes + 2) {
        size -= after - at
        needed = after - at + bytes + 2
        return undefined
      }
      size += bytes
      const bulk = rest.toString('utf8', after, after + bytes)
      give(type === '!' ? 'error' : 'value', type === '=' ? bulk.slice('txt:'.length) : bulk)
      return after + bytes + 2
    }
    give(
      type === '-' ? 'error' : 'value',
      text === '-1' && '*$'.includes(type) ? null : simple(type, text),
    )
    return after
  }

  return {
    push(chunk) {
      pieces.push(chunk)
      length += chunk.byteLength
      // A large value comes in many pieces: not looked at again before it can be whole.
      if (rest.length + length < needed) return
      rest = Buffer.concat([rest, ...pieces])
      pieces = []
      length = 0
      needed = 1
      let done = 0
      while (done < rest.length) {
        const next = take(done)
        if (next === undefined) break
        done = next
      }
      rest = rest.subarray(done)
    },
  }
}

/** A command as clients send it. */
export function encodeCommand(args: readonly string[]): string {
  const parts = args.map((arg) => `$${String(Buffer.byteLength(arg))}\r\n${arg}\r\n`)
  return `*${String(args.length)}\r\n${parts.join('')}`
}
