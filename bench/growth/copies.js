import { createHash, createHmac } from 'node:crypto'
import { once, request } from '../scale/load.js'

/**
 * Sessions in masses, in the very form in which the package writes them: one real login shows the form, and the
 * others are copies of it with ids of their own.
 *
 * @typedef {{ appid: string, openid: string }} User
 * @typedef {(string | number)[]} Command
 * @typedef {object} Copier
 * @property {User} user who logged in
 * @property {(sid: string, user: User) => Command} session
 * @property {(sids: string[], user: User) => Command[]} list the user's list of these sessions
 * @property {(user: User) => Command[]} keys the user's session keys
 */

/** @typedef {import('../lib/redis-server.js').RedisServer['client']} Client */

const week = 7 * 24 * 3600
const markLength = 8

/** @param {string} text @param {number} length */
const derive = (text, length) =>
  createHash('sha256').update(text).digest('base64url').slice(0, length)

/** The id of session `i` of a series. @param {string} series @param {number} i */
export const sidOf = (series, i) => derive(`session ${series} ${i}`, 32)

/** The openid of user `i` of a series. @param {string} series @param {number} i */
export const openidOf = (series, i) => `o${derive(`user ${series} ${i}`, 27)}`

/** The token of a session: its id, and the id signed with the secret of the sessions. */
export const tokenOf = (/** @type {string} */ sid, /** @type {string} */ secret) =>
  `${sid}.${createHmac('sha256', secret).update(sid).digest('base64url')}`

/**
 * A function that puts other values in the places where `known` ones stand in a text.
 *
 * @param {string} text
 * @param {Record<string, string>} known by name
 * @returns {(values: Record<string, string>) => string}
 */
function form(text, known) {
  const pattern = new RegExp(
    Object.values(known)
      .map((value) => value.replace(/[^\w]/g, '\\$&'))
      .join('|'),
    'g',
  )
  const names = new Map(Object.entries(known).map(([name, value]) => [value, name]))
  const between = text.split(pattern)
  const places = [...text.matchAll(pattern)].map(
    ([value]) => /** @type {string} */ (names.get(value)),
  )
  return (values) => {
    let copy = between[0]
    for (let i = 0; i < places.length; i += 1) copy += values[places[i]] + between[i + 1]
    return copy
  }
}

/** @param {Client} client @param {string} key @param {string} type */
async function expectType(client, key, type) {
  const found = await client.type(key)
  if (found !== type) throw new Error(`${key} is a ${found}, no ${type}: copies.js has to learn it`)
}

/**
 * Logs one user in and learns from it.
 *
 * @param {Client} client of the Redis behind the app
 * @param {{ port: number }} app
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @returns {Promise<Copier>}
 */
export async function learnSessions(client, app, sandbox) {
  const { appid } = sandbox
  const template = sandbox.user('template')
  const openid = template.openid()
  const body = { code: template.login(), appid }
  const { token } = await once(app.port, request('POST', '/wx/login', { body }))
  const [sid] = token.split('.')
  const sessionKey = `wx:sess:${sid}`
  const userKey = `wx:user:{${appid}:${openid}}`
  const list = `${userKey}:sessions`
  const keys = `${userKey}:keys`
  await expectType(client, sessionKey, 'string')
  await expectType(client, list, 'zset')
  await expectType(client, keys, 'hash')
  const text = /** @type {string} */ (await client.get(sessionKey))
  const [{ score: loginAt }] = await client.zRangeWithScores(list, 0, -1)
  const fields = Object.entries(await client.hGetAll(keys)).flat()
  const ttl = await client.ttl(list)
  const copy = form(text, { appid, openid, mark: sid.slice(0, markLength) })
  return {
    user: { appid, openid },
    session: (copied, user) => [
      'SET',
      `wx:sess:${copied}`,
      copy({ ...user, mark: copied.slice(0, markLength) }),
      'EX',
      week,
    ],
    list: (sids, user) => {
      const key = `wx:user:{${user.appid}:${user.openid}}:sessions`
      const entries = sids.flatMap((copied, i) => [loginAt + i, copied])
      return [
        ['ZADD', key, ...entries],
        ['EXPIRE', key, ttl],
      ]
    },
    keys: (user) => {
      const key = `wx:user:{${user.appid}:${user.openid}}:keys`
      return [
        ['HSET', key, ...fields],
        ['EXPIRE', key, ttl],
      ]
    },
  }
}

/**
 * The same for stock express-session and connect-redis with the same content.
 *
 * @param {Client} client
 * @param {{ port: number }} app of the kind `stock`
 * @param {string} openid
 * @returns {Promise<(sid: string, openid: string) => Command>}
 */
export async function learnStock(client, app, openid) {
  const body = { openid, session_key: Buffer.alloc(16, openid).toString('base64') }
  await once(app.port, request('POST', '/wx/login', { body }))
  const [key] = await client.keys('sess:*')
  const copy = form(/** @type {string} */ (await client.get(key)), { openid })
  return (sid, copied) => ['SET', `sess:${sid}`, copy({ openid: copied }), 'EX', week]
}
