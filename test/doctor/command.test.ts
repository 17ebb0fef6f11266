import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDoctor } from '../../src/doctor/command.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'
import { removeFolder, temporaryFolder } from '../support/services.js'
import type { WxReadiness } from '../../src/index.js'
import { diagnosis, doctor, doctorProcess, finding, troubles } from './run-doctor.js'

const appid = 'wx1234567890abcdef'
const secret = 'f00dfeedf00dfeed1234deadbeef5678'
const sessionSecret = '9c1f6a0d7be24583a1c07d5e8f3b6429c1f6a0d7be24583a1c07d5e8f3b6429d'

let sandbox: Sandbox
let env: NodeJS.ProcessEnv
beforeEach(async () => {
  sandbox = createSandbox({ apps: [{ appid, secret }] })
  const baseUrl = await sandbox.listen()
  env = {
    WX_APPID: appid,
    WX_SECRET: secret,
    WX_API_BASE: baseUrl,
    SESSION_SECRET: sessionSecret,
    REDIS_URL: redisUrl(),
  }
})
afterEach(() => sandbox.close())

const tokenCalls = (): number =>
  sandbox.requests.filter((r) => r.path === '/cgi-bin/stable_token').length

describe.each([
  ['npx express-wx-login doctor', doctorProcess],
  ['runDoctor', doctor],
])('%s', (_, doctor) => {
  it('says of a good set-up that it is ready: exit code 0', async () => {
    const { exitCode, out, err } = await doctor(env)
    expect(out).toMatch(/^✓ options {6}The environment is valid\.$/m)
    expect(out).toMatch(/^✓ app .*wx1234567890abcdef/m)
    expect(out).toMatch(/^✓ ip-list /m)
    expect(out).toMatch(/^✓ clock /m)
    expect(out).toMatch(
      /^✓ redis +Redis \d+\.\d+\.\d+ answers; its memory policy is noeviction\.$/m,
    )
    expect(out).not.toMatch(/^[!✗]/m)
    expect(out).toMatch(/\n\nReady\.\n$/)
    expect([exitCode, err]).toEqual([0, ''])
    expect(tokenCalls()).toBe(1)
  })

  it('with warnings only is ready too: exit code 0, each with its fix', async () => {
    const { SESSION_SECRET: _, ...rest } = env
    const { exitCode, out } = await doctor({ ...rest, NODE_ENV: 'prodution' })
    expect(out).toMatch(/^! environment {2}NODE_ENV is almost production.*\n +→ Set NODE_ENV=/m)
    expect(out).toMatch(/^! session .*SESSION_SECRET is not set.*\n +→ .*openssl rand -hex 32/m)
    expect(out).toMatch(/\n\nReady, with 2 warnings\.\n$/)
    expect(exitCode).toBe(0)
  })

  it('with an error is not: exit code 1', async () => {
    const { exitCode, out } = await doctor({ ...env, WX_SECRET: 'wrong-app-secret' })
    expect(out).toMatch(/^✗ app .*AppSecret is not the one.*40125.*\n +→ .*开发设置/m)
    expect(out).toMatch(/\n\nNot ready: 1 error\.\n$/)
    expect(exitCode).toBe(1)
  })

  it('--json prints the findings for programs', async () => {
    const { exitCode, out } = await doctor({ ...env, WX_SECRET: 'wrong-app-secret' }, '--json')
    const { ok, findings } = JSON.parse(out) as WxReadiness
    expect([exitCode, ok]).toEqual([1, false])
    expect(troubles(findings)).toEqual([
      finding(
        'app',
        'error',
        /AppSecret is not the one of wx1234567890abcdef \(errcode 40125, rid /,
      ),
    ])
  })

  it.each(['--help', '-h'])('%s tells its options', async (flag) => {
    const { exitCode, out } = await doctor({}, flag)
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^Usage: express-wx-login doctor/)
    for (const name of ['--env-file <', '--code <', '--phone-appid <', '--json', 'WX_SECRET']) {
      expect(out).toContain(name)
    }
  })

  it.each<[string, string[], RegExp]>([
    ['an unknown option', ['--prot'], /Unknown option '--prot'/],
    ['a secret as an argument', ['--secret', 'canary-secret'], /Unknown option '--secret'/],
    ['a loose argument', ['canary-secret'], /an argument that belongs to no option/],
    ['an option without its value', ['--code'], /--code/],
    ['an empty code', ['--code', ''], /--code: must be what wx.login gave/],
    ['an AppID that is none', ['--phone-appid', 'wx 1'], /--phone-appid: must be the AppID/],
  ])('%s is wrong usage: exit code 2', async (_, args, message) => {
    const { exitCode, out, err } = await doctor(env, ...args)
    expect(exitCode).toBe(2)
    expect(err).toMatch(message)
    expect(err).toMatch(/See express-wx-login doctor --help\n$/)
    expect(out + err).not.toContain('canary-secret')
    expect(sandbox.requests).toEqual([])
  })
})

