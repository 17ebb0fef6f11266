import { accepted, asked, enter, gotNumber, outcomeOf, refused } from './expect.js'
import type { RunnableScenario } from './scenario.js'
import { fingerprint } from './sha256.js'
import { words } from './words.js'

const endpoint = '/wxa/business/getuserphonenumber'

const loggingIn = words('The user logs in', '用户登录')

export const userDeniesPhone: RunnableScenario = {
  id: 'user-denies-phone',
  title: words('User denies the phone number', '用户拒绝授权手机号'),
  why: words(
    'To refuse is a normal answer: the button then gives an event without a code. Nothing should be sent, and a server that gets it all the same says that the request is wrong instead of breaking.',
    '拒绝是正常的选择：按钮事件里没有 code。此时什么都不该发送；服务器即使收到，也应回答请求有误，而不是出错。',
  ),
  needs: ['phone'],
  async run(context) {
    const { contract, check } = context
    const alice = await context.person('alice')
    const device = alice.device()
    const client = device.start()
    const { token } = await client.ready()
    const detail = await device.phone.tapPhoneNumber({ deny: true })
    const said = await outcomeOf(client.phone(detail))
    check(
      words('The phone knows that the user refused', '手机知道用户拒绝了'),
      'DENIED',
      said,
      said === 'DENIED',
    )
    const sent = device.calls.filter(({ path }) => path === contract.phone).length
    check(words('Requests to the phone route', '发往手机号路径的请求数'), 0, sent, sent === 0)
    const wrong = { status: 400, code: 'WX_BAD_REQUEST', action: 'none' } as const
    refused(
      context,
      await alice.sendPhone(token, {}),
      words('A post without a code is refused', '没有 code 的提交被拒绝'),
      wrong,
    )
    refused(
      context,
      await alice.sendPhone(token, { ...detail }),
      words('The event of a refusal, posted as it is, is refused', '原样提交的拒绝事件被拒绝'),
      wrong,
    )
    accepted(
      context,
      await alice.visit(token),
      words('The user is still logged in', '用户仍然在线'),
    )
    gotNumber(
      context,
      await alice.sendPhone(token, { code: await alice.phoneCode() }),
      alice.phoneNumber,
      words('When the user allows it, it works', '用户同意后可以取得号码'),
    )
  },
}

export const phoneCodeOfAnotherUser: RunnableScenario = {
  id: 'phone-code-of-another-user',
  title: words("Another user's phone code", '别人的手机号 code'),
  why: words(
    'A phone code says nothing of whose it is. Give WeChat the openid of the session with it: only then somebody who got hold of another user’s code cannot take over that number.',
    '手机号 code 本身不说明属于谁。调用微信接口时要同时传会话用户的 openid，否则拿到别人 code 的人就能绑定别人的号码。',
  ),
  needs: ['phone'],
  async run(context) {
    const [alice, bob] = [await context.person('alice'), await context.person('bob')]
    const hers = await enter(context, alice, loggingIn)
    const his = await enter(context, bob, loggingIn)
    const code = await bob.phoneCode()
    const stolen = await alice.sendPhone(hers, { code })
    refused(
      context,
      stolen,
      words("Another user's phone code is refused", '别人的手机号 code 被拒绝'),
      { status: 401, code: 'WX_CODE_INVALID', action: 'login' },
    )
    const told = stolen.text.includes(bob.phoneNumber)
    context.check(
      words("The refusal does not say the other user's number", '拒绝的应答不含别人的号码'),
      words('no number', '没有号码'),
      told ? words('the number', '含有号码') : words('no number', '没有号码'),
      !told,
    )
    gotNumber(
      context,
      await bob.sendPhone(his, { code }),
      bob.phoneNumber,
      words('Its owner can still use it', '本人仍可使用'),
    )
    accepted(
      context,
      await alice.visit(hers),
      words('The first user is still logged in', '前一位用户仍然在线'),
    )
  },
}

export const accessTokenReplaced: RunnableScenario = {
  id: 'access-token-replaced',
  title: words('Access token replaced by another process', 'access_token 被其他进程更换'),
  why: words(
    'Another process, or a colleague with the same AppSecret, asked for a new access_token: yours is 40001 before its time. Get a new one and ask once more; the phone code is not spent by that.',
    '其他进程（或用同一 AppSecret 的同事）取了新的 access_token，你的提前失效（40001）。重新获取后再请求一次即可；手机号 code 不会因此消耗。',
  ),
  needs: ['phone'],
  async run(context) {
    const { control } = context
    const alice = await context.person('alice')
    const token = await enter(context, alice, loggingIn)
    gotNumber(
      context,
      await alice.sendPhone(token, { code: await alice.phoneCode() }),
      alice.phoneNumber,
      words('With a good access token the number comes', 'access_token 有效时可以取得号码'),
    )
    await control.addFault({ endpoint: 'getuserphonenumber', errcode: 40001, times: 1 })
    const before = (await control.requests()).at(-1)?.id ?? 0
    const code = await alice.phoneCode()
    gotNumber(
      context,
      await alice.sendPhone(token, { code }),
      alice.phoneNumber,
      words(
        'With one that was replaced it comes all the same',
        'access_token 被更换后仍可取得号码',
      ),
    )
    asked(
      context,
      await context.countRequests(endpoint, [fingerprint(code)]),
      2,
      words('WeChat was asked for the number again, once', '就该号码再次询问微信，且仅一次'),
    )
    const tokens = (await control.requests()).filter(
      ({ id, path }) => id > before && /^\/cgi-bin\/(?:stable_)?token$/.test(path),
    ).length
    context.check(
      words('Requests for an access token in between', '期间获取 access_token 的请求数'),
      '≥ 1',
      tokens,
      tokens >= 1,
    )
  },
}
