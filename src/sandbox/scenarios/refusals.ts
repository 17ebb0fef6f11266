import { asked, hasSession, isGateway, loggedIn, noLogin } from './expect.js'
import type { RunnableScenario } from './scenario.js'
import { sayLogin } from './say.js'
import { words } from './words.js'

export const errcode45011: RunnableScenario = {
  id: 'errcode-45011',
  title: words('45011: too many logins', '45011：登录太频繁'),
  why: words(
    'WeChat takes a hundred logins of one user a minute. The answer is to wait: a server that tries again at once, or a 401 that makes the phone do so, makes it worse.',
    '微信限制每个用户每分钟一百次登录。正确做法是等待：服务器立即重试，或用 401 让手机重试，只会更糟。',
  ),
  needs: [],
  async run(context) {
    const alice = await context.person('alice')
    await context.control.addFault({ endpoint: 'jscode2session', errcode: 45011, times: 1 })
    const code = await alice.code()
    noLogin(
      context,
      await alice.logIn(code),
      words('The login is refused for now', '登录暂时被拒绝'),
      { kind: '4xx | 503', error: { status: 429, code: 'WX_RATE_LIMITED', action: 'retry' } },
    )
    asked(
      context,
      await alice.exchanges(code),
      1,
      words('WeChat was not asked again at once', '没有立即再次请求微信'),
    )
    loggedIn(context, await alice.logIn(), words('A later login works', '之后可以登录'))
  },
}

export const errcode40226: RunnableScenario = {
  id: 'errcode-40226',
  title: words('40226: user blocked', '40226：高风险用户'),
  why: words(
    'WeChat blocks users whom it holds for dangerous. That is an answer about the user, not a failure: no session, no second try, no 500.',
    '微信会拦截高风险用户。这是对用户的判定，不是故障：不给会话、不重试、不返回 500。',
  ),
  needs: [],
  async run(context) {
    const alice = await context.person('alice')
    await alice.block(true)
    const code = await alice.code()
    noLogin(
      context,
      await alice.logIn(code),
      words('The blocked user gets no session', '被拦截的用户得不到会话'),
      { kind: '4xx', error: { status: 403, code: 'WX_USER_BLOCKED', action: 'none' } },
    )
    asked(context, await alice.exchanges(code), 1)
    await alice.block(false)
    loggedIn(
      context,
      await alice.logIn(),
      words('Once WeChat trusts the user again, the login works', '微信解除拦截后可以登录'),
    )
  },
}

export const errcodeMinus1: RunnableScenario = {
  id: 'errcode-minus-1',
  title: words('-1: WeChat is busy', '-1：微信系统繁忙'),
  why: words(
    'WeChat did nothing and says so: the code is still good. To try once more after a moment is right, to say that WeChat is busy too; a 4xx would blame the user, a 500 your own code.',
    '微信明确表示什么都没做，code 仍然有效。稍后重试一次，或告知微信繁忙，都可以；返回 4xx 是怪用户，返回 500 是怪自己的代码。',
  ),
  needs: [],
  async run(context) {
    const { control, mode, check } = context
    const alice = await context.person('alice')
    await control.addFault({ endpoint: 'jscode2session', errcode: -1, times: 1 })
    const code = await alice.code()
    const once = await alice.logIn(code)
    const busy = isGateway(once) && once.token === undefined
    check(
      words('Busy once: a session, or an outage', '繁忙一次：得到会话，或说明上游繁忙'),
      words('2xx, a token | 502–504, no token', '2xx，有 token | 502–504，没有 token'),
      sayLogin(once),
      hasSession(once) || busy,
    )
    if (mode === 'contract') {
      check(
        words('Busy once: tried once more, and logged in', '繁忙一次：重试后登录成功'),
        words('2xx, a token', '2xx，有 token'),
        sayLogin(once),
        hasSession(once),
      )
      asked(context, await alice.exchanges(code), 2)
    }

    await control.addFault({ endpoint: 'jscode2session', errcode: -1 })
    const second = await alice.code()
    noLogin(
      context,
      await alice.logIn(second),
      words('Busy for good: no session', '持续繁忙：没有会话'),
      { kind: '502–504', error: { status: 503, code: 'WX_BUSY', action: 'retry' } },
    )
    const tries = await alice.exchanges(second)
    check(
      words('WeChat was asked a few times at most', '对微信的请求不超过几次'),
      '≤ 3',
      tries,
      tries <= 3,
    )
    await control.clearFaults()
    loggedIn(
      context,
      await alice.logIn(second),
      words(
        'The same code logs in when WeChat is back: it was not spent',
        '微信恢复后同一个 code 可以登录：它没有被消耗',
      ),
    )
  },
}
