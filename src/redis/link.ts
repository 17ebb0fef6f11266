import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../deadline.js'
import { warnOnce } from '../diagnostics.js'
import { isReady, type LiveClient, redisKind } from './client-kind.js'
import { type Examination, examine } from './health.js'

/** The way to Redis: the client the app gave, or while that one is sick, another like it. */
export interface RedisLink {
  /** The client to use for the next command; keep it no longer than that. */
  readonly client: unknown
  /** False while Redis is known to be away: no command is worth sending. */
  ready(): boolean
  /** To be told of every operation that failed or had no answer in time. */
  trouble(): void
  /** Whether the app still wants its client: it has been connected and was not closed. */
  readonly wanted: boolean
  /**
   * Another client like the given one, not connected; null while none can be made. Whoever asks closes it.
   * `single`: one connection where the given one is a pool.
   */
  duplicate(how?: 'single'): LiveClient | null
  /** Closes what was opened here; the given client is the app's. */
  close(): void
}

interface Pool extends LiveClient {
  readonly totalClients: number
  execute: (f: (member: LiveClient) => LiveClient) => Promise<LiveClient>
}
interface PoolMember extends LiveClient {
  createPool: (options: { maximum: number }) => LiveClient
}

const pause = 100
const longestPause = 200
const watchPeriod = 1000

/** Whether any of these comes true, as soon as one has. */
function firstTrue(attempts: Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve) => {
    for (const attempt of attempts) {
      attempt.then(
        (done) => {
          if (done) resolve(true)
        },
        () => undefined,
      )
    }
    void Promise.allSettled(attempts).then(() => {
      resolve(false)
    })
  })
}

/** Ends a client that was opened here, whatever state it is in. */
function end(client: LiveClient, how: 'close' | 'destroy' = 'destroy'): void {
  const ended = (async () => client[how]())()
  ended.catch(() => {
    if (how === 'close') end(client)
  })
}

/**
 * Keeps a way to Redis open. Where an operation fails or is overdue, every connection is asked for a sign of
 * life; a client with one that gives none is replaced. Options of node-redis do not do that: its socket timeout
 * begins again with every write, so that under traffic a peer that has vanished is never noticed.
 *
 * A plain client that is silent is connected again in place, which heals the app's own commands too. Where
 * that does not help, and for the other kinds, whose reconnecting cannot be hurried from outside, a second client
 * with the same options takes over until the given one is well again.
 *
 * @param timeout - how long an operation may take, in ms; the signs of life and new connections are given
 *   shares of it
 */
