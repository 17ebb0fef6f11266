import { inspect } from 'node:util'
import { requireWxSession, type WxLoginError } from '../../src/index.js'
import { type TestApp, withTestApp } from '../support/test-app.js'

/** Phone numbers by every way and with every failure; only the reply of a success may say them. */
async function phoneNumbers(
  t: TestApp,
  say: (value: unknown) => void,
  canaries: string[],
  said: string[],
): Promise<void> {
  const number = '13955558888'
  const alice = t.sandbox.user('alice', {
    phone: { phoneNumber: `+86${number}`, purePhoneNumber: number },
  })
  const { token } = await t.login()
  const tell = (reply: { status: number; headers: object; text: string }): void => {
    say(reply.headers)
    if (reply.status !== 200) said.push(reply.text)
    else expect(reply.text).toContain(number)
  }
  const post = async (body: {
    code?: string
    encryptedData?: string
    iv?: string
  }): Promise<void> => {
    canaries.push(...Object.values(body))
    tell(await t.post('/wx/phone', body, token))
  }
  const { code, encryptedData, iv } = alice.phoneNumber()
  await post({ code })
  await post({ code })
  await post({ encryptedData, iv })
  const faults = [
    { errcode: 40029 },
    { errcode: 40163 },
    { errcode: 47001 },
    { status: 500, body: `<html>${number}</html>` },
    { drop: 'after' as const },
    { body: { errcode: 0, phone_info: { phoneNumber: number } } },
    { body: `{"phoneNumber":"${number}"` },
  ]
  for (const fault of faults) {
    t.sandbox.faults.add({ endpoint: 'getuserphonenumber', times: 1, ...fault })
    await post({ code: alice.phoneNumber().code })
    t.sandbox.faults.add({ endpoint: 'checkencryptedmsg', times: 1, ...fault })
    const data = alice.phoneNumber()
    await post({ encryptedData: data.encryptedData, iv: data.iv })
  }
  for (const variant of ['bad-watermark', 'truncated', 'wrong-key'] as const) {
    const data = alice.phoneNumber({ variant })
    await post({ encryptedData: data.encryptedData, iv: data.iv })
  }
  // No number at all, and one that WeChat did not make.
  const forged = { phoneNumber: number, purePhoneNumber: number, countryCode: '86' }
  await post(alice.encrypt({ ...forged, purePhoneNumber: 5 }))
  await post(alice.encrypt(forged))
  canaries.push(number)
}

describe('secrets', () => {
  it('appear in no reply, error, event, warning or printed request', async () => {
    const said: string[] = []
    const printed: string[] = []
    const say = (value: unknown): void => {
      said.push(inspect(value, { depth: Infinity, showHidden: true, getters: false }))
      said.push(JSON.stringify(value) ?? '')
      if (value instanceof Error) said.push(value.stack ?? '', value.message, inspect(value.cause))
    }
    const output = (['stdout', 'stderr'] as const).map((name) =>
      jest.spyOn(process[name], 'write').mockImplementation((chunk) => {
        said.push(String(chunk))
        return true
      }),
    )
    process.on('warning', say)
    const canaries: string[] = []
    await withTestApp(
      {
        wx: {
          onUser: (event) => say({ ...event, phone: undefined }),
          onLogin: (event) => say(event),
          onLogout: (event) => say(event),
          onError: (error: WxLoginError) => say(error),
        },
        routes(app, wx) {
          app.get('/print', requireWxSession, (req, res) => {
            printed.push(inspect(req, { depth: Infinity, showHidden: true }))
            say(req.wx)
            say({ ...req.wx })
            printed.push(inspect(req.session, { depth: Infinity, showHidden: true }))
            say({ ...req.session })
            say(wx)
            res.json({ wx: req.wx, session: req.session })
          })
        },
      },
      async (t) => {
        const alice = t.sandbox.user('alice')
        const post = async (code: string, more: object = {}): Promise<string> => {
          canaries.push(code)
          const reply = await t.post('/wx/login', { code, ...more })
          said.push(JSON.stringify(reply.headers), reply.text.replace(/"token":"[^"]+"/, ''))
          return (reply.body as { token?: string }).token ?? ''
        }
        canaries.push(t.sandbox.secret)
        const token = await post(alice.login())
        canaries.push(alice.sessionKey(), Buffer.from(alice.sessionKey(), 'base64').toString('hex'))
        for (const fault of [
          { errcode: 40125 },
          { errcode: 41002 },
          { status: 500, body: '<html>oops</html>' },
          { drop: 'before' as const },
          { body: 'not json' },
        ]) {
          t.sandbox.faults.add({ endpoint: 'jscode2session', times: 1, ...fault })
          await post(alice.login())
        }
        await post(alice.login(), { rawData: '{}', signature: '0'.repeat(40) })
        for (const reply of [
          await t.get('/print', token),
          await t.get('/wx/session', token),
          await t.post('/wx/profile', alice.userInfo(), token),
          await t.post('/wx/logout', undefined, token),
        ]) {
          said.push(JSON.stringify(reply.headers), reply.text)
        }
        canaries.push(alice.sessionKey())
        await phoneNumbers(t, say, canaries, said)
        // The phone's own token stands in the headers of a printed request, and only there.
        expect(said.join('\n').includes(token)).toBe(false)
      },
    )
    process.off('warning', say)
    for (const spy of output) spy.mockRestore()
    const all = [...said, ...printed].join('\n')
    expect(all).toContain(`"v1.`)
    for (const canary of canaries) {
      expect(canary.length).toBeGreaterThan(10)
      const at = all.indexOf(canary)
      expect(at < 0 ? '' : all.slice(Math.max(0, at - 80), at + 20)).toBe('')
    }
  })
})
