import { alphanumeric, createCounter, type Seeds } from './seed.js'
import type { SandboxClock } from './types.js'

const lifetime = 5 * 60_000
const maxCodes = 200_000

/** What a code stands for. */
export interface CodeGrant {
  readonly kind: 'login' | 'phone'
  readonly name: string
  readonly appid: string
  /** The key a login code is exchanged for: the one valid right after its `wx.login`. */
  readonly sessionKey: string
}

/** A code in the hands of a phone or a server. */
export interface IssuedCode extends CodeGrant {
  readonly issuedAt: number
  used: boolean
}

export interface Codes {
  issue(grant: CodeGrant): string
  /** Undefined for a code that is unknown or older than five minutes. */
  find(code: string): IssuedCode | undefined
  /** Whose code it is or was, as long as it is remembered at all. */
  nameOf(code: string): string | undefined
  /** Those of one user that are still good or would be, had they not been used; newest first. */
  of(name: string, appid: string): { code: string; issued: IssuedCode; expiresAt: number }[]
}

export function createCodes(seeds: Seeds, clock: SandboxClock, limit = maxCodes): Codes {
  const codes = new Map<string, IssuedCode>()
  const count = createCounter()

  // Oldest first, so that this ends at the first code that is still good.
  function forgetOld(): void {
    for (const [code, { issuedAt }] of codes) {
      if (codes.size < limit && clock.now() - issuedAt < lifetime) return
      codes.delete(code)
    }
  }

  return {
    issue(grant) {
      forgetOld()
      const { kind, appid, name } = grant
      const number = count(`${kind} ${appid} ${name}`)
      const bytes = seeds.secret('code', kind, appid, name, number)
      // The lengths are WeChat's; the prefix tells a sandbox code from a real one in a log.
      const code =
        kind === 'login' ? `0sbx${alphanumeric(bytes.subarray(4))}` : bytes.toString('hex')
      codes.set(code, { ...grant, issuedAt: clock.now(), used: false })
      return code
    },
    find(code) {
      const issued = codes.get(code)
      return issued && clock.now() - issued.issuedAt < lifetime ? issued : undefined
    },
    nameOf: (code) => codes.get(code)?.name,
    of: (name, appid) =>
      [...codes]
        .filter(([, one]) => one.name === name && one.appid === appid)
        .map(([code, issued]) => ({ code, issued, expiresAt: issued.issuedAt + lifetime }))
        .filter(({ expiresAt }) => expiresAt > clock.now())
        .reverse(),
  }
}
