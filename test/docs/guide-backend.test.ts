import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  createSandbox,
  type Sandbox,
  SANDBOX_APPID,
  SANDBOX_SECRET,
} from '../../src/sandbox/index.js'
import { freePort } from '../support/services.js'
import { until } from '../support/until.js'
import { codeOf } from './markdown.js'
import { createWorkspace, run, type Workspace } from './workspace.js'

// The guide as its reader follows it; its types are looked at with those of all pages.

const block = (words: string): string => codeOf('docs/guide-backend.md', words)

let workspace: Workspace
let sandbox: Sandbox
beforeAll(async () => {
  workspace = createWorkspace()
  workspace.write('package.json', '{ "type": "module" }')
  sandbox = createSandbox()
  await sandbox.listen(0, '127.0.0.1')
})
afterAll(async () => {
  await sandbox?.close()
  workspace?.remove()
})

test('the environment of the guide is that of the sandbox', () => {
  const env = block('cat > .env')
  expect(env).toContain(`WX_APPID=${SANDBOX_APPID}\nWX_SECRET=${SANDBOX_SECRET}\n`)
})

test('the server of the first step logs alice in by the lines for the shell', async () => {
  workspace.write('app.js', block('// app.js'))
  const port = await freePort()
  const url = `http://127.0.0.1:${String(port)}`
  const server = spawn(process.execPath, [workspace.write('server.js', block('// server.js'))], {
    env: {
      ...{ PATH: process.env['PATH'], PORT: String(port), WX_API_BASE: sandbox.baseUrl },
      ...{ WX_APPID: SANDBOX_APPID, WX_SECRET: SANDBOX_SECRET },
      SESSION_SECRET: 'a session secret of the tests, long enough',
    },
    stdio: 'ignore',
  })
  try {
    const products = (): Promise<unknown> => fetch(`${url}/products`).then((res) => res.json())
    await until(() => products().then(Boolean, () => false), 15_000)
    expect(await products()).toEqual({ products: [], welcome: false })
    expect((await fetch(`${url}/orders`)).status).toBe(401)
    const lines = block('/__sandbox/users/alice/login')
      .replaceAll('http://127.0.0.1:3000', url)
      .replaceAll('http://127.0.0.1:3900', sandbox.baseUrl)
    const { stdout } = await run('bash', ['-c', lines])
    expect(JSON.parse(stdout)).toEqual({ of: sandbox.user('alice').openid() })
  } finally {
    server.kill()
    await once(server, 'exit')
  }
})

test('the tests of the guide pass', async () => {
  const file = workspace.write('login.test.js', block("import test from 'node:test'"))
  const { ok, stdout } = await run(process.execPath, ['--test', file])
  expect(stdout).toMatch(/pass 2\b/)
  expect(ok).toBe(true)
}, 30_000)
