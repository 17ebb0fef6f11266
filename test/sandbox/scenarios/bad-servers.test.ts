import type { RequestListener, ServerResponse } from 'node:http'
import { createSandbox, type Sandbox } from '../../../src/sandbox/index.js'
import { connectWeChat } from '../../../src/sandbox/phone/http-wechat.js'
import {
  relayTo,
  runScenario,
  SandboxUnreachableError,
  scenarios,
} from '../../../src/sandbox/scenarios/index.js'
import { startServer } from './support.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})
afterAll(() => sandbox.close())

async function serve(listener: RequestListener): Promise<string> {
  const server = await startServer((req, res) => {
    req.resume()
    req.once('end', () => listener(req, res))
  })
  open.push(server.close)
  return server.url
}

const json = (res: ServerResponse, status: number, body: unknown): void => {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** What a scenario needs that this sandbox does not have: no server is to blame for that. */
const needsStore = new Set(['redis-down'])
const played = scenarios.filter(({ id }) => !needsStore.has(id))

describe('a server that says yes to everything', () => {
  it.each(played.map(({ id }) => [id]))('does not pass %s', async (id) => {
    let count = 0
    const target = await serve((_req, res) => {
      count += 1
      const token = `token-${String(count)}`
      const phone = { phoneNumber: '+8613900000000', purePhoneNumber: '13900000000' }
      json(res, 200, { token, expiresIn: 'long', keyId: '00000000', openid: 'oOpen', ...phone })
    })
    const scenario = scenarios.find((one) => one.id === id)!
    const result = await runScenario(scenario, {
      ...{ sandbox: sandbox.baseUrl, target, mode: 'contract' },
    })
    expect(result.status).toBe('failed')
  })
})

describe('a server that answers nothing but odd errors', () => {
  it.each(played.map(({ id }) => [id]))('does not pass %s', async (id) => {
    const target = await serve((_req, res) => {
      json(res, 500, { error: { code: 'what went wrong here', action: 'panic' } })
    })
    const scenario = scenarios.find((one) => one.id === id)!
    const result = await runScenario(scenario, {
      ...{ sandbox: sandbox.baseUrl, target, mode: 'contract' },
    })
    expect(result.status).toBe('failed')
    // What it calls its errors is not repeated: anything could be in it.
    expect(JSON.stringify(result.checks)).not.toContain('what went wrong here')
  })
})

describe('a server that answers null', () => {
  it.each(played.map(({ id }) => [id]))('does not pass %s', async (id) => {
    const target = await serve((_req, res) => json(res, 200, null))
    const scenario = scenarios.find((one) => one.id === id)!
    const options = { sandbox: sandbox.baseUrl, target, mode: 'contract' } as const
    expect((await runScenario(scenario, options)).status).toBe('failed')
  })
})

describe('the way through the relay', () => {
  it('keeps the path of the server, and answers without a body', async () => {
    const asked: string[] = []
    const target = await serve((req, res) => {
      asked.push(`${req.method!} ${req.url!}`)
      res.writeHead(204).end()
    })
    const reach = relayTo(`${target}/api/`, sandbox.baseUrl)
    const answers = await Promise.all([1, 2, 3].map(() => reach('/out', { method: 'POST' }, null)))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    expect(asked).toEqual(Array(3).fill('POST /api/out'))
  })

  it('gives the refusal of the relay to everybody who asked', async () => {
    const reach = relayTo('http://127.0.0.1:1', sandbox.baseUrl)
    const one = await reach('/x', {}, 'alice')
    expect(one.headers.get('x-sandbox-error')).toBe('SANDBOX_TARGET_DOWN')
    const forbidden = relayTo('http://192.0.2.1', sandbox.baseUrl)
    const answers = await Promise.all([1, 2].map(() => forbidden('/x', {}, 'alice')))
    for (const { status, headers } of answers)
      expect([status, headers.get('x-sandbox-error')]).toEqual([403, 'SANDBOX_FORBIDDEN'])
  })

  it('sends what is no text as it is, and fails for everybody where the sandbox is away', async () => {
    const types: (string | undefined)[] = []
    const target = await serve((req, res) => {
      types.push(req.headers['content-type'])
      res.end('{}')
    })
    const form = new FormData()
    form.set('avatar', new Blob(['x']))
    await relayTo(target, sandbox.baseUrl)('/me', { method: 'POST', body: form }, 'alice')
    expect(types).toEqual([expect.stringContaining('multipart/form-data')])

    const nowhere = relayTo(target, 'http://127.0.0.1:1')
    const failures = await Promise.allSettled([1, 2].map(() => nowhere('/x', {}, null)))
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('something else in the place of the sandbox', () => {
  it.each([{}, { error: { message: 'not here' } }])('is told from it: %j', async (body) => {
    const other = await serve((_req, res) => {
      json(res, 500, body)
    })
    const options = { sandbox: other, target: other, mode: 'contract' } as const
    await expect(runScenario(scenarios[0]!, options)).rejects.toThrow(SandboxUnreachableError)
    const phone = connectWeChat({ baseUrl: other, appid: 'wx1' })('alice')
    await expect(phone.login()).rejects.toThrow(/HTTP 500|not here/)
  })
})
