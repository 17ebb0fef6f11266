import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../lib/statistics.js'
import { callsOf, commandsBetween, snapshot } from '../lib/redis-info.js'
import { openidOf, sidOf } from './copies.js'
import { fill } from './fill.js'

/**
 * @typedef {object} UserCost what `wx.sessions.list` and `wx.sessions.revokeAll` cost for one user
 * @property {number} listMs
 * @property {number} listCommands
 * @property {number} revokeMs
 * @property {number} revokeCommands
 */

/**
 * @param {import('./populate.js').Populated} populated
 * @param {number} count how many sessions the user has, beside those of all others
 * @param {number} repeats
 * @returns {Promise<UserCost>}
 */
export async function costOfUser({ app, client, copier, port }, count, repeats) {
  /** @type {Record<'list' | 'revokeAll', { ms: number, commands: number }[]>} */
  const seen = { list: [], revokeAll: [] }
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const series = `of one ${count} ${repeat}`
    const user = { appid: copier.user.appid, openid: openidOf(series, 0) }
    const sids = Array.from({ length: count }, (_, i) => sidOf(series, i))
    await fill(port, [...sids.map((sid) => copier.session(sid, user)), ...copier.list(sids, user)])
    for (const question of /** @type {const} */ (['list', 'revokeAll'])) {
      const before = await snapshot(client)
      const { ms, count: found } = await app.ask(question, user)
      // Other processes are told after the answer.
      await delay(20)
      const commands = callsOf(commandsBetween(before, await snapshot(client)))
      if (found !== count) throw new Error(`${question} found ${found} of ${count} sessions`)
      seen[question].push({ ms, commands })
    }
  }
  const of = (
    /** @type {'list' | 'revokeAll'} */ question,
    /** @type {'ms' | 'commands'} */ what,
  ) => median(seen[question].map((one) => one[what]))
  return {
    listMs: of('list', 'ms'),
    listCommands: of('list', 'commands'),
    revokeMs: of('revokeAll', 'ms'),
    revokeCommands: of('revokeAll', 'commands'),
  }
}
