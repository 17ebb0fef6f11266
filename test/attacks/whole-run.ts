import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ServerResponse } from 'node:http'
import { createSandbox, type Sandbox, type SandboxUser } from '../../src/sandbox/index.js'
import { temporaryFolder } from '../support/services.js'
import { until } from '../support/until.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { encrypt, sign } from '../wechat/phone.js'
import { type AttackedApp, startAttackedApp } from './attacked-app.js'
import { newIv, xored } from './cbc.js'
import { boundary, pictureForm } from './picture.js'
import { type RawAnswer, rawRequest } from './raw-request.js'

/** Nobody may ever see them, but for those whose they are in the one reply that gives them. */
export const canaries = {
  appSecret: 'c0ffeec0ffeec0ffeec0ffee5ec2e70a',
  sessionSecret: 'canary-of-the-session-secret-0123456789abcdef',
  /** Of alice. */
  phoneNumber: '13955558888',
  plaintext: 'canary-of-the-plaintext',
  errmsg: 'canary-of-the-errmsg',
  /** What people wrote: for them to read, and not for the log. */
  nickname: 'canary-of-the-nickname',
  note: 'canary-of-the-note',
}

/** All that one run of the example app let anybody see. */
export interface WholeRun {
  /** Every answer, as it came over the wire, and what was asked. */
  answers: { asked: string; answer: RawAnswer }[]
  /** stdout and stderr. */
  output: string
  /** What `util.inspect`, `JSON.stringify` and so on made of contexts, sessions, errors and events in the process. */
  printed: string
  /** What WeChat said in the run, by kind. */
  sessionKeys: Set<string>
  accessTokens: Set<string>
  tokens: Set<string>
  codes: Set<string>
}

interface Request {
  method?: string
  token?: string
  body?: object | string | Buffer
  headers?: [string, string][]
}

type Answering = Parameters<LocalWeChat['answer']>[0]

interface World {
  t: AttackedApp
  sandbox: Sandbox
  alice: SandboxUser
  mallory: SandboxUser
  ask(path: string, request?: Request): Promise<RawAnswer>
  /** A login by the code of a user; gives the token, where there is one. */
  logIn(user: SandboxUser, more?: () => object): Promise<string>
  code(code: string): string
  /** The next request to WeChat, or so many, are answered so, all others by the sandbox. */
  once(answering: Answering, times?: number): void
}

/** Starts it, walks through all that there is, and ends it. */
export async function wholeRun(nodeEnv: 'development' | 'production'): Promise<WholeRun> {
  const printed = join(temporaryFolder('printed'), 'printed.txt')
  const appid = 'wxcafe0123456789ab'
  const sandbox = createSandbox({
    rateLimit: 0,
    apps: [{ appid, secret: canaries.appSecret }],
  })
  const number = canaries.phoneNumber
  sandbox.user('alice', { phone: { phoneNumber: number, purePhoneNumber: number } })
  const run: WholeRun = {
    answers: [],
    output: '',
    printed: '',
    sessionKeys: new Set(),
    accessTokens: new Set(),
    tokens: new Set(),
    codes: new Set(),
  }
  const front = await startLocalWeChat()
  const bySandbox: Answering = (req, res) => {
    listen(res, run)
    sandbox.handler(req, res)
  }
  front.answer(bySandbox)
  let t: AttackedApp | undefined
  try {
    t = await startAttackedApp({
      wechat: { appid, secret: canaries.appSecret, baseUrl: front.baseUrl },
      env: {
        NODE_ENV: nodeEnv,
        SESSION_SECRET: canaries.sessionSecret,
        LOG_LEVEL: 'trace',
        DEBUG: '*',
        NODE_OPTIONS: `--import ${pathToFileURL(join(__dirname, 'print-requests.mjs')).href}`,
        PRINTED_REQUESTS: printed,
      },
    })
    await walk(worldOf(t, sandbox, run, front, bySandbox))
  } finally {
    await t?.close()
    await front.close()
    await sandbox.close()
  }
  run.output = t.app.output()
  run.printed = readFileSync(printed, 'utf8')
  return run
}

