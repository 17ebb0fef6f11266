import type { WxCallbacks, WxFailure, WxLike, WxLogin, WxResponse } from '../../client/src/index.js'
import type { ClientModule, Surroundings } from './load-client.js'
import { createVirtualTime, type VirtualTime } from './virtual-time.js'

export const baseUrl = 'https://api.example.com'

/** How long the client of the scenarios waits for an answer; ms. */
export const timeout = 10_000

/** What can go wrong with one `wx.login`; a number is how many milliseconds its answer takes. */
export type LoginFault = 'fail' | 'noCode' | 'silent' | number
/** What can go wrong with the request that takes a code to the server. */
export type ExchangeFault = 'lostBefore' | 'lostAfter' | 'busy' | 'gateway' | 'silent'
/** What can go wrong with one `wx.checkSession`. */
export type CheckFault = 'fail' | 'silent'
/** What can go wrong with any other request. */
export type RequestFault = 'lost' | 'error500'

/** What is to go wrong, call by call; null where nothing is. After the end of a list, nothing is. */
export interface Faults {
  login?: readonly (LoginFault | null)[]
  exchange?: readonly (ExchangeFault | null)[]
  check?: readonly (CheckFault | null)[]
  request?: readonly (RequestFault | null)[]
}

export interface WorldOptions {
  /** Milliseconds that the ways of calls take, one after the other, again and again. */
  latencies?: readonly number[]
  faults?: Faults
  /** How long sessions live, in seconds. */
  life?: number
}

/** One request as the server saw it. */
export interface Seen {
  url: string
  token: string | undefined
  status: number
  /** The token's time was over. */
  expired: boolean
}

/** A phone, WeChat and a server, all of them in virtual time, and what happened there. */
export interface World {
  readonly time: VirtualTime
  readonly wx: Required<Pick<WxLike, 'login' | 'request' | 'checkSession'>> & WxLike
  readonly seen: Seen[]
  /** Calls of `wx.login`. */
  logins: number
  /** The most calls of `wx.login` that waited for an answer at the same time. */
  mostLoginsAtOnce: number
  /** Faults that were met. */
  injected: number
  /** Sessions that the server ended by itself. */
  expiries: number
  /** Makes the server forget all sessions. */
  forget(): void
  /** The server refuses every session, also new ones, at this path. */
  refuse(path: string): void
  /** Whether the server has the key that the phone encrypts with. */
  sameKey(): boolean
  /** Whether a login is on its way, or ended in this very moment. */
  loggingIn(): boolean
  /** The requests that went to one path. */
  to(path: string): Seen[]
}

interface Session {
  endsAt: number
}

