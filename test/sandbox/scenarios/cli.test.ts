import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createSandbox, type Sandbox } from '../../../src/sandbox/index.js'
import { type Program, run } from '../../example-app/spawn-app.js'
import { startPlainBackend } from './plain-backend.js'

jest.setTimeout(60_000)

// The test script builds first.
const cli = join(__dirname, '../../../dist/cjs/cli.js')

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
})
afterAll(() => sandbox.close())

const verify = (...args: string[]): Program =>
  run(process.execPath, [cli, 'sandbox', 'verify', '--sandbox', sandbox.baseUrl, ...args], {})

const plainOptions = [
  ...['--login', '/api/sign-in', '--guarded', '/api/me', '--phone', '/api/mobile'],
  ...['--logout', '/api/sign-out', '--header', 'X-Token', '--scheme', ''],
  ...['--token-field', 'data.token'],
]

describe('npx express-wx-login sandbox verify', () => {
  it('brings all that it needs, the real client too: all ticks, exit code 0', async () => {
    const { baseUrl, appid, secret } = sandbox
    const server = await startPlainBackend({ wechat: baseUrl, appid, secret })
    const program = verify('--target', server.url, ...plainOptions)
    const { code } = await program.exited
    await server.close()
    expect(program.output()).toMatch(/\n17 passed, 0 failed, 1 skipped\n$/)
    expect(code).toBe(0)
  })

  it('is exit code 2 for wrong usage, 3 for a server that is not there', async () => {
    expect((await verify().exited).code).toBe(2)
    expect((await verify('--target', 'http://127.0.0.1:9').exited).code).toBe(3)
  })

  it('is named in the usage of sandbox', async () => {
    const program = run(process.execPath, [cli, 'sandbox', '--help'], {})
    await program.exited
    expect(program.output()).toMatch(/sandbox verify --target <url>/)
  })
})

const python = spawnSync('python3', ['--version']).status === 0

describe('a backend in Python', () => {
  // Where there is no Python, the backend of node:http has shown the same.
  const test = python ? it : it.skip
  test('gets all ticks that it can get', async () => {
    const backend = run('python3', [join(__dirname, 'backend.py')], {
      ...{ WX_API_BASE: sandbox.baseUrl, WX_APPID: sandbox.appid, WX_SECRET: sandbox.secret },
    })
    try {
      const [url] = await backend.saw(/http:\S+/)
      const paths = ['--login', '/login', '--guarded', '/me', '--phone', '/phone']
      const program = verify('--target', url, ...paths, '--logout', '/logout')
      const { code } = await program.exited
      // It takes no encrypted data and has no Redis.
      expect(program.output()).toMatch(
        /- encrypted-before-login[^]*\n16 passed, 0 failed, 2 skipped\n$/,
      )
      expect(code).toBe(0)
    } finally {
      await backend.stop('SIGKILL')
    }
  })
})
