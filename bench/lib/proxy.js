import { join } from 'node:path'
import { startChild } from './child.js'
import { cores } from './programs.js'
import { benchFolder } from './root.js'

/**
 * A TCP proxy in front of Redis.
 *
 * @param {string} redisUrl
 * @param {number} ms - each way
 */
export async function startProxy(redisUrl, ms) {
  const child = await startChild(join(benchFolder, 'lib/proxy-process.js'), {
    core: cores.others,
    args: [new URL(redisUrl).port, String(ms)],
  })
  return {
    url: `redis://127.0.0.1:${child.ready.port}`,
    /** @returns {Promise<number>} how often somebody asked and waited, so far */
    turns: () => child.ask('turns'),
    stop: () => child.stop(),
  }
}
