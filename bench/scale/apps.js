import { fileURLToPath } from 'node:url'
import { startChild } from '../lib/child.js'
import { cores } from '../lib/programs.js'

/** @typedef {import('../lib/child.js').Child & { port: number }} App one server process; what it can be asked: app.js */

const file = fileURLToPath(new URL('app.js', import.meta.url))

/**
 * @param {import('./app.js').AppConfig} config
 * @param {number} [core] it runs on
 * @returns {Promise<App>}
 */
export async function startApp(config, core = cores.server) {
  const child = await startChild(file, {
    core,
    args: [JSON.stringify(config)],
    flags: ['--expose-gc'],
  })
  return { ...child, port: child.ready.port }
}
