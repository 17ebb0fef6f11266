import { closest, distance } from 'fastest-levenshtein'
import * as v from 'valibot'
import { warnOnce } from './diagnostics.js'
import { WxLoginError } from './errors.js'
import type {
  WxApp,
  WxAppResolver,
  WxCommonOptions,
  WxFetch,
  WxLoginOptions,
  WxRoutes,
  WxSessionOptions,
} from './types.js'

const production = (): boolean => process.env['NODE_ENV'] === 'production'

const text = (what: string): v.GenericSchema<string> =>
  v.pipe(
    v.string(`must be ${what}`),
    v.regex(/^[\x21-\x7e]{1,128}$/, `must be ${what} without spaces`),
  )

const secretText = v.pipe(
  v.string('must be a string'),
  v.check((s) => Buffer.byteLength(s) >= 32, 'must be at least 32 bytes long'),
)
const secrets = v.union(
  [secretText, v.pipe(v.array(secretText), v.minLength(1))],
  'must be a string of at least 32 bytes, or a list of such strings',
)
const whole = (unit: string): v.GenericSchema<number> =>
  v.pipe(
    v.number(`must be a whole number of ${unit}`),
    v.integer(`must be a whole number of ${unit}`),
    v.minValue(1, `must be at least 1 (${unit})`),
  )
const milliseconds = v.pipe(
  whole('ms'),
  v.maxValue(2 ** 31 - 1, 'must be shorter than 24 days (ms)'),
)
const hook = v.optional(v.function('must be a function'))
const route = v.optional(
  v.union(
    [v.literal(false), v.pipe(v.string(), v.startsWith('/'))],
    'must be a path that starts with /, or false',
  ),
)
const token = (what: string): v.GenericSchema<string> =>
  v.pipe(v.string(`must be ${what}`), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, `must be ${what}`))

const appid = v.pipe(
  v.string('must be the AppID'),
  v.regex(/^[\w-]{1,64}$/, 'must be the AppID: letters and digits'),
)
const app = v.object({ appid, secret: text('the AppSecret') })

const schema = v.object({
  appid: v.optional(app.entries.appid),
  secret: v.optional(app.entries.secret),
  apps: v.optional(
    v.union(
      [v.function(), v.pipe(v.array(app), v.minLength(1))],
      'must be a list of { appid, secret }, or a function',
    ),
  ),
  session: v.optional(
    v.object(
      {
        secret: secrets,
        ttl: v.optional(whole('seconds')),
        name: v.optional(token('a cookie name')),
        cookie: v.optional(
          v.object({
            httpOnly: v.optional(v.boolean()),
            secure: v.optional(v.union([v.boolean(), v.literal('auto')])),
            sameSite: v.optional(v.union([v.boolean(), v.picklist(['lax', 'strict', 'none'])])),
            path: v.optional(v.string()),
            domain: v.optional(v.string()),
            partitioned: v.optional(v.boolean()),
          }),
        ),
        store: v.optional(
          v.custom<object>(
            (s) => typeof (s as { get?: unknown } | null)?.get === 'function',
            'must be an express-session store',
          ),
        ),
        maxPerUser: v.optional(whole('sessions')),
      },
      'must be an object: { secret: … }',
    ),
  ),
  redis: v.optional(
    v.custom<object>((c) => typeof c === 'object' && c !== null, 'must be a client'),
  ),
  redisPrefix: v.optional(v.string()),
  storeTimeout: v.optional(milliseconds),
  transport: v.optional(
    v.object({
      header: v.optional(token('a header name')),
      scheme: v.optional(v.union([v.literal(''), token('one word')], 'must be one word, or empty')),
      cookie: v.optional(v.boolean('must be true or false')),
    }),
  ),
  routes: v.optional(v.object({ login: route, logout: route, session: route, profile: route })),
  onUser: hook,
  onLogin: hook,
  onLogout: hook,
  onRevoke: hook,
  onError: hook,
  hookTimeout: v.optional(milliseconds),
  wechat: v.optional(
    v.object({
      baseUrl: v.optional(
        v.pipe(
          v.string('must be a URL'),
          v.check(
            usableBaseUrl,
            'must be an https URL (http only for this machine, or outside production)',
          ),
        ),
      ),
      timeout: v.optional(milliseconds),
      fetch: hook,
      code2Session: hook,
    }),
  ),
  watermarkMaxAge: v.optional(whole('seconds')),
  keySecret: v.optional(secrets),
})

function usableBaseUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'https:') return true
  if (url?.protocol !== 'http:') return false
  return !production() || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}

type Entries = Record<string, unknown>

/** The fields of an object schema, or of an optional one. */
function entriesOf(node: unknown): Entries | undefined {
  const { entries, wrapped } = node as { entries?: Entries; wrapped?: unknown }
  return entries ?? (wrapped ? entriesOf(wrapped) : undefined)
}

function unknownKeys(entries: Entries, value: object, path: string): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined
    if (entry === undefined) {
      const near = closest(key.toLowerCase(), Object.keys(entries))
      const hint =
        distance(key.toLowerCase(), near) <= Math.max(2, near.length / 2)
          ? `, did you mean \`${near}\`?`
          : ''
      return [`${path}${key}: unknown option${hint}`]
    }
    const deeper = entriesOf(entry)
    return deeper && typeof inner === 'object' && inner !== null
      ? unknownKeys(deeper, inner, `${path}${key}.`)
      : []
  })
}

