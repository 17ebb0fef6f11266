import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type FaultApp, withFaultApp } from './fault-app.js'
import { noteRow } from './fault-table.js'
import { type Answer, startLoad, summarize } from './load.js'
import { slack } from './under-fault.js'

// WeChat is broken. The store is well: nothing of this may reach who is logged in.

let wechat: LocalWeChat
beforeAll(async () => {
  wechat = await startLocalWeChat()
})
afterAll(() => wechat.close())

type Handler = (req: IncomingMessage, res: ServerResponse) => void

const good = { openid: 'oGood', session_key: 'tiihtNczf5v6AKRyjwEUhQ==' }

/** Answers with one text, labelled as WeChat does. */
const say =
  (body: string | object, status = 200): Handler =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'text/plain' })
    res.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** A good answer, of another user for each code. */
const welcome: Handler = (req, res) => {
  const code = new URL(req.url!, wechat.baseUrl).searchParams.get('js_code') ?? ''
  say({ ...good, openid: `o${code}` })(req, res)
}

const silent: Handler = () => undefined

/** A byte of a good answer every 50 ms: never idle, and never done. */
const drips: Handler = (_req, res) => {
  res.writeHead(200, { 'content-length': '1000000' })
  const timer = setInterval(() => res.write(' '), 50)
  res.once('close', () => clearInterval(timer))
}

let mostWritten = 0
/** 50 MB, as fast as they are taken. */
const endless: Handler = (req, res) => {
  res.writeHead(200)
  const chunk = 'x'.repeat(64 * 1024)
  const write = (): void => {
    while (req.socket.bytesWritten < 50 * 2 ** 20 && !res.destroyed) {
      mostWritten = Math.max(mostWritten, req.socket.bytesWritten)
      if (!res.write(chunk)) {
        res.once('drain', write)
        return
      }
    }
    res.end()
  }
  write()
}

const cutMidBody: Handler = (req, res) => {
  res.writeHead(200, { 'content-length': '500' })
  res.write('{"openid":"oGood",', () => req.socket.resetAndDestroy())
}

const cut: Handler = (req) => req.socket.resetAndDestroy()

const redirects: Handler = (req, res) => {
  // Whoever follows gets a good answer from somewhere that is not WeChat.
  if (req.url?.startsWith('/elsewhere')) say(good)(req, res)
  else res.writeHead(302, { location: `${wechat.baseUrl}/elsewhere` }).end()
}

/** RELIABILITY.md, attack 49: name, answer of WeChat, statuses that are right for the phone. */
const torture: [string, Handler, number[]][] = [
  ['HTML', say('<html><body>502 Bad Gateway</body></html>'), [502]],
  ['HTML with HTTP 502', say('<html></html>', 502), [502]],
  ['HTTP 500 with a good body', say(good, 500), [502]],
  ['HTTP 404', say('', 404), [502]],
  ['nothing', say(''), [502]],
  ['JSON that is no object', say('"ok"'), [502]],
  ['JSON null', say('null'), [502]],
  ['an array', say([good]), [502]],
  ['JSON cut in the middle', say('{"openid":"oGood","session_k'), [502]],
  ['errcode 0 and nothing else', say({ errcode: 0, errmsg: 'ok' }), [502]],
  ['no openid', say({ session_key: good.session_key }), [502]],
  ['an empty openid', say({ ...good, openid: '' }), [502]],
  ['an openid of 10 000 letters', say({ ...good, openid: 'o'.repeat(10_000) }), [502]],
  ['an openid that breaks a Redis hash tag', say({ ...good, openid: 'o}:{x' }), [502]],
  ['an openid that is a number', say({ ...good, openid: 12345 }), [502]],
  ['an openid that is an object', say({ ...good, openid: { $ne: null } }), [502]],
  ['no session_key', say({ openid: good.openid }), [502]],
  ['a session_key of 15 bytes', say({ ...good, session_key: 'AAAAAAAAAAAAAAAAAAAA' }), [502]],
  ['a session_key that is no base64', say({ ...good, session_key: '!'.repeat(24) }), [502]],
  ['a session_key that is a number', say({ ...good, session_key: 1 }), [502]],
  ['an errcode that is text', say({ errcode: 'x' }), [502]],
  ['50 MB', endless, [502]],
  ['RST in the middle of the body', cutMidBody, [502]],
  ['RST instead of an answer', cut, [502]],
  ['a redirect', redirects, [502]],
  ['silence', silent, [504]],
  ['a body that drips', drips, [504]],
]

const options = (timeout?: number): object => ({
  wx: { wechat: { baseUrl: wechat.baseUrl, ...(timeout !== undefined && { timeout }) } },
})

