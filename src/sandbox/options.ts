import * as v from 'valibot'
import type { WxApp } from '../types.js'
import { SANDBOX_APPID, SANDBOX_SECRET } from './apps.js'
import { check } from './check.js'
import { endpoints } from './endpoints/index.js'
import type { SandboxOptions, SandboxQuota, SandboxRotation } from './option-types.js'
import { readTarget } from './target.js'
import type { SandboxEndpoint } from './types.js'

const whole = (least: number): v.GenericSchema<number> =>
  v.pipe(
    v.number(`must be a whole number, ${String(least)} or more`),
    v.safeInteger('must be a whole number'),
    v.minValue(least, `must be ${String(least)} or more`),
  )

const app = v.object(
  {
    appid: v.pipe(
      v.string('must be the AppID'),
      v.regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'),
    ),
    secret: v.pipe(
      v.string('must be the AppSecret'),
      v.regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters'),
    ),
  },
  'must be { appid, secret }',
)

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text

const schema = v.objectWithRest(
  {
    apps: v.optional(
      v.pipe(
        v.array(app, 'must be a list of { appid, secret }'),
        v.minLength(1, 'must name at least one app'),
        v.check(
          (apps) => new Set(apps.map(({ appid }) => appid)).size === apps.length,
          'must not name an appid twice',
        ),
      ),
    ),
    seed: v.optional(v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'))),
    rotation: v.optional(
      v.picklist(['always', 'interval', 'never'], 'must be always, interval or never'),
    ),
    rotationInterval: v.optional(whole(1)),
    rateLimit: v.optional(whole(0)),
    quotas: v.optional(
      v.record(
        v.picklist([...endpoints.keys()], `must name ${[...endpoints.keys()].join(', ')}`),
        v.strictObject(
          { perMinute: v.optional(whole(0)), perDay: v.optional(whole(0)) },
          'must be { perMinute, perDay }',
        ),
        'must be an object',
      ),
    ),
    ipList: v.optional(
      v.array(
        v.pipe(v.string('must be an IP address'), v.ip('must be an IP address')),
        'must be a list of IP addresses',
      ),
    ),
    pushTargets: v.optional(
      v.array(
        v.pipe(
          v.string('must be an origin'),
          v.check(isOrigin, 'must be an origin, as http://app:3000'),
        ),
        'must be a list of origins',
      ),
    ),
    target: v.optional(v.string('must be the http or https URL of a server')),
    now: v.optional(v.function('must be a function')),
    journalSize: v.optional(whole(1)),
  },
  v.never('is no option of the sandbox'),
  'must be an object',
)

/** Options with their defaults. */
export interface Settings {
  readonly apps: readonly WxApp[]
  readonly seed: string | undefined
  readonly rotation: SandboxRotation
  readonly rotationInterval: number
  readonly rateLimit: number
  readonly quotas: Partial<Record<SandboxEndpoint, SandboxQuota>>
  readonly ipList: readonly string[] | undefined
  readonly pushTargets: readonly string[]
  readonly target: string | null
  readonly now: () => number
  readonly journalSize: number
}

export function readOptions(options: SandboxOptions): Settings {
  check(schema, options, 'createSandbox: ')
  return {
    apps: options.apps ?? [{ appid: SANDBOX_APPID, secret: SANDBOX_SECRET }],
    seed: options.seed,
    rotation: options.rotation ?? 'always',
    rotationInterval: options.rotationInterval ?? 60_000,
    rateLimit: options.rateLimit ?? 100,
    quotas: options.quotas ?? {},
    ipList: options.ipList,
    pushTargets: options.pushTargets ?? [],
    target: readTarget(options.target),
    now: options.now ?? Date.now,
    journalSize: options.journalSize ?? 1000,
  }
}
