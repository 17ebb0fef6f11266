import { type LiveClient, redisKind } from './client-kind.js'

/** A server, as a connection reaches it. */
export interface Server {
  host: string
  port: number
}

interface Pool extends LiveClient {
  readonly totalClients: number
  readonly idleClients: number
  execute: (f: (member: LiveClient) => LiveClient) => Promise<LiveClient>
}
interface PoolMember extends LiveClient {
  createPool: (options: { maximum: number }) => LiveClient
}

/** Makes clients like the one the app gave. */
export interface Copies {
  /**
   * Another client, not connected; null while none can be made. Whoever asks closes it.
   *
   * @param how.single - one connection where the given client is a pool
   * @param how.answering - nodes of a cluster that are known to answer
   */
  make(how?: { single?: boolean; answering?: Server[] }): LiveClient | null
  /** Looks at a pool, which only one of its members can copy. */
  look(): void
  /** False for a pool that has had no connection yet. */
  readonly ready: boolean
}

/** Copies whose socket is being opened. */
const opening = new WeakSet<LiveClient>()

/** Whether a copy opens its socket: from the outside only its events tell. */
function watchOpening(copy: LiveClient): void {
  opening.add(copy)
  copy.on('connect', () => opening.delete(copy))
  copy.on('error', () => opening.delete(copy))
  copy.on('reconnecting', () => opening.add(copy))
}

/**
 * Ends a copy, whatever state it is in. node-redis goes on opening a socket after `destroy()`, and such a
 * connection is out of reach for ever: it is ended as soon as it is there.
 */
export function endCopy(copy: LiveClient): void {
  const destroy = (): void => {
    ;(async () => copy.destroy())().catch(() => undefined)
  }
  if (!opening.has(copy)) destroy()
  else for (const event of ['connect', 'error']) copy.once(event, destroy)
}

// On the client itself: who makes it and who copies it are two bundles, each with variables of its own.
const sentinels = Symbol.for('express-wx-login.sentinels')

/** Remembers which sentinels a client asks: their order can be changed in its copies then. */
export function rememberSentinels(client: object, nodes: Server[]): void {
  Object.defineProperty(client, sentinels, { value: nodes })
}

const sentinelsOf = (client: object): Server[] | undefined =>
  (client as { [sentinels]?: Server[] })[sentinels]

/** Copies of the client that the app gave, with its options. */
export function createCopies(given: LiveClient): Copies {
  const kind = redisKind(given)
  const pool = given as Pool
  let member: PoolMember | undefined
  let looking = false
  let copies = 0

  /**
   * node-redis takes the word of the first sentinel that answers, and the one that leads a failover is the last to
   * name the new master. So each copy asks another one first.
   */
  function turned(nodes: Server[]): Server[] {
    const first = ++copies % nodes.length
    return [...nodes.slice(first), ...nodes.slice(0, first)]
  }

  function overrides(answering: Server[]): object {
    const nodes = sentinelsOf(given)
    return {
      // A cluster is found the quickest through nodes that are known to answer.
      ...(answering.length > 0 && {
        rootNodes: answering.map(({ host, port }) => ({ socket: { host, port } })),
      }),
      ...(nodes && { sentinelRootNodes: turned(nodes) }),
      ...(kind === 'sentinel' && {
        // Else a sentinel client keeps it to itself that the master cannot be reached,
        passthroughClientErrorEvents: true,
        // and pauses for a second, with all commands, whenever a sentinel has no master to name.
        maxCommandRediscovers: 0,
      }),
    }
  }

  return {
    make({ single = false, answering = [] } = {}) {
      const made =
        kind !== 'pool'
          ? given.duplicate?.(overrides(answering))
          : single
            ? member?.duplicate?.()
            : member?.createPool({ maximum: pool.totalClients || 1 })
      made?.on('error', () => undefined)
      if (made && redisKind(made) === 'client') watchOpening(made)
      return made ?? null
    },
    look() {
      if (kind !== 'pool' || member || looking || !given.isOpen) return
      looking = true
      pool
        .execute((client) => client)
        .then(
          (client) => (member = client as PoolMember),
          () => undefined,
        )
        .finally(() => (looking = false))
    },
    get ready() {
      return kind !== 'pool' || member !== undefined || pool.idleClients > 0
    },
  }
}
