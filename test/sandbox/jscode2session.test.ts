import { appA, appB, exchange, lastRequest, listen, send } from './support.js'

const rid = /, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/

describe('a good code', () => {
  it('gives openid and session_key, no errcode, as JSON under text/plain', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const { status, type, json } = await exchange(sandbox, alice.login())
    expect(status).toBe(200)
    expect(type).toBe('text/plain')
    expect(json).toEqual({ openid: alice.openid(), session_key: alice.sessionKey() })
  })

  it('gives a unionid only to users of an Open Platform account, the same one in every app', async () => {
    const sandbox = await listen()
    const bob = sandbox.user('bob', { unionid: true })
    const inA = await exchange(sandbox, bob.login())
    const inB = await exchange(sandbox, bob.login({ appid: appB.appid }), { ...appB })
    expect(inA.json.unionid).toMatch(/^o[\w-]{27}$/)
    expect(inB.json.unionid).toBe(inA.json.unionid)
    expect(inB.json.openid).not.toBe(inA.json.openid)
    expect(inB.json.openid).toBe(bob.openid(appB.appid))
  })

  it('has the form of WeChat’s, with a prefix that tells it from a real one', async () => {
    const sandbox = await listen()
    expect(sandbox.user('alice').login()).toMatch(/^0sbx[0-9A-Za-z]{28}$/)
  })

  it('works without grant_type', async () => {
    const sandbox = await listen()
    const { json } = await exchange(sandbox, sandbox.user('a').login(), { grant_type: undefined })
    expect(json.openid).toBe(sandbox.user('a').openid())
  })
})

describe('a code that is not good any more', () => {
  it('is 40163 the second time, with a rid and no openid', async () => {
    const sandbox = await listen()
    const code = sandbox.user('alice').login()
    await exchange(sandbox, code)
    const { status, json } = await exchange(sandbox, code)
    expect(status).toBe(200)
    expect(json).toEqual({ errcode: 40163, errmsg: expect.stringMatching(rid) })
    expect(json.errmsg).toMatch(/^code been used/)
  })

  it('is exchanged once by ten requests at the same time', async () => {
    const sandbox = await listen()
    const code = sandbox.user('alice').login()
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(sandbox, code)))
    expect(answers.filter(({ json }) => 'openid' in json)).toHaveLength(1)
    expect(answers.filter(({ json }) => json.errcode === 40163)).toHaveLength(9)
  })

  it('lives five minutes of virtual time', async () => {
    const sandbox = await listen({ now: () => 1_700_000_000_000 })
    const [early, late] = [sandbox.user('alice').login(), sandbox.user('alice').login()]
    sandbox.clock.advance(5 * 60_000 - 1)
    expect((await exchange(sandbox, early)).json.openid).toBeDefined()
    sandbox.clock.advance(1)
    expect((await exchange(sandbox, late)).json.errcode).toBe(40029)
    sandbox.user('alice').login()
    expect((await exchange(sandbox, early)).json.errcode).toBe(40029)
  })
})

describe('what is refused', () => {
  it.each([
    ['an unknown code', { js_code: '0sbxunknown' }, 40029],
    ['a missing code', { js_code: undefined }, 41008],
    ['an empty code', { js_code: '' }, 41008],
    ['a missing appid', { appid: undefined }, 41002],
    ['an unknown appid', { appid: 'wx1111111111111111' }, 40013],
    ['a missing secret', { secret: undefined }, 41004],
    ['a wrong secret', { secret: 'c'.repeat(32) }, 40125],
    ['another app’s secret', { secret: appB.secret }, 40125],
    ['a wrong grant_type', { grant_type: 'client_credential' }, 40002],
  ])('%s', async (_, changes, errcode) => {
    const sandbox = await listen()
    const code = sandbox.user('alice').login()
    const { status, json } = await exchange(sandbox, code, changes)
    expect(status).toBe(200)
    expect(json).toEqual({ errcode, errmsg: expect.stringMatching(rid) })
    // Nothing of it burns the code.
    expect((await exchange(sandbox, code)).json.openid).toBeDefined()
  })

  it('a code at another app than its own', async () => {
    const sandbox = await listen()
    const code = sandbox.user('alice').login()
    expect((await exchange(sandbox, code, { ...appB })).json.errcode).toBe(40029)
    expect((await exchange(sandbox, code, { ...appA })).json.openid).toBeDefined()
  })

  it('the code of the phone number button', async () => {
    const sandbox = await listen()
    const { code } = sandbox.user('alice').phoneNumber()
    expect((await exchange(sandbox, code)).json.errcode).toBe(40029)
  })

  it('a blocked user, until unblocked', async () => {
    const sandbox = await listen()
    const mallory = sandbox.user('mallory', { blocked: true })
    const code = mallory.login()
    expect((await exchange(sandbox, code)).json.errcode).toBe(40226)
    expect(sandbox.user('mallory', { blocked: false }).blocked).toBe(false)
    expect((await exchange(sandbox, code)).json.openid).toBe(mallory.openid())
  })

  it('any method but GET', async () => {
    const sandbox = await listen()
    expect((await send(sandbox, '/sns/jscode2session', {})).json.errcode).toBe(43001)
  })

  it('a path WeChat does not have, with 404 and 40066', async () => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, '/sns/nothing')
    expect([status, json.errcode]).toEqual([404, 40066])
    expect(lastRequest(sandbox)).toMatchObject({ path: '/sns/nothing', status: 404 })
  })

  it('a body over 64 kB', async () => {
    const sandbox = await listen()
    const { status, json } = await send(sandbox, '/cgi-bin/stable_token', 'x'.repeat(64 * 1024 + 1))
    expect([status, json.errcode]).toEqual([413, 45002])
  })
})

