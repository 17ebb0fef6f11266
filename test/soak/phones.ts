import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sandbox } from '../../src/sandbox/index.js'
import type { Answer, Phone, Wanted } from '../faults/load.js'
import type { FaultLog } from './faults.js'
import { between, type Random } from './figures.js'
import { noteWrong, type Record } from './record.js'
import type { Check, Token, Tokens } from './tokens.js'

/** What each kind of request is answered with where nothing is broken. */
const good = {
  me: 200,
  write: 200,
  login: 200,
  logout: 204,
  ended: 401,
  public: 200,
  anonymous: 401,
  forged: 401,
} as const
type Kind = keyof typeof good

/** Kinds that never ask the store: nothing excuses another answer. */
const storeless: readonly Kind[] = ['public', 'anonymous', 'forged']

const users = 300
const fewestTokens = 200
const mostTokens = 400
/** An answer that takes longer is none. */
const patience = 10_000

export interface PhonesOptions {
  servers: readonly { readonly name: string; readonly phone: Phone }[]
  sandbox: Sandbox
  tokens: Tokens
  record: Record
  random: Random
  faults: FaultLog
  /** `performance.now()` of the beginning. */
  began: number
}

/** All the phones: each call sends one request and judges its answer; none rejects. */
export interface Phones {
  /** One request of the mix. */
  next(): Promise<void>
  login(server?: number): Promise<void>
  me(token: Token, server: number): Promise<void>
  logout(token: Token): Promise<void>
  check(check: Check): Promise<void>
}

export function createPhones(options: PhonesOptions): Phones {
  const { servers, sandbox, tokens, record, random, faults, began } = options
  const anyServer = (): number => Math.floor(random() * servers.length)

  const whereOf = (server: number): { server: string; began: number } => ({
    server: servers[server]!.name,
    began,
  })

  /** Whether an answer is right, given what was broken while it was made. */
  function isExcused(kind: Kind, server: number, { status, at, ms }: Answer): boolean {
    if (storeless.includes(kind)) return false
    const { store, wechat } = faults.broken(server, at, at + ms)
    if (store && status === 503) return true
    return kind === 'login' && wechat && [502, 503, 504].includes(status)
  }

  /** Sends a request, and counts everything about its answer that does not depend on its kind. */
  async function send(
    kind: Kind,
    server: number,
    request: Omit<Wanted, 'kind'>,
    isRight: (answer: Answer) => boolean = () => false,
  ): Promise<Answer> {
    const aborts = random() < 0.01
    record.requests += 1
    const answer = await servers[server]!.phone.send({
      ...request,
      kind,
      abortAfter: aborts ? between(random, 0, 8) : patience,
    })
    const { status, at, ms } = answer
    const where = whereOf(server)
    if (status === 0) {
      if (aborts) record.aborted += 1
      else noteWrong(record, 'unanswered', answer, where)
      return answer
    }
    const name = `${kind} ${String(status)}`
    record.statuses.set(name, (record.statuses.get(name) ?? 0) + 1)
    const { store, wechat } = faults.broken(server, at, at + ms)
    const when = store || wechat ? 'broken' : 'well'
    record.slowest[when] = Math.max(record.slowest[when], ms)
    if (status !== good[kind] && !isRight(answer) && !isExcused(kind, server, answer))
      noteWrong(record, 'unexpected', answer, where)
    return answer
  }

  function judgeIdentity(kind: Kind, server: number, answer: Answer, openid: string): void {
    const { openid: said, user } = answer.body as { openid?: string; user?: { openid?: string } }
    const right = (kind === 'login' || said === openid) && user?.openid === openid
    if (!right) noteWrong(record, 'wrongIdentities', answer, whereOf(server))
  }

  async function use(
    kind: 'me' | 'write',
    token: Token,
    server: number,
    request: Omit<Wanted, 'kind'>,
  ): Promise<void> {
    const ask = { ...request, token: token.text }
    const answer = await send(kind, server, ask, ({ status }) => status === 401)
    if (answer.status === 200) judgeIdentity(kind, server, answer, token.openid)
    // Its logout may have been asked for meanwhile; where it was not, nothing excuses a 401.
    if (answer.status !== 401 || !token.live) return
    noteWrong(record, 'deadTokens', answer, whereOf(server))
    tokens.lost(token)
  }

  const me = (token: Token, server: number): Promise<void> =>
    use('me', token, server, { path: '/me' })

  const write = (token: Token, server: number): Promise<void> =>
    use('write', token, server, {
      method: 'POST',
      path: '/write',
      body: { note: String(Math.floor(random() * 1e6)).padEnd(50, '.') },
    })

  async function login(server = anyServer(), previous?: Token): Promise<void> {
    const user = sandbox.user(`user-${String(Math.floor(random() * users))}`)
    const answer = await send('login', server, {
      method: 'POST',
      path: '/wx/login',
      token: previous?.text,
      body: { code: user.login() },
    })
    if (answer.status === 200) {
      judgeIdentity('login', server, answer, user.openid())
      tokens.add(String(answer.body['token']), user.openid())
      if (previous) tokens.ended(previous)
    } else if (previous) tokens.doubtful.push(previous)
  }

  async function logout(token: Token): Promise<void> {
    const { status } = await send('logout', anyServer(), {
      method: 'POST',
      path: '/wx/logout',
      token: token.text,
    })
    if (status === 204) tokens.ended(token)
    else tokens.doubtful.push(token)
  }

  async function check(wanted: Check): Promise<void> {
    const { token, server } = wanted
    const right = ({ status }: Answer): boolean => status === 200
    const answer = await send('ended', server, { path: '/me', token: token.text }, right)
    if (answer.status === 200) noteWrong(record, 'undeadTokens', answer, whereOf(server))
    else if (answer.status !== 401) tokens.checks.push(wanted)
  }

  async function next(): Promise<void> {
    const dice = random()
    if (dice < 0.03) {
      if (tokens.live.length > mostTokens) return logout(tokens.take())
      return login(anyServer(), random() < 0.1 ? tokens.take() : undefined)
    }
    if (dice < 0.06) {
      const doubtful = tokens.doubtful.shift()
      if (doubtful) return logout(doubtful)
      return tokens.live.length < fewestTokens ? login() : logout(tokens.take())
    }
    if (dice < 0.09) return write(tokens.any(), anyServer())
    const server = anyServer()
    if (dice < 0.1) return void (await send('public', server, { path: '/public' }))
    if (dice < 0.11) return void (await send('anonymous', server, { path: '/me' }))
    if (dice < 0.12) {
      const { text } = tokens.any()
      const forged = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`
      return void (await send('forged', server, { path: '/me', token: forged }))
    }
    const ended = dice < 0.35 ? tokens.checks.shift() : undefined
    return ended ? check(ended) : me(tokens.any(), server)
  }

  return { next, login, me, logout, check }
}

/** Calls `next` at a fixed rate, whatever becomes of the calls before. */
export function startPace(rate: number, next: () => Promise<void>): { stop(): Promise<void> } {
  const open = new Set<Promise<void>>()
  const began = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * rate) / 1000)
    // Held up, it makes up for that at ten times the rate, not in one burst.
    for (let burst = Math.ceil(rate / 10); sent < due && burst > 0; burst--) {
      sent += 1
      const done = next().finally(() => open.delete(done))
      open.add(done)
    }
  }, 10)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.race([Promise.all(open), delay(2 * patience, undefined, { ref: false })])
    },
  }
}
