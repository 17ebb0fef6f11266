import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { errcodeMeanings } from '../../src/sandbox/errcode-meanings.js'
import type { SandboxConfig, SandboxState } from '../../src/sandbox/wire/types.js'
import type { Sandbox } from '../../src/sandbox/index.js'
import { accessToken, appA, appB, exchange, listen, send } from './support.js'
import { read } from './wire-support.js'

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

const state = async (sandbox: Sandbox, query: string): Promise<SandboxState> =>
  JSON.parse(await read(sandbox, `/state?${query}`)) as SandboxState

const minutes = 60_000
const start = 1_764_161_715_000

describe('the state of a user', () => {
  it('is empty before the first wx.login, and makes no key', async () => {
    const sandbox = await listen({ now: () => start })
    const before = await state(sandbox, 'user=alice')
    expect(before).toEqual({
      now: start,
      user: 'alice',
      appid: appA.appid,
      openid: sandbox.user('alice').openid(),
      unionid: null,
      blocked: false,
      phoneNumber: expect.stringMatching(/^139\*{4}\d{4}$/),
      keyId: null,
      keySince: null,
      codes: [],
      accessToken: null,
      logins: { count: 0, limit: 100 },
    })
    expect(await state(sandbox, 'user=alice')).toEqual(before)
  })

  it('has the key, the codes and how long they live, newest first', async () => {
    const sandbox = await listen({ now: () => start })
    const alice = sandbox.user('alice', { unionid: true, blocked: false })
    const login = alice.login()
    sandbox.clock.advance(2 * minutes)
    const { code } = alice.phoneNumber()
    await exchange(sandbox, login)
    expect(await state(sandbox, 'user=alice')).toMatchObject({
      now: start + 2 * minutes,
      unionid: alice.unionid,
      keyId: short(alice.sessionKey()),
      keySince: start,
      codes: [
        { fingerprint: short(code), kind: 'phone', expiresAt: start + 7 * minutes, used: false },
        { fingerprint: short(login), kind: 'login', expiresAt: start + 5 * minutes, used: true },
      ],
      logins: { count: 1, limit: 100 },
    })
    sandbox.clock.advance(3 * minutes)
    const later = await state(sandbox, 'user=alice')
    expect(later.codes.map(({ kind }) => kind)).toEqual(['phone'])
    expect(later.logins.count).toBe(0)
  })

  it('is of one user in one app', async () => {
    const sandbox = await listen({ rateLimit: 0 })
    sandbox.user('bob', { blocked: true }).login({ appid: appB.appid })
    await accessToken(sandbox)
    const other = await state(sandbox, `user=bob&appid=${appA.appid}`)
    expect(other).toMatchObject({ keyId: null, codes: [], blocked: true, logins: { limit: null } })
    expect(other.accessToken).not.toBeNull()
    const own = await state(sandbox, `user=bob&appid=${appB.appid}`)
    expect(own).toMatchObject({ openid: sandbox.user('bob').openid(appB.appid), accessToken: null })
    expect(own.codes).toHaveLength(1)
  })

  it('has the newest access token and its end, not the token', async () => {
    const sandbox = await listen({ now: () => start })
    const first = await accessToken(sandbox)
    expect((await state(sandbox, 'user=alice')).accessToken).toEqual({
      fingerprint: short(first),
      expiresAt: start + 7200_000,
    })
    const second = await accessToken(sandbox, { force_refresh: true })
    const text = await read(sandbox, '/state?user=alice')
    expect(text).toContain(short(second))
    expect(text).not.toContain(second)
  })

  it('lists twenty codes at most', async () => {
    const sandbox = await listen()
    for (let i = 0; i < 30; i++) sandbox.user('alice').login()
    expect((await state(sandbox, 'user=alice')).codes).toHaveLength(20)
  })

  it.each([
    ['', /^user: is missing/],
    ['user=', /^name: /],
    [`user=${'x'.repeat(65)}`, /^name: /],
    ['user=%00', /^name: /],
    ['user=alice&appid=nobody', /^appid: /],
  ])('refuses ?%s', async (query, message) => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, `/__sandbox/state?${query}`)
    expect([status, json.error.code]).toEqual([400, 'SANDBOX_BAD_REQUEST'])
    expect(json.error.message).toMatch(message)
  })
})

describe('the configuration that the page reads', () => {
  it('tells the package, the apps, the target and the time, and no secret', async () => {
    const sandbox = await listen({ now: () => start, target: 'http://127.0.0.1:3000' })
    const text = await read(sandbox, '/config')
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(JSON.parse(text)).toEqual({
      version,
      appid: appA.appid,
      apps: [{ appid: appA.appid }, { appid: appB.appid }],
      target: 'http://127.0.0.1:3000',
      store: null,
      now: start,
      errcodes: errcodeMeanings,
      endpoints: expect.arrayContaining(['/sns/jscode2session', '/wxa/checksession']),
    })
    for (const { secret } of [appA, appB]) expect(text).not.toContain(secret)
  })

  it('explains every errcode that the sandbox answers by itself, in both languages', async () => {
    const sandbox = await listen()
    const { errcodes } = JSON.parse(await read(sandbox, '/config')) as SandboxConfig
    const source = readFileSync('src/sandbox/errcodes.ts', 'utf8')
    const known = [...source.matchAll(/^ {2}\[?(-?\d+)\]?: '/gm)].map(([, errcode]) => errcode!)
    expect(known.length).toBeGreaterThan(30)
    expect(Object.keys(errcodes).sort()).toEqual(known.sort())
    for (const { en, zh } of Object.values(errcodes)) {
      expect(en).toMatch(/^[A-Z][\x20-\x7e]+$/)
      expect(zh).toMatch(/[\u4e00-\u9fff]/)
    }
  })
})
