import diagnostics from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { nextTurn } from '../../src/turn.js'
import { code2Session } from '../../src/wechat/code2session.js'
import { connectionsTo } from '../../src/wechat/connections.js'
import { until } from '../support/until.js'
import { type LocalWeChat, startLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

const good = { openid: 'oAlice', session_key: bytesFor('key') }

// Another one each time: nobody has a connection to it.
let wechat: LocalWeChat
beforeEach(async () => {
  wechat = await startLocalWeChat()
})
afterEach(() => wechat.close())

let codes = 0
const logIn = async (baseUrl = wechat.baseUrl): ReturnType<typeof code2Session> => {
  const session = await code2Session({
    appid: 'wx1',
    secret: 's',
    code: `code ${codes++}`,
    baseUrl,
  })
  // A connection is free again a turn after its answer.
  await nextTurn()
  return session
}

const keepAlive = (hint: string, of = wechat): void =>
  of.answer((_req, res) =>
    res.writeHead(200, { connection: 'keep-alive', 'keep-alive': hint }).end(JSON.stringify(good)),
  )

test.each([
  ['timeout=1', 2],
  ['timeout=0', 2],
  ['timeout=2', 1],
  ['timeout=soon', 1],
  ['max=1', 1],
])('a connection that WeChat keeps for %s takes two logins on %i', async (hint, expected) => {
  keepAlive(hint)
  await logIn()
  await logIn()
  expect(wechat.connections).toBe(expected)
})

test('one that nobody uses ends after four seconds, or a second before WeChat ends it', async () => {
  const hints = ['', 'timeout=3', 'timeout=30, max=9']
  const all = await Promise.all(hints.map(() => startLocalWeChat()))
  for (const [i, each] of all.entries()) keepAlive(hints[i]!, each)
  await Promise.all(all.map(({ baseUrl }) => logIn(baseUrl)))
  expect(all.map(({ open }) => open)).toEqual([1, 1, 1])
  await until(() => all[1]!.open === 0, 10_000)
  await until(() => all[0]!.open === 0, 10_000)
  expect(all.map(({ open }) => open)).toEqual([0, 0, 1])
  await Promise.all(all.map((each) => each.close()))
})

test('a connection is watched, so that one forgotten on the way is found out', async () => {
  const watch = jest.spyOn(Socket.prototype, 'setKeepAlive')
  keepAlive('timeout=30')
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
  await another.close()
})

test('tracers that listen to undici hear of a login', async () => {
  const heard: unknown[] = []
  const hear = (message: unknown): void => void heard.push(message)
  wechat.say(good)
  diagnostics.subscribe('undici:request:create', hear)
  await logIn()
  diagnostics.unsubscribe('undici:request:create', hear)
  expect(heard).toEqual([
    { request: expect.objectContaining({ origin: wechat.baseUrl, method: 'GET' }) as object },
  ])
})

test('the connections to sixteen servers are kept, those of an app that asks ever more do not pile up', async () => {
  wechat.say(good)
  const first = connectionsTo(wechat.baseUrl)
  await logIn()
  const ask = (port: number): object => connectionsTo(`http://127.0.0.1:${String(port)}`)
  const others = Array.from({ length: 15 }, (_, i) => ask(i + 1))
  expect(connectionsTo(wechat.baseUrl)).toBe(first)
  expect(wechat.open).toBe(1)

  ask(16)
  await until(() => wechat.open === 0)
  for (const [i, other] of others.entries()) expect(ask(i + 1)).toBe(other)
  expect(connectionsTo(wechat.baseUrl)).not.toBe(first)
  await expect(logIn()).resolves.toMatchObject({ openid: good.openid })
})
