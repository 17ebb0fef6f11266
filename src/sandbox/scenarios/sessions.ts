import type { ScenarioContext } from './context.js'
import { accepted, asked, enter, isGood, isRefusal, loggedIn, shut } from './expect.js'
import type { Person } from './person.js'
import type { RunnableScenario } from './scenario.js'
import { sayReply } from './say.js'
import { words } from './words.js'

/** In `contract` a logout says 204, also of a session that is gone. */
function loggedOut(
  context: ScenarioContext,
  reply: Awaited<ReturnType<Person['logOut']>>,
  what: ReturnType<typeof words>,
): void {
  if (context.mode === 'behaviour') accepted(context, reply, what)
  else context.check(what, 204, sayReply(reply), reply.status === 204)
}

export const sessionRevoked: RunnableScenario = {
  id: 'session-revoked',
  title: words('Session revoked', '会话被撤销'),
  why: words(
    'A logout must end the session on the server, not only on the phone: from then on the token opens nothing, whoever has it. The sessions of other phones stay.',
    '退出登录必须在服务器端结束会话，而不只是手机端删除：之后无论谁持有这个 token 都无效。其他手机的会话不受影响。',
  ),
  needs: ['logout'],
  async run(context) {
    const alice = await context.person('alice')
    const first = await enter(context, alice, words('One phone logs in', '第一部手机登录'))
    const second = await enter(context, alice, words('A second phone logs in', '第二部手机登录'))
    loggedOut(
      context,
      await alice.logOut(first),
      words('The first phone logs out', '第一部手机退出'),
    )
    shut(
      context,
      await alice.visit(first),
      words('Its token opens nothing any more', '它的 token 不再有效'),
    )
    accepted(
      context,
      await alice.visit(second),
      words('The second phone is still logged in', '第二部手机仍然在线'),
    )
    if (context.mode === 'contract') {
      loggedOut(
        context,
        await alice.logOut(first),
        words('To log out twice does no harm', '重复退出没有问题'),
      )
      const third = await enter(context, alice, words('A third phone logs in', '第三部手机登录'))
      await alice.logOut(third, { everywhere: true })
      shut(
        context,
        await alice.visit(second),
        words(
          'A logout everywhere ends the second phone’s session too',
          '全部退出也结束第二部手机的会话',
        ),
      )
    }
    await enter(context, alice, words('A new login works', '可以重新登录'))
  },
}

export const late401: RunnableScenario = {
  id: 'late-401',
  title: words('A late 401', '迟到的 401'),
  why: words(
    'Two requests go out with a session that has just ended. One 401 starts a login; the other arrives when that is over, and must not start a second login that throws away the first.',
    '两个请求带着刚失效的会话发出。第一个 401 触发登录；第二个 401 在登录完成后才到，不能再登录一次、把新会话丢掉。',
  ),
  needs: ['logout'],
  async run(context) {
    const { contract, check } = context
    const alice = await context.person('alice')
    const device = alice.device()
    const client = device.start()
    const { token } = await client.ready()
    await alice.logOut(token)

    let release!: () => void
    const released = new Promise<void>((resolve) => (release = resolve))
    const visits = (): typeof device.calls =>
      device.calls.filter(({ path }) => path === contract.guarded)
    device.hold((call) => (call === visits()[1] ? released : undefined))
    const url = contract.guarded
    const [prompt, late] = [client.request({ url }), client.request({ url })].map((request) =>
      request.then(
        ({ statusCode }) => statusCode,
        () => 0,
      ),
    )
    const statuses = [await prompt]
    release()
    statuses.push(await late)

    for (const [i, { reply }] of visits().slice(0, 2).entries()) {
      if (reply)
        shut(
          context,
          reply,
          words(
            `Request ${String(i + 1)} with the ended session`,
            `带失效会话的请求 ${String(i + 1)}`,
          ),
        )
    }
    const good = statuses.filter((status) => isGood({ status: status! })).length
    check(words('Both requests work in the end', '两个请求最终都成功'), 2, good, good === 2)
    asked(
      context,
      await alice.exchanges(),
      2,
      words(
        'Logins: the first one, and one for both 401',
        '登录次数：第一次，和两个 401 共用的一次',
      ),
    )
    accepted(
      context,
      await alice.visit(client.session?.token),
      words('The session that the phone holds works', '手机持有的会话有效'),
    )
  },
}

/** Whose session it is, shown by whose phone code it is good for: any server can be asked that. */
async function checkOwner(
  context: ScenarioContext,
  token: string | undefined,
  owner: Person,
  other: Person,
): Promise<void> {
  if (context.contract.phone === null) return
  const strange = await owner.sendPhone(token, { code: await other.phoneCode() })
  context.check(
    words(
      "The new session is not good for the first user's phone code",
      '新会话不能使用前一位用户的手机号 code',
    ),
    '4xx',
    sayReply(strange),
    isRefusal(strange),
  )
  accepted(
    context,
    await owner.sendPhone(token, { code: await owner.phoneCode() }),
    words("It is good for the second user's", '可以使用后一位用户的'),
  )
}

export const accountSwitched: RunnableScenario = {
  id: 'account-switched',
  title: words('Account switched', '切换账号'),
  why: words(
    'Somebody else logs in to WeChat on the same phone. The mini program has the second user’s storage then, and the server must never mix the two up, not even where the old token comes along with the new code.',
    '同一部手机换了微信账号。小程序读到的是新用户的存储；服务器绝不能把两人弄混，即使新 code 和旧 token 一起提交。',
  ),
  needs: [],
  async run(context) {
    const { contract, check } = context
    const [alice, bob] = [await context.person('alice'), await context.person('bob')]
    const device = alice.device()
    const { token: hers } = await device.start().ready()
    device.phone.switchUser(bob.name)
    const client = device.start()
    const { statusCode } = await client.request({ url: contract.guarded })
    check(
      words('The second user is logged in', '后一位用户已登录'),
      '2xx',
      statusCode,
      isGood({ status: statusCode }),
    )
    const his = client.session?.token
    const other = his !== undefined && his !== hers
    check(
      words('The second user has a session of his own', '后一位用户有自己的会话'),
      words('another token', '另一个 token'),
      other ? words('another token', '另一个 token') : words('the same token', '同一个 token'),
      other,
    )
    await checkOwner(context, his, bob, alice)
    accepted(
      context,
      await alice.visit(hers),
      words("The first user's session is as it was", '前一位用户的会话不受影响'),
    )

    const mixed = await bob.logIn(await bob.code(), hers)
    const token = loggedIn(
      context,
      mixed,
      words(
        "The second user's code with the first user's token logs in",
        '后一位用户的 code 加前一位用户的 token 可以登录',
      ),
    )
    await checkOwner(context, token, bob, alice)
    if (context.mode === 'contract') {
      shut(
        context,
        await alice.visit(hers),
        words('The session that came with the login has ended', '随登录提交的会话已结束'),
      )
    }
  },
}