it('ends with the error of a terminal that is gone', async () => {
  const gone = new Error('EPIPE')
  const out = (): void => {
    throw gone
  }
  await expect(runDoctor(['--help'], { out, err: () => undefined })).rejects.toBe(gone)
})

describe('--env-file', () => {
  const folder = temporaryFolder('doctor')
  afterAll(() => removeFolder(folder))

  it('is read, NODE_ENV too; variables that are set already win', async () => {
    const file = join(folder, 'production.env')
    const lines = Object.entries({ ...env, NODE_ENV: 'production', WX_APPID: 'wx-of-the-file' })
    writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''))
    const args = ['--json', '--env-file', file]
    const { out } = await doctorProcess({ WX_APPID: appid }, ...args)
    const { findings } = JSON.parse(out) as WxReadiness
    expect(findings).toContainEqual(finding('environment', 'ok', /^NODE_ENV is production\.$/))
    expect(findings).toContainEqual(finding('app', 'ok', /wx1234567890abcdef/))
  })

  it('that is not there is refused by its name', async () => {
    const args = ['--env-file', join(folder, 'missing.env')]
    const { exitCode, out, err } = await doctor(env, ...args)
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toMatch(/--env-file: .*missing\.env cannot be read/)
    // Node 20 reads options of this name itself, wherever they stand: exit code 9.
    const other = await doctorProcess(env, ...args)
    expect([2, 9]).toContain(other.exitCode)
    expect(other.err).toContain('missing.env')
  })
})

describe('the environment', () => {
  it('without anything: what is missing, and the way to the sandbox', async () => {
    const { exitCode, findings } = await diagnosis({})
    expect(exitCode).toBe(1)
    expect(troubles(findings, 'options')).toEqual([
      finding(
        'options',
        'error',
        /^WX_APPID: missing/,
        /微信公众平台.*npx express-wx-login sandbox/,
      ),
      finding('options', 'error', /^WX_SECRET: missing/, /AppSecret/),
    ])
  })

  it('empty variables are not set', async () => {
    const { findings } = await diagnosis({ ...env, WX_SECRET: '', REDIS_URL: '' })
    expect(troubles(findings)).toEqual([finding('options', 'error', /^WX_SECRET: missing/)])
    expect(findings).toContainEqual(finding('session', 'ok', /^Sessions are in memory/))
  })

  it('with the address of a sandbox only: its own app is taken, as the example app does', async () => {
    const other = createSandbox()
    const WX_API_BASE = await other.listen()
    const { findings } = await diagnosis({ WX_API_BASE })
    await other.close()
    expect(findings).toContainEqual(finding('options', 'ok', /the app of the sandbox is taken/))
    expect(findings).toContainEqual(finding('app', 'ok', /wx000000000sandbox/))
  })

  it('names every fault at once, by its variable, and what can be tried is tried all the same', async () => {
    const { findings } = await diagnosis({
      ...env,
      WX_SECRET: 'with a blank',
      SESSION_SECRET: 'short',
      SESSION_SECRET_OLD: 'short too',
      WX_API_BASE: 'ftp://canary',
    })
    expect(troubles(findings)).toEqual([
      finding('options', 'error', /^WX_SECRET: must be the AppSecret/),
      finding('options', 'error', /^SESSION_SECRET: must be .*32 bytes/, /openssl rand -hex 32/),
      finding('options', 'error', /^WX_API_BASE: must be an https URL/),
      finding('options', 'error', /^SESSION_SECRET_OLD: must be at least 32 bytes/),
      // It is a weak one, too.
      finding('session', 'warning', /easy to guess/),
    ])
    expect(findings).toContainEqual(finding('redis', 'ok', / answers/))
  })

  it.each([
    ['WX_APP_SECRET', 'WX_SECRET'],
    ['WX_APPSECRET', 'WX_SECRET'],
    ['WECHAT_SECRET', 'WX_SECRET'],
    ['WX_APP_ID', 'WX_APPID'],
    ['WECHAT_APPID', 'WX_APPID'],
    ['REDIS_URI', 'REDIS_URL'],
  ])('%s, which nothing reads, is taken for %s where that is not set', async (wrong, right) => {
    const { [right]: value, ...rest } = env
    const { findings } = await diagnosis({ ...rest, [wrong]: value })
    expect(troubles(findings, 'options')).toContainEqual(
      finding('options', 'warning', new RegExp(`^${wrong} is set.*${right} is not`), /^Call it /),
    )
  })

  it('variables of other programs are left alone', async () => {
    const others = {
      WX_PAY_MCHID: '1',
      WX_TOKEN: '2',
      PORT: '3000',
      REDIS_PREFIX: 'x',
      SECRET: 'y',
    }
    const { findings } = await diagnosis({ ...env, ...others })
    expect(troubles(findings)).toEqual([])
  })

  it('a Redis URL that is none is a fault, and not quoted', async () => {
    const { exitCode, out } = await doctor({ ...env, REDIS_URL: 'redis://:canary@host:port' })
    expect(out).toMatch(/^✗ options +REDIS_URL: .*must look like redis:\/\/host:6379/m)
    expect(out).not.toContain('canary')
    expect(exitCode).toBe(1)
  })
})