/** What is wrong with the options, each fault in one line that says which option and what it must be. */
export function optionFaults(options: unknown): string[] {
  if (typeof options !== 'object' || options === null) return ['must be called with an object']
  const result = v.safeParse(schema, options)
  const faults = unknownKeys(schema.entries, options, '')
  for (const issue of result.issues ?? []) {
    const path = v.getDotPath(issue)
    faults.push(path ? `${path}: ${issue.message}` : issue.message)
  }
  const o = options as Partial<Record<keyof WxCommonOptions | 'appid' | 'secret' | 'apps', unknown>>
  if (o.apps !== undefined && (o.appid !== undefined || o.secret !== undefined)) {
    faults.push('apps: give either apps, or appid and secret')
  } else if (o.apps === undefined) {
    if (o.appid === undefined) faults.push('appid: missing')
    if (o.secret === undefined) faults.push('secret: missing (the AppSecret of the mini program)')
  }
  const session = o.session as Partial<WxSessionOptions> | undefined
  if (
    session !== undefined &&
    session.store === undefined &&
    o.redis === undefined &&
    production()
  ) {
    faults.push(
      'redis: missing; sessions in memory are for development, give redis or session.store',
    )
  }
  if (session === undefined && typeof o.apps === 'function' && o.keySecret === undefined) {
    faults.push(
      'keySecret: missing; it seals session keys where apps is a function and the session is yours',
    )
  }
  return faults
}

/** One error that names every fault. */
export function optionError(faults: string[]): WxLoginError {
  return new WxLoginError('WX_APP_CONFIG', {
    message: `wxLogin: ${faults.length === 1 ? 'an option is' : `${String(faults.length)} options are`} wrong:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
  })
}

/** The options with every default filled in. */
export interface Settings {
  /** The app of a list; undefined with a resolver. */
  readonly apps: ReadonlyMap<string, WxApp> | undefined
  readonly resolver: WxAppResolver | undefined
  readonly session: SessionSettings | undefined
  readonly redisPrefix: string
  readonly storeTimeout: number
  readonly maxPerUser: number
  readonly transport: { readonly header: string; readonly scheme: string; readonly cookie: boolean }
  readonly routes: Readonly<WxRoutes>
  readonly hooks: Pick<WxCommonOptions, 'onUser' | 'onLogin' | 'onLogout' | 'onRevoke' | 'onError'>
  readonly hookTimeout: number
  readonly wechat: {
    readonly baseUrl: string
    readonly timeout: number
    readonly fetch: WxFetch
    readonly code2Session: NonNullable<WxCommonOptions['wechat']>['code2Session']
  }
  readonly watermarkMaxAge: number
  /** The first seals session keys, all of them open. */
  readonly keySecrets: readonly string[]
}

/** The session part of {@link Settings}, where the plugin owns the session. */
export interface SessionSettings {
  readonly store: WxSessionOptions['store']
  readonly secrets: readonly string[]
  readonly ttl: number
  readonly name: string
  readonly cookie: NonNullable<WxSessionOptions['cookie']>
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

/** Fills in the defaults; call it with options in which {@link optionFaults} finds nothing. */
export function settingsOf(options: WxLoginOptions): Settings {
  const { apps, session, transport, wechat } = options
  const appList =
    typeof apps === 'function'
      ? undefined
      : (apps ?? [{ appid: options.appid!, secret: options.secret! }])
  if (wechat?.baseUrl?.startsWith('http:')) {
    warnOnce('WX_HTTP', 'wechat.baseUrl is not https: the AppSecret travels in the clear')
  }
  return {
    apps: appList && new Map(appList.map((a) => [a.appid, a])),
    resolver: typeof apps === 'function' ? apps : undefined,
    session: session && sessionSettings(session, transport?.cookie ?? false),
    redisPrefix: options.redisPrefix ?? 'wx:',
    storeTimeout: options.storeTimeout ?? 1000,
    maxPerUser: session?.maxPerUser ?? 100,
    transport: {
      header: (transport?.header ?? 'authorization').toLowerCase(),
      scheme: transport?.scheme ?? 'Bearer',
      cookie: transport?.cookie ?? false,
    },
    routes: {
      login: options.routes?.login ?? '/wx/login',
      logout: options.routes?.logout ?? '/wx/logout',
      session: options.routes?.session ?? '/wx/session',
      profile: options.routes?.profile ?? '/wx/profile',
    },
    hooks: options,
    hookTimeout: options.hookTimeout ?? 5000,
    wechat: {
      baseUrl: (wechat?.baseUrl ?? 'https://api.weixin.qq.com').replace(/\/+$/, ''),
      timeout: wechat?.timeout ?? 5000,
      // Looked up at each call, so that a global fetch replaced later (a proxy, a tracer) is used.
      fetch: wechat?.fetch ?? ((url, init) => fetch(url, init)),
      code2Session: wechat?.code2Session,
    },
    watermarkMaxAge: options.watermarkMaxAge ?? 3600,
    keySecrets: list(options.keySecret ?? session?.secret ?? (appList ?? []).map((a) => a.secret)),
  }
}

function sessionSettings(session: WxSessionOptions, cookieTransport: boolean): SessionSettings {
  const cookie = {
    httpOnly: true,
    secure: production() ? true : ('auto' as unknown as boolean),
    sameSite: 'lax' as const,
    path: '/',
    ...session.cookie,
  }
  if (cookieTransport && production() && cookie.secure !== true) {
    warnOnce(
      'WX_COOKIE_INSECURE',
      'session.cookie.secure is off: the session cookie travels in the clear',
    )
  }
  return {
    secrets: list(session.secret),
    ttl: session.ttl ?? 7 * 24 * 3600,
    name: session.name ?? 'wx.sid',
    cookie,
    store: session.store,
  }
}