export function createRedisLink(given: LiveClient, timeout: number): RedisLink {
  const kind = redisKind(given)
  // A sentinel client of redis 5 cannot be duplicated.
  const inPlace = kind === 'client' || (kind === 'sentinel' && !given.duplicate)
  const probeTimeout = Math.max(100, timeout * 0.3)
  const connectTimeout = Math.max(250, timeout * 0.5)
  let current = given
  /** A member of the pool: it alone can make another pool. */
  let member: LiveClient | undefined
  let answering: Examination['answering'] = []
  let away = false
  let healing = false
  let closed = false
  let everOpen = given.isOpen
  /** The client ended itself, other than by the app. Only plain clients tell. */
  let gaveUp = false
  let reviving = false
  /** How often the client has found a connection. */
  let connections = 0
  /** The client has a connection on which nothing comes back. */
  let silent = false
  let watch: NodeJS.Timeout | undefined

  const onReady = (): void => {
    everOpen = true
    gaveUp = false
    connections++
    silent = false
    // It has just had an answer: no need to wait for the next look.
    if (current === given) away = false
  }
  const onError = (): void => {
    if (!given.isOpen) gaveUp = true
  }
  if (kind === 'client') given.on('ready', onReady)
  if (kind === 'client') given.on('error', onError)

  /** Whether the app still wants its client. */
  function wanted(): boolean {
    if (given.isOpen) everOpen = true
    // One that the app has closed may wait for answers for long, and says nothing: not open is no proof of
    // having given up.
    return !closed && (given.isOpen || reviving || gaveUp)
  }

  function meetMember(): void {
    if (kind !== 'pool' || member || !given.isOpen) return
    const met = (given as Pool).execute((client) => client)
    met.then(
      (client) => (member = client),
      () => undefined,
    )
  }

  const isWell = async (client: LiveClient): Promise<boolean> =>
    (await examine(client, probeTimeout)).health === 'well'

  const overrides = (): object => ({
    // A cluster is found the quickest through nodes that are known to answer.
    ...(answering.length > 0 && {
      rootNodes: answering.map(({ host, port }) => ({ socket: { host, port } })),
    }),
    // Else a sentinel client keeps it to itself that the master cannot be reached.
    ...(kind === 'sentinel' && { passthroughClientErrorEvents: true }),
  })

  function duplicate(how?: 'single'): LiveClient | null {
    const like = kind === 'pool' ? member : given
    const made =
      kind === 'pool' && how !== 'single'
        ? (like as PoolMember | undefined)?.createPool({
            maximum: (given as Pool).totalClients || 1,
          })
        : like?.duplicate?.(overrides())
    made?.on('error', () => undefined)
    return made ?? null
  }

  function use(client: LiveClient): void {
    const before = current
    current = client
    away = false
    // One that is left because the given client is well again may still have work to finish.
    if (before !== given && before !== client) end(before, client === given ? 'close' : 'destroy')
    clearInterval(watch)
    if (client === given) return
    // Looks after what was opened here: it goes when the given client is well again, or not wanted any more.
    watch = setInterval(() => {
      if (!wanted()) drop()
      else if (!healing) void goHome()
    }, watchPeriod).unref()
  }

  async function goHome(): Promise<boolean> {
    if (current === given || !(await isWell(given)) || !wanted()) return false
    use(given)
    return true
  }

  /** Connects a silent client again. One that is busy connecting must be left to it. */
  async function revive(): Promise<boolean> {
    if (!inPlace || reviving || !silent || !given.isReady) return false
    reviving = true
    const connected = (async () => {
      await given.destroy()
      return given.connect()
    })()
    connected.then(
      () => (reviving = false),
      () => (reviving = false),
    )
    return succeeds(connected)
  }

  async function succeeds(connected: Promise<unknown>): Promise<boolean> {
    return withDeadline(connected, connectTimeout).then(
      () => true,
      () => false,
    )
  }

  /** Tries one new client; it takes over where all of it is well, unless that is needed no more. */
  async function replace(needed: () => boolean): Promise<boolean> {
    const fresh = duplicate()
    if (!fresh) return false
    // Clusters and sentinels have other nodes to try where one cannot be reached.
    const failed = new Promise<never>((_, reject) => {
      fresh.on('error', (error: unknown) => {
        const { message } = error as { message?: string }
        const fatal = kind === 'client' || kind === 'pool' || message?.startsWith('Master Client')
        if (fatal) reject(new Error('unreachable'))
      })
    })
    const good =
      (await succeeds(Promise.race([fresh.connect(), failed]))) &&
      (await isWell(fresh)) &&
      wanted() &&
      needed()
    if (good) use(fresh)
    else end(fresh)
    return good
  }

  async function recovers(): Promise<boolean> {
    const [asked, before] = [isReady(current), connections]
    const { health, answering: servers } = await examine(current, probeTimeout)
    answering = health === 'partly' ? servers : []
    // What was found of a connection says nothing of the one that came after it.
    if (connections === before) {
      away = health === 'away'
      silent = asked && away
    }
    return health === 'well'
  }

  async function heal(): Promise<void> {
    let cured = await recovers()
    for (let next = pause; !cured && wanted(); next = longestPause) {
      let needed = true
      const isNeeded = (): boolean => needed
      const home = current === given ? revive : goHome
      // At the same time: a client that has found its way itself must not wait for an attempt that hangs.
      cured = await firstTrue([
        recovers(),
        home().then(async (done) => done || (needed && (await replace(isNeeded)))),
      ])
      needed = false
      if (!cured) await delay(next, undefined, { ref: false })
    }
    away = false
  }

  async function look(): Promise<void> {
    healing = true
    await heal().catch(() => undefined)
    // A burst of failures is one reason to look, not hundreds.
    await delay(pause, undefined, { ref: false })
    healing = false
  }

  function trouble(): void {
    if (!healing && wanted()) void look()
  }

  /** Goes back to the given client, whatever its state. */
  function drop(): void {
    clearInterval(watch)
    if (current !== given) end(current)
    current = given
  }

  meetMember()
  return {
    get client() {
      return current
    },
    get wanted() {
      return wanted()
    },
    ready() {
      meetMember()
      if (!away && isReady(current)) return true
      trouble()
      if (!everOpen) {
        warnOnce('WX_REDIS_OPEN', 'wxLogin: the Redis client is not connected: call its connect()')
      }
      return false
    },
    trouble,
    duplicate,
    close() {
      closed = true
      given.off('ready', onReady)
      given.off('error', onError)
      drop()
    },
  }
}
