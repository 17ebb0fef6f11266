import type { SandboxClock } from '../types.js'
import { maxKept } from './body.js'
import type { WireContent, WireEnd, WireRecorder, WireStart } from './recorder.js'

const defaultSize = 500
/** Of all bodies together, in bytes. */
const maxBytes = 32 * 1024 * 1024

/** An exchange as it is kept: raw. */
export interface KeptMessage {
  readonly id: number
  readonly start: WireStart
  readonly time: number
  end: WireEnd | undefined
  ms: number | null
  /** Id of the newest message when it ended. */
  endedAfter: number | null
  /** What it keeps, in bytes. */
  bytes: number
}

/** Who is told of changes: a message began or ended, or all of them were cleared. */
export interface WireListener {
  changed(message: KeptMessage): void
  cleared(): void
}

/** The last exchanges, oldest first. */
export interface Wire extends WireRecorder {
  list(): KeptMessage[]
  find(id: number): KeptMessage | undefined
  clear(): void
  /** @returns a function that ends it */
  subscribe(listener: WireListener): () => void
}

const tooLarge = (length: number): string => `(${String(length)} bytes, too many to keep)`

/** The content without what is too large to keep, and its size. */
function bound(content: WireContent): { content: WireContent; bytes: number } {
  if (content.kind === 'http') {
    const bytes = content.body?.length ?? 0
    if (bytes <= maxKept) return { content, bytes }
    // Its headers would have the note taken apart as what the body was.
    return { content: { ...content, body: undefined, omitted: tooLarge(bytes) }, bytes: 0 }
  }
  if (content.kind === 'command') {
    const bytes = content.args.reduce((sum, arg) => sum + arg.length, 0)
    if (bytes <= maxKept) return { content, bytes }
    const args = content.args.map((arg) => (arg.length > 200 ? tooLarge(arg.length) : arg))
    return { content: { ...content, args: args.slice(0, 100) }, bytes: 0 }
  }
  const bytes = weigh(content.value, maxKept)
  if (bytes <= maxKept) return { content, bytes }
  const { value } = content
  const note = typeof value === 'string' ? tooLarge(value.length) : '(too large to keep)'
  return { content: { kind: 'value', value: note }, bytes: 0 }
}

/** About how many bytes a value is; no longer looked at than until it is more than `limit`. */
function weigh(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 8
  for (const [name, one] of Object.entries(value)) {
    bytes += Array.isArray(value) ? 8 : name.length
    bytes += weigh(one, limit - bytes)
    if (bytes > limit) break
  }
  return bytes
}

/** @param size - how many messages are kept */
export function createWire(clock: Pick<SandboxClock, 'now'>, size = defaultSize): Wire {
  const kept = new Map<number, KeptMessage>()
  const listeners = new Set<WireListener>()
  let count = 0
  let bytes = 0

  function forget(): void {
    for (const [id, old] of kept) {
      if (kept.size <= size && bytes <= maxBytes) return
      kept.delete(id)
      bytes -= old.bytes
    }
  }

  /** Counts what it keeps, and tells those who look. */
  function change(message: KeptMessage, more: number): void {
    if (kept.get(message.id) !== message) return
    message.bytes += more
    bytes += more
    forget()
    for (const listener of listeners) listener.changed(message)
  }

  return {
    begin(start) {
      count += 1
      const began = performance.now()
      const request = bound(start.request)
      const message: KeptMessage = {
        id: count,
        start: request.content === start.request ? start : { ...start, request: request.content },
        time: clock.now(),
        end: undefined,
        ms: null,
        endedAfter: null,
        bytes: 0,
      }
      kept.set(count, message)
      change(message, request.bytes)
      return {
        end(end) {
          if (message.end) return
          const response = end.response && bound(end.response)
          message.end = response ? { ...end, response: response.content } : end
          message.ms = Math.round((performance.now() - began) * 1000) / 1000
          message.endedAfter = count
          change(message, response?.bytes ?? 0)
        },
      }
    },
    list: () => [...kept.values()],
    find: (id) => kept.get(id),
    clear() {
      kept.clear()
      bytes = 0
      for (const listener of listeners) listener.cleared()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
