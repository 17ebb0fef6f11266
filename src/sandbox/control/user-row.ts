import { pause } from '../pause.js'
import { jsonReply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import { localOnly } from './guard.js'
import type { Action, Controlled } from './types.js'

/** Longest wait for the server's own table, in ms. */
const patience = 3000

/** `/__sandbox/users/:name/row`: the user in the server's own table, where the server shows it. */
export const createUserRow =
  ({ world, user, userRow }: Pick<Controlled, 'world' | 'user' | 'userRow'>): Action =>
  async ({ query, local }, name) => {
    localOnly(local, "The user's row is shown")
    const appid = world.apps.pick(query.get('appid') ?? undefined)
    const { openid, unionid } = user(name)
    const look = userRow()
    if (look === null) return jsonReply(200, { row: null })
    const enough = new AbortController()
    try {
      const row = await Promise.race([
        Promise.resolve(
          look({ appid, openid: openid(appid), ...(unionid !== undefined && { unionid }) }),
        ),
        pause(patience, enough.signal).then(() => {
          throw new Error('too late')
        }),
      ])
      return jsonReply(200, { row: row ?? null })
    } catch {
      throw new SandboxError(
        'SANDBOX_TARGET_DOWN',
        'The server could not give the row of the user.',
      )
    } finally {
      enough.abort()
    }
  }
