import { formsOf, formsOfKey } from './secret-forms.js'
import { canaries, type WholeRun, wholeRun } from './whole-run.js'

jest.setTimeout(300_000)

/** Everything in which a secret could stand where it is looked for. */
const places = ['answers', 'output', 'printed'] as const
type Place = (typeof places)[number]

/** Takes out of a good reply what it is there to give: their own token and number, to those whose they are. */
function withoutOwn(text: string, status: number): string {
  if (status !== 200) return text
  return text
    .replace(/"token":"[^"]+"/, '"token":""')
    .replaceAll(/"(phone|phoneNumber|purePhoneNumber|nickname)":"[^"]+"/g, '"$1":""')
    .replaceAll(/"text":"[^"]+"/g, '"text":""')
}

describe.each(['development', 'production'] as const)(
  'one run through everything, NODE_ENV=%s, DEBUG=*',
  (nodeEnv) => {
    let run: WholeRun
    let texts: Record<Place, string>
    beforeAll(async () => {
      run = await wholeRun(nodeEnv)
      texts = {
        answers: run.answers.map(({ answer }) => withoutOwn(answer.text, answer.status)).join('\n'),
        output: run.output,
        printed: run.printed,
      }
    })

    /** Where any of these was found, and what stood before it. */
    function expectNowhere(secrets: Iterable<string>, where: readonly Place[] = places): void {
      let looked = 0
      const found: string[] = []
      for (const secret of secrets) {
        expect(secret.length).toBeGreaterThan(7)
        looked += 1
        for (const place of where) {
          const at = texts[place].indexOf(secret)
          if (at >= 0) found.push(`${place}: ${texts[place].slice(Math.max(0, at - 120), at + 20)}`)
        }
      }
      expect(found).toEqual([])
      expect(looked).toBeGreaterThan(0)
    }

    test('it went everywhere', () => {
      const statuses = new Set(run.answers.map(({ answer }) => answer.status))
      for (const status of [
        200, 201, 204, 400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503, 504,
      ])
        expect([...statuses]).toContain(status)
      const codes = new Set(
        run.answers.map(({ answer }) => (answer.body as { error?: { code: string } })?.error?.code),
      )
      for (const code of [
        ...[
          'WX_BAD_REQUEST',
          'WX_CODE_INVALID',
          'WX_CODE_USED',
          'WX_RATE_LIMITED',
          'WX_USER_BLOCKED',
        ],
        ...['WX_APP_UNKNOWN', 'WX_APP_CONFIG', 'WX_BUSY', 'WX_UPSTREAM', 'WX_SESSION_REQUIRED'],
        ...['WX_STALE_KEY', 'WX_STORE_UNAVAILABLE', 'BAD_REQUEST', 'NOT_FOUND'],
      ])
        expect([...codes]).toContain(code)
      expect(run.sessionKeys.size).toBeGreaterThan(20)
      expect(run.accessTokens.size).toBeGreaterThan(0)
      expect(run.tokens.size).toBeGreaterThan(20)
      expect(run.codes.size).toBeGreaterThan(50)
      // What is looked for below is found where it belongs.
      const whole = run.answers.map(({ answer }) => answer.text).join('\n')
      for (const token of run.tokens) expect(whole.includes(token)).toBe(true)
      // DEBUG and the printer worked.
      expect(run.output).toMatch(/express|router|body-parser/)
      for (const what of ['req.wx ', 'req.session ', 'error ', 'call ', 'key:refused '])
        expect(run.printed.includes(`\n${what}`) || run.printed.startsWith(what)).toBe(true)
    })

    test('attack 26: session_key: in no response, header or error', () => {
      expectNowhere([...run.sessionKeys].flatMap(formsOfKey), ['answers'])
      expect(texts.answers).not.toMatch(/session_?key/i)
    })

    test('attack 27: session_key, token, code and access token: in no log, and nothing that is printed', () => {
      expectNowhere([...run.sessionKeys].flatMap(formsOfKey))
      expectNowhere([...run.tokens].flatMap((token) => [token, token.split('.')[1]!]))
      expectNowhere(run.accessTokens)
      expectNowhere(run.codes)
      expectNowhere(formsOf(canaries.sessionSecret))
    })

    test('attack 28: AppSecret: in no error, cause, log or response; nor what WeChat says in its errors', () => {
      expectNowhere(formsOf(canaries.appSecret))
      expectNowhere([canaries.errmsg])
      expectNowhere(['&secret=', '/sns/jscode2session?', 'access_token='])
    })

    test('attack 29: decrypted text: in no error, log or response', () => {
      expectNowhere(formsOf(canaries.plaintext))
      expectNowhere(['" is not valid JSON', 'Unexpected token', 'in JSON at position'])
    })

    test('the phone number is in the replies that give it to whose it is, and nowhere else', () => {
      expectNowhere([canaries.phoneNumber], ['answers', 'output'])
      const given = run.answers.filter(({ answer }) => answer.text.includes(canaries.phoneNumber))
      expect(given.length).toBeGreaterThan(0)
      expect(new Set(given.map(({ answer }) => answer.status))).toEqual(new Set([200]))
      // req.wx.user is what the app itself made of it.
      expect(run.printed.replaceAll(/phone\\?"?: ?['"\\]*13955558888/g, '')).not.toContain(
        canaries.phoneNumber,
      )
    })

    test('what people wrote is not in the log', () => {
      expectNowhere([canaries.nickname, canaries.note], ['output'])
    })

    test('attack 30: stack traces and HTML error pages: every error is JSON without a stack', () => {
      const errors = run.answers.filter(({ answer }) => answer.status >= 400)
      expect(errors.length).toBeGreaterThan(100)
      const odd = errors.filter(({ asked, answer }) => {
        if (asked.endsWith('/readyz')) return false
        const { error } = (answer.body ?? {}) as { error?: Record<string, unknown> }
        const fields = Object.keys(error ?? {}).every((name) =>
          ['code', 'message', 'action', 'requestId', 'errcode', 'rid'].includes(name),
        )
        return (
          !fields ||
          typeof error?.['code'] !== 'string' ||
          typeof error['message'] !== 'string' ||
          answer.headers.get('content-type') !== 'application/json; charset=utf-8'
        )
      })
      expect(odd.map(({ asked, answer }) => `${asked}: ${answer.text}`)).toEqual([])
      for (const { answer } of run.answers.filter((a) => a.answer.status !== 200))
        expect(answer.text).not.toMatch(
          /<!doctype|<html|<pre>|(\\n|\n) {2,}at |node_modules|\.[jt]s:\d+/i,
        )
      // Of what nobody expected the log has a stack; nothing of all this was unexpected.
      expect(run.output).not.toMatch(
        /"status":500[^\n]*"type":"(TypeError|RangeError|SyntaxError)"/,
      )
      expect(run.output).not.toMatch(/unhandled|uncaught/i)
    })
  },
)