export function createWorld({
  latencies = [10],
  faults = {},
  life = 7 * 86_400,
}: WorldOptions = {}): World {
  const time = createVirtualTime()
  const storage = new Map<string, unknown>()
  const sessions = new Map<string, Session>()
  const refused = new Set<string>()
  const counts = { latency: 0, login: 0, exchange: 0, check: 0, request: 0 }
  let tokens = 0
  let phoneKey = 0
  let serverKey = 0
  let openLogins = 0
  let lastLoginEnd = 0
  let openExchanges = 0

  const latency = (): number => latencies[counts.latency++ % latencies.length]!

  function fault<K extends keyof Faults>(kind: K): NonNullable<Faults[K]>[number] {
    const next = faults[kind]?.[counts[kind]++] ?? null
    if (next !== null) world.injected++
    return next
  }

  const later = (run: () => void, ms = latency()): number => time.setTimeout(run, ms)

  const tokenOf = (header: object | undefined): string | undefined =>
    (header as Record<string, string> | undefined)?.['Authorization']?.replace(/^Bearer /, '')

  const alive = (token: string | undefined): boolean =>
    (sessions.get(token ?? '')?.endsAt ?? 0) > time.now

  /** What the server does with a request that reaches it. */
  function answer(url: string, data: unknown, token: string | undefined): WxResponse {
    const path = url.slice(baseUrl.length)
    const reply = (statusCode: number, body: object): WxResponse => {
      const expired = sessions.has(token ?? '') && !alive(token)
      world.seen.push({ url, token, status: statusCode, expired })
      return { statusCode, data: body, header: {} }
    }
    if (path === '/wx/login') {
      const { code } = data as { code?: string }
      if (code === undefined) return reply(400, { error: { code: 'WX_BAD_REQUEST' } })
      // As the real one: a new session ends the one that it replaces.
      if (token !== undefined) sessions.delete(token)
      serverKey = Number(code.slice(1))
      const made = `t${String(++tokens)}`
      sessions.set(made, { endsAt: time.now + life * 1000 })
      return reply(200, { token: made, expiresIn: life, keyId: String(serverKey), user: null })
    }
    if (path === '/wx/logout') {
      if (token !== undefined) sessions.delete(token)
      return reply(204, {})
    }
    return alive(token) && !refused.has(path)
      ? reply(200, {})
      : reply(401, { error: { code: 'WX_SESSION_REQUIRED', message: '', action: 'login' } })
  }

  /** The way of a request there and back, which an abort ends. */
  function request(options: Parameters<WxLike['request']>[0]): { abort(): void } {
    const { url, data, header, success, fail } = options
    const isExchange = url === `${baseUrl}/wx/login`
    const broken = isExchange ? fault('exchange') : fault('request')
    let done = false
    let timer: number | undefined
    const end = (run: () => void): void => {
      if (done) return
      done = true
      if (isExchange) {
        openExchanges--
        lastLoginEnd = time.now
      }
      run()
    }
    const lose = (errMsg: string): void => {
      end(() => fail?.({ errMsg: `request:fail ${errMsg}` }))
    }
    if (isExchange) openExchanges++
    timer = later(() => {
      if (broken === 'lostBefore' || broken === 'lost') {
        lose('errcode:-101')
        return
      }
      if (broken === 'busy' || broken === 'gateway' || broken === 'error500') {
        const headers = broken === 'busy' ? { 'RETRY-AFTER': '2' } : {}
        const statusCode = { busy: 503, gateway: 502, error500: 500 }[broken]
        world.seen.push({ url, token: tokenOf(header), status: statusCode, expired: false })
        timer = later(() => {
          end(() => success?.({ statusCode, data: '<html>', header: headers }))
        })
        return
      }
      const reply = answer(url, data, tokenOf(header))
      if (broken === 'silent') return
      timer = later(() => {
        if (broken === 'lostAfter') lose('errcode:-101')
        else end(() => success?.(reply))
      })
    })
    return {
      abort() {
        if (done) return
        time.clearTimeout(timer)
        // Not from inside the call that aborts.
        later(() => {
          lose('abort')
        }, 0)
      },
    }
  }

  function login({ success, fail }: WxCallbacks<{ code: string }>): void {
    const broken = fault('login')
    world.logins++
    openLogins++
    world.mostLoginsAtOnce = Math.max(world.mostLoginsAtOnce, openLogins)
    let open = true
    const end = (): void => {
      if (!open) return
      open = false
      openLogins--
      lastLoginEnd = time.now
    }
    // Just before the client gives up.
    later(end, timeout - 1)
    if (broken === 'silent') return
    later(
      () => {
        end()
        if (broken === 'fail') {
          fail?.({ errMsg: 'login:fail errcode:-106' })
          return
        }
        phoneKey++
        const result = broken === 'noCode' ? {} : { code: `c${String(phoneKey)}` }
        success?.(result as { code: string })
      },
      typeof broken === 'number' ? broken : latency(),
    )
  }

  const world: World = {
    time,
    seen: [],
    logins: 0,
    mostLoginsAtOnce: 0,
    injected: 0,
    expiries: 0,
    wx: {
      login,
      request,
      checkSession({ success, fail }: WxCallbacks<unknown>) {
        const broken = fault('check')
        if (broken === 'silent') return
        later(() => {
          if (broken === 'fail') fail?.({ errMsg: 'checkSession:fail' } satisfies WxFailure)
          else success?.({})
        })
      },
      getStorageSync: (key) => storage.get(key) ?? '',
      setStorageSync: (key, data) => void storage.set(key, data),
      removeStorageSync: (key) => void storage.delete(key),
    },
    forget() {
      world.expiries++
      sessions.clear()
    },
    refuse: (path) => void refused.add(path),
    sameKey: () => phoneKey === serverKey,
    loggingIn: () => openLogins + openExchanges > 0 || lastLoginEnd === time.now,
    to: (path) => world.seen.filter(({ url }) => url === baseUrl + path),
  }
  return world
}

/** A client in a world. */
export const clientIn = (world: World, client: ClientModule): WxLogin =>
  client.createWxLogin({ baseUrl, timeout, wx: world.wx })

/** Makes the world's client, with the surroundings of its time. */
export type MakeClient = (world: World) => WxLogin

export const maker =
  (
    load: (surroundings: Surroundings) => ClientModule,
    surroundings: (time: VirtualTime) => Surroundings,
  ): MakeClient =>
  (world) =>
    clientIn(world, load(surroundings(world.time)))
