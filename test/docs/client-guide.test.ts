import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Express } from 'express'
import { requireWxSession } from '../../src/index.js'
import type { SandboxDevice } from '../../src/sandbox/index.js'
import { launchMiniProgram } from '../support/launch-mini-program.js'
import { temporaryFolder } from '../support/services.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'
import { guides, read, root } from './markdown.js'
import { run } from './workspace.js'

const guide = guides.find(([english]) => english === 'docs/client.md')!

/** The files of the guide: each says its path in its first line. */
function write(page: string, url: string): string {
  const folder = temporaryFolder('client-guide')
  for (const { text } of read(page).blocks) {
    const path = /^(?:\/\/|<!--) (\S+\.(?:js|wxml))/.exec(text)?.[1]
    if (path === undefined) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text.replaceAll('https://api.example.com', url))
  }
  const installed = join(folder, 'miniprogram_npm/wx-login-client')
  cpSync(join(root, 'client/miniprogram_dist'), installed, { recursive: true })
  return folder
}

let app: TestApp
const uploads: string[] = []

beforeAll(async () => {
  app = await startTestApp({
    wx: { onUser: ({ openid, profile }) => ({ openid, ...profile }) },
    routes(server: Express) {
      server.post('/me/avatar', requireWxSession, async (req, res) => {
        let body = ''
        for await (const chunk of req) body += String(chunk)
        uploads.push(body)
        res.json({ user: {} })
      })
    },
  })
})

afterAll(() => app?.close())

test('the guide fits the types of the client and of the real wx', async () => {
  const folder = write(guide[0], 'https://api.example.com')
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true },
        ...{ module: 'commonjs', moduleResolution: 'bundler', target: 'es2020', lib: ['es2020'] },
        typeRoots: [join(root, 'node_modules')],
        types: ['miniprogram-api-typings'],
        paths: { 'wx-login-client': [join(root, 'client/dist/cjs/index.d.ts')] },
        strict: false,
      },
      include: ['*.js', 'pages'],
    }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  expect(await run(tsc, ['-p', folder])).toEqual({ ok: true, stdout: '', stderr: '' })

  writeFileSync(join(folder, 'wrong.js'), `require('./login').phone({ cod: '' })\nwx.logn({})\n`)
  const { stdout } = await run(tsc, ['-p', folder])
  expect(stdout.match(/wrong\.js\(\d/g)).toEqual(['wrong.js(1', 'wrong.js(2'])
}, 60_000)

describe.each(guide)('the mini program of %s', (page) => {
  const start = (phone: SandboxDevice) =>
    launchMiniProgram(write(page, app.url), phone.wx).open('pages/me/me')
  const exchanges = (): number => app.exchanges()

  test('logs in once at launch and shows who the user is', async () => {
    const before = exchanges()
    const me = start(app.sandbox.phone('alice'))
    await until(() => me.shown().includes(app.sandbox.user('alice').openid()))
    expect(exchanges() - before).toBe(1)
  })

  test('gets the phone number by the button', async () => {
    app.sandbox.user('bob', { phone: { phoneNumber: '13800138000' } })
    const phone = app.sandbox.phone('bob')
    const me = start(phone)
    await until(() => me.shown().includes('"busy":false'))
    await me.fire('getphonenumber', await phone.tapPhoneNumber())
    expect(me.shown()).toContain('"phone":"13800138000"')
  })

  test('takes a refusal for an answer', async () => {
    const phone = app.sandbox.phone('carol')
    const me = start(phone)
    await until(() => me.shown().includes('"busy":false'))
    await me.fire('getphonenumber', await phone.tapPhoneNumber({ deny: true }))
    expect(me.shown()).toContain('你没有授权')
  })

  test('uploads the avatar together with the nickname', async () => {
    const phone = app.sandbox.phone('dave')
    const me = start(phone)
    await until(() => me.shown().includes('"busy":false'))
    uploads.length = 0
    await me.fire('chooseavatar', { avatarUrl: await phone.chooseAvatar() })
    await me.fire('submit', { value: { nickName: '大卫' } })
    expect(me.shown()).toContain('"problem":""')
    expect(uploads).toHaveLength(1)
    expect(uploads[0]).toMatch(/name="avatar"[^]*name="nickName"|name="nickName"[^]*name="avatar"/)
    expect(uploads[0]).toContain('大卫')
  })

  test('saves a nickname alone, and sends nothing where nothing was typed', async () => {
    const me = start(app.sandbox.phone('erin'))
    await until(() => me.shown().includes('"busy":false'))
    await me.fire('submit', { value: { nickName: '  ' } })
    await me.fire('submit', { value: { nickName: '艾琳' } })
    expect(me.shown()).toContain('"problem":""')
    expect(uploads.join()).not.toContain('艾琳')
  })

  test('logs out, and says so when there is no network to log in again', async () => {
    const phone = app.sandbox.phone('frank')
    const me = start(phone)
    await until(() => me.shown().includes('openid'))
    await me.fire('tap')
    expect(me.shown()).toContain('"me":null')
    phone.network = 'offline'
    const again = start(phone)
    await until(() => again.shown().includes('微信登录没有成功，请检查网络后重试。'))
  })
})
