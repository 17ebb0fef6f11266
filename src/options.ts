import * as v from 'valibot'

/** Whether this process serves real users. */
export const production = (): boolean => process.env['NODE_ENV'] === 'production'

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
  [secretText, v.pipe(v.array(secretText), v.minLength(1, 'must not be empty'))],
  'must be a string of at least 32 bytes, or a list of such strings',
)
const whole = (unit: string): v.GenericSchema<number> =>
  v.pipe(
    v.number(`must be a whole number of ${unit}`),
    v.integer(`must be a whole number of ${unit}`),
    v.minValue(1, `must be at least 1 (${unit})`),
  )
/** How long a session lives unused where nobody says otherwise, in seconds: 7 days. */
export const defaultTtl = 7 * 24 * 3600
const lifetime = v.pipe(
  whole('seconds'),
  v.maxValue(10 * 365 * 24 * 3600, 'must be at most ten years (seconds)'),
)
const milliseconds = v.pipe(
  whole('ms'),
  v.maxValue(2 ** 31 - 1, 'must be shorter than 24 days (ms)'),
)
const hook = v.optional(v.function('must be a function'))
const route = v.optional(
  v.union(
    [v.literal(false), v.pipe(v.string(), v.startsWith('/', 'must start with /'))],
    'must be a path that starts with /, or false',
  ),
)
const token = (what: string): v.GenericSchema<string> =>
  v.pipe(v.string(`must be ${what}`), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, `must be ${what}`))

/** What an AppID looks like, as far as it matters here: nothing that a key or a header could trip over. */
export const appidPattern = /^[\w-]{1,64}$/
const appid = v.pipe(
  v.string('must be the AppID'),
  v.regex(appidPattern, 'must be the AppID: letters and digits'),
  v.check(
    (id) => !id.startsWith('gh_'),
    'is the original id (原始ID); give the AppID, which begins with wx',
  ),
  v.check(
    (id) => id !== 'touristappid',
    'is the one of a project without a mini program; give the AppID of yours',
  ),
)
type Methods = Record<string, unknown> | null | undefined

/** One mini program. */
export const appSchema = v.object({ appid, secret: text('the AppSecret') }, (issue) =>
  issue.expected === 'Object' ? 'must be { appid, secret }' : 'missing',
)

/** What `wxLogin` takes. */
export const optionSchema = v.object({
  appid: v.optional(appSchema.entries.appid),
  secret: v.optional(appSchema.entries.secret),
  apps: v.optional(
    v.lazy((apps) =>
      typeof apps === 'function'
        ? v.function()
        : v.pipe(
            v.array(appSchema, 'must be a list of { appid, secret }, or a function'),
            v.minLength(1, 'must not be empty'),
          ),
    ),
  ),
  session: v.optional(
    v.object(
      {
        secret: secrets,
        ttl: v.optional(lifetime),
        absoluteTtl: v.optional(lifetime),
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
            (s) =>
              ['get', 'set', 'destroy', 'on'].every(
                (m) => typeof (s as Methods)?.[m] === 'function',
              ),
            'must be an express-session store',
          ),
        ),
        maxPerUser: v.optional(whole('sessions')),
      },
      (issue) =>
        issue.expected === 'Object'
          ? 'must be an object: { secret: … }'
          : 'missing (at least 32 bytes; it signs the tokens)',
    ),
  ),
  redis: v.optional(
    v.custom<object>((c) => typeof c === 'object' && c !== null, 'must be a client'),
  ),
  redisPrefix: v.optional(v.string('must be a string')),
  storeTimeout: v.optional(milliseconds),
  transport: v.optional(
    v.object({
      header: v.optional(token('a header name')),
      scheme: v.optional(v.union([v.literal(''), token('one word')], 'must be one word, or empty')),
      cookie: v.optional(v.boolean('must be true or false')),
    }),
  ),
  routes: v.optional(
    v.object({
      login: route,
      logout: route,
      session: route,
      profile: route,
      phone: route,
      messagePush: route,
    }),
  ),
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
      accessToken: hook,
      checkEncryptedData: v.optional(v.boolean('must be true or false')),
    }),
  ),
  watermarkMaxAge: v.optional(whole('seconds')),
  keyHistory: v.optional(
    v.object({
      size: v.optional(v.pipe(whole('keys'), v.maxValue(20, 'must be at most 20 (keys)'))),
      window: v.optional(lifetime),
    }),
  ),
  messagePush: v.optional(
    v.object({
      token: v.pipe(
        v.string('must be the Token of the admin console'),
        v.regex(
          /^[A-Za-z0-9]{3,32}$/,
          'must be the Token of the admin console: 3 to 32 letters and digits',
        ),
      ),
      encodingAESKey: v.optional(
        v.pipe(
          v.string('must be the EncodingAESKey of the admin console'),
          v.regex(
            /^[A-Za-z0-9]{43}$/,
            'must be the EncodingAESKey of the admin console: 43 letters and digits',
          ),
        ),
      ),
      onMessage: hook,
    }),
  ),
  keySecret: v.optional(secrets),
  cloudHosting: v.optional(
    v.union(
      [v.boolean(), v.object({ resourceSharing: v.optional(v.boolean()) })],
      'must be true, false, or { resourceSharing: true }',
    ),
  ),
})

function usableBaseUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || url.search !== '' || url.hash !== '') return false
  if (url.protocol === 'https:') return true
  if (url.protocol !== 'http:') return false
  return !production() || isLoopback(value)
}

/** Whether a URL leads to this machine. */
export function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
}
