import type { ScenarioContext } from './context.js'
import { accepted, asked, loggedIn, refused, sameKey, shut } from './expect.js'
import type { Person } from './person.js'
import { need, type RunnableScenario } from './scenario.js'
import type { Reply } from './target.js'
import { plain, words } from './words.js'

const madeUp = 'made-up-token-that-nobody-was-ever-given'

/** What a reply to a login has and has not in this package's contract. */
async function checkReply(context: ScenarioContext, person: Person, reply: Reply): Promise<void> {
  const { mode, check } = context
  if (mode !== 'contract') return
  const { expiresIn } = reply.body as { expiresIn?: unknown }
  const life = typeof expiresIn === 'number' ? expiresIn : 0
  check(
    words('The reply says how long the session lives', '应答说明会话的有效期'),
    'expiresIn > 0',
    `expiresIn ${String(life)}`,
    life > 0,
  )
  const named = words(
    "keyId names the key that the user's phone has",
    'keyId 对应用户手机当前的密钥',
  )
  await sameKey(context, person, reply, named)
  const tells = reply.text.includes(person.openid)
  check(
    words('The phone is not told the openid', '不把 openid 交给手机'),
    words('no openid', '没有 openid'),
    tells ? plain('openid') : words('no openid', '没有 openid'),
    !tells,
  )
  const caching = reply.header('cache-control') ?? ''
  const kept = !/no-store/i.test(caching)
  check(
    words('Nothing on the way keeps the reply', '途中不缓存应答'),
    'Cache-Control: no-store',
    kept ? words('it may be kept', '可能被缓存') : 'Cache-Control: no-store',
    !kept,
  )
}

/** What is refused before anybody has logged in. */
async function checkStrangers(context: ScenarioContext, person: Person): Promise<void> {
  const { contract, ask } = context
  shut(
    context,
    await person.visit(undefined),
    words('Without a token the guarded path is shut', '没有 token 不能访问受保护的路径'),
  )
  shut(
    context,
    await person.visit(madeUp),
    words('A made-up token opens nothing', '编造的 token 无效'),
  )
  refused(
    context,
    await ask(contract.login, { body: {}, user: person.name }),
    words('A login without a code is refused', '没有 code 的登录被拒绝'),
    { status: 400, code: 'WX_BAD_REQUEST', action: 'none' },
  )
  refused(
    context,
    await person.logIn('aCodeThatWeChatNeverGaveToAnyone'),
    words('A code that WeChat never gave is refused', '微信没有发过的 code 被拒绝'),
    { status: 401, code: 'WX_CODE_INVALID', action: 'login' },
  )
}

export const firstLogin: RunnableScenario = {
  id: 'first-login',
  title: words('First login', '首次登录'),
  why: words(
    'The phone gets a code from wx.login, your server exchanges it with WeChat once, and the phone gets a token of yours. The session_key stays on the server.',
    '手机用 wx.login 取得 code，服务器向微信换取一次，再把自己的 token 交给手机。session_key 只留在服务器。',
  ),
  needs: [],
  async run(context) {
    const alice = await context.person('alice')
    await checkStrangers(context, alice)
    const code = await alice.code()
    const reply = await alice.logIn(code)
    const token = need(
      loggedIn(context, reply, words('A fresh code gives a session', '新的 code 换来会话')),
    )
    asked(context, await alice.exchanges(code), 1)
    await checkReply(context, alice, reply)
    accepted(
      context,
      await alice.visit(token),
      words('The token opens the guarded path', 'token 可以访问受保护的路径'),
    )
  },
}
