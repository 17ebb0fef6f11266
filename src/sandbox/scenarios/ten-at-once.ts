import type { ScenarioContext } from './context.js'
import { asked, hasSession, isGood } from './expect.js'
import type { Person } from './person.js'
import type { RunnableScenario } from './scenario.js'
import type { Reply } from './target.js'
import { words } from './words.js'

const ten = Array.from({ length: 10 })
const answerAfter = 1000

/** A page that opens asks for ten things at once, and there is no session yet. */
async function tenRequests(context: ScenarioContext, alice: Person): Promise<void> {
  const { contract, check } = context
  const client = alice.device().start()
  const statuses = await Promise.all(
    ten.map(() =>
      client.request({ url: contract.guarded }).then(
        ({ statusCode }) => statusCode,
        () => 0,
      ),
    ),
  )
  const good = statuses.filter((status) => isGood({ status })).length
  check(
    words('Ten requests at once without a session all work', '没有会话时同时发出的十个请求都成功'),
    10,
    good,
    good === 10,
  )
  asked(context, await alice.exchanges(), 1, words('They shared one login', '它们共用一次登录'))
}

/** A double tap, or a network that delivers a request more than once. */
async function oneCodeTenTimes(context: ScenarioContext, bob: Person): Promise<void> {
  const { mode, check, control } = context
  const code = await bob.code()
  // At the same time means: before WeChat has answered the first.
  await control.addFault({ endpoint: 'jscode2session', delayMs: answerAfter })
  const replies: Reply[] = await Promise.all(ten.map(() => bob.logIn(code)))
  await control.clearFaults()
  const sessions = replies.filter(hasSession).length
  const broken = replies.filter(({ status }) => status === 0 || status >= 500).length
  check(
    words('One code posted ten times at once logs in', '同一个 code 同时提交十次，可以登录'),
    words('at least 1 session', '至少 1 个会话'),
    words(`${String(sessions)} sessions`, `${String(sessions)} 个会话`),
    sessions > 0,
  )
  check(
    words('None of the ten is a failure of the server', '十次提交都不引起服务器故障'),
    words('0 without an answer or 5xx', '0 个无应答或 5xx'),
    words(`${String(broken)} without an answer or 5xx`, `${String(broken)} 个无应答或 5xx`),
    broken === 0,
  )
  if (mode !== 'contract') return
  check(words('All ten get a session', '十次都得到会话'), 10, sessions, sessions === 10)
  asked(
    context,
    await bob.exchanges(code),
    1,
    words('They shared one exchange with WeChat', '它们共用一次与微信的交换'),
  )
}

export const tenAtOnce: RunnableScenario = {
  id: 'ten-at-once',
  title: words('Ten at once', '十个同时'),
  why: words(
    'A page asks for ten things before anybody has logged in, or one login is posted ten times. wx.login must run once: each new code can change the session key under the others.',
    '页面打开时同时发出十个请求，或同一次登录被提交十次。wx.login 只能调用一次：每个新 code 都可能更换 session_key，使其他请求失效。',
  ),
  needs: [],
  async run(context) {
    await tenRequests(context, await context.person('alice'))
    await oneCodeTenTimes(context, await context.person('bob'))
  },
}
