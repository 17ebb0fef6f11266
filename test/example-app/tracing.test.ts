import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FakeWeChat, signed, startFakeWeChat } from './fake-wechat.js'
import { type App, http, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

type Value = { stringValue?: string; intValue?: number; arrayValue?: { values: Value[] } }
interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: Value }[]
  status: { code: number }
}
interface Export {
  resourceSpans: {
    resource: { attributes: Span['attributes'] }
    scopeSpans: { spans: Span[] }[]
  }[]
}

/** What receives spans over OTLP/HTTP, as a collector does. */
interface Collector {
  url: string
  /** Every body that came, as it came. */
  bodies: string[]
  paths: Set<string>
  spans(): Span[]
  server: Server
}

async function startCollector(): Promise<Collector> {
  const bodies: string[] = []
  const paths = new Set<string>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      paths.add(`${String(req.method)} ${String(req.url)} ${String(req.headers['content-type'])}`)
      bodies.push(Buffer.concat(chunks).toString())
      res.setHeader('content-type', 'application/json')
      res.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    bodies,
    paths,
    spans: () =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as Export).resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
    server,
  }
}

const attributesOf = ({ attributes }: Pick<Span, 'attributes'>): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.arrayValue?.values.map((each) => each.stringValue) ??
        value.stringValue ??
        value.intValue,
    ]),
  )

let wechat: FakeWeChat
let collector: Collector
beforeAll(async () => {
  ;[wechat, collector] = await Promise.all([startFakeWeChat(), startCollector()])
})
afterAll(async () => {
  collector?.server.close()
  await wechat?.close()
})