/** Keeps what the sandbox hands out. */
function listen(res: ServerResponse, run: WholeRun): void {
  const { end } = res
  res.end = ((...args: unknown[]) => {
    const [chunk] = args
    const text = Buffer.isBuffer(chunk) || typeof chunk === 'string' ? chunk.toString() : ''
    for (const [, name, value] of text.matchAll(/"(session_key|access_token)":"([^"]+)"/g))
      (name === 'session_key' ? run.sessionKeys : run.accessTokens).add(value!)
    return Reflect.apply(end, res, args) as ServerResponse
  }) as typeof end
}

function worldOf(
  t: AttackedApp,
  sandbox: Sandbox,
  run: WholeRun,
  front: LocalWeChat,
  bySandbox: Answering,
): World {
  const world: World = {
    ...{ t, sandbox, alice: sandbox.user('alice'), mallory: sandbox.user('mallory') },
    async ask(path, { method, token, body, headers = [] } = {}) {
      const json = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      const answer = await rawRequest(t.url, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        path,
        headers: [
          ['Connection', 'close'],
          ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
          ...(body === undefined || headers.some(([name]) => name === 'Content-Type')
            ? []
            : [['Content-Type', 'application/json'] as const]),
          ...headers,
        ],
        body: json ? (body ?? '') : JSON.stringify(body),
      })
      run.answers.push({ asked: `${method ?? ''} ${path}`, answer })
      return answer
    },
    async logIn(user, more = () => ({})) {
      const answer = await world.ask('/wx/login', {
        body: { code: world.code(user.login()), ...more() },
      })
      const token = (answer.body as { token?: string }).token ?? ''
      if (token !== '') run.tokens.add(token)
      return token
    },
    code(code) {
      run.codes.add(code)
      return code
    },
    once: (answering, times = 1) => {
      let left = times
      front.answer((req, res) => {
        left -= 1
        if (left === 0) front.answer(bySandbox)
        answering(req, res)
      })
    },
  }
  return world
}

async function walk(world: World): Promise<void> {
  await goRight(world)
  await sendNonsense(world)
  await sendBadData(world)
  await breakWeChat(world)
  await breakRedis(world)
}

const formData: [string, string] = ['Content-Type', `multipart/form-data; boundary=${boundary}`]

async function goRight({ ask, logIn, alice, code }: World): Promise<void> {
  for (const path of ['/', '/healthz', '/readyz', '/public', '/metrics', '/nowhere', '/avatars/x'])
    await ask(path)
  const token = await logIn(alice, () => alice.userInfo())
  const { rawData, signature, encryptedData, iv } = alice.userInfo({
    profile: { nickName: canaries.nickname },
  })
  for (const body of [
    { rawData, signature },
    { encryptedData, iv },
    { nickName: canaries.nickname },
  ])
    await ask('/wx/profile', { token, body })
  const phone = alice.phoneNumber()
  await ask('/wx/phone', { token, body: { code: code(phone.code) } })
  await ask('/wx/phone', { token, body: { encryptedData: phone.encryptedData, iv: phone.iv } })
  await ask('/me/notes', { token, body: { text: canaries.note } })
  await ask('/me/avatar', { token, body: pictureForm, headers: [formData] })
  for (const path of ['/me', '/me/notes', '/wx/session', '/public', '/metrics'])
    await ask(path, { token })
  const again = await logIn(alice)
  await ask('/wx/logout', { token, body: {} })
  await ask('/me', { token })
  await ask('/wx/logout', { token: again, body: { everywhere: true } })
}

