import { randomBytes } from 'node:crypto'
import { closest, distance } from 'fastest-levenshtein'
import { optionFaults } from '../option-faults.js'
import { production } from '../options.js'
import type { WxFinding } from '../readiness-types.js'
import { parseRedisUrl } from '../redis/redis-url.js'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../sandbox-app.js'
import { consolePage, fault, fine, warning } from './finding.js'
import { type Patient, wechatAt } from './patient.js'

/** What a server would be set up with. */
export interface Environment {
  findings: WxFinding[]
  /** Without its Redis client, which is not open yet. */
  patient: Patient
  /** Undefined also where it is none. */
  redisUrl: string | undefined
}

const randomSecret = 'Make one with: openssl rand -hex 32, the same in every process.'

/** The variables that are options, and how each is put right. */
const variables: Readonly<Record<string, readonly [option: string, fix: string]>> = {
  WX_APPID: [
    'appid',
    `Set it to the AppID from ${consolePage}; without one, start the sandbox (npx express-wx-login sandbox) and set WX_API_BASE to its address.`,
  ],
  WX_SECRET: ['secret', `Set it to the AppSecret (开发者密码) from ${consolePage}.`],
  SESSION_SECRET: ['session.secret', randomSecret],
  WX_API_BASE: ['wechat.baseUrl', 'Leave it unset, so that WeChat itself is asked.'],
}

/** Other variables that this package and its example app read. */
const alsoKnown = ['SESSION_SECRET_OLD', 'REDIS_URL']

/** A fault of an option, in the words of the environment. */
function inVariables(text: string): WxFinding {
  for (const [name, [option, fix]] of Object.entries(variables)) {
    if (text.startsWith(`${option}: `)) {
      return fault('options', `${name}${text.slice(option.length)}.`, fix)
    }
  }
  return fault('options', `${text}.`, 'Correct the environment.')
}

/** What is wrong with a Redis URL: the message quotes nothing of it. */
function redisUrlFaults(url: string | undefined): WxFinding[] {
  try {
    if (url !== undefined) parseRedisUrl(url)
    return []
  } catch (error) {
    return [
      fault(
        'options',
        `REDIS_URL: ${(error as TypeError).message}`,
        'Correct REDIS_URL; special characters in user and password are percent-encoded.',
      ),
    ]
  }
}

/** Variables that look as if one of ours was meant. */
function misspelt(env: NodeJS.ProcessEnv): WxFinding[] {
  const known = [...Object.keys(variables), ...alsoKnown]
  const missing = known.filter((name) => !env[name] && name !== 'SESSION_SECRET_OLD')
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name) || missing.length === 0) return []
    const plain = name.toUpperCase().replace(/^(WECHAT|WEIXIN|WXAPP)_/, 'WX_')
    const near = closest(plain, missing)
    const close = plain.startsWith('WX_') ? 4 : 2
    if (!/^\w{1,64}$/.test(name) || distance(plain, near) > close) return []
    return [
      warning(
        'options',
        `${name} is set, which nothing reads; ${near} is not.`,
        `Call it ${near}.`,
      ),
    ]
  })
}

/** Reads the environment as the example app does. Messages name variables, and no value but the AppID. */
export function readEnvironment(source: NodeJS.ProcessEnv): Environment {
  // `REDIS_URL=` in an env file means "not set".
  const env = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const { WX_API_BASE: baseUrl, REDIS_URL: redisUrl } = env
  const findings = misspelt(env)

  let { WX_APPID: appid, WX_SECRET: secret } = env
  if (appid === undefined && secret === undefined && baseUrl !== undefined) {
    ;[appid, secret] = [SANDBOX_APPID, SANDBOX_SECRET]
    findings.push(
      fine('options', 'WX_APPID and WX_SECRET are not set: the app of the sandbox is taken.'),
    )
  }
  let { SESSION_SECRET: sessionSecret } = env
  if (sessionSecret === undefined && !production()) {
    findings.push(
      warning(
        'session',
        'SESSION_SECRET is not set: a random one dies with the process, and with it every session.',
        randomSecret,
      ),
    )
    sessionSecret = randomBytes(32).toString('hex')
  }
  const { SESSION_SECRET_OLD: oldSecret } = env

  const faults = optionFaults({
    ...(appid !== undefined && { appid }),
    ...(secret !== undefined && { secret }),
    session: { ...(sessionSecret !== undefined && { secret: sessionSecret }) },
    ...(baseUrl !== undefined && { wechat: { baseUrl } }),
    ...(redisUrl !== undefined && { redis: {} }),
    // Told with the session, where it is said why.
  }).filter((text) => !text.startsWith('redis: missing'))
  const wrong = [...faults.map(inVariables), ...redisUrlFaults(redisUrl)]
  if (oldSecret !== undefined && Buffer.byteLength(oldSecret) < 32) {
    wrong.push(
      fault(
        'options',
        'SESSION_SECRET_OLD: must be at least 32 bytes long.',
        'Set it to the SESSION_SECRET of before the change, or leave it unset.',
      ),
    )
  }
  findings.push(...wrong)
  if (wrong.length === 0) findings.push(fine('options', 'The environment is valid.'))

  const isFaulty = (options: RegExp): boolean => faults.some((text) => options.test(text))
  return {
    findings,
    redisUrl: redisUrlFaults(redisUrl).length > 0 ? undefined : redisUrl,
    patient: {
      apps: isFaulty(/^appid/) ? [] : [{ appid: appid!, secret: secret ?? '' }],
      wechat: isFaulty(/^(appid|secret|wechat)/) ? undefined : wechatAt(baseUrl),
      sessionSecrets: [sessionSecret, oldSecret].filter((text) => text !== undefined),
      store: redisUrl === undefined ? 'memory' : 'redis',
      redis: undefined,
    },
  }
}
