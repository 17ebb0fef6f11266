import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../deadline.js'
import { warnOnce } from '../diagnostics.js'
import { createStoreOutage } from '../diagnostics-channels.js'
import { explained } from '../start-up.js'
import { isReady, type LiveClient, type RedisKind, redisKind } from './client-kind.js'
import { knowsMasters } from './cluster-masters.js'
import { createCopies, endCopy, type Server } from './copies.js'
import { examine } from './health.js'
import { cutNode, isOutOfStep } from './out-of-step.js'

/** The way to Redis: the client the app gave, or while that one is sick, another like it. */
export interface RedisLink {
  readonly kind: RedisKind
  /** The client to use for the next command; keep it no longer than that. */
  readonly client: unknown
  /** False while Redis is known to be away: no command is worth sending. */
  ready(): boolean
  /** To be told of every operation that failed or had no answer in time. */
  trouble(): void
  /** Whether the app still wants its client: it has been connected and was not closed. */
  readonly wanted: boolean
  /** One more connection of the same kind, for listening; null where none can be made. Whoever asks closes it. */
  listener(): LiveClient | null
  /** Closes what was opened here; the given client is the app's. */
  close(): void
}

const pause = 100
// After a while: a part of a cluster may be away for good.
const longPause = 500
const patience = 10_000
const watchPeriod = 1000
/** One that may not ask what tells it finds its way by the commands of the app. */
const maxVisits = 10

/** Whether any of these comes true, as soon as one has. */
const firstTrue = (attempts: Promise<boolean>[]): Promise<boolean> =>
  Promise.any(
    attempts.map(async (attempt) => {
      if (!(await attempt)) throw new Error('not true')
      return true
    }),
  ).catch(() => false)

