import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { parse } from 'acorn'
import * as source from '../../client/src/index.js'
import { start } from './support.js'

const root = join(__dirname, '../../client')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const phoneFile = 'miniprogram_dist/index.js'
const moduleFile = 'dist/esm/index.js'

const manifest = JSON.parse(read('package.json')) as {
  name: string
  miniprogram: string
  main: string
  module: string
  types: string
  exports: { '.': Record<'import' | 'require', { types: string; default: string }> }
  dependencies?: object
  peerDependencies?: object
}

/** What WeChat does with a package: runs its one file, with no more around it than every phone has. */
function runOnPhone(globals: object): typeof source {
  const exports = {}
  const context = createContext({
    ...{ exports, module: { exports } },
    ...globals,
  })
  runInContext(read(phoneFile), context, { filename: phoneFile })
  return exports as typeof source
}

describe('the file for the phone', () => {
  it('is at most 3000 bytes after gzip -9', () => {
    const bytes = gzipSync(read(phoneFile), { level: 9 }).length
    process.stdout.write(
      `wx-login-client: ${String(read(phoneFile).length)} bytes, ${String(bytes)} after gzip -9\n`,
    )
    expect(bytes).toBeLessThanOrEqual(3000)
  })

  it.each([
    [phoneFile, 'script'],
    [moduleFile, 'module'],
  ] as const)('%s has no syntax newer than ES5', (file, sourceType) => {
    const code = read(file)
    // Export declarations are all that is newer in a module.
    const plain = sourceType === 'module' ? code.replace(/export\{[^}]*\};?\s*$/, '') : code
    expect(() => parse(plain, { ecmaVersion: 5, sourceType: 'script' })).not.toThrow()
    expect(plain === code).toBe(sourceType === 'script')
  })

  it('the check of its syntax notices what is newer', () => {
    for (const newer of ['const a = 1', 'var f = () => 1', 'try {} catch {}', 'a?.b', '`t`']) {
      expect(() => parse(newer, { ecmaVersion: 5 })).toThrow(SyntaxError)
    }
  })

  it('is one file that needs no other', () => {
    expect(readdirSync(join(root, 'miniprogram_dist'))).toEqual(['index.js'])
    for (const file of [phoneFile, moduleFile]) {
      expect(read(file)).not.toMatch(/\brequire\(|\bimport\b|@swc|regeneratorRuntime|Symbol|Proxy/)
    }
  })

  it('uses nothing that phones of 2.10.4 lack', () => {
    // `finally` came with 2.21.2; eval and the like are forbidden.
    expect(read(phoneFile)).not.toMatch(/\.finally\b|\beval\b|new Function|allSettled|globalThis/)
  })

  it('logs in and sends requests with nothing around it but a Promise, timers and wx', async () => {
    const { app, phone } = await start()
    const { createWxLogin, WxLoginError } = runOnPhone({
      ...{ wx: phone.wx, setTimeout, clearTimeout },
    })
    const login = createWxLogin({ baseUrl: app.url })
    const replies = await Promise.all([
      login.request({ url: '/me' }),
      login.request({ url: '/me' }),
      login.profile({ nickName: '爱丽丝' }),
    ])
    expect(replies[0].statusCode).toBe(200)
    expect(phone.logins).toBe(1)
    phone.device.network = 'offline'
    const error: unknown = await login.login().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(WxLoginError)
    expect(error).toMatchObject({ name: 'WxLoginError', code: expect.any(String) as string })
  })
})

describe('the package', () => {
  it('has no dependency that WeChat would have to build', () => {
    expect(manifest.dependencies).toBeUndefined()
    expect(manifest.peerDependencies).toBeUndefined()
  })

  it('names for every reader a file that is there', () => {
    const { main, module, types, exports } = manifest
    const entry = exports['.']
    expect(manifest.miniprogram).toBe('miniprogram_dist')
    const files = [main, module, types, ...Object.values(entry).flatMap(Object.values)] as string[]
    for (const file of files) expect(read(file)).not.toBe('')
  })

  it.each(['commonjs', 'module'])('as %s exports what the source exports', (kind) => {
    const code =
      kind === 'module'
        ? "import * as c from 'wx-login-client'; console.log(Object.keys(c).sort().join())"
        : "console.log(Object.keys(require('wx-login-client')).sort().join())"
    const args = [`--input-type=${kind}`, '--eval', code]
    const names = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    expect(names.trim().split(',')).toEqual(Object.keys(source).toSorted())
  })

  it('consists of the two builds, the types, the READMEs and the license', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }]
    const types = ['create-wx-login', 'errors', 'index', 'types'].map((name) => `${name}.d.ts`)
    expect(files.map(({ path }) => path).toSorted()).toEqual(
      [
        ...[
          'LICENSE',
          'README.md',
          'README.zh-CN.md',
          'package.json',
          phoneFile,
          moduleFile,
          'dist/esm/package.json',
        ],
        ...types.flatMap((name) => [`dist/cjs/${name}`, `dist/esm/${name}`]),
      ].toSorted(),
    )
  })
})

describe('what is built does what the source does', () => {
  const { createWxLogin, WxLoginError } = jest.requireActual<typeof source>(join(root, phoneFile))

  it('ten requests at once: one wx.login', async () => {
    const { app, phone } = await start()
    const login = createWxLogin({ baseUrl: app.url, wx: phone.wx })
    await Promise.all(Array.from({ length: 10 }, () => login.request({ url: '/me' })))
    expect(phone.logins).toBe(1)
    expect(phone.to('/me')).toHaveLength(10)
  })

  it('refuses wrong options, and gives errors their names', async () => {
    const { phone } = await start()
    expect(() => createWxLogin({ baseUrl: 'example.com', wx: phone.wx })).toThrow(
      'createWxLogin: baseUrl must be',
    )
    const login = createWxLogin({ baseUrl: 'https://api.example.com', wx: phone.wx })
    const error: unknown = await login
      .phone(await phone.device.tapPhoneNumber({ deny: true }))
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(WxLoginError)
    expect(error).toMatchObject({ name: 'WxLoginError', code: 'DENIED' })
  })
})
