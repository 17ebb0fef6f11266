import { pick, type Random } from './figures.js'

/** A token that a login was answered with. */
export interface Token {
  readonly text: string
  readonly openid: string
  /** False from the moment its end was asked for: then nothing is known until the end is confirmed. */
  live: boolean
}

/** A token that is to be found dead on this server. */
export interface Check {
  readonly token: Token
  readonly server: number
}

/** What the phones hold. Bounded: as many tokens are ended as are made, and an ended one is forgotten. */
export interface Tokens {
  readonly live: readonly Token[]
  /** Tokens whose logout was not confirmed: it is asked for again. */
  readonly doubtful: Token[]
  /** Where ended tokens are still to be tried. */
  readonly checks: Check[]
  add(text: string, openid: string): void
  any(): Token
  /** Takes a token that is about to be ended. */
  take(): Token
  /** Its end was confirmed: every server has to refuse it. */
  ended(token: Token): void
  /** A server refused it although nobody ended it. */
  lost(token: Token): void
}

export function createTokens(random: Random, servers: number): Tokens {
  const live: Token[] = []
  const doubtful: Token[] = []
  const checks: Check[] = []

  function remove(token: Token): void {
    const index = live.indexOf(token)
    const last = live.pop()!
    if (last !== token) live[index] = last
    token.live = false
  }

  return {
    live,
    doubtful,
    checks,
    add: (text, openid) => void live.push({ text, openid, live: true }),
    any: () => pick(random, live),
    take() {
      const token = pick(random, live)
      remove(token)
      return token
    },
    ended(token) {
      for (let server = 0; server < servers; server++) checks.push({ token, server })
    },
    lost: remove,
  }
}