async function logIn(app: FaultApp, code = app.code()): Promise<Answer> {
  return app.postLogin(code)
}

describe('F23: WeChat answers nonsense, or not at all (attack 49)', () => {
  it.each(torture)(
    'F23: %s: the login is refused, and no session made',
    async (what, handle, allowed) => {
      // How long it waits for silence is asserted below.
      await withFaultApp(options(500), async (app) => {
        wechat.answer(handle)
        mostWritten = 0
        const answer = await logIn(app)
        noteRow({
          ...{ fault: 'F23', what: `WeChat: ${what}`, asked: 'login' },
          ...{ statuses: { [answer.status]: 1 }, slowest: answer.ms },
          required: `${allowed.join('/')} <= 6 s, no session`,
        })
        expect(allowed).toContain(answer.status)
        expect(answer.body).toMatchObject({ error: { code: 'WX_UPSTREAM', action: 'login' } })
        expect(answer.ms).toBeLessThan(500 + slack)
        expect(await app.admin('DBSIZE')).toBe(0)
        // The code is spent by the attempt: it is not sent twice.
        expect(wechat.requests).toHaveLength(1)
        // What the kernels hold on both sides, at most.
        expect(mostWritten).toBeLessThan(16 * 2 ** 20)
      })
    },
  )

  it('F23: with the default timeout silence and drips are given up after 5 s', async () => {
    await withFaultApp(options(), async (app) => {
      let n = 0
      wechat.answer((req, res) => {
        n += 1
        if (n % 2 === 0) silent(req, res)
        else drips(req, res)
      })
      const answers = await Promise.all(Array.from({ length: 4 }, () => logIn(app)))
      const { statuses, slowest } = summarize(answers)
      noteRow({
        ...{ fault: 'F23', what: 'WeChat: silence and drips, default timeout', asked: 'login' },
        ...{ statuses, slowest, required: '504 <= 5 s' },
      })
      expect(statuses).toEqual({ 504: 4 })
      expect(slowest).toBeLessThan(5000 + slack)
      expect(Math.min(...answers.map(({ ms }) => ms))).toBeGreaterThan(4900)
    })
  })
})

/** Counts the requests that a server has not answered; the client's own count is one of its backlog too. */
function countPending(server: Server): { most: number } {
  const count = { most: 0 }
  let now = 0
  server.on('request', (_req, res: ServerResponse) => {
    now += 1
    count.most = Math.max(count.most, now)
    res.once('close', () => {
      now -= 1
    })
  })
  return count
}

describe('F23: a WeChat that is away under 300 logins/s', () => {
  it.each<[string, Handler]>([
    ['refuses connections', cut],
    ['is silent', silent],
  ])(
    'F23: %s: logins do not pile up, it is hardly asked, and they work again when it is back',
    async (what, dead) => {
      await withFaultApp(options(1000), async (app) => {
        wechat.answer(dead)
        const pending = countPending(app.t.server)
        const makeRequest = (n: number): Parameters<typeof app.phone.send>[0] => ({
          ...{
            kind: 'login',
            method: 'POST',
            path: '/wx/login',
            body: { code: `code${String(n)}` },
          },
        })
        const load = startLoad(app.phone, { rate: 300, makeRequest })
        // The first outages have to show; from then on the circuit is open.
        await delay(2000)
        const askedBefore = wechat.requests.length
        await delay(3000)
        const asked = wechat.requests.length - askedBefore
        const flood = await load.stop()
        wechat.answer(welcome)
        const back = performance.now()
        const few = startLoad(app.phone, { rate: 10, makeRequest: (n) => makeRequest(1e6 + n) })
        await delay(3500)
        const after = await few.stop()
        const recovery = Math.max(0, (after.lastBadAt ?? back) - back)
        const { answers, statuses, slowest } = summarize([...flood.answers, ...after.answers])
        noteRow({
          ...{ fault: 'F23', what: `WeChat ${what}, 300 logins/s`, asked: 'login' },
          ...{ statuses, slowest, recovery },
          required: `${String(asked)} <= 3 asked in 3 s, ${String(pending.most)} <= 512 pending, ok <= 3 s`,
        })
        expect(flood.unanswered + after.unanswered).toBe(0)
        expect(answers.every(({ status }) => [200, 502, 504].includes(status))).toBe(true)
        expect(asked).toBeLessThanOrEqual(3)
        expect(pending.most).toBeLessThanOrEqual(512)
        expect(slowest).toBeLessThan(1000 + slack)
        expect(recovery).toBeLessThan(3000)
        expect(after.answers.at(-1)?.status).toBe(200)
      })
    },
  )
})
