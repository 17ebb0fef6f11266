import http from 'node:http'
import https from 'node:https'
import { Socket } from 'node:net'
import { code2Session } from '../../src/wechat/code2session.js'
import { connections, noteIdleTime } from '../../src/wechat/connections.js'
import { type LocalWeChat, startLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

const good = { openid: 'oAlice', session_key: bytesFor('key') }

let wechat: LocalWeChat
beforeAll(async () => {
  wechat = await startLocalWeChat()
})
afterAll(() => wechat.close())
beforeEach(() => {
  for (const { agent } of connections.values()) agent.destroy()
})

let codes = 0
const logIn = (baseUrl = wechat.baseUrl): ReturnType<typeof code2Session> =>
  code2Session({ appid: 'wx1', secret: 's', code: `code ${codes++}`, baseUrl })

const keepAlive = (hint: string): void =>
  wechat.answer((_req, res) =>
    res.writeHead(200, { connection: 'keep-alive', 'keep-alive': hint }).end(JSON.stringify(good)),
  )

test.each([
  ['timeout=1', 2],
  ['timeout=0', 2],
  ['timeout=2', 1],
  ['xtimeout=1', 1],
  ['timeout=soon', 1],
  ['max=1', 1],
])('a connection that WeChat keeps for %s takes two logins on %i', async (hint, expected) => {
  keepAlive(hint)
  await logIn()
  await logIn()
  expect(wechat.connections).toBe(expected)
})

test('what the last answer says counts, a minute at the longest', async () => {
  const socket = new Socket()
  const kept = (): number | undefined => {
    const { agent } = connections.get('http:')!
    return (agent.keepSocketAlive(socket) as unknown) ? socket.timeout : 0
  }
  expect(kept()).toBe(4000)
  noteIdleTime(socket, 'timeout=10')
  expect(kept()).toBe(9000)
  noteIdleTime(socket, undefined)
  noteIdleTime(socket, ['timeout=20'])
  noteIdleTime(socket, 'timeout=1234567890')
  expect(kept()).toBe(60_000)
  noteIdleTime(socket, 'timeout=1')
  expect(kept()).toBe(0)
  socket.destroy()
})

test('a connection that is kept is watched, so that one forgotten on the way is found out', async () => {
  const watch = jest.spyOn(Socket.prototype, 'setKeepAlive')
  keepAlive('timeout=30')
  await logIn()
  await logIn()
  expect(watch).toHaveBeenCalledWith(true, 1000)
  watch.mockRestore()
})

test('no login is given the connection to another server', async () => {
  const another = await startLocalWeChat()
  for (const each of [wechat, another]) each.say(good)
  await logIn()
  await logIn(another.baseUrl)
  expect(another.requests).toHaveLength(1)
  const { agent } = connections.get('http:')!
  expect(agent.getName({ host: '127.0.0.1', port: 1 })).toBe('127.0.0.1:1')
  await another.close()
})

test('a request replaced later, as tracers do, is used', async () => {
  expect([...connections.keys()]).toEqual(['http:', 'https:'])
  expect(connections.get('http:')!.client).toBe(http)
  expect(connections.get('https:')!.client).toBe(https)
})

test('more connections than run at once are not kept', async () => {
  for (const { agent } of connections.values()) expect(agent.maxFreeSockets).toBe(512)
})
