import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { optionFaults } from '../../src/option-faults.js'
import { settingsOf } from '../../src/settings.js'
import { codes, optionPages, read, root, tableWith } from './markdown.js'

const types = ['src/types.ts', 'src/option-types.ts', 'src/push-types.ts']
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')

/** The names of an interface's fields, from the source: types are gone when the tests run. */
function fieldsOf(name: string): string[] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(types)?.[1]
  if (body === undefined) throw new Error(`no interface ${name} in the types of the options`)
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field!)
}

/** Options that are objects, and the interfaces that say what is in them. */
const nested: Record<string, string> = {
  session: 'WxSessionOptions',
  transport: 'WxTransportOptions',
  routes: 'WxRoutes',
  wechat: 'WxWeChatOptions',
  keyHistory: 'WxKeyHistoryOptions',
  messagePush: 'WxMessagePushOptions',
}

const options = [...fieldsOf('WxApp'), 'apps', ...fieldsOf('WxCommonOptions')].flatMap((name) => {
  const inner = nested[name]
  if (inner === undefined) return [name]
  return fieldsOf(inner).map((field) => `${name}.${field}`)
})

const secret = 'a secret of at least 32 bytes, as asked for'
const settings = settingsOf({ appid: 'wx1', secret: 's', session: { secret } })
const session = settings.session!

/** What the code fills in where an option is left out. */
const defaults: Record<string, unknown> = {
  'session.ttl': session.ttl,
  'session.name': session.name,
  'session.maxPerUser': settings.maxPerUser,
  redisPrefix: settings.redisPrefix,
  storeTimeout: settings.storeTimeout,
  'transport.header': settings.transport.header,
  'transport.scheme': settings.transport.scheme,
  'transport.cookie': settings.transport.cookie,
  'routes.login': settings.routes.login,
  'routes.logout': settings.routes.logout,
  'routes.session': settings.routes.session,
  'routes.profile': settings.routes.profile,
  'routes.phone': settings.routes.phone,
  'routes.messagePush': settings.routes.messagePush,
  hookTimeout: settings.hookTimeout,
  'wechat.baseUrl': settings.wechat.baseUrl,
  'wechat.timeout': settings.wechat.timeout,
  'wechat.checkEncryptedData': settings.wechat.checkEncryptedData,
  watermarkMaxAge: settings.watermarkMaxAge,
  cloudHosting: settings.cloudHosting ?? false,
  'keyHistory.size': settings.keyHistory.size,
  'keyHistory.window': settings.keyHistory.window,
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : JSON.stringify(value)

test('the types were read', () => {
  expect(options).toContain('session.secret')
  expect(options).toContain('messagePush.token')
  expect(options).toContain('wechat.code2Session')
})

test.each(options)('wxLogin knows the option %s of the types', (path) => {
  const probe = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), undefined)
  expect(optionFaults(probe).filter((fault) => fault.includes('unknown option'))).toEqual([])
})

describe.each(optionPages)('the table of options in %s', (path) => {
  const rows = tableWith(read(path), 'session.secret')
  const documented = new Map(rows.map((row) => [codes(row[0]!)[0]!, row]))

  test('lists every option once and nothing else', () => {
    const named = rows.map(([name]) => codes(name!)[0]!)
    // `session` has a row of its own: leaving it out means something.
    expect(named.filter((name) => name !== 'session').toSorted()).toEqual(options.toSorted())
  })

  test.each(Object.entries(defaults))('%s: the default is that of the code', (name, value) => {
    expect(codes(documented.get(name)?.[2] ?? '')).toEqual([literal(value)])
  })

  test('the default of session.cookie is that of the code', () => {
    const cell = codes(documented.get('session.cookie')![2]!)[0]!
    const { secure, ...flags } = session.cookie
    const shown = Object.entries(flags).map(([name, value]) => `${name}: ${literal(value)}`)
    expect(cell).toBe(`{ ${shown.join(', ')} }`)
    expect(secure).toBe('auto')
  })

  test('every flag of session.cookie is named', () => {
    const flags = /Pick<\s*CookieOptions,([^>]+)>/.exec(types)![1]!
    const named = codes(documented.get('session.cookie')![3]!)
    for (const [, flag] of flags.matchAll(/'(\w+)'/g)) expect(named).toContain(flag)
    expect(named).toContain('secure')
  })
})
