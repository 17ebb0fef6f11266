import { shortHash } from '../mask.js'
import { SandboxError } from '../sandbox-error.js'
import type { SandboxState } from '../wire/types.js'
import type { Controlled } from './types.js'

const maxCodes = 20

/** `139****0000`, as WeChat's own sheet shows it. */
const maskPhoneNumber = (number: string): string => number.replace(/.{4}(?=.{4}$)/, '****')

/** What WeChat knows of a user. Holds no key and no code, only what tells them apart. */
export function describeState(
  { world, user, rateLimit }: Controlled,
  query: URLSearchParams,
): SandboxState {
  const name = query.get('user')
  if (name === null) throw new SandboxError('SANDBOX_BAD_REQUEST', 'user: is missing')
  const appid = world.apps.pick(query.get('appid') ?? undefined)
  const { blocked, unionid, openid } = user(name)
  const { keys, since } = world.keys.history(name, appid)
  const token = world.tokens.newest(appid)
  const codes = world.codes.of(name, appid).slice(0, maxCodes)
  return {
    now: world.clock.now(),
    user: name,
    appid,
    openid: openid(appid),
    unionid: unionid ?? null,
    blocked,
    phoneNumber: maskPhoneNumber(world.phoneNumbers.of(name).purePhoneNumber),
    keyId: keys.length > 0 ? shortHash(keys[0]!) : null,
    keySince: since,
    codes: codes.map(({ code, issued: { kind, used }, expiresAt }) => ({
      fingerprint: shortHash(code),
      kind,
      expiresAt,
      used,
    })),
    accessToken: token ? { fingerprint: shortHash(token.text), expiresAt: token.expiresAt } : null,
    logins: {
      count: world.logins.count(name, appid),
      limit: rateLimit === 0 ? null : rateLimit,
    },
  }
}
