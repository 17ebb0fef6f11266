/** Knows of each key when it was its turn last. */
export interface Throttle {
  /** Whether the last turn of `key` is long enough ago; if so this is its turn. */
  due(key: string): boolean
  /** As if `key` had never had a turn. */
  forget(key: string): void
}

/** Slots that a key can choose from. */
const choices = 4

/**
 * Lets each key have its turn once in `every` milliseconds, in memory that does not grow: keys that find no room push
 * out the one whose turn was longest ago, which then has its turns more often, never less.
 *
 * @param every - milliseconds
 * @param slots - a power of two; 12 bytes each, which the system hands out as they are used
 */
export function createThrottle(every: number, slots = 2 ** 16): Throttle {
  const marks = new Uint32Array(slots)
  /** Unix ms; 0 where there was none. */
  const turns = new Float64Array(slots)

  /** Two hashes: the one that chooses the slots cannot tell apart what is in them. */
  function find(key: string): { slot: number; mark: number } {
    let a = 0x811c9dc5
    let b = 0x9747b28c
    for (let i = 0; i < key.length; i++) {
      const c = key.charCodeAt(i)
      a = Math.imul(a ^ c, 0x01000193)
      b = Math.imul(b ^ c, 0x5bd1e995)
      b ^= b >>> 15
    }
    const mark = b >>> 0
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b)
    const first = ((a ^ (a >>> 13)) & (slots / choices - 1)) * choices
    let slot = first
    for (let at = first; at < first + choices; at++) {
      if (marks[at] === mark && turns[at] !== 0) return { slot: at, mark }
      if (turns[at]! < turns[slot]!) slot = at
    }
    return { slot, mark }
  }

  return {
    due(key) {
      const { slot, mark } = find(key)
      const now = Date.now()
      const since = now - turns[slot]!
      // A clock that was set back is no reason to wait for it.
      if (marks[slot] === mark && since >= 0 && since < every) return false
      marks[slot] = mark
      turns[slot] = now
      return true
    },
    forget(key) {
      const { slot, mark } = find(key)
      if (marks[slot] === mark) turns[slot] = 0
    },
  }
}
