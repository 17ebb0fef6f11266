import type { ScenarioContext } from './context.js'
import {
  accepted,
  enter,
  exactError,
  gotNumber,
  loggedIn,
  outcomeOf,
  refused,
  sameKey,
} from './expect.js'
import { need, type RunnableScenario, SkipError } from './scenario.js'
import type { Reply } from './target.js'
import { words } from './words.js'

/** Watermarks carry the sandbox' time, and servers refuse old and future ones: this one takes an hour. */
const mostAhead = 50 * 60_000

const stale = { status: 409, code: 'WX_STALE_KEY', action: 'login' } as const

const clockSkip = words(
  'The clock of the sandbox is too far ahead of the server’s: a server that checks watermarks refuses all its data. Start the sandbox anew.',
  '沙箱时钟比服务器快太多：检查 watermark 的服务器会拒绝所有数据。请重新启动沙箱。',
)
const routeSkip = words(
  'The phone route takes no encryptedData, only the code',
  '手机号路径只接受 code，不接受 encryptedData',
)

/** Whether the answer to good data says that such data is not known here at all. */
const knowsNone = ({ mode }: ScenarioContext, { status }: Reply): boolean =>
  mode === 'behaviour' && [400, 404, 405, 415, 422].includes(status)

const readable = words(
  'Data of the key that the server has is read',
  '用服务器持有的密钥加密的数据可以解密',
)

async function mustReadEncrypted(context: ScenarioContext): Promise<void> {
  if ((await context.control.clockAhead()) > mostAhead) throw new SkipError(clockSkip)
}

export const encryptedBeforeLogin: RunnableScenario = {
  id: 'encrypted-before-login',
  title: words('Encrypted before the login', '先加密后登录'),
  why: words(
    'The phone encrypts with the key it has now; a wx.login after that changes the key. The server gets data it cannot read, and must say so (it is not broken), so that the phone logs in and asks the user again. The classic trap of getPhoneNumber.',
    '手机用当前密钥加密，之后的 wx.login 又更换了密钥，服务器收到的数据就无法解密。服务器应明确说明（而不是报错崩溃），让手机重新登录并再次请求。这是 getPhoneNumber 最经典的坑。',
  ),
  needs: ['phone'],
  async run(context) {
    await mustReadEncrypted(context)
    const { contract, check } = context
    const alice = await context.person('alice')
    const device = alice.device()
    const client = device.start()
    const tap = (): ReturnType<typeof device.phone.tapPhoneNumber> =>
      device.phone.tapPhoneNumber({ code: false })
    const send = async (detail: Awaited<ReturnType<typeof tap>>): Promise<string> =>
      outcomeOf(client.phone(detail))
    const lastReply = (): Reply =>
      need(device.calls.findLast(({ path }) => path === contract.phone)?.reply)

    await client.prepareKey()
    await send(await tap())
    if (knowsNone(context, lastReply())) throw new SkipError(routeSkip)
    gotNumber(context, lastReply(), alice.phoneNumber, readable)

    // Another page of the mini program takes a code, and it never reaches the server.
    await alice.code()
    const early = await tap()
    await client.login()
    const said = await send(early)
    refused(
      context,
      lastReply(),
      words(
        'Data of a key that the server never got is refused',
        '服务器从未得到的密钥加密的数据被拒绝',
      ),
      stale,
    )
    if (context.mode === 'contract') {
      check(
        words('The phone knows what to do', '手机知道该怎么做'),
        'STALE_KEY',
        said,
        said === 'STALE_KEY',
      )
    }
    await client.ready()
    await client.prepareKey()
    await send(await tap())
    gotNumber(context, lastReply(), alice.phoneNumber, readable)
  },
}

export const keyRotated: RunnableScenario = {
  id: 'key-rotated',
  title: words('Key rotated', '密钥轮换'),
  why: words(
    'WeChat can give the phone a new session_key at any time, and your server learns it only with the next code. The login session is yours and has nothing to do with that key: it goes on.',
    '微信随时可能给手机更换 session_key，服务器要到下一个 code 才会知道。登录会话是你自己的，与这把密钥无关，应继续有效。',
  ),
  needs: [],
  async run(context) {
    const { contract, mode } = context
    const alice = await context.person('alice')
    const token = await enter(context, alice, words('The user logs in', '用户登录'))
    const code = await alice.code()
    accepted(
      context,
      await alice.visit(token),
      words('The session lives on with a new key on the phone', '手机更换密钥后会话仍然有效'),
    )
    const reads = contract.phone !== null && (await context.control.clockAhead()) <= mostAhead
    if (reads && mode === 'contract') {
      exactError(
        context,
        await alice.sendPhone(token, await alice.encryptedPhone()),
        words(
          'Data of the new key, which the server has not got, is refused',
          '服务器尚未得到的新密钥加密的数据被拒绝',
        ),
        stale,
      )
    }
    const reply = await alice.logIn(code)
    const renewed = need(
      loggedIn(context, reply, words('The code brings the new key', 'code 带来新密钥')),
    )
    accepted(context, await alice.visit(renewed), words('The new session works', '新会话有效'))
    if (mode === 'contract') {
      const held = words('The server has the key that the phone has', '服务器的密钥与手机一致')
      await sameKey(context, alice, reply, held)
    }
    if (!reads) return
    const sent = await alice.sendPhone(renewed, await alice.encryptedPhone())
    if (knowsNone(context, sent)) return
    gotNumber(
      context,
      sent,
      alice.phoneNumber,
      words('Data of the new key is read now', '新密钥加密的数据可以解密'),
    )
  },
}
