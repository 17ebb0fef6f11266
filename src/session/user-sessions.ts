import type { WxSessionInfo } from '../plugin-types.js'
import type { UserState } from '../state-types.js'
import type { WxIdentity } from '../types.js'
import { publicId } from './record.js'
import type { SessionHost } from './session-host.js'
import { available } from './store-call.js'

/** The sessions of one user, by their public ids. */
export interface UserSessions {
  list(user: WxIdentity): Promise<WxSessionInfo[]>
  /** Ends one; false where the user has none of that id. */
  end(user: WxIdentity, id: string): Promise<boolean>
  /** Ends all but one; answers the public ids of those that ended. */
  endAll(user: WxIdentity, except?: string): Promise<string[]>
  /** Ends the oldest beyond `max`, but never `newest`, whatever the clocks say; answers their public ids. */
  trim(user: WxIdentity, max: number, newest: string): Promise<string[]>
}

/** Works on the user's list and the store together; a store that fails is `WX_STORE_UNAVAILABLE`. */
export function createUserSessions(host: SessionHost, state: UserState): UserSessions {
  /** The user's live sessions; entries of sessions that have expired are taken out of the list on the way. */
  async function live(user: WxIdentity): Promise<{ sid: string; loginAt: number }[]> {
    const listed = await state.listSessions(user)
    const alive = await host.alive(listed.map(({ sid }) => sid))
    const dead = listed.filter((_, i) => !alive[i]).map(({ sid }) => sid)
    if (dead.length > 0) await state.removeSessions(user, dead)
    return listed.filter((_, i) => alive[i])
  }

  async function end(user: WxIdentity, sids: string[]): Promise<void> {
    await host.destroy(sids)
    await state.removeSessions(user, sids)
  }

  return {
    list: (user) =>
      available(async () =>
        (await live(user)).map(({ sid, loginAt }) => ({
          id: publicId(sid),
          loginAt: new Date(loginAt),
        })),
      ),
    end: (user, id) =>
      available(async () => {
        const found = (await live(user)).find(({ sid }) => publicId(sid) === id)
        if (found) await end(user, [found.sid])
        return found !== undefined
      }),
    endAll: (user, except) =>
      available(async () => {
        const sids = (await live(user))
          .map(({ sid }) => sid)
          .filter((sid) => publicId(sid) !== except)
        await end(user, sids)
        return sids.map(publicId)
      }),
    trim: (user, max, newest) =>
      available(async () => {
        // What has expired takes nobody's place.
        await live(user)
        const sids = await state.takeOldest(user, max, newest)
        await end(user, sids)
        return sids.map(publicId)
      }),
  }
}