describe('NODE_ENV=production', () => {
  it('a sandbox in the place of WeChat is an error', async () => {
    const { findings } = await diagnosis({ ...env, NODE_ENV: 'production' })
    expect(troubles(findings)).toEqual([
      finding('sandbox', 'error', /anybody can log in as anybody/, /WX_API_BASE\) unset/),
    ])
  })

  it('so is the public app of the sandbox, by its AppID or its AppSecret', async () => {
    for (const changes of [
      { WX_APPID: 'wx000000000sandbox' },
      { WX_SECRET: 'sandbox-secret-not-a-real-secret' },
    ]) {
      const { findings } = await diagnosis({ ...env, ...changes, NODE_ENV: 'production' })
      expect(troubles(findings, 'sandbox')[0]).toEqual(
        finding('sandbox', 'error', /public one of the sandbox/, /微信公众平台/),
      )
    }
  })

  it('sessions in memory, and no or a guessable session secret, are errors', async () => {
    const { REDIS_URL: _, ...rest } = env
    const production = { ...rest, NODE_ENV: 'production' }
    const guessable = 'your-session-secret-your-session-secret'
    const inMemory = await diagnosis({ ...production, SESSION_SECRET: guessable })
    expect(troubles(inMemory.findings, 'session')).toEqual([
      finding('session', 'error', /^Sessions are in memory/, /REDIS_URL/),
      finding('session', 'error', /example or easy to guess/, /openssl rand -hex 32/),
    ])
    const none = await diagnosis({ ...production, SESSION_SECRET: '' })
    expect(troubles(none.findings, 'options')).toEqual([
      finding('options', 'error', /^SESSION_SECRET: missing/, /openssl rand -hex 32/),
    ])
  })
})

