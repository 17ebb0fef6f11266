import { join } from 'node:path'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'
import { operationsPages, read, root } from './markdown.js'
import { run } from './workspace.js'

// What differs from machine to machine: the version of Redis.
const anyRedis = (text: string): string => text.replace(/Redis \d[\w.]*/, 'Redis 7.0.15')

const sampleOf = (page: string): string =>
  read(page).blocks.find(({ language, text }) => language === 'text' && text.includes('✗'))!.text

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
  sandbox.faults.add({
    endpoint: 'stable_token',
    body: { errcode: 40164, errmsg: 'invalid ip 203.0.113.7, not in whitelist' },
  })
})

afterAll(() => sandbox?.close())

test.each(operationsPages)(
  'the sample in %s is what the doctor prints',
  async (page) => {
    const env = {
      ...{ WX_API_BASE: sandbox.baseUrl, WX_APPID: sandbox.appid, WX_SECRET: sandbox.secret },
      ...{ SESSION_SECRET: 'kV3pQ9zR7mW1xT5bN8cY2dF6gH4jL0aS', REDIS_URL: redisUrl() },
      NODE_ENV: '',
    }
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const cli = join(root, 'dist/cjs/cli.js')
    const command = [process.execPath, cli, 'doctor', '--phone-appid', 'wx1111111111111111']
    const { stdout } = await run('env', [...assignments, ...command])
    expect(anyRedis(stdout.trim())).toBe(anyRedis(sampleOf(page)))
  },
  30_000,
)
