import type { ScenarioContext } from './context.js'
import { accepted, enter, exactError, isGood, loggedIn, noLogin, upstream } from './expect.js'
import { pause } from './limits.js'
import type { Person } from './person.js'
import type { RunnableScenario } from './scenario.js'
import { sayReply } from './say.js'
import type { Reply } from './target.js'
import { words } from './words.js'

const away = { status: 503, code: 'WX_STORE_UNAVAILABLE', action: 'retry' } as const

const down = words('WeChat cuts the connection', '微信断开连接')
const gateway = words('A gateway answers for WeChat, in HTML', '网关代替微信应答 HTML')
const slow = words('WeChat does not answer', '微信不应答')

export const wechatDown: RunnableScenario = {
  id: 'wechat-down',
  title: words('WeChat is down', '微信不可用'),
  why: words(
    'Nobody can log in then, but whoever has a session needs no WeChat. The server says that something behind it is away, soon, and works again by itself when WeChat does.',
    '此时无人能登录，但已有会话的用户不需要微信。服务器应尽快说明上游不可用，微信恢复后自动恢复。',
  ),
  needs: [],
  async run(context) {
    const { control } = context
    const endpoint = 'jscode2session'
    const alice = await context.person('alice')
    const token = await enter(context, alice, words('The user logs in before', '用户事先登录'))
    await control.addFault({ endpoint, drop: 'before' })
    noLogin(context, await alice.logIn(), down, { kind: '502–504', error: upstream })
    accepted(
      context,
      await alice.visit(token),
      words('Who has a session is let in meanwhile', '期间已有会话的用户可以访问'),
    )
    await control.clearFaults()
    await control.addFault({ endpoint, status: 502 })
    noLogin(context, await alice.logIn(), gateway, { kind: '502–504', error: upstream })
    await control.clearFaults()
    await control.addFault({ endpoint, delayMs: 60_000 })
    noLogin(context, await alice.logIn(), slow, {
      kind: '502–504',
      error: { ...upstream, status: 504 },
    })
    await control.clearFaults()
    loggedIn(
      context,
      await alice.logIn(),
      words('When WeChat is back logins work again', '微信恢复后可以登录'),
    )
  },
}

const patience = 20_000
const every = 200

/** Asks until it works: clients of Redis come back by themselves, but not at once. */
async function untilOpen(
  { ending }: ScenarioContext,
  alice: Person,
  token: string,
): Promise<Reply> {
  const start = performance.now()
  for (;;) {
    const reply = await alice.visit(token)
    if (isGood(reply) || performance.now() - start > patience) return reply
    await pause(every, ending)
  }
}

/** While nothing can be known of sessions: never 401, which would make every phone log in. */
function unavailable(context: ScenarioContext, reply: Reply, what: ReturnType<typeof words>): void {
  if (context.mode === 'contract') exactError(context, reply, what, away)
  else context.check(what, '503', sayReply(reply), reply.status === 503)
}

export const redisDown: RunnableScenario = {
  id: 'redis-down',
  title: words('Redis is down', 'Redis 不可用'),
  why: words(
    'Without Redis nobody knows which tokens are good. 401 would be a lie that logs every user out at once; 503 lets the phones wait, and the sessions are still there afterwards.',
    '没有 Redis 就无法判断 token 是否有效。回答 401 是说谎，会让所有用户同时掉线；503 让手机等待，恢复后会话仍在。',
  ),
  needs: ['store'],
  async run(context) {
    const { control } = context
    const alice = await context.person('alice')
    const token = await enter(context, alice, words('The user logs in before', '用户事先登录'))
    await control.setStore('down')
    unavailable(
      context,
      await alice.visit(token),
      words('A session cannot be looked up: try again', '无法查询会话：请稍后重试'),
    )
    const code = await alice.code()
    noLogin(
      context,
      await alice.logIn(code),
      words('A login gives no session that nobody keeps', '登录不会给出无处保存的会话'),
      { kind: '502–504', error: away },
    )
    await control.setStore('up')
    accepted(
      context,
      await untilOpen(context, alice, token),
      words('When Redis is back the session is still good', 'Redis 恢复后会话仍然有效'),
    )
    if (context.mode === 'contract') {
      loggedIn(
        context,
        await alice.logIn(code),
        words('The code was not spent: it logs in now', 'code 没有被消耗：现在可以登录'),
      )
    }
    await control.setStore('silent')
    unavailable(
      context,
      await alice.visit(token),
      words(
        'Redis does not answer: the server does not wait for ever',
        'Redis 不应答：服务器不会一直等待',
      ),
    )
    await control.setStore('up')
    accepted(
      context,
      await untilOpen(context, alice, token),
      words('When it answers again so does the server', 'Redis 恢复应答后服务器也恢复'),
    )
  },
}