/**
 * Keeps a way to Redis open. Where an operation fails or is overdue, the connections are asked for a sign of
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
  const copies = createCopies(given)
  const outage = createStoreOutage()
  // A sentinel client of redis 5 cannot be copied.
  const inPlace = kind === 'client' || (kind === 'sentinel' && !given.duplicate)
  const probeTimeout = Math.max(100, timeout * 0.3)
  const connectTimeout = Math.max(250, timeout * 0.5)
  let current = given
  let answering: Server[] = []
  let away = false
  let healing = false
  let closed = false
  let everOpen = given.isOpen
  /** The client ended itself, other than by the app. Only plain clients tell. */
  let gaveUp = false
  /** It was found ended though it had not said so: by the app. */
  let ended = false
  let reviving = false
  /** How often there was another connection, or another client. */
  let connections = 0
  /** The client has a connection on which nothing comes back, or nothing that can be trusted. */
  let silent = false
  /** How often it was well while it did not know the cluster. */
  let visits = 0
  let watch: NodeJS.Timeout | undefined

  const onReady = (): void => {
    everOpen = true
    gaveUp = false
    ended = false
    connections++
    silent = false
    // It has just had an answer: no need to wait for the next look.
    if (current === given) away = false
  }
  const onError = (reason: unknown): void => {
    // Closed by the app, with answers due: what happens to that connection is nobody's concern any more.
    if (!given.isOpen && (ended || given.isReady)) return
    if (!given.isOpen) gaveUp = true
    if (!isOutOfStep(given, reason)) return
    silent = true
    void revive()
    trouble()
  }
  const onNodeError = (reason: unknown, node: Server): void => {
    cutNode(given, reason, node)
    trouble()
  }
  if (kind === 'client') given.on('ready', onReady)
  if (kind === 'client') given.on('error', onError)
  if (kind === 'cluster') given.on('node-error', onNodeError)

  /** Whether the app still wants its client. */
  function wanted(): boolean {
    if (given.isOpen) everOpen = true
    // One that the app has closed may wait for answers for long, and says nothing: not open is no proof of
    // having given up.
    const still = given.isOpen || reviving || gaveUp
    if (everOpen && !still) ended = true
    return !closed && still
  }

  const isWell = async (client: LiveClient): Promise<boolean> =>
    (await examine(client, probeTimeout)).health === 'well'

  function use(client: LiveClient): void {
    const before = current
    current = client
    away = false
    connections++
    if (before !== given && before !== client) {
      // One that is well has operations to finish; close() would not wait for those it has not sent yet.
      if (client === given) setTimeout(endCopy, timeout, before).unref()
      else endCopy(before)
    }
    clearInterval(watch)
    if (client === given) return
    // Looks after what was opened here: it goes when the given client is well again, or not wanted any more.
    watch = setInterval(() => {
      if (!wanted()) drop()
      else if (!healing) void goHome()
    }, watchPeriod).unref()
  }

  /** Only while another client serves. */
  async function goHome(): Promise<boolean> {
    const [asked, before] = [isReady(given), connections]
    const { health, full } = await examine(given, probeTimeout)
    if (!wanted()) return false
    if (health === 'well') {
      if (kind === 'cluster' && ++visits < maxVisits) {
        if (!(await knowsMasters(given, current, probeTimeout)) || !wanted()) return false
      }
      visits = 0
      use(given)
      return true
    }
    // While another one serves, nobody else would notice that it is silent.
    if (asked && !full && connections === before) {
      silent = true
      void revive()
    }
    return false
  }

  /** Connects a silent client again. One that is busy connecting must be left to it. */
  async function revive(): Promise<boolean> {
    if (!inPlace || reviving || !silent || !given.isReady) return false
    reviving = true
    const connected = (async () => {
      await given.destroy()
      if (!closed) await given.connect()
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
    const fresh = copies.make({ answering })
    if (!fresh) return false
    // Clusters and sentinels have other nodes to try where one cannot be reached.
    const failed = new Promise<never>((_, reject) => {
      fresh.on('error', (error: unknown) => {
        const { message } = error as { message?: string }
        const fatal = kind === 'client' || kind === 'pool' || message?.startsWith('Master Client')
        if (fatal) reject(new Error('unreachable'))
        if (kind === 'client' && isOutOfStep(fresh, error)) {
          endCopy(fresh)
          trouble()
        }
      })
      fresh.on('node-error', (reason: unknown, node: Server) => {
        cutNode(fresh, reason, node)
        trouble()
      })
    })
    const connecting = fresh.connect()
    const good =
      (await succeeds(Promise.race([connecting, failed]))) &&
      (await isWell(fresh)) &&
      wanted() &&
      needed()
    if (good) use(fresh)
    else {
      endCopy(fresh)
      // A cluster, a pool and a sentinel go on connecting what they had begun.
      connecting.then(
        () => {
          endCopy(fresh)
        },
        () => undefined,
      )
    }
    return good
  }

  async function recovers(): Promise<boolean> {
    const [asked, before] = [isReady(current), connections]
    const { health, full, answering: servers } = await examine(current, probeTimeout)
    answering = health === 'partly' ? servers : []
    // What was found of a connection says nothing of the one that came after it.
    if (connections === before) {
      away = health === 'away'
      silent = asked && away && !full
    }
    return health === 'well'
  }

  async function heal(): Promise<void> {
    const began = performance.now()
    let cured = await recovers()
    if (!cured && wanted()) outage.begin(away ? 'all' : 'part')
    while (!cured && wanted()) {
      let needed = true
      const isNeeded = (): boolean => needed
      const home = current === given ? revive : goHome
      // At the same time: a client that has found its way itself must not wait for an attempt that hangs.
      cured = await firstTrue([
        recovers(),
        home().then(async (done) => done || (needed && (await replace(isNeeded)))),
      ])
      needed = false
      const next = performance.now() - began < patience ? pause : longPause
      if (!cured) await delay(next, undefined, { ref: false })
    }
    away = false
  }

  async function look(): Promise<void> {
    healing = true
    await heal().catch(() => undefined)
    outage.end()
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
    if (current !== given) endCopy(current)
    current = given
  }

  copies.look()
  return {
    kind,
    get client() {
      return current
    },
    get wanted() {
      return wanted()
    },
    ready() {
      copies.look()
      if (!away && copies.ready && isReady(current)) return true
      trouble()
      if (!everOpen) {
        warnOnce(
          'WX_REDIS_OPEN',
          explained(
            'wxLogin: the Redis client is not connected: call its connect()',
            'redis-connection',
          ),
        )
      }
      return false
    },
    trouble,
    listener: () => (closed ? null : copies.make({ single: true })),
    close() {
      closed = true
      given.off('ready', onReady)
      given.off('error', onError)
      given.off('node-error', onNodeError)
      drop()
    },
  }
}