/** Tokens, codes and bodies that are wrong in all ways. */
async function sendNonsense({ ask, logIn, alice, mallory, code }: World): Promise<void> {
  const token = await logIn(mallory)
  const used = code(alice.login())
  for (const body of [
    { code: used },
    { code: used },
    { code: 'no-code' },
    { code: '' },
    {},
    { code: code(alice.phoneNumber().code) },
    { code: code(alice.login()), appid: 'wx0000000000000000' },
    { code: code(alice.login()), rawData: '{}', signature: '0'.repeat(40) },
    { code: code(alice.login()), encryptedData: 'AAAA', iv: 'x' },
    `{"code":"${code(alice.login())}"`,
    `{"code":"${code(alice.login())}","x":${'['.repeat(10_000)}`,
    JSON.stringify({ code: code(alice.login()), pad: 'x'.repeat(40_000) }),
    JSON.stringify([token]),
  ])
    await ask('/wx/login', { body })
  await ask('/wx/login', {
    body: JSON.stringify({ code: code(alice.login()) }),
    headers: [['Content-Type', 'text/plain']],
  })
  for (const bad of [`${token}x`, token.slice(0, -1), token.toUpperCase(), 'x', `${token}, x`])
    for (const path of ['/me', '/wx/session']) await ask(path, { token: bad })
  await ask('/me', { token, headers: [['Authorization', 'Bearer another']] })
  await ask('/me', { headers: [['Cookie', `wx.sid=s%3A${token}`]] })
  for (const body of [
    { text: 5 },
    { text: `${canaries.note} ${'x'.repeat(600)}` },
    `{"text":"${canaries.note}"`,
    { text: 'x'.repeat(40_000) },
  ])
    await ask('/me/notes', { token, body })
  await ask('/me/avatar', { token, body: 'no form', headers: [formData] })
  await ask('/me/avatar', { token, body: { avatar: token } })
  for (const body of [
    { nickName: 5 },
    { nickName: `${canaries.nickname}\0` },
    { avatarUrl: 'wxfile://x' },
  ])
    await ask('/wx/profile', { token, body })
  for (const body of [{}, { code: 'x', iv: 'x' }, { code: 5 }])
    await ask('/wx/phone', { token, body })
  await ask('/wx/logout', { token, body: { everywhere: 'x' } })
}

/** Signed and encrypted data that is not to be taken, until the session is closed to more. */
async function sendBadData({ ask, logIn, alice, mallory }: World): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  const of = (text: string) => encrypt(text, alice.sessionKey(), newIv())
  const plain = `{"openId":"z","${canaries.plaintext}":"${canaries.phoneNumber}"}`
  let token = await logIn(alice)
  const good = alice.userInfo()
  const encrypted = { encryptedData: good.encryptedData, iv: good.iv }
  const bad: object[] = [
    { rawData: `${good.rawData} `, signature: good.signature },
    { rawData: canaries.plaintext, signature: sign(canaries.plaintext, alice.sessionKey()) },
    mallory.userInfo(),
    { ...encrypted, encryptedData: xored(good.encryptedData, 20, Uint8Array.of(1)) },
    // JSON.parse of Node 20 quotes the text that it cannot read.
    { ...encrypted, iv: xored(good.iv, 0, Uint8Array.of(1)) },
    { ...encrypted, iv: xored(good.iv, 1, Uint8Array.of(1)) },
    ...[
      plain.slice(1),
      `z${plain}`,
      plain.slice(0, -1),
      `"${canaries.plaintext}"`,
      `[${plain}]`,
    ].map(of),
    of(
      `{"nickName":5,"x":"${canaries.plaintext}","watermark":{"appid":"x","timestamp":${String(now)}}}`,
    ),
    alice.encrypt({ nickName: [canaries.plaintext] }),
    alice.encrypt({ openId: 'other', nickName: canaries.plaintext }),
    alice.encrypt({ watermark: { appid: canaries.plaintext, timestamp: now } }),
    alice.encrypt({ watermark: { timestamp: canaries.plaintext } }),
    { encryptedData: of('null').encryptedData, iv: newIv() },
  ]
  for (const body of bad) await ask('/wx/profile', { token, body })
  token = await logIn(alice)
  for (const body of bad) if ('iv' in body) await ask('/wx/phone', { token, body })
  for (const variant of ['bad-watermark', 'truncated', 'wrong-key'] as const) {
    const { encryptedData, iv } = alice.phoneNumber({ variant })
    await ask('/wx/phone', { token, body: { encryptedData, iv } })
  }
  // A number that WeChat did not make.
  await ask('/wx/phone', {
    token,
    body: alice.encrypt({
      ...{ phoneNumber: canaries.phoneNumber, purePhoneNumber: canaries.phoneNumber },
      countryCode: '86',
    }),
  })
  for (let i = 0; i < 10; i++) await ask('/wx/profile', { token, body: bad[0]! })
}

