import { ConfigError, readConfig } from '../../example-app/src/config.js'

const app = { WX_APPID: 'wx0123456789abcdef', WX_SECRET: '0123456789abcdef0123456789abcdef' }
const secret = 's'.repeat(32)
const production = {
  ...app,
  NODE_ENV: 'production',
  SESSION_SECRET: secret,
  REDIS_URL: 'redis://127.0.0.1',
}

function faultsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('the environment of the example app', () => {
  test('may be empty: sandbox, memory, embedded database, random secret', () => {
    const config = readConfig({})
    expect(config).toMatchObject({
      production: false,
      port: 3000,
      wechat: { mode: 'sandbox', port: 3900 },
      randomSessionSecret: true,
      loginRateLimit: 300,
      logLevel: 'info',
    })
    expect(config.redisUrl).toBeUndefined()
    expect(config.databaseUrl).toBeUndefined()
    expect(config.trustProxy).toBeUndefined()
    expect(config.sessionSecrets[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(readConfig({}).sessionSecrets).not.toEqual(config.sessionSecrets)
  })

  test('treats an empty variable as one that is not set', () => {
    expect(
      readConfig({ PORT: '', WX_APPID: '', WX_SECRET: '', REDIS_URL: '', SESSION_SECRET: '' }),
    ).toMatchObject({
      port: 3000,
      wechat: { mode: 'sandbox' },
      randomSessionSecret: true,
    })
  })

  test.each([
    [{}, { mode: 'sandbox', port: 3900 }],
    [{ SANDBOX_PORT: '4900' }, { mode: 'sandbox', port: 4900 }],
    [
      { WX_API_BASE: 'http://10.0.0.5:3900' },
      { mode: 'remote-sandbox', baseUrl: 'http://10.0.0.5:3900' },
    ],
    [app, { mode: 'wechat', appid: app.WX_APPID, secret: app.WX_SECRET }],
    [
      { ...app, WX_API_BASE: 'https://proxy.example' },
      {
        mode: 'wechat',
        appid: app.WX_APPID,
        secret: app.WX_SECRET,
        baseUrl: 'https://proxy.example',
      },
    ],
  ])('%j talks to %j', (env, wechat) => {
    expect(readConfig(env).wechat).toEqual(wechat)
  })

  test.each([
    { WX_APPID: app.WX_APPID },
    { WX_SECRET: app.WX_SECRET },
    { WX_APPID: app.WX_APPID, WX_SECRET: '' },
    { WX_APPID: app.WX_APPID, WX_API_BASE: 'http://127.0.0.1:3900' },
  ])('a half-set app is an error, never the sandbox: %j', (env) => {
    expect(faultsOf(env)).toEqual([
      expect.stringMatching(/^WX_(APPID|SECRET) is set but WX_(SECRET|APPID) is not/),
    ])
  })

  test('production is complete or refused', () => {
    expect(readConfig(production)).toMatchObject({
      production: true,
      wechat: { mode: 'wechat' },
      sessionSecrets: [secret],
      randomSessionSecret: false,
    })
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([
      expect.stringContaining('WX_APPID and WX_SECRET'),
      expect.stringContaining('SESSION_SECRET'),
      expect.stringContaining('REDIS_URL'),
    ])
    for (const missing of ['SESSION_SECRET', 'REDIS_URL'])
      expect(faultsOf({ ...production, [missing]: undefined })).toEqual([
        expect.stringContaining(missing),
      ])
    expect(
      faultsOf({
        ...production,
        WX_APPID: '',
        WX_SECRET: '',
        WX_API_BASE: 'http://127.0.0.1:3900',
      }),
    ).toEqual([expect.stringContaining('WX_APPID and WX_SECRET')])
  })

  test.each([
    'redis://127.0.0.1',
    'rediss://user:pass@redis.example:6380/2',
    'redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster/1',
    'rediss+sentinel://:pass@a.example,b.example/mymaster',
    'redis+cluster://10.0.0.1:7000,10.0.0.2:7000',
    'rediss+cluster://user:pass@cluster.example:6379',
  ])('REDIS_URL=%s is accepted', (REDIS_URL) => {
    expect(readConfig({ REDIS_URL }).redisUrl).toBe(REDIS_URL)
  })

  test.each([
    'http://canary',
    'canary',
    'redis+sentinel://canary:26379',
    'redis+cluster://canary:7000/0',
    'redis+cluster://canary:7000,canary:x',
    'redis://canary:6379,10.0.0.2:6379',
    'redis://user:%canary@10.0.0.2',
    'redis+cluster://user:%canary@10.0.0.2',
  ])('REDIS_URL=%s is refused, and not quoted', (REDIS_URL) => {
    expect(faultsOf({ REDIS_URL })).toEqual([expect.stringMatching(/^REDIS_URL (?!.*canary)/)])
  })

  test('names all faults at once, and no value', () => {
    const canary = 'canary-value'
    const faults = faultsOf({
      PORT: canary,
      SANDBOX_PORT: '70000',
      WX_SECRET: canary,
      WX_API_BASE: canary,
      SESSION_SECRET: canary,
      SESSION_SECRET_OLD: canary,
      REDIS_URL: `http://${canary}@localhost`,
      DATABASE_URL: `mysql://${canary}@localhost/x`,
      LOGIN_RATE_LIMIT: '-1',
      TRUST_PROXY: 'true',
      LOG_LEVEL: canary,
    })
    const names =
      'PORT SANDBOX_PORT WX_SECRET WX_API_BASE SESSION_SECRET SESSION_SECRET_OLD REDIS_URL DATABASE_URL LOGIN_RATE_LIMIT TRUST_PROXY LOG_LEVEL'
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(names.split(' ').sort())
    expect(faults.join('\n')).not.toContain(canary)
  })

  test('a rotation has the new secret first and still accepts the old one', () => {
    const old = 'o'.repeat(32)
    expect(readConfig({ SESSION_SECRET: secret, SESSION_SECRET_OLD: old }).sessionSecrets).toEqual([
      secret,
      old,
    ])
  })

  test.each([
    ['0', 0],
    ['2', 2],
    ['loopback', 'loopback'],
    ['10.0.0.0/8, ::1', '10.0.0.0/8, ::1'],
  ])('TRUST_PROXY=%s is %j', (text, value) => {
    expect(readConfig({ TRUST_PROXY: text }).trustProxy).toBe(value)
  })

  test.each(['yes', '10.0.0.0/33', '*', '1.2.3', 'loopback/8'])(
    'TRUST_PROXY=%s is refused',
    (text) => {
      expect(faultsOf({ TRUST_PROXY: text })).toHaveLength(1)
    },
  )
})
