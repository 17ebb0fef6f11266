import { isIP } from 'node:net'
import { randomBytes } from 'node:crypto'
import { createRedis } from 'express-wx-login/redis'
import * as v from 'valibot'
import { wantsTracing } from './tracing.js'

/** Which WeChat this server talks to. */
export type WeChatConfig =
  /** The bundled sandbox, started in this process. */
  | { mode: 'sandbox'; port: number }
  /** A sandbox that runs elsewhere, with the sandbox' own app. */
  | { mode: 'remote-sandbox'; baseUrl: string }
  /** WeChat itself, or whatever stands at `baseUrl`. */
  | { mode: 'wechat'; appid: string; secret: string; baseUrl?: string }

/** Everything the environment decides, checked. */
export interface Config {
  production: boolean
  port: number
  wechat: WeChatConfig
  /** The first signs and seals; the second, of before a rotation, is still accepted. */
  sessionSecrets: string[]
  /** Nobody set a secret: this one dies with the process. */
  randomSessionSecret: boolean
  redisUrl?: string
  databaseUrl?: string
  /** Logins a minute and client address; 0: no limit. */
  loginRateLimit: number
  /** Express' `trust proxy`. */
  trustProxy?: number | string
  logLevel: string
  /** OpenTelemetry's own variables ask for spans. */
  tracing: boolean
}

/** The environment is not usable; `message` lists everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(readonly faults: string[]) {
    super(`The environment is not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
  }
}

// Messages name the variable and never its value: several of them are secrets or hold one.

const wholeNumber = (name: string, fallback: number, max: number) =>
  v.pipe(
    v.optional(v.string(), String(fallback)),
    v.check(
      (text) => /^\d{1,9}$/.test(text) && Number(text) <= max,
      `${name} must be a whole number from 0 to ${max}.`,
    ),
    v.transform(Number),
  )

const url = (name: string, schemes: string[], example: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.check((text) => {
        return URL.canParse(text) && schemes.includes(new URL(text).protocol)
      }, `${name} must be a URL like ${example}.`),
    ),
  )

/** Several hosts in one URL are none for `URL`; what createRedis takes it can connect to. */
const isRedisUrl = (text: string): boolean => {
  try {
    createRedis(text) // connects to nothing
    return true
  } catch {
    return false
  }
}

const secret = (name: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.minLength(
        32,
        `${name} must be at least 32 characters long. Make one: openssl rand -hex 32`,
      ),
    ),
  )

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const proxyNames = ['loopback', 'linklocal', 'uniquelocal']

const isProxyList = (text: string) =>
  text.split(',').every((part) => {
    const [address = '', bits] = part.trim().split('/')
    const family = isIP(address)
    if (family === 0) return bits === undefined && proxyNames.includes(address)
    return (
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    )
  })

const environment = v.object({
  NODE_ENV: v.optional(v.string()),
  PORT: wholeNumber('PORT', 3000, 65535),
  SANDBOX_PORT: wholeNumber('SANDBOX_PORT', 3900, 65535),
  WX_APPID: v.optional(v.string()),
  WX_SECRET: v.optional(v.string()),
  WX_API_BASE: url('WX_API_BASE', ['http:', 'https:'], 'http://127.0.0.1:3900'),
  SESSION_SECRET: secret('SESSION_SECRET'),
  SESSION_SECRET_OLD: secret('SESSION_SECRET_OLD'),
  REDIS_URL: v.optional(
    v.pipe(
      v.string(),
      v.check(
        isRedisUrl,
        'REDIS_URL must be a URL like redis://127.0.0.1:6379, redis+sentinel://127.0.0.1:26379,127.0.0.1:26380/mymaster or redis+cluster://127.0.0.1:7000,127.0.0.1:7001.',
      ),
    ),
  ),
  DATABASE_URL: url(
    'DATABASE_URL',
    ['postgres:', 'postgresql:'],
    'postgres://user:password@127.0.0.1:5432/app',
  ),
  LOGIN_RATE_LIMIT: wholeNumber('LOGIN_RATE_LIMIT', 300, 1_000_000),
  TRUST_PROXY: v.optional(
    v.pipe(
      v.string(),
      // `true` would let every client choose the address it is limited by.
      v.check(
        (text) => /^\d{1,2}$/.test(text) || isProxyList(text),
        'TRUST_PROXY must be the number of proxies in front of this server, or their addresses separated by commas.',
      ),
    ),
  ),
  LOG_LEVEL: v.optional(
    v.picklist(logLevels, `LOG_LEVEL must be one of ${logLevels.join(', ')}.`),
    'info',
  ),
})

