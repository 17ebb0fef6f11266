import expressSession from 'express-session'
import * as fc from 'fast-check'
import { WxLoginError } from '../src/errors.js'
import { findOptionFaults, optionError, optionFaults } from '../src/option-faults.js'
import { isLoopback } from '../src/options.js'
import { explained } from '../src/start-up.js'
import { wxLogin } from '../src/wx-login.js'

const app = { appid: 'wx1111111111111111', secret: 'appsecret0123456789abcdef01234567' }
const other = { appid: 'wx2222222222222222', secret: 'othersecret456789abcdef0123456789' }
const secret = 'a session secret of the tests, long enough'
const good = { ...app, session: { secret } }

const environment = process.env['NODE_ENV']
afterEach(() => {
  process.env['NODE_ENV'] = environment
})
const inProduction = (): void => {
  process.env['NODE_ENV'] = 'production'
}

/** The options that are named as wrong, without what is said of them. */
const named = (options: unknown): string[] => [
  ...new Set(optionFaults(options).map((fault) => fault.slice(0, fault.indexOf(':')))),
]

describe('good options', () => {
  test.each<[string, object]>([
    ['one app, sessions of the plugin', good],
    ['one app, sessions of the server', app],
    ['a list of apps', { apps: [app, other], session: { secret } }],
    ['a function that finds apps', { apps: () => app, session: { secret } }],
    ['a function that finds apps, sessions of the server', { apps: () => app, keySecret: secret }],
    ['several secrets', { ...app, session: { secret: [secret, `${secret} 2`] } }],
    ['a short AppID', { ...good, appid: 'wx' }],
    ['a memory store', { ...app, session: { secret, store: new expressSession.MemoryStore() } }],
    ['routes switched off', { ...good, routes: { login: false, logout: false } }],
    ['a token without a scheme', { ...good, transport: { header: 'x-token', scheme: '' } }],
    ['cookies for this site only', { ...app, session: { secret, cookie: { sameSite: 'lax' } } }],
    ['cookies of no link', { ...app, session: { secret, cookie: { sameSite: 'strict' } } }],
    ['cloud hosting', { ...good, cloudHosting: true }],
    ['no cloud hosting', { ...good, cloudHosting: false }],
    ['cloud hosting for another app', { ...good, cloudHosting: { resourceSharing: true } }],
    ['keys of several secrets', { ...app, keySecret: [secret, secret] }],
    [
      'everything at once',
      {
        ...app,
        session: {
          ...{ secret, ttl: 60, absoluteTtl: 60, name: 'sid', maxPerUser: 5 },
          cookie: {
            ...{ httpOnly: false, secure: 'auto', sameSite: 'none' },
            ...{ path: '/a', domain: 'example.org', partitioned: true },
          },
        },
        ...{ redis: {}, redisPrefix: 'x:', storeTimeout: 1, hookTimeout: 1, watermarkMaxAge: 1 },
        transport: { header: 'X-Token', scheme: 'WX', cookie: true },
        routes: {
          ...{ login: '/a', logout: '/b', session: '/c', profile: '/d' },
          ...{ phone: '/e', messagePush: '/f' },
        },
        ...{
          onUser: () => 1,
          onLogin: () => 1,
          onLogout: () => 1,
          onRevoke: () => 1,
          onError: () => 1,
        },
        wechat: {
          ...{ baseUrl: 'https://example.org', timeout: 1, fetch, code2Session: () => 1 },
          ...{ accessToken: () => 'x', checkEncryptedData: false },
        },
        keyHistory: { size: 1, window: 1 },
        messagePush: { token: 'abc', encodingAESKey: 'a'.repeat(43), onMessage: () => 1 },
        keySecret: secret,
      },
    ],
  ])('have no faults: %s', (_, options) => {
    expect(optionFaults(options)).toEqual([])
  })

  test('may leave anything undefined that they may leave out', () => {
    const nothing = {
      ...{ apps: undefined, redis: undefined, redisPrefix: undefined, storeTimeout: undefined },
      ...{ transport: undefined, routes: undefined, onUser: undefined, onLogin: undefined },
      ...{ onLogout: undefined, onRevoke: undefined, onError: undefined, hookTimeout: undefined },
      ...{ wechat: undefined, watermarkMaxAge: undefined, keySecret: undefined },
      ...{ keyHistory: undefined, messagePush: undefined },
    }
    expect(optionFaults({ ...app, ...nothing, session: undefined })).toEqual([])
    expect(optionFaults({ apps: [app], appid: undefined, secret: undefined })).toEqual([])
    const inner = {
      session: {
        ...{ secret, ttl: undefined, name: undefined, store: undefined, maxPerUser: undefined },
        absoluteTtl: undefined,
        cookie: { httpOnly: undefined, secure: undefined, sameSite: undefined, path: undefined },
      },
      transport: { header: undefined, scheme: undefined, cookie: undefined },
      routes: { login: undefined, logout: undefined, session: undefined, profile: undefined },
      wechat: { baseUrl: undefined, timeout: undefined, fetch: undefined, code2Session: undefined },
    }
    expect(optionFaults({ ...app, ...nothing, ...inner })).toEqual([])
  })
})

