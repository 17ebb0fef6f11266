import type { Client, Dispatcher, Pool } from 'undici'

/** A request to a server, as undici takes it. */
export interface Sent extends Dispatcher.DispatchOptions {
  /** Set as it is sent: its connection has carried another one before, and the server may be closing it already. */
  kept?: boolean
}

/** What asks one server. */
export interface Connections {
  /** Over connections that are kept for the next request; an idle one does not keep the process running. */
  readonly pool: Pool
  /** Over one that is made for this request and ends with it. */
  sendOverNew(request: Sent, handler: Dispatcher.DispatchHandler): void
}

const manner = {
  /** How long a connection that nobody uses is kept, in ms; WeChat may say another time (`Keep-Alive: timeout=5`). */
  keepAliveTimeout: 4000,
  /** The server began to count before its answer was here. */
  keepAliveTimeoutThreshold: 1000,
  /** Routers on the way forget idle connections without a word. */
  keepAliveMaxTimeout: 60_000,
  // The exchange has its own deadline.
  headersTimeout: 0,
  bodyTimeout: 0,
}
const connecting = { timeout: 60_000, keepAliveInitialDelay: 1000 }

/** An app has one server or two. Whoever asks ever new ones is not to fill the memory. */
const maxServers = 16
const servers = new Map<string, Connections>()

/**
 * Loaded with the first exchange, and by its parts: the whole of undici takes four times as long, and puts an agent of
 * its own behind the `fetch` of the app.
 */
function loadUndici(): { NewPool: typeof Pool; NewClient: typeof Client } {
  const NewPool = require('undici/lib/dispatcher/pool.js') as typeof Pool
  const NewClient = require('undici/lib/dispatcher/client.js') as typeof Client
  return { NewPool, NewClient }
}

function connect(origin: string, tls: object): Connections {
  const { NewPool, NewClient } = loadUndici()
  class NotingClient extends NewClient {
    override dispatch(request: Sent, handler: Dispatcher.DispatchHandler): boolean {
      request.kept = this.stats.connected
      return super.dispatch(request, handler)
    }
  }
  const options = { ...manner, connect: { ...connecting, ...tls } }
  return {
    pool: new NewPool(origin, { ...options, factory: (of, own) => new NotingClient(of, own) }),
    sendOverNew(request, handler) {
      const client = new NewClient(origin, options)
      client.dispatch(request, handler)
      // Once the request is done with.
      client.close().catch(() => undefined)
    },
  }
}

/**
 * The connections to a server.
 *
 * @param origin - scheme, host and port
 * @param tls - what they are made with, beside Node's own defaults; counts where the server was not known
 */
export function connectionsTo(origin: string, tls: object = {}): Connections {
  const known = servers.get(origin)
  if (known) return known
  for (const oldest of servers.keys()) {
    if (servers.size < maxServers) break
    // Once what is on its way is answered.
    servers
      .get(oldest)!
      .pool.close()
      .catch(() => undefined)
    servers.delete(oldest)
  }
  const made = connect(origin, tls)
  servers.set(origin, made)
  return made
}