describe('with the address of a collector', () => {
  let app: App
  let token: string
  const canaries = new Map<string, string>()
  const named = (name: string): Span[] => collector.spans().filter((span) => span.name === name)
  const login = (code: string, headers: Record<string, string> = {}, more: object = {}) => {
    canaries.set(`code ${code}`, code)
    return http(`${app.url}/wx/login`, { body: { code, ...more }, headers })
  }
  const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

  beforeAll(async () => {
    app = await startApp({
      ...wechat.env,
      SESSION_SECRET: 'canary-of-the-session-secret-0123456789',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'walk',
    })
    canaries.set('AppSecret', wechat.env.WX_SECRET!)
    canaries.set('session secret', 'canary-of-the-session-secret-0123456789')
    const traceparent = `00-${parent.traceId}-${parent.spanId}-01`
    const made = await login('alice-canary1', { traceparent, 'x-request-id': 'req-of-alice' })
    token = (made.body as { token: string }).token
    canaries.set('token', token)
    const key = wechat.sessionKeys.get('alice-canary1')!
    await http(`${app.url}/me?token=${token}&code=alice-canary1`, { token })
    await http(`${app.url}/me/${token}`, { token })
    const data = signed({ nickName: 'canary-nickname' }, key)
    canaries.set('nickname', 'canary-nickname')
    canaries.set('signature', data.signature)
    await http(`${app.url}/wx/profile`, { token, body: data })
    await http(`${app.url}/wx/phone`, { token, body: { code: 'canary-phone-code' } })
    canaries.set('phone code', 'canary-phone-code')
    wechat.answer = (_code, res) =>
      res.end(JSON.stringify({ errcode: 40125, errmsg: `invalid ${wechat.env.WX_SECRET!}` }))
    await login('alice-canary2')
    wechat.answer = (_code, res) => void res.destroy()
    await login('alice-canary3')
    await http(`${app.url}/healthz`)
    // What is left is sent at the end.
    await app.stop()
    for (const [code, sessionKey] of wechat.sessionKeys)
      canaries.set(`session_key of ${code}`, sessionKey)
  })

  test('spans go there as JSON, under the name that the environment gives', () => {
    expect([...collector.paths]).toEqual(['POST /v1/traces application/json'])
    const { resource } = (JSON.parse(collector.bodies[0]!) as Export).resourceSpans[0]!
    expect(attributesOf(resource)).toMatchObject({ 'service.name': 'walk' })
  })

  test('a login is a span, and the exchange with WeChat one under it', () => {
    const [made, refused, unanswered] = named('POST /wx/login')
    expect(attributesOf(made!)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/wx/login',
      'http.response.status_code': 200,
      'http.response.header.x-request-id': ['req-of-alice'],
    })
    const exchanges = named('WeChat /sns/jscode2session')
    const childOf = (span: Span) =>
      exchanges.filter(({ parentSpanId }) => parentSpanId === span.spanId)
    const [good] = childOf(made!)
    const [bad] = childOf(refused!)
    const [lost] = childOf(unanswered!)
    expect([good, bad, lost].map((span) => span?.kind)).toEqual([3, 3, 3])
    const call = { 'url.template': '/sns/jscode2session', 'wechat.appid': wechat.env.WX_APPID }
    expect(attributesOf(good!)).toEqual({ ...call, 'wechat.errcode': 0 })
    expect(attributesOf(bad!)).toEqual({ ...call, 'wechat.errcode': 40125, 'error.type': '40125' })
    expect(attributesOf(lost!)).toEqual({ ...call, 'error.type': 'WX_UPSTREAM' })
    expect([good, bad, lost].map((span) => span!.status.code)).toEqual([0, 2, 2])
    expect(good!.traceId).toBe(made!.traceId)
    // 500 and 502.
    expect([made, refused, unanswered].map((span) => span!.status.code)).toEqual([0, 2, 2])
  })

  test('the trace of a proxy in front goes on', () => {
    const [made] = named('POST /wx/login')
    expect(made).toMatchObject({ traceId: parent.traceId, parentSpanId: parent.spanId, kind: 2 })
  })

  test('calls of the server API stand under the request that made them', () => {
    const [phone] = named('POST /wx/phone')
    const [asked] = named('WeChat /cgi-bin/stable_token')
    expect(asked!.parentSpanId).toBe(phone!.spanId)
  })

  test('probes make no span, and a path that is no route only one without its name', () => {
    const names = collector.spans().map(({ name }) => name)
    expect(names.filter((name) => name.includes('healthz'))).toEqual([])
    expect(names).toContain('GET none')
  })

  test('no span holds a secret, a code, a token, a key or what people wrote', () => {
    const sent = collector.bodies.join('\n')
    expect(collector.spans().length).toBeGreaterThan(8)
    expect(canaries.size).toBeGreaterThan(7)
    const found = [...canaries].filter(
      ([, value]) => sent.includes(value) || sent.includes(encodeURIComponent(value)),
    )
    expect(found.map(([name]) => name)).toEqual([])
    // Nor any URL: whatever stands in a query.
    expect(sent).not.toMatch(/js_code|access_token=|grant_type/)
  })
})

describe.each([
  ['without an address', {}],
  [
    'with OTEL_SDK_DISABLED',
    { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  ],
])('%s', (_, env) => {
  test('nothing of the SDK is loaded', async () => {
    const coverage = mkdtempSync(join(tmpdir(), 'otel-'))
    const app = await startApp({ ...wechat.env, ...env, NODE_V8_COVERAGE: coverage })
    wechat.answer = (code, res) => wechat.grant(code, res)
    expect((await http(`${app.url}/wx/login`, { body: { code: 'eve-1' } })).status).toBe(200)
    await app.stop()
    const loaded = readdirSync(coverage)
      .flatMap(
        (file) =>
          (JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string }[] })
            .result,
      )
      .map(({ url }) => url)
    rmSync(coverage, { recursive: true })
    expect(loaded.some((url) => url.endsWith('/dist/tracing.js'))).toBe(true)
    expect(loaded.filter((url) => /@opentelemetry\/(?!api\/)|dist\/otel\.js/.test(url))).toEqual([])
  })
})
