import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { scenarios } from '../../../src/sandbox/scenarios/index.js'
import { leaksIn } from '../../../src/sandbox/scenarios/leaks.js'
import { fingerprint, sha256 } from '../../../src/sandbox/scenarios/sha256.js'

const root = join(__dirname, '../../..')
const run = promisify(execFile)

describe('the list of scenarios', () => {
  it('has the eighteen that there are to get right', () => {
    expect(scenarios.map(({ id }) => id)).toEqual([
      ...['first-login', 'code-reused', 'code-expired', 'ten-at-once', 'late-401'],
      ...['encrypted-before-login', 'exchange-lost', 'session-revoked', 'key-rotated'],
      ...['user-denies-phone', 'phone-code-of-another-user', 'access-token-replaced'],
      ...['account-switched', 'errcode-45011', 'errcode-40226', 'errcode-minus-1'],
      ...['wechat-down', 'redis-down'],
    ])
  })

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))(
    '%s says in both languages what it teaches',
    (id, { title, why }) => {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      for (const { en, zh } of [title, why]) {
        expect(en).toMatch(/^[\u0020-\u007e\u2019]+$/)
        expect(zh).toMatch(/[\u4e00-\u9fff]/)
      }
      expect(why.en.length).toBeGreaterThan(80)
    },
  )

  it('needs no Node: it can be bundled for a page', async () => {
    const entry = join(root, 'src/sandbox/scenarios/index.ts')
    const esbuild = join(root, 'node_modules/.bin/esbuild')
    const { stdout } = await run(esbuild, [entry, '--bundle', '--platform=browser', '--format=esm'])
    expect(stdout).not.toMatch(/node:|require\(/)
  })
})

describe('sha256 without crypto.subtle', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])('is that of Node for %d bytes', (length) => {
    const text = randomBytes(length)
      .toString('latin1')
      .replace(/[^ -~]/g, '码')
    expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
  })
})

describe('a leak', () => {
  const key = '+jM9/Vq0VZ+1TslJEWYBUQ=='
  const keyIds = new Set([fingerprint(key)])
  const base64url = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each<[string, string]>([
    ['by its name, whatever is in it', '{"data":{"session_key":"x"}}'],
    ['by its name in camel case', '{"sessionKey":null}'],
    ['under another name', JSON.stringify({ sk: key })],
    ['with escaped slashes', JSON.stringify({ sk: key }).replaceAll('/', '\\/')],
    ['as base64url', `{"k":"${Buffer.from(key, 'base64').toString('base64url')}"}`],
    ['inside a JWT', `{"token":"${base64url({ alg: 'x' })}.${base64url({ key })}.c2lnbmF0dXJl"}`],
    ['in a header', `set-cookie: key=${key}\n\n{}`],
  ])('is a session_key %s', (_how, text) => {
    expect(leaksIn(text, keyIds)).toEqual(['session_key'])
  })

  it('is the AppSecret, in a URL of an error for example', () => {
    const text = '{"error":"GET /sns/jscode2session?secret=sandbox-secret-not-a-real-secret"}'
    expect(leaksIn(text, keyIds)).toEqual(['AppSecret'])
  })

  it('is none where a token only looks like a key', () => {
    const token = randomBytes(16)
    const text = JSON.stringify({
      token: token.toString('base64'),
      id: token.toString('base64url'),
    })
    expect(leaksIn(text, keyIds)).toEqual([])
  })
})
