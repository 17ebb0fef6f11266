import type { Seeds } from './seed.js'
import type { SandboxClock } from './types.js'

const lifetime = 7200_000
const overlap = 5 * 60_000
const forceInterval = 30_000
const day = 24 * 3600_000
const forcesADay = 20
const remembered = 100

interface Token {
  readonly text: string
  expiresAt: number
  /** A newer token ended it before its time: 40001, not 42001. */
  replaced: boolean
}

interface AppTokens {
  count: number
  /** Newest last. */
  readonly known: Token[]
  plain: Token | undefined
  stable: Token | undefined
  forces: number[]
}

/** A token as the two endpoints answer it. */
export interface TokenReply {
  access_token: string
  expires_in: number
}

export interface AccessTokens {
  /** `/cgi-bin/token`: always a new one; the one before lives five more minutes. */
  plain(appid: string): TokenReply
  /** `/cgi-bin/stable_token`: the same one until five minutes before its end; nothing to do with the plain ones. */
  stable(appid: string): TokenReply
  /** A new stable token; the one before ends at once. @returns the errcode where it is too soon or too often */
  forceStable(appid: string): TokenReply | 45009 | 45011
  /** Whose token it is, or the errcode. */
  check(text: string): { appid: string } | 40001 | 42001
  /** The app's newest token; undefined where it never had one. */
  newest(appid: string): { text: string; expiresAt: number } | undefined
}

export function createAccessTokens(
  seeds: Seeds,
  clock: SandboxClock,
  appids: readonly string[],
): AccessTokens {
  const tokens = new Map<string, AppTokens>(
    appids.map((appid) => [
      appid,
      { count: 0, known: [], plain: undefined, stable: undefined, forces: [] },
    ]),
  )

  function make(appid: string, app: AppTokens): Token {
    app.count += 1
    const bytes = [0, 1, 2].map((part) => seeds.secret('access_token', appid, app.count, part))
    const text = `sandbox_${Buffer.concat(bytes).toString('base64url')}`
    const token = { text, expiresAt: clock.now() + lifetime, replaced: false }
    app.known.push(token)
    if (app.known.length > remembered) {
      const old = app.known.findIndex((one) => one !== app.plain && one !== app.stable)
      app.known.splice(old, 1)
    }
    return token
  }

  const reply = ({ text, expiresAt }: Token): TokenReply => ({
    access_token: text,
    expires_in: Math.floor((expiresAt - clock.now()) / 1000),
  })

  const end = (token: Token | undefined, at: number): void => {
    if (!token || token.expiresAt <= at) return
    token.expiresAt = at
    token.replaced = true
  }

  return {
    plain(appid) {
      const app = tokens.get(appid)!
      end(app.plain, clock.now() + overlap)
      // Only the last one overlaps: two calls in five minutes end the first at once.
      for (const token of app.known) {
        if (token !== app.plain && token !== app.stable && token.replaced) end(token, clock.now())
      }
      app.plain = make(appid, app)
      return reply(app.plain)
    },
    stable(appid) {
      const app = tokens.get(appid)!
      if (!app.stable || app.stable.expiresAt - clock.now() <= overlap) {
        app.stable = make(appid, app)
      }
      return reply(app.stable)
    },
    forceStable(appid) {
      const app = tokens.get(appid)!
      const now = clock.now()
      app.forces = app.forces.filter((at) => now - at < day)
      const last = app.forces.at(-1)
      if (last !== undefined && now - last < forceInterval) return 45011
      if (app.forces.length >= forcesADay) return 45009
      app.forces.push(now)
      end(app.stable, now)
      app.stable = make(appid, app)
      return reply(app.stable)
    },
    check(text) {
      for (const [appid, { known }] of tokens) {
        const token = known.find((one) => one.text === text)
        if (!token) continue
        if (clock.now() < token.expiresAt) return { appid }
        return token.replaced ? 40001 : 42001
      }
      return 40001
    },
    newest: (appid) => tokens.get(appid)?.known.at(-1),
  }
}
