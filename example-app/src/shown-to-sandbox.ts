import session, { type Store } from 'express-session'
import type { Sandbox } from 'express-wx-login/sandbox'
import { redisKind } from './redis.js'
import { isProbeKey } from './session-check.js'
import type { Users } from './users.js'

/** Where the sessions of a server are that shows itself to the sandbox. */
export interface ShownStorage {
  redisUrl?: string
  store?: Store
}

/**
 * Lets the sandbox' page see where sessions are kept, and take it away. Past a Cluster or Sentinel it cannot stand: its
 * client finds the servers by itself.
 *
 * @returns what to use instead
 */
export async function showStorage(
  sandbox: Sandbox,
  redisUrl: string | undefined,
): Promise<ShownStorage> {
  if (redisUrl === undefined) return { store: sandbox.watchStore(new session.MemoryStore()) }
  return {
    redisUrl:
      redisKind(redisUrl) === 'single'
        ? await sandbox.tapRedis(redisUrl, { ignore: isProbeKey })
        : redisUrl,
  }
}

/** Lets the page's phone find this server, and the page its users. */
export function showServer(sandbox: Sandbox, url: string, users: Users): void {
  sandbox.target = url
  sandbox.watchUsers((user) => users.row(user))
}
