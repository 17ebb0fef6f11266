// A server that is measured: `node host.js <variant> <options as JSON>`.
import { setTimeout as delay } from 'node:timers/promises'
import { answer } from '../lib/child.js'
import { profiler } from '../lib/profiler.js'

/**
 * @typedef {object} Credential
 * @property {string} openid
 * @property {Record<string, string>} headers - what a phone sends with its requests
 */

/**
 * @typedef {object} Variant
 * @property {import('node:http').RequestListener} app
 * @property {(openid: string, port: number) => Promise<Credential>} [logIn] - makes a session as its user would
 * @property {(credential: Credential) => Record<string, string>} [forge] - headers of one who has none
 * @property {Record<string, (...args: any[]) => unknown>} [answers] - to more questions
 */

const [name, json = '{}'] = process.argv.slice(2)
/** @type {{ start: (options: any) => Promise<Variant>, }} */
const { start } = await import(`./${name}.js`)
const variant = await start(JSON.parse(json))

const { createServer } = await import('node:http')
let served = 0
const server = createServer((req, res) => {
  served += 1
  variant.app(req, res)
})
// A phone's connection that waits its turn is not closed.
server.keepAliveTimeout = 120_000
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

/** As long as WeChat's. */
const openidOf = (i) => `o6_bmjrPTlm6_2sgVt7hMZOP${String(i).padStart(4, '0')}`

answer(
  { port },
  {
    /** So far: requests, and CPU time, user and system, in µs. */
    spent() {
      const { user, system } = process.cpuUsage()
      return { requests: served, cpu: user + system, user }
    },

    /** @returns {Promise<Credential[]>} */
    async logIn(count) {
      const users = Array.from({ length: variant.logIn ? count : 0 }, (_, i) => openidOf(i))
      /** @type {Credential[]} */
      const credentials = []
      while (users.length > 0) {
        const some = users.splice(0, 32)
        credentials.push(...(await Promise.all(some.map((openid) => variant.logIn(openid, port)))))
      }
      // What a login leaves to do is done before anything is counted.
      await delay(50)
      return credentials
    },

    logInOnce: (i) => variant.logIn?.(openidOf(i), port),

    forge: (credential) => variant.forge?.(credential) ?? {},

    ...profiler,
    ...variant.answers,
  },
)