type Environment = v.InferOutput<typeof environment>

/** Picks the WeChat to talk to. A half-set app is a mistake, never a reason to play sandbox. */
function chooseWeChat(
  env: Pick<Environment, 'WX_APPID' | 'WX_SECRET' | 'WX_API_BASE'> & { SANDBOX_PORT: number },
): WeChatConfig | string {
  const { WX_APPID: appid, WX_SECRET: appSecret, WX_API_BASE: baseUrl } = env
  if (appid !== undefined && appSecret !== undefined)
    return { mode: 'wechat', appid, secret: appSecret, ...(baseUrl !== undefined && { baseUrl }) }
  if (appid !== undefined)
    return 'WX_APPID is set but WX_SECRET is not. Set both, or neither for the sandbox.'
  if (appSecret !== undefined)
    return 'WX_SECRET is set but WX_APPID is not. Set both, or neither for the sandbox.'
  return baseUrl === undefined
    ? { mode: 'sandbox', port: env.SANDBOX_PORT }
    : { mode: 'remote-sandbox', baseUrl }
}

/**
 * Reads the configuration from the environment.
 *
 * @throws {ConfigError} with all faults at once
 */
export function readConfig(source: NodeJS.ProcessEnv): Config {
  // `PORT=` in an env file or a compose file means "not set".
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const parsed = v.safeParse(environment, given)
  const faults = parsed.success ? [] : parsed.issues.map((issue) => issue.message)

  const production = given.NODE_ENV === 'production'
  const wechat = chooseWeChat({
    WX_APPID: given.WX_APPID,
    WX_SECRET: given.WX_SECRET,
    WX_API_BASE: given.WX_API_BASE,
    SANDBOX_PORT: parsed.success ? parsed.output.SANDBOX_PORT : 0,
  })
  if (typeof wechat === 'string') faults.push(wechat)
  else if (production && wechat.mode !== 'wechat')
    faults.push(
      'NODE_ENV=production needs WX_APPID and WX_SECRET: the sandbox lets anybody in as anybody.',
    )
  if (production && given.SESSION_SECRET === undefined)
    faults.push('NODE_ENV=production needs SESSION_SECRET. Make one: openssl rand -hex 32')
  if (production && given.REDIS_URL === undefined)
    faults.push('NODE_ENV=production needs REDIS_URL: sessions in memory end with the process.')

  if (!parsed.success || typeof wechat === 'string' || faults.length > 0)
    throw new ConfigError(faults)

  const env = parsed.output
  const randomSessionSecret = env.SESSION_SECRET === undefined
  const sessionSecrets = [env.SESSION_SECRET ?? randomBytes(32).toString('hex')]
  if (env.SESSION_SECRET_OLD !== undefined) sessionSecrets.push(env.SESSION_SECRET_OLD)
  const trust = env.TRUST_PROXY
  return {
    production,
    port: env.PORT,
    wechat,
    sessionSecrets,
    randomSessionSecret,
    loginRateLimit: env.LOGIN_RATE_LIMIT,
    logLevel: env.LOG_LEVEL,
    tracing: wantsTracing(source),
    ...(env.REDIS_URL !== undefined && { redisUrl: env.REDIS_URL }),
    ...(env.DATABASE_URL !== undefined && { databaseUrl: env.DATABASE_URL }),
    ...(trust !== undefined && { trustProxy: /^\d+$/.test(trust) ? Number(trust) : trust }),
  }
}
