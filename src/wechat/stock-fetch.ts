/** What `fetch` sends with: undici of Node 26 and of npm from 8 on look at the second, all before at the first. */
const dispatchers = [1, 2].map((n) => Symbol.for(`undici.globalDispatcher.${String(n)}`))

const atLoad = globalThis.fetch
// Something else may have taken its place before this file was loaded.
const isNodes =
  typeof atLoad === 'function' &&
  Function.prototype.toString.call(atLoad).includes("require('internal/deps/undici/undici')")

/** The value behind a symbol of undici's that has this name. */
const ofUndici = (dispatcher: object, name: string): unknown => {
  const key = Object.getOwnPropertySymbols(dispatcher).find((s) => s.description === name)
  return key && (dispatcher as Record<symbol, unknown>)[key]
}

/** Whether this is an Agent that nobody has given a proxy, certificates, an address, interceptors or anything else. */
function isStock(dispatcher: object): boolean {
  const { name, prototype = {} } = (dispatcher.constructor ?? {}) as {
    name?: string
    prototype?: { dispatch?: unknown }
  }
  // Undici 8 leaves this one for older copies of undici; what it wraps is found under the other symbol.
  if (name === 'Dispatcher1Wrapper') return true
  const options = ofUndici(dispatcher, 'options')
  const factory = ofUndici(dispatcher, 'factory')
  return (
    name === 'Agent' &&
    (dispatcher as typeof prototype).dispatch === prototype.dispatch &&
    typeof options === 'object' &&
    Object.values(options ?? {}).every((value) => value === undefined || value === Infinity) &&
    (factory as { name?: unknown } | undefined)?.name === 'defaultFactory'
  )
}

const known = new WeakMap<object, boolean>()

function isStockOrNone(dispatcher: unknown): boolean {
  // None: nobody has used fetch yet.
  if (typeof dispatcher !== 'object' || dispatcher === null) return true
  let stock = known.get(dispatcher)
  if (stock === undefined) {
    stock = isStock(dispatcher)
    known.set(dispatcher, stock)
  }
  return stock
}

/**
 * Whether the global `fetch` is at this moment Node's own and sends the way it does where nobody has said otherwise: no
 * proxy (`NODE_USE_ENV_PROXY` too), no tracer, no mock. Anything that cannot be made out counts as somebody's.
 */
export const isFetchStock = (): boolean =>
  isNodes &&
  globalThis.fetch === atLoad &&
  dispatchers.every((key) => isStockOrNone((globalThis as Record<symbol, unknown>)[key]))
