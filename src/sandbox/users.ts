import { SandboxError } from './sandbox-error.js'
import type { Seeds } from './seed.js'
import { isUserName } from './user-name.js'
import type { SandboxPhone, SandboxUserOptions } from './user-types.js'

const maxUsers = 100_000

/** A user as the sandbox keeps it. */
export interface UserRecord {
  readonly name: string
  unionid: boolean
  blocked: boolean
  /** Of their phone number, what is not made up. */
  phone: Partial<SandboxPhone>
}

export interface Users {
  /** The user of this name, made on first use; options given change it. */
  get(name: string, options?: SandboxUserOptions): UserRecord
  openid(name: string, appid: string): string
  /** Undefined for users that are in no Open Platform account. */
  unionid(name: string): string | undefined
  /** The name behind an openid the sandbox has given out. */
  nameOf(openid: string, appid: string): string | undefined
}

/** @throws {@link SandboxError} where this is no name of a user */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && isUserName(name)) return
  throw new SandboxError(
    'SANDBOX_BAD_REQUEST',
    'name: must be 1 to 64 printable characters, not only blanks',
  )
}

export function createUsers(seeds: Seeds, limit = maxUsers): Users {
  const users = new Map<string, UserRecord>()
  const openids = new Map<string, string>()
  const names = new Map<string, string>()

  return {
    get(name, options = {}) {
      checkName(name)
      let user = users.get(name)
      if (!user) {
        if (users.size >= limit) {
          throw new SandboxError(
            'SANDBOX_TOO_MANY',
            `This sandbox has ${String(limit)} users and takes no more. Restart it.`,
          )
        }
        user = { name, unionid: false, blocked: false, phone: {} }
        users.set(name, user)
      }
      user.unionid = options.unionid ?? user.unionid
      user.blocked = options.blocked ?? user.blocked
      const given = Object.entries(options.phone ?? {}).filter(([, value]) => value !== undefined)
      user.phone = { ...user.phone, ...Object.fromEntries(given) }
      return user
    },
    openid(name, appid) {
      const key = `${appid} ${name}`
      let openid = openids.get(key)
      if (openid === undefined) {
        // As WeChat's: the openids of one app begin alike.
        const app = seeds.identity('app', appid).toString('base64url')
        const user = seeds.identity('openid', appid, name).toString('base64url')
        openid = `o${app.slice(0, 5)}${user.slice(0, 22)}`
        openids.set(key, openid)
        names.set(`${appid} ${openid}`, name)
      }
      return openid
    },
    unionid: (name) =>
      users.get(name)?.unionid === true
        ? `o${seeds.identity('unionid', name).toString('base64url').slice(0, 27)}`
        : undefined,
    nameOf: (openid, appid) => names.get(`${appid} ${openid}`),
  }
}
