import type { IncomingMessage } from 'node:http'

/** What is kept of one request; its owners know the types. */
export interface RequestSlot {
  /** What the plugin found out about the request. */
  state?: object
  /** The session that stands behind `req.session` until that is used. */
  session?: object | undefined
}

// One for every copy of this package, so that a guard of one copy understands a request of another. A property and
// no WeakMap: that costs more than reading the session does. And one property for all: each one more that is set on
// a request makes all that Node does with it afterwards slower, on Node 20 by some 5 µs.
const key = Symbol.for('express-wx-login.request')

/** The slot of a request, or of one that inherits from it; undefined where nothing is kept. */
export const slotOf = (req: object): RequestSlot | undefined =>
  (req as { [key]?: RequestSlot })[key]

/** The slot of a request, to keep something in. It does not show where a request is printed. */
export function slotFor(req: IncomingMessage): RequestSlot {
  const found = slotOf(req)
  if (found) return found
  const value: RequestSlot = { state: undefined, session: undefined } as object
  Object.defineProperty(req, key, { value, configurable: true, writable: true })
  return value
}