describe('the app', () => {
  test.each<[string, object, string[]]>([
    ['nothing', {}, ['appid', 'secret']],
    ['an appid alone', { appid: app.appid }, ['secret']],
    ['a secret alone', { secret: app.secret }, ['appid']],
    ['both forms', { ...app, apps: [app] }, ['apps']],
    ['an appid beside a list', { appid: app.appid, apps: [app] }, ['apps']],
    [
      'a secret beside a function',
      { secret: app.secret, apps: () => app, keySecret: secret },
      ['apps'],
    ],
    ['an empty list', { apps: [] }, ['apps']],
    ['an object as list', { apps: app }, ['apps']],
    ['a string as list', { apps: app.appid }, ['apps']],
    ['a list with a hole', { apps: [app, null] }, ['apps.1']],
    ['a list with an app without secret', { apps: [app, { appid: 'wx2' }] }, ['apps.1.secret']],
    ['a list of AppIDs', { apps: [app.appid] }, ['apps.0']],
  ])('is missing or wrong: %s', (_, options, faults) => {
    expect(named(options)).toEqual(faults)
  })

  test.each([
    '',
    ' ',
    'wx 1',
    'wx1\n',
    'wx{1}',
    'wx:1',
    'wx|1',
    'ä',
    'x'.repeat(65),
    5,
    null,
    {},
    ['wx1'],
  ])('has no AppID like %j', (appid) => {
    expect(named({ ...good, appid })).toEqual(['appid'])
  })

  test.each(['', ' ', 'a b', 'a\n', 'ä', 'x'.repeat(129), 5, null, {}, [app.secret]])(
    'has no AppSecret like %j',
    (wrong) => {
      expect(named({ ...good, secret: wrong })).toEqual(['secret'])
    },
  )

  test('is named where it is in the list twice', () => {
    expect(optionFaults({ apps: [app, other, { ...other, appid: app.appid }] })).toEqual([
      'apps.2.appid: twice',
    ])
    expect(named({ apps: [{ secret: app.secret }, { secret: app.secret }] })).toEqual([
      ...['apps.0.appid', 'apps.1.appid'],
    ])
  })

  test('is named by its place in the list', () => {
    const apps = [app, { ...other, appid: 'wx 2' }, { appid: 'wx3', secret: '' }]
    expect(named({ apps })).toEqual(['apps.1.appid', 'apps.2.secret'])
  })
})