describe('phone and server', () => {
  it('--phone-appid: the same AppID fits', async () => {
    const { findings } = await diagnosis(env, '--phone-appid', appid)
    expect(findings).toContainEqual(finding('phone', 'ok', /are both wx1234567890abcdef/))
  })

  it('--phone-appid: another one does not, and both are named', async () => {
    const { exitCode, findings } = await diagnosis(env, '--phone-appid', 'wxffffffffffffffff')
    expect(exitCode).toBe(1)
    expect(troubles(findings)).toEqual([
      finding('phone', 'error', /wxffffffffffffffff, this server is wx1234567890abcdef.*40029/),
    ])
  })

  it('--phone-appid: compared also where the AppSecret is missing', async () => {
    const { findings } = await diagnosis({ ...env, WX_SECRET: '' }, '--phone-appid', 'wxother')
    expect(troubles(findings, 'phone')).toEqual([finding('phone', 'error', /wxother/)])
  })

  it('without an AppID of the server there is nothing to compare, and no code is spent', async () => {
    const code = sandbox.user('alice').login()
    for (const missing of [{ WX_APPID: '' }, { WX_SECRET: '' }]) {
      const { findings } = await diagnosis({ ...env, ...missing }, '--code', code)
      expect(findings.filter(({ check }) => check === 'phone')).toEqual([])
    }
    const { findings } = await diagnosis({ ...env, WX_APPID: '' }, '--phone-appid', appid)
    expect(findings.filter(({ check }) => check === 'phone')).toEqual([])
    const { findings: later } = await diagnosis(env, '--code', code)
    expect(later).toContainEqual(finding('phone', 'ok', /phone and server fit/))
  })

  it('--phone-appid touristappid: a project without an AppID', async () => {
    const { findings } = await diagnosis(env, '--phone-appid', 'touristappid')
    expect(troubles(findings)).toEqual([
      finding('phone', 'error', /no AppID/, /project\.config\.json/),
    ])
  })

  it('--code: a fresh code fits, and is spent by that', async () => {
    const code = sandbox.user('alice').login()
    const { exitCode, findings } = await diagnosis(env, '--code', code)
    expect(exitCode).toBe(0)
    expect(findings).toContainEqual(finding('phone', 'ok', /phone and server fit. It is spent now/))
    const again = await diagnosis(env, '--code', code)
    expect(troubles(again.findings)).toEqual([finding('phone', 'warning', /was used before/)])
  })

  it('--code: one of another mini program is told as what it most likely is', async () => {
    const { exitCode, findings } = await diagnosis(
      env,
      '--code',
      '0f1Abc000qwertyuiopasdfghjklZXCV',
    )
    expect(exitCode).toBe(1)
    expect(troubles(findings)).toEqual([
      finding('phone', 'error', /40029.*another AppID than wx1234567890abcdef/, /fresh code/),
    ])
  })

  it('--code: one of the phone number button is recognised', async () => {
    const { code } = sandbox.user('alice').phoneNumber()
    expect(code).toMatch(/^[\da-f]{64}$/)
    const { findings } = await diagnosis(env, '--code', code)
    expect(troubles(findings)).toEqual([finding('phone', 'error', /phone number button/)])
  })

  it('--code: the one of a project without AppID is recognised, and not sent', async () => {
    const { findings } = await diagnosis(env, '--code', 'the code is a mock one')
    expect(troubles(findings)).toEqual([finding('phone', 'error', /no AppID/)])
    expect(sandbox.requests.some((r) => r.path === '/sns/jscode2session')).toBe(false)
  })

  it.each<[number, 'warning' | 'error', RegExp]>([
    [40226, 'warning', /blocks this user/],
    [45011, 'warning', /did not look at the code/],
    [40125, 'error', /AppSecret is not the one/],
    [99999, 'error', /WeChat refuses wx1234567890abcdef: .* errcode 99999/],
  ])('--code: errcode %i is a %s', async (errcode, level, message) => {
    sandbox.faults.add({ endpoint: 'jscode2session', errcode })
    const { findings } = await diagnosis(env, '--code', sandbox.user('alice').login())
    expect(troubles(findings)).toEqual([expect.objectContaining({ level })])
    expect(troubles(findings)[0]!.message).toMatch(message)
  })

  it('--code: no answer is none of the code’s fault', async () => {
    sandbox.faults.add({ endpoint: 'jscode2session', status: 502 })
    const { findings } = await diagnosis(env, '--code', sandbox.user('alice').login())
    expect(troubles(findings)).toEqual([finding('wechat', 'error', /HTTP 502/)])
  })
})

describe('whatever hangs', () => {
  it('ends, and says of each thing that it hangs', async () => {
    sandbox.faults.add({ endpoint: 'stable_token', delayMs: 60_000 })
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 60_000 })
    const args = ['--json', '--code', sandbox.user('alice').login()]
    const { exitCode, out } = await doctorProcess(env, ...args)
    expect(exitCode).toBe(1)
    const { findings } = JSON.parse(out) as WxReadiness
    expect(troubles(findings)).toEqual([
      finding('wechat', 'error', /did not answer in time/, /port 443/),
    ])
  })
})

describe('no secret', () => {
  it('is in anything it prints, whatever goes wrong', async () => {
    const canaries = [secret, sessionSecret, 'canary-old', 'canary-password', 'canary-base']
    const code = sandbox.user('alice').login()
    const full = {
      ...env,
      SESSION_SECRET_OLD: `canary-old-${sessionSecret}`,
      REDIS_URL: `redis://someone:canary-password@127.0.0.1:${new URL(redisUrl()).port}`,
    }
    const runs = [
      await doctorProcess(full, '--code', code),
      await doctorProcess(full, '--code', code, '--json'),
      await doctorProcess({ ...full, NODE_ENV: 'production' }, '--phone-appid', 'wxother'),
    ]
    sandbox.faults.add({
      endpoint: 'stable_token',
      body: { errcode: 40164, errmsg: `invalid ip ${secret}, not in whitelist` },
    })
    runs.push(await doctorProcess(full))
    sandbox.faults.clear()
    sandbox.faults.add({ endpoint: 'stable_token', errcode: 12345 })
    runs.push(await doctorProcess(full))
    await sandbox.close()
    runs.push(await doctorProcess(full), await doctorProcess(full, '--code', code))
    const base = { WX_API_BASE: 'https://user:canary-base@127.0.0.1:1' }
    runs.push(await doctorProcess({ ...full, ...base }, '--code', code))

    const output = runs.map(({ out, err }) => out + err).join('')
    expect(runs.every(({ out }) => out.length > 100)).toBe(true)
    for (const canary of [...canaries, code, sandbox.user('alice').openid(appid)]) {
      expect(output).not.toContain(canary)
    }
    expect(output).not.toMatch(/access_token|session_key/)
  })
})
