import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../support/services.js'

const script = join(__dirname, '../../scripts/miniprogram/compile.js')

/** The smallest mini program there is, with some of its files changed. */
function write(files: Record<string, string> = {}): string {
  const folder = temporaryFolder('source')
  const all: Record<string, string> = {
    'app.js': 'App({})',
    'app.json': '{ "pages": ["pages/one/one"], "window": { "navigationBarTitleText": "<One>" } }',
    'pages/one/one.js': 'Page({})',
    'pages/one/one.json': '{}',
    'pages/one/one.wxml': '<view class="a">1</view>',
    'phone.js': 'export default {}',
    ...files,
  }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

function compile(folder: string): Promise<{ code: number; stderr: string; out: string }> {
  const out = join(folder, 'out')
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, folder, join(folder, 'phone.js'), out],
      (error, _, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stderr, out })
      },
    )
  })
}

test('a mini program becomes a page, a script, a style sheet and its images', async () => {
  const { code, stderr, out } = await compile(write({ 'images/a.svg': '<svg/>' }))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const name of ['app.js', 'app.css', 'images/a.svg']) {
    expect(readFileSync(join(out, name), 'utf8')).not.toBe('')
  }
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toContain('<title>&#60;One></title>')
})

test('rpx are shares of the screen; a component’s classes are its own; page is the page', async () => {
  const { out } = await compile(
    write({
      'common.wxss': '.common { margin: 1rpx }',
      'pages/one/one.wxss':
        '@import "../../common.wxss"; page { color: red } .a { width: 375rpx; left: -7.5rpx }',
      'pages/one/one.json': '{ "usingComponents": { "box": "/box/box" } }',
      'pages/one/one.wxml': '<box/>',
      'box/box.js': 'Component({})',
      'box/box.json': '{ "component": true }',
      'box/box.wxml': '<view class="b"/>',
      'box/box.wxss': '.b { height: 750rpx }',
    }),
  )
  const rules = readFileSync(join(out, 'app.js'), 'utf8').match(/[\w.-]+ \{ [^{}]+ \}/g)
  expect(rules).toEqual([
    '.common { margin: 0.13333333333333333vw }',
    'wx-page { color: red }',
    '.a { width: 50vw; left: -1vw }',
    '.box-box--b { height: 100vw }',
  ])
})

test('what comes out makes no code of text, so that a strict Content-Security-Policy lets it run', async () => {
  const { out } = await compile(write())
  expect(readFileSync(join(out, 'app.js'), 'utf8')).not.toMatch(/\bnew Function\b|[^.\w]eval\(/)
  expect(readFileSync(join(out, 'index.html'), 'utf8')).not.toMatch(/<script(?![^>]* src=)/)
})

test.each<[string, Record<string, string>, RegExp]>([
  [
    'WXML that does not close',
    { 'pages/one/one.wxml': '<view><text></view>' },
    /wcc:[^]*one\.wxml/,
  ],
  [
    'an import that leads nowhere',
    { 'pages/one/one.wxss': '@import "no.wxss";' },
    /wcsc:[^]*no\.wxss/,
  ],
  ['JavaScript with a mistake', { 'pages/one/one.js': 'Page({' }, /one\.js:1/],
  ['JSON with a mistake', { 'pages/one/one.json': '{' }, /pages\/one\/one\.json: /],
  [
    'a page that is not there',
    { 'app.json': '{ "pages": ["pages/two/two"] }' },
    /pages\/two\/two\.js is missing/,
  ],
  ['a package that is not there', { 'app.js': "require('nobody')" }, /nobody/],
])('%s is told with the file it is in', async (_, files, message) => {
  const { code, stderr } = await compile(write(files))
  expect(code).not.toBe(0)
  expect(stderr).toMatch(message)
})