describe('secrets', () => {
  test.each([['session.secret'], ['keySecret']])('of %s have at least 32 bytes', (name) => {
    const withSecret = (value: unknown): object =>
      name === 'keySecret' ? { ...good, keySecret: value } : { ...app, session: { secret: value } }
    for (const wrong of ['', 'x'.repeat(31), 5, null, {}, [], [5], Buffer.alloc(32)]) {
      expect(named(withSecret(wrong))).toEqual([expect.stringMatching(`^${name}(\\.0)?$`)])
    }
    expect(named(withSecret([secret, 'short', secret, '']))).toEqual([`${name}.1`, `${name}.3`])
    expect(optionFaults(withSecret('x'.repeat(31)))[0]).toMatch(/at least 32 bytes/)
    // Bytes, not characters.
    expect(optionFaults(withSecret('密'.repeat(11)))).toEqual([])
    expect(optionFaults(withSecret('x'.repeat(32)))).toEqual([])
  })

  test('of the session must be there', () => {
    for (const session of [{}, { ttl: 60 }]) {
      expect(optionFaults({ ...app, session })).toEqual([
        expect.stringMatching(/^session\.secret: .*at least 32 bytes/),
      ])
    }
    expect(optionFaults({ ...app, session: { secret: undefined } })).toEqual([
      expect.stringMatching(/^session\.secret: is undefined.* variable is not set/),
    ])
  })

  test('of keys must be there where nothing else can seal them', () => {
    expect(named({ apps: () => app })).toEqual(['keySecret'])
    expect(named({ apps: () => app, session: { secret } })).toEqual([])
    expect(named({ apps: [app] })).toEqual([])
  })

  test('are never quoted in what is said of them', () => {
    const canary = 'canary ä'
    for (const options of [
      { ...good, secret: canary },
      { apps: [{ ...app, secret: canary }] },
      { apps: [{ secret: canary }] },
      { apps: canary },
      { ...app, session: { secret: canary } },
      { ...app, session: { secret: [canary, [canary]] } },
      { ...app, session: canary },
      { ...good, keySecret: canary },
      { ...good, appSecret: canary },
    ]) {
      expect(optionFaults(options).length).toBeGreaterThan(0)
      expect(optionFaults(options).join('\n')).not.toContain('canary')
    }
  })
})

