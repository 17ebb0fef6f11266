import type { WxSessions } from 'express-wx-login'
import { answers } from './answers.js'

/** `partly`: of a cluster some masters answer, so that some people have their session and others a 503. */
export type RedisState = 'ok' | 'partly' | 'unavailable'

/** Whether a key of Redis is one that the check asks for. */
export const isProbeKey = (key: string): boolean => key.includes(':probe-')

// Users of a cluster are spread over its masters: so many meet each of a few masters, and enough of many.
const probesOfCluster = 16

/**
 * Asks for the sessions of people who do not exist. That goes the plugin's own way, so it says what a guarded
 * request would meet now: the plugin replaces connections that have gone silent, of which our client knows
 * nothing, and a node that answers PING may belong to a cluster that is down.
 */
export function createSessionCheck(
  sessions: Pick<WxSessions, 'list'>,
  appid: string,
  cluster: boolean,
): () => Promise<RedisState> {
  const people = Array.from({ length: cluster ? probesOfCluster : 1 }, (_, i) => `probe-${i}`)
  const hasAnswer = async (openid: string): Promise<boolean> => {
    await sessions.list({ appid, openid })
    return true
  }

  return async () => {
    const found = await Promise.all(people.map((openid) => answers(() => hasAnswer(openid))))
    if (found.every(Boolean)) return 'ok'
    return found.some(Boolean) ? 'partly' : 'unavailable'
  }
}