describe('the limit of logins a minute', () => {
  it('is 100 for one user of one app, and is over after a minute', async () => {
    const sandbox = await listen({ now: () => 1_700_000_000_000 })
    const alice = sandbox.user('alice')
    const answers = []
    for (let i = 0; i < 101; i++) answers.push((await exchange(sandbox, alice.login())).json)
    expect(answers.slice(0, 100).every(({ openid }) => openid === alice.openid())).toBe(true)
    expect(answers[100]?.errcode).toBe(45011)

    const waiting = alice.login()
    expect((await exchange(sandbox, waiting)).json.errcode).toBe(45011)
    expect((await exchange(sandbox, sandbox.user('bob').login())).json.openid).toBeDefined()
    const elsewhere = alice.login({ appid: appB.appid })
    expect((await exchange(sandbox, elsewhere, { ...appB })).json.openid).toBeDefined()

    sandbox.clock.advance(60_000)
    expect((await exchange(sandbox, waiting)).json.openid).toBeDefined()
  })

  it('is an option, 0 switches it off', async () => {
    const strict = await listen({ rateLimit: 1 })
    await exchange(strict, strict.user('a').login())
    expect((await exchange(strict, strict.user('a').login())).json.errcode).toBe(45011)

    const off = await listen({ rateLimit: 0 })
    for (let i = 0; i < 120; i++) {
      expect((await exchange(off, off.user('a').login())).json.openid).toBeDefined()
    }
  })
})

describe('the code of developer tools without an AppID', () => {
  it('logs the user "guest" in, again and again', async () => {
    const sandbox = await listen()
    const first = await exchange(sandbox, 'the code is a mock one')
    expect(first.json.openid).toBe(sandbox.user('guest').openid())
    expect(first.json.session_key).toBe(sandbox.user('guest').sessionKey())
    const second = await exchange(sandbox, 'the code is a mock one')
    expect(second.json.openid).toBe(first.json.openid)
    expect(second.json.session_key).not.toBe(first.json.session_key)
  })
})

describe('rotation of the session key', () => {
  it('always: a new key with every wx.login; each code carries the key of its own', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const before = alice.sessionKey()
    const [first, firstKey] = [alice.login(), alice.sessionKey()]
    const [second, secondKey] = [alice.login(), alice.sessionKey()]
    expect(new Set([before, firstKey, secondKey]).size).toBe(3)
    expect((await exchange(sandbox, second)).json.session_key).toBe(secondKey)
    expect((await exchange(sandbox, first)).json.session_key).toBe(firstKey)
    expect(alice.sessionKey()).toBe(secondKey)
  })

  it('never: one key for good, another one for every user and app', async () => {
    const sandbox = await listen({ rotation: 'never' })
    const alice = sandbox.user('alice')
    const key = alice.sessionKey()
    expect((await exchange(sandbox, alice.login())).json.session_key).toBe(key)
    expect((await exchange(sandbox, alice.login())).json.session_key).toBe(key)
    expect(alice.sessionKey(appB.appid)).not.toBe(key)
    expect(sandbox.user('bob').sessionKey()).not.toBe(key)
  })

  it('interval: a new key only when the last one is old enough', async () => {
    const sandbox = await listen({
      rotation: 'interval',
      rotationInterval: 1000,
      now: () => 1_700_000_000_000,
    })
    const alice = sandbox.user('alice')
    alice.login()
    const key = alice.sessionKey()
    sandbox.clock.advance(999)
    alice.login()
    expect(alice.sessionKey()).toBe(key)
    sandbox.clock.advance(1)
    alice.login()
    expect(alice.sessionKey()).not.toBe(key)
  })
})
