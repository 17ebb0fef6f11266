import { inspect } from 'node:util'
import { requireWxSession, type WxLoginError } from '../../src/index.js'
import { withTestApp } from '../support/test-app.js'

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
          onUser: (event) => say(event),
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
