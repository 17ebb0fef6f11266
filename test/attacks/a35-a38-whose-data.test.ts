import { decryptData, type WxUserEvent } from '../../src/index.js'
import type { SandboxUser } from '../../src/sandbox/index.js'
import { http } from '../example-app/spawn-app.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { encrypt, sign } from '../wechat/phone.js'
import { type AttackedApp, startAttackedApp } from './attacked-app.js'
import { type Attacker, createAttacker, staleKeyAnswer } from './attacker.js'
import { difference, newIv, xored } from './cbc.js'

/** The same attacks on both: one shows what is saved, the other what the hook is given. */
let apps: [AttackedApp, TestApp]
let attackers: Attacker[]
const events: WxUserEvent[] = []
beforeAll(async () => {
  apps = [
    await startAttackedApp({ redis: null }),
    await startTestApp({ wx: { onUser: (event) => void events.push(event) } }),
  ]
  attackers = apps.map((t) => createAttacker(t))
  // Everybody has a key.
  for (const { url, sandbox } of apps)
    for (const name of ['alice', 'mallory'])
      await http(`${url}/wx/login`, { body: { code: sandbox.user(name).login() } })
})
afterAll(() => Promise.all((apps ?? []).map((t) => t.close())))

interface World {
  appid: string
  mallory: SandboxUser
  alice: SandboxUser
}
type Make = (world: World) => object

const answers = new Set<string>()
const now = (): number => Math.floor(Date.now() / 1000)
const watermark = (appid: string): object => ({ timestamp: now(), appid })

/** Data under mallory's own session key. */
const own =
  (make: (world: World) => object | string): Make =>
  (world) => {
    const data = make(world)
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    return encrypt(text, world.mallory.sessionKey(), newIv())
  }

/** It is refused by both apps, as everything else is; the hook is not called and nothing is saved. */
async function refused(path: '/wx/profile' | '/wx/phone', make: Make): Promise<void> {
  const before = events.length
  for (const [i, t] of apps.entries()) {
    const attacker = attackers[i]!
    const answer = await attacker.post(path, () => {
      const [mallory, alice] = [t.sandbox.user('mallory'), t.sandbox.user('alice')]
      return make({ appid: t.sandbox.appid, mallory, alice })
    })
    expect(answer).toMatchObject(staleKeyAnswer)
    if (i === 0) answers.add(answer.all)
  }
  expect(events.slice(before).filter(({ reason }) => reason !== 'login')).toEqual([])
  const me = await apps[0].ask('/me', { token: attackers[0]!.token() })
  expect(me.body.user).toMatchObject({ nickname: null, avatarUrl: null })
  expect(me.body.user).not.toHaveProperty('phone')
}

describe('attack 35: data under the session key of another user: refused, and the hook is not called', () => {
  test.each<[string, Make]>([
    ['all that alice’s phone gives', ({ alice }) => alice.userInfo()],
    [
      'her encrypted data alone',
      ({ alice }) => {
        const { encryptedData, iv } = alice.userInfo()
        return { encryptedData, iv }
      },
    ],
    [
      'her encrypted data without an openId',
      ({ alice, appid }) =>
        encrypt(
          JSON.stringify({ nickName: 'Alice', watermark: watermark(appid) }),
          alice.sessionKey(),
          newIv(),
        ),
    ],
    [
      'her signed data alone',
      ({ alice }) => {
        const { rawData, signature } = alice.userInfo()
        return { rawData, signature }
      },
    ],
    [
      'mallory’s signature on what she sent encrypted',
      ({ alice, mallory }) => {
        const { rawData, ...rest } = alice.userInfo()
        return { ...rest, rawData, signature: sign(rawData, mallory.sessionKey()) }
      },
    ],
  ])('%s', async (_what, make) => refused('/wx/profile', make))

  test('her phone number', async () => {
    await refused('/wx/phone', ({ alice }) => {
      const { encryptedData, iv } = alice.phoneNumber()
      return { encryptedData, iv }
    })
  })
})