describe('every other option', () => {
  const wrong = (path: string, ...values: unknown[]): [string, unknown][] =>
    values.map((value) => [path, value])
  const numbers = [0, -1, 1.5, NaN, Infinity, '5', null, {}]
  /** What an object has to have beside the option that is wrong. */
  const needed: Record<string, object> = { session: { secret }, messagePush: { token: 'token' } }

  test.each(['', 'ab', 'a'.repeat(33), 'a b c', 'a-b-c', 5, null, undefined])(
    'messagePush.token is named where it is %p',
    (token) => {
      expect(named({ ...good, messagePush: { token } })).toEqual(['messagePush.token'])
    },
  )

  test.each([
    ...wrong('session', null, 5, 'x', true),
    ...wrong('session.ttl', ...numbers),
    ...wrong('session.absoluteTtl', ...numbers),
    ...wrong('session.maxPerUser', ...numbers),
    ...wrong('session.name', '', 'a b', 'a=b', 'a;b', 'ä', 5, null),
    ...wrong('session.store', null, {}, 5, { get: 5 }, { get: () => undefined }),
    ...wrong('session.cookie', null, 5, 'x'),
    ...wrong('session.cookie.httpOnly', 'yes', 1, null),
    ...wrong('session.cookie.secure', 'yes', 1, null),
    ...wrong('session.cookie.sameSite', 'Lax', 'no', 1, null),
    ...wrong('session.cookie.path', 5, null),
    ...wrong('session.cookie.domain', 5, null),
    ...wrong('session.cookie.partitioned', 'yes', null),
    ...wrong('redis', null, 5, 'redis://127.0.0.1', () => undefined),
    ...wrong('redisPrefix', 5, null),
    ...wrong('storeTimeout', ...numbers, 2 ** 31),
    ...wrong('hookTimeout', ...numbers, 2 ** 31),
    ...wrong('watermarkMaxAge', ...numbers),
    ...wrong('transport', null, 5, 'cookie'),
    ...wrong('transport.header', '', 'a b', 'a:b', 'ä', 5, null),
    ...wrong('transport.scheme', ' ', 'Bearer ', 'a b', 'a,b', 5, null),
    ...wrong('transport.cookie', 'yes', 1, null),
    ...wrong('routes', null, 5, '/wx'),
    ...wrong('routes.login', '', 'wx/login', true, null, 5, /login/),
    ...wrong('routes.logout', '', 'wx/logout', true, null),
    ...wrong('routes.session', '', 'wx/session', true, null),
    ...wrong('routes.profile', '', 'wx/profile', true, null),
    ...wrong('routes.phone', '', 'wx/phone', true, null),
    ...wrong('routes.messagePush', '', 'wx/push', true, null),
    ...wrong('keyHistory', null, 5, 'x'),
    ...wrong('keyHistory.size', ...numbers, 21),
    ...wrong('keyHistory.window', ...numbers, 1e13),
    ...wrong('messagePush', null, 5, 'token'),
    ...wrong('messagePush.encodingAESKey', '', 'a'.repeat(42), `${'a'.repeat(43)}=`, 5, null),
    ...wrong('messagePush.encodingAESKey', 'a'.repeat(44)),
    ...wrong('cloudHosting', null, 5, 'yes', { resourceSharing: 'yes' }),
    ...wrong('messagePush.onMessage', 5, null, {}),
    ...wrong('wechat.accessToken', 5, null, 'a token'),
    ...wrong('wechat.checkEncryptedData', 'yes', 1, null),
    ...wrong('onUser', 5, 'x', {}, null),
    ...wrong('onLogin', 5, null),
    ...wrong('onLogout', 5, null),
    ...wrong('onRevoke', 5, null),
    ...wrong('onError', 5, null),
    ...wrong('wechat', null, 5, 'https://example.org'),
    ...wrong('wechat.timeout', ...numbers, 2 ** 31),
    ...wrong('wechat.fetch', 5, null, {}),
    ...wrong('wechat.code2Session', 5, null, {}),
    ...wrong('wechat.baseUrl', 'https://example.org/?a=b', 'https://example.org/#a'),
    ...wrong('wechat.baseUrl', '', 'x', 'api.weixin.qq.com', 'ftp://a', 'javascript:0', 5, null),
  ])('%s is named where it is %p', (path, value) => {
    const [outer, inner, innermost] = path.split('.') as [string, string?, string?]
    const nested =
      innermost !== undefined ? { [inner!]: { [innermost]: value } } : { [inner!]: value }
    const content = inner === undefined ? value : { ...needed[outer!], ...nested }
    expect(named({ ...good, [outer]: content })).toEqual([path])
  })

  // express-session makes a Date of it: beyond its range sessions would end as they are saved.
  test('session.ttl is named where no clock can hold it, and so is session.absoluteTtl', () => {
    for (const ttl of [1e13, Number.MAX_SAFE_INTEGER]) {
      expect(named({ ...app, session: { secret, ttl } })).toEqual(['session.ttl'])
      expect(named({ ...app, session: { secret, absoluteTtl: ttl } })).toEqual([
        'session.absoluteTtl',
      ])
    }
  })

  test.each([
    [{ ttl: '9', absoluteTtl: 8 }, ['session.ttl']],
    [{ ttl: 9, absoluteTtl: '8' }, ['session.absoluteTtl']],
  ])(
    'session.absoluteTtl is compared with session.ttl only where both are numbers: %j',
    (times, faults) => {
      expect(named({ ...app, session: { secret, ...times } })).toEqual(faults)
    },
  )

  test.each([
    ['seconds', ['session.ttl', 'session.absoluteTtl', 'watermarkMaxAge', 'keyHistory.window']],
    ['ms', ['storeTimeout', 'hookTimeout', 'wechat.timeout']],
    ['sessions', ['session.maxPerUser']],
    ['keys', ['keyHistory.size']],
  ])('is said with its unit, %s: %p', (unit, paths) => {
    for (const path of paths) {
      const [outer, inner] = path.split('.') as [string, string?]
      const content = inner === undefined ? 0 : { ...needed[outer], [inner]: 0 }
      expect(optionFaults({ ...app, [outer]: content })).toContain(
        `${path}: must be at least 1 (${unit})`,
      )
    }
  })

  test('session that is no object is told what it has to be', () => {
    expect(optionFaults({ ...app, session: secret })).toEqual([
      'session: must be an object: { secret: … }',
    ])
  })

  test('that is a list where an object must be is named', () => {
    expect(optionFaults({ ...good, routes: [{ login: '/in' }] })).toEqual([
      'routes.0: unknown option',
    ])
  })

  test.each([
    ['as long', 3600, 3600, true],
    ['longer', 3600, 3601, true],
    ['shorter', 3600, 3599, false],
    ['shorter than the lifetime of who gives none (7 days)', undefined, 3600, false],
    ['longer than that', undefined, 7 * 24 * 3600, true],
  ])(
    'session.absoluteTtl, against session.ttl, may not be shorter: %s',
    (_, ttl, absoluteTtl, fine) => {
      expect(optionFaults({ ...app, session: { secret, ttl, absoluteTtl } })).toEqual(
        fine ? [] : [expect.stringMatching(/^session.absoluteTtl: must not be shorter/)],
      )
    },
  )

  test('anything at all is answered with faults, without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), (options) => {
        expect(optionFaults(options).length).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
    const key = fc.constantFrom(
      'session',
      'apps',
      'redis',
      'wechat',
      'routes',
      'transport',
      'keySecret',
    )
    fc.assert(
      fc.property(fc.dictionary(key, fc.anything()), (more) => {
        expect(Array.isArray(optionFaults({ ...app, ...more }))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('no options at all are a fault too', () => {
    for (const nothing of [undefined, null, 5, 'wx1', true]) {
      expect(optionFaults(nothing)).toEqual(['must be called with an object'])
    }
  })
})

describe('unknown options', () => {
  test.each([
    ['appSecret', 'secret'],
    ['appID', 'appid'],
    ['appId', 'appid'],
    ['app_id', 'appid'],
    ['onuser', 'onUser'],
    ['onUsers', 'onUser'],
    ['sessions', 'session'],
    ['hookTimeOut', 'hookTimeout'],
    ['redisprefix', 'redisPrefix'],
    ['route', 'routes'],
    ['weChat', 'wechat'],
    ['watermarkMaxage', 'watermarkMaxAge'],
  ])('%s is named with what was meant: %s', (key, near) => {
    expect(optionFaults({ ...good, [key]: 'x' })).toEqual([
      `${key}: unknown option, did you mean \`${near}\`?`,
    ])
  })

  test('are named inside other options too', () => {
    const options = {
      ...app,
      session: { secret, secrets: 'x', cookie: { httponly: true } },
      transport: { headers: 'x' },
      routes: { logins: '/x' },
      wechat: { baseURL: 'x' },
    }
    expect(optionFaults(options)).toEqual([
      'session.secrets: unknown option, did you mean `secret`?',
      'session.cookie.httponly: unknown option, did you mean `httpOnly`?',
      'transport.headers: unknown option, did you mean `header`?',
      'routes.logins: unknown option, did you mean `login`?',
      'wechat.baseURL: unknown option, did you mean `baseUrl`?',
    ])
  })

  test('are named in a list of apps', () => {
    expect(
      optionFaults({ apps: [app, { ...other, appID: 'x' }, { ...other, appid: 'wx3', name: 1 }] }),
    ).toEqual([
      'apps.1.appID: unknown option, did you mean `appid`?',
      'apps.2.name: unknown option',
    ])
  })

  test('that other packages have are named with what they are here', () => {
    expect(optionFaults({ ...app, session: { secret, cookie: { maxAge: 5 } } })).toEqual([
      'session.cookie.maxAge: unknown option, use `session.ttl (seconds)`',
    ])
  })

  test.each(['quux', 'constructor', 'toString', '__proto__x', 'database'])(
    '%s is named without a guess',
    (key) => {
      expect(optionFaults({ ...good, [key]: 1 })).toEqual([`${key}: unknown option`])
    },
  )

  test('are no business of a store, a client or a fetch', () => {
    const store = Object.assign(new expressSession.MemoryStore(), { anything: 1 })
    expect(optionFaults({ ...app, session: { secret, store }, redis: { anything: 1 } })).toEqual([])
  })
})

describe('in production', () => {
  test('sessions in memory are refused', () => {
    expect(named(good)).toEqual([])
    inProduction()
    expect(optionFaults(good)).toEqual([
      'redis: missing; sessions in memory are for development, give redis or session.store',
    ])
    expect(optionFaults({ ...good, redis: {} })).toEqual([])
    expect(
      optionFaults({ ...app, session: { secret, store: new expressSession.MemoryStore() } }),
    ).toEqual([])
    expect(optionFaults(app)).toEqual([])
  })

  test.each<[string, boolean, boolean]>([
    ['https://api.weixin.qq.com', true, true],
    ['https://sh.api.weixin.qq.com/', true, true],
    ['http://localhost:3900', true, true],
    ['http://127.0.0.1:3900', true, true],
    ['http://127.1.2.3', true, true],
    ['http://[::1]:3900', true, true],
    ['http://sandbox:3900', true, false],
    ['http://10.0.0.1', true, false],
    ['http://localhost.evil.example', true, false],
    ['http://127.0.0.1.evil.example', true, false],
    ['http://localhost@evil.example', true, false],
    ['http://[::2]', true, false],
    ['ws://localhost', false, false],
    ['localhost:3900', false, false],
  ])(
    'WeChat may be at %s: in development %s, in production %s',
    (baseUrl, development, production) => {
      const options = { ...good, redis: {}, wechat: { baseUrl } }
      expect(named(options)).toEqual(development ? [] : ['wechat.baseUrl'])
      inProduction()
      expect(named(options)).toEqual(production ? [] : ['wechat.baseUrl'])
    },
  )
})

test.each([
  ['http://localhost', true],
  ['http://localhost:3900/x', true],
  ['http://127.0.0.1', true],
  ['http://127.9.9.9:1', true],
  ['http://127.10.20.30', true],
  ['http://notlocalhost', false],
  ['http://[::1]:3900', true],
  ['http://0x7f.1', true],
  ['http://localhost.example', false],
  ['http://127.0.0.1.example', false],
  ['http://10.0.0.1', false],
  ['http://a@localhost:b@example.org', false],
  ['https://api.weixin.qq.com', false],
])('isLoopback(%j) is %s', (url, expected) => {
  expect(isLoopback(url)).toBe(expected)
})

describe('the error', () => {
  test('names every fault at once, unknown options among them', () => {
    const found = findOptionFaults({
      appSecret: 'x',
      session: { secret: 'short', ttl: -1, secrets: [] },
      wechat: { baseUrl: 'x' },
      onUser: 5,
    })
    const faults = found.map(({ text }) => text)
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(':'))).toSorted()).toEqual([
      ...['appSecret', 'appid', 'onUser', 'secret', 'session.secret', 'session.secrets'],
      ...['session.ttl', 'wechat.baseUrl'],
    ])
    const error = optionError(found)
    expect(error).toMatchObject({ code: 'WX_APP_CONFIG', status: 500, expose: false })
    expect(error.message.split('\n')).toEqual([
      'wxLogin: 8 options are wrong:',
      ...found.map(({ text, topic }) => `  - ${explained(text, topic)}`),
    ])
    expect(optionError([{ text: 'a: b', topic: 'appid' }]).message).toBe(
      `wxLogin: an option is wrong:\n  - ${explained('a: b', 'appid')}`,
    )
  })

  test('is what wxLogin throws, the client’s faults in it', () => {
    let thrown: unknown
    try {
      wxLogin({ ...good, redis: { defineCommand: () => undefined }, zap: 1 } as never)
    } catch (error) {
      thrown = error
    }
    expect(WxLoginError.is(thrown)).toBe(true)
    const { code, message } = thrown as WxLoginError
    expect(code).toBe('WX_APP_CONFIG')
    expect(message).toContain('2 options are wrong')
    expect(message).toContain('zap: unknown option')
    expect(message).toContain('redis: this is an ioredis client')
  })

  test.each([undefined, null, 5, {}, { ...good, session: null }, { ...good, redis: null }])(
    'is what wxLogin throws for %j',
    (options) => {
      expect(() => wxLogin(options as never)).toThrow(
        expect.objectContaining({ name: 'WxLoginError', code: 'WX_APP_CONFIG' }),
      )
    },
  )
})

test.each([
  ['redis: missing', 'redis: missing.'],
  ['redis 4.7 is too old', 'redis 4.7 is too old.'],
  ['Give it `redis`.', 'Give it `redis`.'],
  ['Did you mean `appid`?', 'Did you mean `appid`?'],
  ['Set it!', 'Set it!'],
])(
  'what is said of the set-up, "%s", is a sentence in front of where to read more',
  (text, said) => {
    const message = explained(text, 'appid')
    expect(message.startsWith(`${said} See https://`)).toBe(true)
    expect(message.endsWith('docs/start-up.md#appid')).toBe(true)
  },
)
