import fc from 'fast-check'
import {
  createSandbox,
  SANDBOX_APPID,
  SANDBOX_SECRET,
  SandboxError,
} from '../../src/sandbox/index.js'
import { createSeeds } from '../../src/sandbox/seed.js'
import { createUsers } from '../../src/sandbox/users.js'
import { appA, appB, apps, listen, send } from './support.js'

const make = (options = {}) => createSandbox({ apps: [...apps], ...options })

describe('openids and unionids', () => {
  it('look like WeChat’s, and differ for every user and app', () => {
    const sandbox = make()
    const ids = ['alice', 'bob', '爱丽丝'].flatMap((name) => [
      sandbox.user(name).openid(),
      sandbox.user(name).openid(appB.appid),
      sandbox.user(name, { unionid: true }).unionid!,
    ])
    for (const id of ids) expect(id).toMatch(/^o[A-Za-z0-9_-]{27}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('are the same after a restart, while codes, keys and tokens are not', () => {
    const [first, second] = [
      make().user('a', { unionid: true }),
      make().user('a', { unionid: true }),
    ]
    expect(second.openid()).toBe(first.openid())
    expect(second.unionid).toBe(first.unionid)
    expect(second.login()).not.toBe(first.login())
    expect(second.sessionKey()).not.toBe(first.sessionKey())
    expect(second.userInfo().iv).not.toBe(first.userInfo().iv)
  })

  it('change with the seed, with which everything is the same in every run', () => {
    const use = (seed: string) => {
      const alice = make({ seed, now: () => 0 }).user('alice')
      return [
        alice.openid(),
        alice.login(),
        alice.sessionKey(),
        alice.userInfo(),
        alice.phoneNumber(),
      ]
    }
    expect(use('one')).toEqual(use('one'))
    use('one').forEach((value, i) => expect(value).not.toEqual(use('two')[i]))
  })

  it('one user’s codes do not depend on what others do', () => {
    const [quiet, busy] = [make({ seed: 's' }), make({ seed: 's' })]
    busy.user('bob').login()
    expect(busy.user('alice').login()).toBe(quiet.user('alice').login())
  })
})

describe('users', () => {
  it('are made on first use and changed by options given later', () => {
    const sandbox = make()
    const alice = sandbox.user('alice')
    expect([alice.name, alice.blocked, alice.unionid]).toEqual(['alice', false, undefined])
    expect(sandbox.user('alice', { blocked: true })).toBe(alice)
    expect(alice.blocked).toBe(true)
    sandbox.user('alice', { unionid: true })
    expect(alice.blocked).toBe(true)
    expect(alice.unionid).toBeDefined()
    expect(sandbox.user('alice', { unionid: false }).unionid).toBeUndefined()
  })

  it.each([
    '',
    ' ',
    'a\nb',
    'a\u0000',
    '\u202eevil',
    'a\u200bb',
    '\ud800',
    'x'.repeat(65),
    5 as unknown as string,
    undefined as unknown as string,
  ])('are not called %j', (name) => {
    expect(() => make().user(name)).toThrow(SandboxError)
    expect(() => make().user(name)).toThrow(/^name: must be 1 to 64 printable characters/)
  })

  it.each(['x', 'x'.repeat(64), '😀'.repeat(64), '👨‍👩‍👧', '__proto__', 'constructor', 'a b/c?d%'])(
    'may be called %s, over HTTP too',
    async (name) => {
      const sandbox = await listen()
      const { status, json } = await send(
        sandbox,
        `/__sandbox/users/${encodeURIComponent(name)}/login`,
        '',
      )
      expect([status, typeof json.code]).toEqual([200, 'string'])
      expect(sandbox.user(name).name).toBe(name)
    },
  )

  it('of any printable name have openids of the right form', () => {
    const sandbox = make()
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }), (name) => {
        let user
        try {
          user = sandbox.user(name)
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError)
          return
        }
        expect(user.openid()).toMatch(/^o[A-Za-z0-9_-]{27}$/)
      }),
      { numRuns: 100 },
    )
  })

  it('are bounded in number, with a clear message', () => {
    const users = createUsers(createSeeds('s'), 2)
    users.get('a')
    users.get('b')
    expect(() => users.get('c')).toThrow('This sandbox has 2 users and takes no more. Restart it.')
    expect(users.get('a').name).toBe('a')
  })
})

describe('the default app', () => {
  it('is a documented constant that can be no real one', () => {
    expect(SANDBOX_APPID).toMatch(/^wx[\w-]{16}$/)
    expect(SANDBOX_APPID).not.toMatch(/^wx[0-9a-f]{16}$/)
    expect(SANDBOX_SECRET).toHaveLength(32)
    const { appid, secret, apps: known } = createSandbox()
    expect({ appid, secret }).toEqual({ appid: SANDBOX_APPID, secret: SANDBOX_SECRET })
    expect(known).toEqual([{ appid, secret }])
  })

  it('is the first of those given', () => {
    expect(make().appid).toBe(appA.appid)
    expect(make().apps).toEqual(apps)
  })
})

describe('options', () => {
  it.each<[object, RegExp]>([
    [{ apps: [] }, /apps: must name at least one app/],
    [{ apps: [appA, appA] }, /apps: must not name an appid twice/],
    [{ apps: [{ appid: 'a b', secret: '' }] }, /apps\.0\.appid: must .*; apps\.0\.secret: must /],
    [{ apps: 'wx' }, /apps: must be a list/],
    [{ seed: '' }, /seed: must not be empty/],
    [{ rotation: 'sometimes' }, /rotation: must be always, interval or never/],
    [{ rotationInterval: 0 }, /rotationInterval: must be 1 or more/],
    [{ rateLimit: -1, journalSize: 1.5 }, /rateLimit: .*; journalSize: must be a whole number/],
    [{ now: 5 }, /now: must be a function/],
    [{ rotatoin: 'never', prot: 1 }, /rotatoin: is no option of the sandbox; prot: is no option/],
  ])('%j is refused, each fault by name', (options, message) => {
    const use = () => createSandbox(options)
    expect(use).toThrow(SandboxError)
    expect(use).toThrow(message)
  })
})

describe('under NODE_ENV=production', () => {
  const before = process.env['NODE_ENV']
  afterEach(() => {
    process.env['NODE_ENV'] = before
  })

  it('there is no sandbox', () => {
    process.env['NODE_ENV'] = 'production'
    expect(() => createSandbox()).toThrow(/does not run under NODE_ENV=production/)
    expect(() => createSandbox()).toThrow(
      expect.objectContaining({ code: 'SANDBOX_IN_PRODUCTION' }),
    )
  })
})
