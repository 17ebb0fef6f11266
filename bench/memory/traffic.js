import { sidOf, tokenOf } from '../growth/copies.js'
import { secret } from '../growth/populate.js'
import { request } from '../scale/load.js'

/**
 * @typedef {import('../scale/load.js').Ask} Ask
 * @typedef {object} Traffic
 * @property {() => Ask} next
 * @property {(i: number) => Ask} ofSession
 * @property {() => Ask} stranger - each with another token that is signed well and belongs to nobody
 * @property {Record<string, number>} counts how many of each kind were asked
 */

const kinds = /** @type {const} */ ([
  'guarded',
  'forged',
  'none',
  'unknown',
  'write',
  'login',
  'logout',
])

/** What comes out of a hundred requests; the rest are guarded. */
const shares = { forged: 2, none: 1, unknown: 1, write: 2, login: 1, logout: 1 }

/**
 * What phones ask all day: mostly guarded requests of known sessions, and some of everything else. Nothing of it
 * grows: who logs in logs out again.
 *
 * @param {number} sessions
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @returns {Traffic}
 */
export function mixedTraffic(sessions, sandbox) {
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0]))
  const plan = Object.entries(shares).flatMap(([kind, share]) => Array(share).fill(kind))
  /** @type {string[]} */
  const loggedIn = []
  const asks = Array.from({ length: sessions }, (_, i) => ({
    bytes: request('GET', '/me', { token: tokenOf(sidOf('many', i), secret) }),
    status: 200,
  }))
  const any = () => Math.floor(Math.random() * sessions)
  let turn = 0
  let strangers = 0

  /** @type {Record<string, () => Ask>} */
  const make = {
    guarded: () => asks[any()],
    forged: () => {
      const token = tokenOf(sidOf('many', any()), 'a secret that the server does not have')
      return { bytes: request('GET', '/me', { token }), status: 401 }
    },
    none: () => ({ bytes: request('GET', '/me'), status: 401 }),
    unknown: () => {
      const token = tokenOf(sidOf('unknown', turn), secret)
      return { bytes: request('GET', '/me', { token }), status: 401 }
    },
    write: () => {
      const token = tokenOf(sidOf('many', any()), secret)
      return { bytes: request('POST', '/fields', { token, body: { field: turn } }), status: 200 }
    },
    login: () => {
      // As many users as there are sessions, so that the sandbox does not fill the machine.
      const code = sandbox.user(`user ${turn % sessions}`).login()
      return {
        bytes: request('POST', '/wx/login', { body: { code } }),
        status: 200,
        answered: (body) => void loggedIn.push(JSON.parse(body).token),
      }
    },
    logout: () => ({
      bytes: request('POST', '/wx/logout', { token: loggedIn.pop() }),
      status: 204,
    }),
  }

  return {
    counts,
    ofSession: (i) => asks[i],
    stranger() {
      strangers += 1
      const token = tokenOf(sidOf('stranger', strangers), secret)
      return { bytes: request('GET', '/me', { token }), status: 401 }
    },
    next() {
      const planned = plan[turn % 100] ?? 'guarded'
      // A login may still be on its way.
      const kind = planned === 'logout' && loggedIn.length === 0 ? 'guarded' : planned
      const ask = make[kind]()
      counts[kind] += 1
      turn += 1
      return ask
    },
  }
}
