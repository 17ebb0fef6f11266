import type { ScenarioContext } from './context.js'
import { accepted, asked, enter, loggedIn, noLogin, upstream } from './expect.js'
import type { Person } from './person.js'
import { need, type RunnableScenario } from './scenario.js'
import { fingerprint } from './sha256.js'
import { words } from './words.js'

const fiveMinutes = 300_000

export const codeReused: RunnableScenario = {
  id: 'code-reused',
  title: words('Code used twice', 'code 重复使用'),
  why: words(
    'A code is good once (40163 after that). Who finds an old code, in a log for example, must not get a session with it.',
    'code 只能用一次（再用是 40163）。别人从日志等处得到旧 code，也不能用它换到会话。',
  ),
  needs: [],
  async run(context) {
    const alice = await context.person('alice')
    const code = await alice.code()
    const token = need(
      loggedIn(
        context,
        await alice.logIn(code),
        words('The code logs in once', 'code 第一次可以登录'),
      ),
    )
    noLogin(
      context,
      await alice.logIn(code),
      words('The same code a second time is refused', '同一个 code 第二次被拒绝'),
      { kind: '4xx', error: { status: 401, code: 'WX_CODE_USED', action: 'login' } },
    )
    accepted(
      context,
      await alice.visit(token),
      words('The session of the first login still works', '第一次登录的会话仍然有效'),
    )
    loggedIn(
      context,
      await alice.logIn(),
      words('A new code logs in again', '新的 code 可以再次登录'),
    )
  },
}

export const codeExpired: RunnableScenario = {
  id: 'code-expired',
  title: words('Code too old', 'code 过期'),
  why: words(
    'A code lives for five minutes (40029 after that): take it right before the login and never store it. The sandbox turns its clock, nobody waits.',
    'code 只有五分钟有效（之后是 40029）：登录前才取，不要保存。沙箱直接拨快时钟，不用等待。',
  ),
  needs: [],
  async run(context) {
    const alice = await context.person('alice')
    const code = await alice.code()
    await context.control.advanceClock(fiveMinutes + 1000)
    noLogin(
      context,
      await alice.logIn(code),
      words('A code of five minutes ago is refused', '五分钟前的 code 被拒绝'),
      { kind: '4xx', error: { status: 401, code: 'WX_CODE_INVALID', action: 'login' } },
    )
    loggedIn(context, await alice.logIn(), words('A new code logs in', '新的 code 可以登录'))
  },
}

/** An answer that was paid for is lost: to post again would pay again, or find the code spent. */
async function loseNumber(context: ScenarioContext, alice: Person): Promise<void> {
  const token = await enter(context, alice, words('A new code logs in', '新的 code 可以登录'))
  if (context.contract.phone === null) return
  await context.control.addFault({ endpoint: 'getuserphonenumber', drop: 'after', times: 1 })
  const code = await alice.phoneCode()
  noLogin(
    context,
    await alice.sendPhone(token, { code }),
    words(
      'A phone number that is lost on the way is an outage too',
      '手机号应答丢失同样是上游故障',
    ),
    { kind: '502–504', error: upstream },
  )
  asked(
    context,
    await context.countRequests('/wxa/business/getuserphonenumber', [fingerprint(code)]),
    1,
    words('The POST for it, which costs money, was sent once', '取号的 POST 要付费，只发送了一次'),
  )
}

export const exchangeLost: RunnableScenario = {
  id: 'exchange-lost',
  title: words("WeChat's answer is lost", '微信的应答丢失'),
  why: words(
    'The connection breaks after WeChat has used up the code. Asking again can only fail (40163), and for a phone number it may be paid twice: the server says that it could not reach WeChat, and the phone takes a new code.',
    '微信已经消耗了 code，应答却在路上丢失。再问一次只会失败（40163），取手机号还可能付两次钱：服务器应说明没有联系上微信，由手机换新的 code。',
  ),
  needs: [],
  async run(context) {
    const { control, check } = context
    const alice = await context.person('alice')
    await control.addFault({ endpoint: 'jscode2session', drop: 'after' })
    const code = await alice.code()
    noLogin(
      context,
      await alice.logIn(code),
      words(
        'The login fails as an outage, not as a mistake of the phone',
        '登录因上游故障失败，不怪手机',
      ),
      { kind: '502–504', error: upstream },
    )
    const count = await alice.exchanges(code)
    check(
      // HTTP clients may send a GET once more where a kept connection breaks.
      words('The code was sent to WeChat twice at most', 'code 最多发给微信两次'),
      '1–2',
      count,
      count === 1 || count === 2,
    )
    await control.clearFaults()
    noLogin(
      context,
      await alice.logIn(code),
      words('Posted again, the spent code is refused', '再次提交已消耗的 code 被拒绝'),
      { kind: '4xx', error: { status: 401, code: 'WX_CODE_USED', action: 'login' } },
    )
    await loseNumber(context, alice)
  },
}
