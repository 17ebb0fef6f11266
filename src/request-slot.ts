import type { IncomingMessage } from 'node:http'

/** What is kept of one request; its owners know the types. */
export interface RequestSlot {
  /** What the plugin found out about the request. */
  state: object | undefined
  /** The session that stands behind `req.session` until that is used. */
  session: object | undefined
  /** Who calls through cloud hosting, where that is on and somebody does. */
  caller: object | undefined
  /** The id it was given here, where nobody else had named it. */
  requestId: string | undefined
}

/** Shows nothing of the slot where a request is printed. */
class HiddenSlot {
  readonly #slot: RequestSlot = {
    state: undefined,
    session: undefined,
    caller: undefined,
    requestId: undefined,
  }
  get slot(): RequestSlot {
    return this.#slot
  }
}

// One for every copy of this package, so that a guard of one copy understands a request of another. A property and
// no WeakMap: that costs more than reading the session does. And one property for all: each one more that is set on
// a request makes all that Node does with it afterwards slower, on Node 20 by some 5 µs. Assigned, for Object's
// defineProperty takes seven times as long; so it shows, but not what is in it.
const key = Symbol.for('express-wx-login.request')

type Keeper = { [key]?: HiddenSlot }

/** The slot of a request, or of one that inherits from it; undefined where nothing is kept. */
export const slotOf = (req: object): RequestSlot | undefined => (req as Keeper)[key]?.slot

/** The slot of a request, to keep something in. */
export const slotFor = (req: IncomingMessage): RequestSlot =>
  ((req as Keeper)[key] ??= new HiddenSlot()).slot

/** A property of its own, as an assignment would make it. */
export function define(target: object, name: string, value: unknown): void {
  const property = { configurable: true, enumerable: true, writable: true, value }
  Object.defineProperty(target, name, property)
}

/** A property of a request until it is set; on an object that inherits from the request it is set there. */
export const until = (name: string, read: (slot: RequestSlot) => unknown): PropertyDescriptor => ({
  configurable: true,
  enumerable: true,
  get(this: object) {
    const slot = slotOf(this)
    return slot && read(slot)
  },
  set(this: object, value: unknown) {
    define(this, name, value)
  },
})

/**
 * Has the object that all of Express' requests inherit from answer for these properties, so that a request needs none
 * of its own until one is set.
 *
 * @param mark - is in a request that inherits them
 */
export function share(requests: object, mark: symbol, properties: PropertyDescriptorMap): void {
  // Somebody else's, or those of another copy of this package: then every request gets its own.
  if (Object.keys(properties).some((name) => name in requests)) return
  Object.defineProperties(requests, { [mark]: { value: true }, ...properties })
}
