import { join } from 'node:path'
import { createSandbox, type Sandbox, type SandboxDevice } from '../../src/sandbox/index.js'
import { type App, http, login as logIn, startApp } from '../example-app/spawn-app.js'
import { launchMiniProgram } from '../support/launch-mini-program.js'
import { until } from '../support/until.js'
import { installExample, type Project } from './project.js'

let sandbox: Sandbox
let app: App

beforeAll(async () => {
  sandbox = createSandbox({ rateLimit: 0 })
  await sandbox.listen(0, '127.0.0.1')
  app = await startApp({ WX_API_BASE: sandbox.baseUrl })
})

afterAll(async () => {
  await app?.stop()
  await sandbox?.close()
})

/** A phone of this user, for which the examples' server is the one of this test, and the paths it asked for. */
function takePhone(user: string): { phone: SandboxDevice; asked: string[] } {
  const asked: string[] = []
  const phone = sandbox.phone(user, {
    fetch(url, init) {
      const { pathname, origin } = new URL(url)
      expect(origin).toBe('http://127.0.0.1:3000')
      asked.push(pathname)
      return fetch(app.url + pathname, init)
    },
  })
  return { phone, asked }
}

const exchanges = (): number =>
  sandbox.requests.filter(({ path }) => path === '/sns/jscode2session').length

/** What a mistake in a program is, and what TypeScript calls it. */
const mistakes: [what: string, code: string, error: string][] = [
  ['an option that is misspelt', `createWxLogin({ baseURL: 'https://a.example' })`, 'TS2561'],
  ['an option that is missing', `createWxLogin({})`, 'TS2345'],
  [
    'a field that the user does not have',
    `void login.ready().then((s) => s.user.nickName)`,
    'TS2551',
  ],
  ['a session that may not be there', `login.session.token`, 'TS18047'],
  ['a reply of another type', `const n: number = (await request<string>({ url: '/' }))`, 'TS2322'],
]

describe.each([
  ['taro', 'dist'],
  ['uni-app', 'dist/build/mp-weixin'],
])('examples/%s', (name, built) => {
  let example: Project

  beforeAll(async () => {
    example = await installExample(name)
  }, 300_000)

  test('fits the types of the client and of the framework', async () => {
    expect(await example.run('check:types')).toEqual({ ok: true, output: '' })
  }, 60_000)

  test('the types refuse what is wrong, and nothing else', async () => {
    const program = [
      `import { createWxLogin } from 'wx-login-client'`,
      `import { login, request } from './login'`,
      ...mistakes.map(([, code]) => code),
      'export {}',
    ]
    const said = await example.complaints('wrong.ts', program.join('\n'))
    const found = [...said.matchAll(/wrong\.ts\((\d+),\d+\): error (TS\d+)/g)]
    expect(found.map(([, line, error]) => [program[Number(line) - 1], error])).toEqual(
      mistakes.map(([, code, error]) => [code, error]),
    )
    expect(said.match(/error TS/g)).toHaveLength(mistakes.length)
  }, 60_000)

  describe('built with its own compiler', () => {
    beforeAll(async () => {
      const { ok, output } = await example.run('build')
      if (!ok) throw new Error(output)
    }, 120_000)

    const open = (phone: SandboxDevice) => {
      const program = launchMiniProgram(join(example.folder, built), phone.wx)
      return program.open('pages/index/index')
    }

    test('has the client in it', () => {
      // Words of its own that no compiler changes.
      expect(example.bundle(built).includes('createWxLogin: ')).toBe(true)
    })

    test('logs in at launch by the global wx, once, and shows the list that is behind the guard', async () => {
      const { token } = (await logIn(app, sandbox.baseUrl, `${name}-ann`)).body as { token: string }
      await http(`${app.url}/me/notes`, { token, body: { text: '买牛奶' } })
      const before = exchanges()

      const { phone, asked } = takePhone(`${name}-ann`)
      const page = open(phone)
      await until(() => page.shown().includes('买牛奶'))
      expect(asked).toEqual(['/wx/login', '/me/notes'])
      expect(exchanges() - before).toBe(1)
    })

    test('gives the phone number to the server and shows what the server made of it', async () => {
      sandbox.user(`${name}-ben`, { phone: { phoneNumber: '13800138000' } })
      const { phone, asked } = takePhone(`${name}-ben`)
      const page = open(phone)
      await until(() => page.shown().includes('未绑定手机号'))
      page.fire('getphonenumber', await phone.tapPhoneNumber())
      await until(() => page.shown().includes('13800138000'))
      expect(asked).toContain('/wx/phone')
    })

    test('tells the user who refuses that nothing has happened, and asks the server nothing', async () => {
      const { phone, asked } = takePhone(`${name}-cat`)
      const page = open(phone)
      await until(() => page.shown().includes('未绑定手机号'))
      page.fire('getphonenumber', await phone.tapPhoneNumber({ deny: true }))
      await until(() => page.shown().includes('你没有授权'))
      expect(asked).not.toContain('/wx/phone')
    })

    test('tells the user when there is no network', async () => {
      const { phone } = takePhone(`${name}-dan`)
      phone.network = 'offline'
      const page = open(phone)
      await until(() => page.shown().includes('请检查网络'))
    })
  })
})