/** What comes in the place of an answer, with everything in it that was asked. */
const torture: Answering[] = [
  (req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<html>${req.url!}</html>`),
  (req, res) => res.writeHead(502).end(`<html>${req.url!} ${canaries.errmsg}</html>`),
  (req, res) => res.writeHead(302, { Location: `http://127.0.0.1:1${req.url!}` }).end(),
  (req, res) => res.writeHead(307, { Location: req.url! }).end(req.url),
  (_req, res) => res.end(''),
  (req, res) => res.end(`{"openid":"${req.url!}"`),
  (req, res) => res.end(JSON.stringify({ openid: req.url, session_key: canaries.errmsg })),
  (req, res) => res.end(`${req.url!}${' '.repeat(100_000)}`),
  (_req, res) => res.end(Buffer.from([0xff, 0xfe, 0x00])),
  (req) => req.socket.resetAndDestroy(),
  (req) => req.socket.end(`-ERR ${req.url!}\r\n`),
  (req, res) => {
    res.writeHead(200, { 'content-length': 10_000 })
    res.write(req.url!, () => req.socket.resetAndDestroy())
  },
  ...[-1, 40029, 40163, 45011, 40226, 40013, 40125, 41002, 47001, 40001, 99999].map(
    (errcode): Answering =>
      (req, res) =>
        res.end(
          JSON.stringify({ errcode, errmsg: `${canaries.errmsg} ${req.url!} rid: 5f8a0b12-0bad` }),
        ),
  ),
]

async function breakWeChat(world: World): Promise<void> {
  const { ask, logIn, alice, mallory, code, once } = world
  for (const answering of torture) {
    once(answering)
    await logIn(mallory)
    // Ten outages in a row would be the end of the questions.
    await logIn(mallory)
  }
  const token = await logIn(alice)
  for (const answering of torture) {
    once(answering)
    await ask('/wx/phone', { token, body: { code: code(alice.phoneNumber().code) } })
    const { encryptedData, iv } = alice.phoneNumber()
    once(answering)
    await ask('/wx/phone', { token, body: { encryptedData, iv } })
    await ask('/wx/phone', { token, body: { code: code(alice.phoneNumber().code) } })
  }
  // Busy once is asked again.
  once((_req, res) => res.end(JSON.stringify({ errcode: -1, errmsg: canaries.errmsg })), 2)
  await logIn(mallory)
  // Drips, until the deadline.
  once((req, res) => {
    res.write(req.url!)
    const drip = setInterval(() => res.write(' '), 20)
    res.once('close', () => clearInterval(drip))
  })
  await logIn(mallory)
}

async function breakRedis({ t, ask, logIn, alice, code }: World): Promise<void> {
  const token = await logIn(alice)
  const asks = async (): Promise<void> => {
    for (const path of ['/me', '/wx/session', '/readyz', '/public', '/metrics'])
      await ask(path, { token })
    await ask('/wx/login', { body: { code: code(alice.login()) } })
    await ask('/wx/profile', { token, body: alice.userInfo() })
    await ask('/wx/phone', { token, body: { code: code(alice.phoneNumber().code) } })
    await ask('/wx/logout', { token, body: { everywhere: true } })
  }
  t.redis.freeze()
  await asks()
  t.redis.thaw()
  await until(async () => (await ask('/readyz')).status === 200, 30_000)
  t.redis.kill()
  await asks()
  await t.redis.restart()
  await until(async () => (await ask('/readyz')).status === 200, 30_000)
  await ask('/me', { token })
  await logIn(alice)
}
