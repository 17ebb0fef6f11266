import { createHash } from 'node:crypto'
import type { Found, Login, RacingApp } from './race-apps.js'
import type { OurApp } from './race-ours.js'
import type { Repetition } from './race-pace.js'
import type { StockOptions } from './stock-app.js'

/** The stock apps of the table in RELIABILITY.md, section 3. */
export const stockVariants = {
  'resave: false': { resave: false, regenerate: false },
  'resave: true': { resave: true, regenerate: false },
  'regenerate on login': { resave: false, regenerate: true },
} satisfies Record<string, StockOptions>
export type StockVariant = keyof typeof stockVariants

/** What went wrong in one repetition, in words; undefined where nothing did. */
export type Verdict = Promise<string | undefined>

/** A session that has ended is refused, and nothing of it is in Redis. */
export async function mustBeOver(app: RacingApp, login: Login): Verdict {
  if ((await app.look(login)) !== null) return 'the session that ended is alive'
  return (await app.stored(login)) ? 'the session that ended is in Redis' : undefined
}

/** What is wrong with the session that the server finds for a login; `sessionKey` is the one it must have. */
function faultOf(found: Found | null, openid: string, sessionKey: string): string | undefined {
  if (found === null) return 'a login that was answered with 200 has no session'
  if (found.openid !== openid) return 'a session is another user’s'
  return found.sessionKey === sessionKey ? undefined : 'a session has the key of another login'
}

/**
 * Every login is in a session with its own openid and the key of its own code. Where logins share one session,
 * as on stock, it must be the key that the phone has now, from its latest `wx.login`.
 */
export async function mustHaveTheirKeys(app: RacingApp, logins: Login[]): Verdict {
  const shared = new Set(logins.map(({ sid }) => sid)).size < logins.length
  const faults = await Promise.all(
    logins.map(async (login) =>
      faultOf(
        await app.look(login),
        app.openid(login.user),
        shared ? app.newestKey(login.user) : login.sessionKey,
      ),
    ),
  )
  return faults.find((fault) => fault !== undefined)
}

/** The same as the phone can see it: it compares the hash of its key with `keyId`. */
export async function mustTellTheirKeyIds(app: OurApp, logins: Login[]): Verdict {
  for (const login of logins) {
    const keyId = createHash('sha256').update(login.sessionKey).digest('hex').slice(0, 8)
    if ((await app.keyId(login)) !== keyId) return 'a session has the keyId of another login'
  }
  return undefined
}

async function fieldsKept(app: RacingApp, login: Login, fields: string[]): Verdict {
  const kept = (await app.look(login))?.fields ?? {}
  const lost = fields.filter((field) => kept[field] !== '1')
  return lost.length === 0 ? undefined : `lost: ${lost.join(', ')}`
}

export async function twoWriters(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  await r.meanwhile(
    (pace) => app.write(login, 'a', pace()),
    (pace) => app.write(login, 'b', pace()),
  )
  return fieldsKept(app, login, ['a', 'b'])
}

/** As many as a mini program may send at once. */
export async function tenWriters(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  const fields = await r.together(10, async (i, pace) => {
    await app.write(login, `f${String(i)}`, pace)
    return `f${String(i)}`
  })
  return fieldsKept(app, login, fields)
}

export async function writerThatSavesTwice(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  await r.meanwhile(
    (pace) => app.writeTwice(login, 'a', pace()),
    (pace) => app.write(login, 'b', pace()),
  )
  return fieldsKept(app, login, ['first', 'a', 'b'])
}

export async function logoutMeanwhileWriting(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  // Two writers, so that one of them also meets what the other has written.
  await r.meanwhile(
    (pace) => Promise.all(['a', 'b'].map((field) => app.write(login, field, pace()))),
    (pace) => app.logout(login, pace()),
    2,
  )
  return mustBeOver(app, login)
}

export async function logoutMeanwhileReading(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  await r.meanwhile(
    (pace) => app.read(login, pace()),
    (pace) => app.logout(login, pace()),
  )
  return mustBeOver(app, login)
}

/** `switching`: the phone has changed to another WeChat account and still sends the old token. */
export async function loginMeanwhileWriting(
  app: RacingApp,
  r: Repetition,
  switching = false,
): Promise<{ old: Login; login: Login }> {
  const old = await app.login(r.user)
  const [, login] = await r.meanwhile(
    (pace) => app.write(old, 'a', pace()),
    (pace) => app.login(switching ? `${r.user}b` : r.user, { carrying: old, pace: pace() }),
  )
  return { old, login }
}

export async function regenerateMeanwhileWriting(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  await r.meanwhile(
    (pace) => app.write(login, 'a', pace()),
    (pace) => app.regenerate(login, pace()),
  )
  return mustBeOver(app, login)
}

export async function twoLogins(
  app: RacingApp,
  r: Repetition,
): Promise<{ old: Login; logins: Login[] }> {
  const old = await app.login(r.user)
  const logins = await r.meanwhile(
    (pace) => app.login(r.user, { carrying: old, pace: pace() }),
    (pace) => app.login(r.user, { carrying: old, pace: pace() }),
  )
  return { old, logins }
}

/** One login, and ten requests that each take it to a new id: one session must not become several. */
export async function tenRegenerates(app: RacingApp, r: Repetition): Verdict {
  const login = await app.login(r.user)
  const taken = await r.together(10, (_, pace) => app.regenerate(login, pace))
  const found = await Promise.all(taken.map(async (next) => next && app.look(next)))
  const alive = found.filter((session) => session !== null).length
  return alive > 1 ? `one login has ${String(alive)} sessions` : undefined
}

/**
 * What is right with ten logins at once that carry one token: ten codes are ten logins, so there are ten
 * sessions, no two of them the same, each with the openid and the key of its own code; the session they
 * carried is over; and each user's list names his own sessions, each of them once, and nothing else.
 */
export async function tenLogins(app: OurApp, r: Repetition): Verdict {
  const old = await app.login(r.user)
  // In half of the repetitions the token is somebody else's for five of them.
  const users = r.n % 4 < 2 ? [r.user] : [r.user, `${r.user}b`]
  const logins = await r.together(10, (i, pace) =>
    app.login(users[i % users.length]!, { carrying: old, pace }),
  )
  if (new Set([old, ...logins].map(({ sid }) => sid)).size !== 11) return 'two have one session'
  const found = await Promise.all(logins.map((login) => app.look(login)))
  for (const [i, { user, sessionKey }] of logins.entries()) {
    const fault = faultOf(found[i]!, app.openid(user), sessionKey)
    if (fault !== undefined) return fault
  }
  for (const user of users) {
    const ids = found.filter((_, i) => logins[i]!.user === user).map((own) => own!.sessionId)
    const listed = await app.list(user)
    if (JSON.stringify(listed.sort()) !== JSON.stringify(ids.sort())) {
      return `has ${String(ids.length)} sessions, the list names ${String(listed.length)}`
    }
  }
  return mustBeOver(app, old)
}