describe('attack 36: the openId inside is not the one of the session: refused', () => {
  test.each<[string, (world: World) => unknown]>([
    ['another user’s', ({ alice }) => alice.openid()],
    ['mallory’s with a blank', ({ mallory }) => `${mallory.openid()} `],
    ['mallory’s in capitals', ({ mallory }) => mallory.openid().toUpperCase()],
    ['empty', () => ''],
    ['null', () => null],
    ['a number', () => 5],
    ['a list', ({ mallory }) => [mallory.openid()]],
    ['an object', ({ mallory }) => ({ toString: mallory.openid() })],
  ])('%s', async (_what, openId) => {
    const data = (world: World) => ({
      openId: openId(world),
      nickName: 'A',
      watermark: watermark(world.appid),
    })
    await refused('/wx/profile', own(data))
  })

  test('mallory’s, of which a changed iv has made another without the key', async () => {
    // What the iv reaches: the first sixteen characters.
    const prefix = '{"openId":"'
    const flip: Make = ({ mallory }) => {
      const { encryptedData, iv } = mallory.userInfo()
      const openid = mallory.openid()
      const change = difference(prefix + openid.slice(0, 5), `${prefix}oEVIL`)
      const forged = { encryptedData, iv: xored(iv, 0, change) }
      // The attack is a real one: decrypted alone, it is good data of another user.
      expect(decryptData({ ...forged, sessionKey: mallory.sessionKey() })).toMatchObject({
        openId: `oEVIL${openid.slice(5)}`,
      })
      return forged
    }
    await refused('/wx/profile', flip)
  })
})

describe('attack 37: the watermark names another app, none, or something that is none: refused', () => {
  test.each<[string, (appid: string) => unknown]>([
    ['no watermark', () => undefined],
    ['null', () => null],
    ['text', (appid) => appid],
    ['a list', (appid) => [appid, now()]],
    ['no appid', () => ({ timestamp: now() })],
    ['another app', () => watermark('wx0000000000000000')],
    ['the app in capitals', (appid) => watermark(appid.toUpperCase())],
    ['the app with a blank', (appid) => watermark(`${appid} `)],
    ['the app with NUL', (appid) => watermark(`${appid}\0`)],
    ['an empty appid', () => watermark('')],
    ['appid null', () => ({ timestamp: now(), appid: null })],
    ['appid a number', () => ({ timestamp: now(), appid: 5 })],
    ['appid a list', (appid) => ({ timestamp: now(), appid: [appid] })],
    ['appid an object', (appid) => ({ timestamp: now(), appid: { toString: appid } })],
  ])('%s', async (_what, mark) => {
    await refused(
      '/wx/profile',
      own(({ appid, mallory }) => ({ openId: mallory.openid(), watermark: mark(appid) })),
    )
    await refused(
      '/wx/phone',
      own(({ appid }) => ({
        ...{ phoneNumber: '13900001111', purePhoneNumber: '13900001111', countryCode: '86' },
        watermark: mark(appid),
      })),
    )
  })
})

describe('attack 38: a watermark that is old, of the future, or no time: refused', () => {
  test.each<[string, () => unknown]>([
    ['older than an hour', () => now() - 3605],
    ['of the documentation', () => 1_477_314_187],
    ['of the future', () => now() + 3630],
    ['in milliseconds', () => Date.now()],
    ['a string', () => String(now())],
    ['a list', () => [now()]],
    ['null, as NaN is sent', () => NaN],
    ['true', () => true],
    ['missing', () => undefined],
    ['zero', () => 0],
    ['negative', () => -now()],
    ['a fraction', () => now() + 0.5],
    ['beyond what is exact', () => Number.MAX_SAFE_INTEGER + 1],
  ])('%s', async (_what, timestamp) => {
    await refused(
      '/wx/profile',
      own(({ appid, mallory }) => ({
        openId: mallory.openid(),
        watermark: { appid, timestamp: timestamp() },
      })),
    )
  })

  test.each(['1e999', '-1e999', '1e400'])('%s', async (timestamp) => {
    await refused(
      '/wx/profile',
      own(({ appid }) => `{"watermark":{"appid":"${appid}","timestamp":${timestamp}}}`),
    )
  })
})

describe('attacks 35 to 38', () => {
  test('all had one answer, and data as it should be is taken', async () => {
    expect([...answers]).toHaveLength(1)
    const good = own(({ appid, mallory }) => ({
      ...{ openId: mallory.openid(), nickName: 'Mallory' },
      watermark: { appid, timestamp: now() - 3500 },
    }))
    for (const [i, t] of apps.entries()) {
      const answer = await attackers[i]!.post('/wx/profile', () =>
        good({
          appid: t.sandbox.appid,
          mallory: t.sandbox.user('mallory'),
          alice: t.sandbox.user('alice'),
        }),
      )
      expect(answer.status).toBe(200)
    }
    expect(events.at(-1)).toMatchObject({ reason: 'profile', profile: { nickName: 'Mallory' } })
  })
})
