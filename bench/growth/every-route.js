import { snapshot } from '../lib/redis-info.js'
import { once, request } from '../scale/load.js'

/** Commands whose cost grows with the number of keys, or that look at keys nobody named. */
const scanning = [
  ...['keys', 'scan', 'dbsize', 'randomkey', 'flushall', 'flushdb', 'swapdb', 'sort', 'sort_ro'],
  ...['wait', 'monitor', 'debug'],
]

/**
 * Uses every route and every call of the plugin that reaches Redis, and says which commands were seen there.
 *
 * @param {import('./populate.js').Populated} populated
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @param {string} pushToken
 * @returns {Promise<{ names: string[], scanning: string[] }>}
 */
export async function commandsOfEveryRoute({ app, client }, sandbox, pushToken) {
  const { port } = app
  // The copier's own look around came before.
  await client.configResetStat()
  const alice = sandbox.user('alice')
  const { appid } = sandbox
  const post = (
    /** @type {string} */ path,
    /** @type {string | undefined} */ token,
    /** @type {object | undefined} */ body,
    status = 200,
  ) => once(port, request('POST', path, { token, body }), status)
  const login = async () => (await post('/wx/login', undefined, { code: alice.login() })).token

  const token = await login()
  await once(port, request('GET', '/me', { token }))
  await once(port, request('GET', '/wx/session', { token }))
  await post('/fields', token, { field: 1 })
  await post('/wx/profile', token, alice.userInfo())
  await post('/wx/phone', token, { code: alice.phoneNumber().code })
  const { encryptedData, iv } = alice.phoneNumber()
  await post('/wx/phone', token, { encryptedData, iv })
  // Again with a token: the session that came with it ends.
  const next = (await post('/wx/login', token, { code: alice.login() })).token
  await post('/wx/logout', next, undefined, 204)
  const user = { appid, openid: alice.openid() }
  await login()
  await app.ask('list', user)
  await app.ask('revokeAll', user)
  await login()
  await post('/wx/logout', await login(), { everywhere: true }, 204)
  await login()
  const target = { url: `http://127.0.0.1:${port}/wx/push`, token: pushToken }
  const { status } = await alice.event('user_authorization_cancellation', target)
  if (status !== 200) throw new Error(`the message push was answered ${status}`)

  const names = [...(await snapshot(client)).commands.keys()]
  return { names, scanning: names.filter((name) => scanning.includes(name.split(' ')[0])) }
}
