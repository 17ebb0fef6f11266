import { performance } from 'node:perf_hooks'
import { once, openConnection, request } from './load.js'

/**
 * @typedef {import('./apps.js').App} App
 * @typedef {import('express-wx-login/sandbox').Sandbox} Sandbox
 */

/** @param {App} app @param {Sandbox} sandbox @param {string} name */
export async function login(app, sandbox, name) {
  const body = { code: sandbox.user(name).login() }
  const { token } = await once(app.port, request('POST', '/wx/login', { body }))
  return { token, openid: sandbox.user(name).openid() }
}

/** The status of a guarded request. @param {App} app @param {string} token */
async function statusOf(app, token) {
  const reply = await fetch(`http://127.0.0.1:${app.port}/me`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return { status: reply.status, body: /** @type {any} */ (await reply.json()) }
}

/**
 * Logs users in at each process and asks every process who they are.
 *
 * @param {App[]} apps @param {Sandbox} sandbox @param {number} each
 * @returns {Promise<{ asked: number, right: number }>}
 */
export async function sessionsEverywhere(apps, sandbox, each) {
  let [asked, right] = [0, 0]
  for (const [i, app] of apps.entries()) {
    for (let k = 0; k < each; k += 1) {
      const { token, openid } = await login(app, sandbox, `everywhere ${i} ${k}`)
      for (const other of apps) {
        const { status, body } = await statusOf(other, token)
        asked += 1
        if (status === 200 && body.openid === openid) right += 1
      }
    }
  }
  return { asked, right }
}

/**
 * Ends sessions in one process while all others are asked for them without a pause.
 *
 * @param {App[]} apps @param {Sandbox} sandbox @param {number} count
 * @returns {Promise<number[]>} ms from the call of revokeAll to the moment all processes refuse
 */
export async function revocationsEverywhere(apps, sandbox, count) {
  const times = []
  const { appid } = sandbox
  for (let k = 0; k < count; k += 1) {
    const at = apps[k % apps.length]
    const { token, openid } = await login(apps[(k + 1) % apps.length], sandbox, `revoked ${k}`)
    for (const app of apps) {
      if ((await statusOf(app, token)).status !== 200) throw new Error('a good session was refused')
    }
    const from = performance.now()
    const revoked = at.ask('revokeAll', { appid, openid })
    await Promise.all(apps.map((app) => untilRefused(app, token)))
    times.push(performance.now() - from)
    if ((await revoked).count !== 1) throw new Error('nothing was revoked')
  }
  return times
}

/** @param {App} app @param {string} token */
async function untilRefused(app, token) {
  const until = performance.now() + 20_000
  while ((await statusOf(app, token)).status !== 401) {
    if (performance.now() > until) throw new Error('a revoked session lives on')
  }
}

/**
 * Asks every process for the app's access token, by many callers at once.
 *
 * @param {App[]} apps @param {Sandbox} sandbox @param {number} callers in each process
 * @returns {Promise<{ different: number, fetched: number }>}
 */
export async function accessTokenEverywhere(apps, sandbox, callers) {
  const fetches = () => sandbox.requests.filter(({ path }) => path.endsWith('token')).length
  const before = fetches()
  const tokens = (await Promise.all(apps.map((app) => app.ask('accessTokens', callers)))).flat()
  return { different: new Set(tokens).size, fetched: fetches() - before }
}

/**
 * Writes as many fields of one session at once as there are connections, each by another request, in all processes.
 *
 * @param {App[]} apps @param {Sandbox} sandbox
 * @param {{ sessions: number, writers: number }} options `writers`: in each process
 * @returns {Promise<{ written: number, lost: number }>}
 */
export async function writesEverywhere(apps, sandbox, { sessions, writers }) {
  const open = apps.flatMap((app) =>
    Array.from({ length: writers }, () => openConnection(app.port)),
  )
  try {
    await Promise.all(open.map(({ opened }) => opened))
    let lost = 0
    for (let k = 0; k < sessions; k += 1) {
      const { token } = await login(apps[k % apps.length], sandbox, `written ${k}`)
      await Promise.all(
        open.map(({ send }, i) => {
          const body = { [`field${i}`]: k }
          return send({ bytes: request('POST', '/fields', { token, body }), status: 200 })
        }),
      )
      const kept = await once(apps[0].port, request('GET', '/fields', { token }))
      lost += open.filter((_, i) => kept[`field${i}`] !== k).length
    }
    return { written: sessions * open.length, lost }
  } finally {
    for (const { close } of open) close()
  }
}
