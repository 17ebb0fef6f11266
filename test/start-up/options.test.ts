import { requireWxSession, WxLoginError, wxLogin, type WxLoginOptions } from '../../src/index.js'
import { nodeFaults } from '../../src/node-version.js'
import { loadConnectRedis } from '../../src/redis/load-connect-redis.js'
import { createSandbox } from '../../src/sandbox/index.js'
import type { StartUpTopic } from '../../src/start-up.js'
import { thrownBy, topicsIn } from './told.js'

const appid = 'wx0123456789abcdef'
const secret = 'f'.repeat(32)
const session = { secret: 'a session secret of the tests, long enough' }
const good = { appid, secret, session }
const method = (): undefined => undefined

const environment = process.env['NODE_ENV']
afterEach(() => {
  process.env['NODE_ENV'] = environment
})

/** What `wxLogin` says of these options. */
const refusal = (options: unknown): string =>
  thrownBy(() => wxLogin(options as WxLoginOptions), WxLoginError).message

test.each<[mistake: string, options: unknown, topic: StartUpTopic, says: RegExp]>([
  ['no options', undefined, 'missing-options', /must be called with an object/],
  ['appID', { appID: appid, secret, session }, 'option-names', /appID: .*mean `appid`\?/],
  ['appId', { appId: appid, secret, session }, 'option-names', /appId: .*mean `appid`\?/],
  [
    'appSecret',
    { appid, appSecret: secret, session },
    'option-names',
    /appSecret: .*mean `secret`/,
  ],
  ['maxAge', { ...good, session: { ...session, maxAge: 1 } }, 'option-names', /use `session\.ttl/],
  ['no secret', { appid, session }, 'missing-options', /secret: missing \(the AppSecret/],
  [
    'no session.secret',
    { appid, secret, session: {} },
    'session-secret',
    /session\.secret: missing/,
  ],
  [
    'an appid from a variable that is not set',
    { ...good, appid: undefined },
    'missing-options',
    /- appid: is undefined.*variable is not set/,
  ],
  [
    'a secret from a variable that is not set',
    { ...good, secret: undefined },
    'missing-options',
    /- secret: is undefined.*variable is not set/,
  ],
  [
    'a session secret from a variable that is not set',
    { ...good, session: { secret: undefined } },
    'missing-options',
    /- session\.secret: is undefined.*variable is not set/,
  ],
  [
    'a list with a variable that is not set',
    { apps: [{ appid, secret: undefined }], session },
    'missing-options',
    /- apps\.0\.secret: is undefined/,
  ],
  ['an empty appid', { ...good, appid: '' }, 'missing-options', /- appid: is empty/],
  ['an empty secret', { ...good, secret: '' }, 'missing-options', /- secret: is empty/],
  ['an empty session secret', { ...good, session: { secret: '' } }, 'missing-options', /is empty/],
  ['a short session secret', { ...good, session: { secret: 'x' } }, 'session-secret', /32 bytes/],
  ['the original id', { ...good, appid: 'gh_0123456789ab' }, 'appid', /原始ID/],
  [
    'a project without a mini program',
    { ...good, appid: 'touristappid' },
    'appid',
    /AppID of yours/,
  ],
  ['an AppSecret with a blank', { ...good, secret: `${secret} ` }, 'appsecret', /without spaces/],
  ['an appid twice', { apps: [good, good], session }, 'appid', /apps\.1\.appid: twice/],
  ['a session that is a string', { ...good, session: 'x' }, 'option-values', /session: must be an/],
  ['a URL as redis', { ...good, redis: 'redis://127.0.0.1' }, 'redis-client', /must be a client/],
  [
    'the promise of a client',
    { ...good, redis: Promise.resolve() },
    'redis-client',
    /promise of a client; await it/,
  ],
  [
    'ioredis',
    { ...good, redis: { defineCommand: method, sendCommand: method, on: method } },
    'redis-client',
    /ioredis/,
  ],
  [
    'redis 4',
    { ...good, redis: { sendCommand: method, connect: method, on: method, quit: method } },
    'redis-client',
    /redis 4 or older/,
  ],
])('%s: the error says which option, the fix and where to read more', (_, options, topic, says) => {
  const message = refusal(options)
  expect(message).toMatch(/^wxLogin: /)
  expect(message).toMatch(says)
  expect(topicsIn(message)).toContain(topic)
  // Every fault has its own address.
  expect(topicsIn(message)).toHaveLength(message.split('\n').length - 1)
})

test('memory in production is refused', () => {
  process.env['NODE_ENV'] = 'production'
  expect(refusal(good)).toMatch(/redis: missing; sessions in memory/)
  expect(topicsIn(refusal(good))).toEqual(['memory'])
})

test('the sandbox in production is refused', () => {
  process.env['NODE_ENV'] = 'production'
  const { message } = thrownBy(() => createSandbox(), Error)
  expect(message).toMatch(/does not run under NODE_ENV=production/)
  expect(topicsIn(message)).toEqual(['sandbox'])
})

test.each<[string, unknown, RegExp]>([
  ['an unknown option', { maxage: 5 }, /maxage: unknown option/],
  ['a text', { maxAge: '1h' }, /maxAge must be a number of seconds/],
])('the guard refuses %s', (_, options, says) => {
  const { message } = thrownBy(() => requireWxSession(options as never), WxLoginError)
  expect(message).toMatch(says)
  expect(topicsIn(message)).toEqual(['guard-options'])
})

test.each<[string, () => unknown, RegExp]>([
  [
    'is not installed',
    () => {
      throw Object.assign(new Error("Cannot find module 'connect-redis'"), {
        code: 'MODULE_NOT_FOUND',
      })
    },
    /needs the package connect-redis: npm i connect-redis/,
  ],
  ['is 7 or older', () => ({ default: method }), /9 or newer; update it: npm i/],
])('connect-redis that %s is named', (_, load, says) => {
  const { message } = thrownBy(() => loadConnectRedis(load), WxLoginError)
  expect(message).toMatch(says)
  expect(topicsIn(message)).toEqual(['connect-redis'])
})

describe('Node', () => {
  test.each(['20.19.0', '20.20.1', '22.12.0', '24.0.0', '26.1.0', process.versions.node])(
    '%s will do',
    (version) => {
      expect(nodeFaults(version)).toEqual([])
    },
  )

  test.each(['16.20.0', '18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.0'])(
    '%s is refused when wxLogin is called',
    (node) => {
      const { versions } = process
      Object.defineProperty(process, 'versions', {
        value: { ...versions, node },
        configurable: true,
      })
      try {
        expect(refusal(good)).toContain(`Node ${node}: `)
        expect(topicsIn(refusal(good))).toEqual(['node-version'])
      } finally {
        Object.defineProperty(process, 'versions', { value: versions, configurable: true })
      }
    },
  )
})
