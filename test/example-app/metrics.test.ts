import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type FakeWeChat, signed, startFakeWeChat } from './fake-wechat.js'
import { type App, eventually, http, root, startApp } from './spawn-app.js'

jest.setTimeout(60_000)

interface Panel {
  type: string
  title: string
  datasource?: { type: string; uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; refId: string; datasource: { uid: string } }[]
}
interface Dashboard {
  title: string
  uid: string
  schemaVersion: number
  templating: { list: { name: string; type: string; query: unknown; definition?: string }[] }
  panels: Panel[]
}
interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string }
}

const read = (path: string): string => readFileSync(join(root, 'example-app', path), 'utf8')
const dashboard = JSON.parse(read('grafana/dashboard.json')) as Dashboard
const { groups } = parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)

/** The names of metrics in a query: what is left of it without labels, ranges, grouping, functions and operators. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset \w+/g, ' ')
    .replace(/\b[a-z_]+\s*\(/g, '(')
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*/g)]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless'].includes(name))
}

/** The selectors of a query: metric, and what it asks of each label. */
function selectorsIn(expr: string): { metric: string; labels: string[] }[] {
  return [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(([, metric, labels]) => ({
    metric: metric!,
    labels: [...labels!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }))
}

const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...rules.map(({ expr }) => expr),
]

let wechat: FakeWeChat
let redis: RedisServer
let app: App

const scrape = async (): Promise<string> => (await http(`${app.url}/metrics`)).body as string

/** The sum of all series of a name with these labels, in a text of Prometheus. */
function total(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((each) => line.includes(each)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const login = (code: string, more: object = {}, token?: string) =>
  http(`${app.url}/wx/login`, { body: { code, ...more }, ...(token !== undefined && { token }) })

beforeAll(async () => {
  ;[wechat, redis] = await Promise.all([startFakeWeChat(), startRedisServer()])
  app = await startApp({ ...wechat.env, REDIS_URL: redis.url, LOGIN_RATE_LIMIT: '0' })
  await eventually(
    () => http(`${app.url}/readyz`),
    ({ status }) => status === 200,
  )
})
afterAll(async () => {
  await app?.stop('SIGKILL')
  await redis?.stop()
  await wechat?.close()
})

describe('GET /metrics', () => {
  test('has logins, sessions and keys as they come and go', async () => {
    const before = await scrape()
    const { token } = (await login('alice-1')).body
    await http(`${app.url}/me`, { token })
    await http(`${app.url}/me`, { token })
    const other = (await login('bob-1')).body.token
    await http(`${app.url}/me`, { token: other })
    const wrong = signed({ nickName: 'a' }, 'not the key')
    expect((await http(`${app.url}/wx/profile`, { token, body: wrong })).status).toBe(409)
    const during = await scrape()
    const more = (name: string, labels?: Record<string, string>, text = during): number =>
      total(text, name, labels) - total(before, name, labels)
    expect(more('wx_logins_total')).toBe(2)
    expect(more('wx_login_duration_seconds_count', { result: 'made' })).toBe(2)
    expect(
      more('wx_wechat_request_duration_seconds_count', { endpoint: '/sns/jscode2session' }),
    ).toBe(2)
    expect(more('wx_wechat_answers_total', { errcode: '0' })).toBe(2)
    expect(more('wx_stale_keys_total', { result: 'refused' })).toBe(1)
    // Whoever only logged in has not been seen yet.
    expect(more('wx_sessions_active')).toBe(2)
    expect(more('redis_command_duration_seconds_count')).toBeGreaterThan(5)
    await http(`${app.url}/wx/logout`, { token, body: {} })
    const after = await scrape()
    expect(more('wx_sessions_ended_total', { reason: 'logout' }, after)).toBe(1)
    expect(more('wx_sessions_active', {}, after)).toBe(1)
  })

  test('has every refusal by its code, and what WeChat said by its errcode', async () => {
    const before = await scrape()
    wechat.answer = (_code, res) => res.end('{"errcode":40029,"errmsg":"invalid code"}')
    await login('alice-2')
    wechat.answer = (_code, res) => void res.destroy()
    await login('alice-3')
    wechat.answer = (code, res) => wechat.grant(code, res)
    await http(`${app.url}/me`)
    const text = await scrape()
    const more = (name: string, labels: Record<string, string>): number =>
      total(text, name, labels) - total(before, name, labels)
    expect(more('wx_login_failures_total', { code: 'WX_CODE_INVALID' })).toBe(1)
    expect(more('wx_login_failures_total', { code: 'WX_UPSTREAM' })).toBe(1)
    expect(more('wx_login_duration_seconds_count', { result: 'failed' })).toBe(2)
    expect(more('wx_wechat_answers_total', { errcode: '40029' })).toBe(1)
    expect(more('wx_wechat_unanswered_total', { endpoint: '/sns/jscode2session' })).toBe(1)
    expect(more('wx_guard_refusals_total', { code: 'WX_SESSION_REQUIRED' })).toBe(1)
    expect(more('wx_errors_total', { code: 'WX_SESSION_REQUIRED' })).toBe(1)
  })

  test('has no more labels than there are words, whatever WeChat answers', async () => {
    for (let i = 0; i < 70; i++) {
      wechat.answer = (_code, res) => res.end(JSON.stringify({ errcode: 70_000 + i }))
      await login(`alice-many${String(i)}`)
    }
    wechat.answer = (code, res) => wechat.grant(code, res)
    const series = (await scrape())
      .split('\n')
      .filter((line) => line.startsWith('wx_wechat_answers_total{'))
    expect(series.length).toBeLessThanOrEqual(51)
    expect(series.some((line) => line.includes('errcode="other"'))).toBe(true)
  })

  test('says that the store is away, while it is', async () => {
    const { token } = (await login('carol-1')).body
    expect(total(await scrape(), 'wx_outage', { of: 'store' })).toBe(0)
    redis.freeze()
    await http(`${app.url}/me`, { token })
    await eventually(
      () => http(`${app.url}/metrics`),
      ({ body }) => total(body as string, 'wx_outage', { of: 'store' }) === 1,
    )
    redis.thaw()
    await eventually(
      () => http(`${app.url}/metrics`),
      ({ body }) => total(body as string, 'wx_outage', { of: 'store' }) === 0,
    )
    const text = await scrape()
    expect(total(text, 'wx_outages_total', { of: 'store' })).toBeGreaterThan(0)
    expect(total(text, 'wx_store_failures_total', { late: 'true' })).toBeGreaterThan(0)
  })

  test('says that WeChat is away', async () => {
    wechat.answer = (_code, res) => void res.destroy()
    for (let i = 0; i < 10; i++) await login(`dave-${String(i)}`)
    wechat.answer = (code, res) => wechat.grant(code, res)
    expect(total(await scrape(), 'wx_outage', { of: 'wechat_login' })).toBe(1)
    await eventually(
      () => login('dave-back'),
      ({ status }) => status === 200,
    )
    expect(total(await scrape(), 'wx_outage', { of: 'wechat_login' })).toBe(0)
  })
})

// After the walk above.
describe('every query of the dashboard and the alert rules', () => {
  let text: string
  beforeAll(async () => {
    text = await scrape()
  })

  test.each([...new Set(queries)])('finds what it asks for: %s', (expr) => {
    const metrics = metricsIn(expr)
    expect(metrics.length).toBeGreaterThan(0)
    const lines = text.split('\n')
    for (const metric of metrics) {
      expect([
        metric,
        lines.some((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)),
      ]).toEqual([metric, true])
    }
    // Labels that Prometheus adds itself are not ours to have.
    for (const { metric, labels } of selectorsIn(expr)) {
      const own = labels.filter((label) => !['job', 'instance'].includes(label))
      const series = lines.filter((line) => line.startsWith(`${metric}{`))
      for (const label of own)
        expect([metric, label, series.some((line) => line.includes(`${label}="`))]).toEqual([
          metric,
          label,
          true,
        ])
    }
    for (const [, grouped] of expr.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of grouped!.split(',').map((each) => each.trim())) {
        if (['job', 'instance'].includes(label)) continue
        expect([
          label,
          metrics.some((metric) =>
            lines.some((line) => line.startsWith(`${metric}{`) && line.includes(`${label}="`)),
          ),
        ]).toEqual([label, true])
      }
    }
  })

  test('would be missed where the app has no such metric', () => {
    expect(
      metricsIn('histogram_quantile(0.99, sum by (le) (rate(no_such_bucket{a="b"}[5m]))) > 1'),
    ).toEqual(['no_such_bucket'])
    expect(text).not.toContain('no_such_bucket')
  })
})

describe('the dashboard', () => {
  test('has what Grafana needs to import it', () => {
    expect(dashboard).toMatchObject({
      title: expect.any(String) as string,
      uid: expect.stringMatching(/^[\w-]{1,40}$/) as string,
      schemaVersion: expect.any(Number) as number,
    })
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36)
    expect(dashboard).not.toHaveProperty('id')
    const source = dashboard.templating.list.find(({ type }) => type === 'datasource')
    expect(source).toMatchObject({ name: 'datasource', query: 'prometheus' })
    const ids = dashboard.panels.map((panel) => (panel as unknown as { id: number }).id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('asks the data source that is chosen, in every panel', () => {
    for (const { type, targets = [], datasource } of dashboard.panels) {
      if (type === 'row') continue
      expect(targets.length).toBeGreaterThan(0)
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' })
      for (const target of targets) expect(target.datasource.uid).toBe('${datasource}')
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
  })

  test('uses only variables that it has', () => {
    const known = [...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__all']
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!)
    expect(used.filter((name) => !known.includes(name))).toEqual([])
  })

  test('has no two panels in one place', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, i) => `${String(x + (i % w))},${String(y + Math.floor(i / w))}`,
      ),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
  })
})

describe('the alert rules', () => {
  test('each say how bad it is and what happened', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([...new Set(rules.map(({ alert }) => alert))])
    for (const rule of rules) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Wx[A-Za-z]+$/) as string,
        labels: { severity: expect.stringMatching(/^(critical|warning)$/) as string },
        annotations: { summary: expect.any(String) as string },
      })
      if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[smh]$/)
    }
  })
})
