import type { WxSessionEnd } from './plugin-types.js'
import type { WxIdentity } from './types.js'

/** A session key that data of a user may be made with. Inside the package. */
export interface UserKey {
  sessionKey: string
  /** When a newer key was exchanged, Unix ms; undefined for the newest. */
  replacedAt?: number | undefined
}

/** A session key of a user as it is remembered. Inside the package. */
export interface StoredKey {
  /** Tells two keys of one user apart without opening them. */
  id: string
  sealed: string
  /** When it was exchanged last, Unix ms. */
  at: number
}

/** What is remembered of a user's session keys. Inside the package. */
export interface StoredKeys {
  /** In no order. */
  keys: StoredKey[]
  /** No key exchanged before this Unix ms is good any more; 0 where all are. */
  notBefore: number
}

/**
 * What is known of a user beside the sessions themselves. Inside the package: implemented in memory
 * (session/) and in Redis (redis/).
 */
export interface UserState {
  /** Remembers a session of the user; answers how many are remembered now, some of which may have expired. */
  addSession(user: WxIdentity, sid: string, loginAt: number): Promise<number>
  /** {@link UserState.addSession} and {@link UserState.addKey} in one step. */
  addLogin(
    user: WxIdentity,
    session: { sid: string; loginAt: number },
    key: StoredKey,
    size: number,
  ): Promise<number>
  removeSessions(user: WxIdentity, sids: string[]): Promise<void>
  /** Session ids with their login times (ms), newest first; some may have expired. */
  listSessions(user: WxIdentity): Promise<{ sid: string; loginAt: number }[]>
  /**
   * Marks the oldest beyond `max` as being ended, in one step, and answers them: never `newest`, and none at
   * all where `newest` is marked itself or not in the list any more, so that logins at the same time cannot end
   * each other both ways. They stay in the list until they are removed.
   */
  takeOldest(user: WxIdentity, max: number, newest: string): Promise<string[]>
  /**
   * Keeps the list for as long as a session of the user lives; cheap enough for every request.
   *
   * @param loginAt - when the session began (Unix ms): its login has seen to the first half of a lifetime
   */
  keepAlive(user: WxIdentity, loginAt: number): void
  /**
   * Remembers a session key of the user, and the newest `size` in all.
   *
   * @param onlyBeside - only where keys of the user are remembered already
   */
  addKey(user: WxIdentity, key: StoredKey, size: number, onlyBeside?: boolean): Promise<void>
  readKeys(user: WxIdentity): Promise<StoredKeys>
  /** Remembers this key only: none that was exchanged before it is good any more. */
  replaceKeys(user: WxIdentity, key: StoredKey): Promise<void>
  /** Forgets every session key of the user. */
  forgetKeys(user: WxIdentity): Promise<void>
  /** Refused open data of one session in the last minute; `add` counts one more. */
  refusals(user: WxIdentity, sessionId: string, add: 0 | 1): Promise<number>
}

/** Sessions that ended, by their public ids. Inside the package. */
export interface SessionsEnd {
  ids: string[]
  reason: WxSessionEnd['reason']
}

/** Carries the news of ended sessions between processes. Inside the package: implemented in redis/. */
export interface EndChannel {
  /** Tells all processes. That it failed is no error: the sessions are looked after without it too. */
  publish(end: SessionsEnd): void
  /** Listens until {@link EndChannel.unsubscribe}; resolves when nothing is missed any more. */
  subscribe(listener: (end: SessionsEnd) => void): Promise<void>
  unsubscribe(): void
  /** Called every now and then while there are listeners: makes sure that it still hears. */
  check(): void
}

/** An access token and when it ends. Inside the package. */
export interface StoredToken {
  token: string
  /** Unix ms. */
  expiresAt: number
}

/**
 * Where access tokens are kept for all processes, by appid. Inside the package: implemented in redis/; without Redis
 * each process has its own token, which WeChat answers the same to all. Methods reject where the store is away.
 */
export interface TokenStore {
  read(appid: string): Promise<StoredToken | null>
  write(appid: string, token: StoredToken): Promise<void>
  /** Forgets the token, only if it still is this one. */
  drop(appid: string, token: string): Promise<void>
  /**
   * Lets one process at a time refresh the token.
   *
   * @param ms - how long at most
   * @returns what gives the place back, or null where another has it
   */
  lock(appid: string, ms: number): Promise<(() => Promise<void>) | null>
}

/** The place of whoever handles a message. Inside the package. */
export interface OnceClaim {
  /** It is handled: remembered for {@link rememberedFor}. */
  done(): Promise<void>
  /** It is not: the next one may try. */
  release(): Promise<void>
}

/** How long what was handled is remembered, in ms: longer than any request with its signature is accepted. */
export const rememberedFor = 15 * 60_000

/**
 * Lets each thing be done once, by one at a time. Inside the package: implemented in memory (wechat/) and in Redis
 * (redis/). Methods reject where the store is away.
 */
export interface Once {
  /**
   * Takes the place for at most `ms`: longer than the work takes, so that only the place of a process that died
   * becomes free by itself.
   *
   * @returns `running` while another one has it; `done` where it was done
   */
  begin(id: string, ms: number): Promise<OnceClaim | 'running' | 'done'>
}
