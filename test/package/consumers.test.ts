import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Compiler,
  type CompileOptions,
  Consumer,
  pack,
  root,
  sourceFiles,
} from './consumer.js'

const { tarball, files } = pack()

const apiExports = [
  'WxLoginError',
  'code2Session',
  'decryptData',
  'errorCodes',
  'getWx',
  'requestIdOf',
  'requireWxSession',
  'verifySignature',
  'wxErrorHandler',
  'wxLogin',
]

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}

let newest: Consumer
let oldest: Consumer

beforeAll(async () => {
  ;[newest, oldest] = await Promise.all([
    Consumer.install('newest', [
      tarball,
      'express@5',
      'express-session@1',
      'connect-redis@9',
      'redis@6',
      '@types/express@5',
      '@types/express-session@1',
      '@types/node@24',
    ]),
    // The lower end of every peer range, and nothing that is optional at run time.
    Consumer.install('oldest', [
      tarball,
      'express@4.18.0',
      'express-session@1.18.0',
      '@types/express@4.17.21',
      '@types/express-session@1.18.0',
      '@types/node@20',
    ]),
  ])
}, 180_000)

describe('the tarball', () => {
  it('holds the code of every source once, its types for both kinds, the page, the documents, and nothing else', () => {
    const types = sourceFiles().flatMap((file) => {
      const name = file.replace(/\.ts$/, '')
      return [`dist/cjs/${name}.d.ts`, `dist/esm/${name}.d.ts`]
    })
    const code = ['index', 'redis/index', 'sandbox/index'].flatMap((name) => [
      `dist/cjs/${name}.js`,
      `dist/esm/${name}.js`,
      `dist/esm/${name}.node.js`,
    ])
    const documents = [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'README.zh-CN.md',
      'SECURITY.md',
      'package.json',
    ]
    const icons = ['home', 'notes', 'profile'].flatMap((name) => [name, `${name}-selected`])
    const page = [
      ...['LICENSES.txt', 'index.html', 'page.css', 'page.js'],
      ...['index.html', 'boot.css', 'boot.js', 'app.css', 'app.js'].map((name) => `phone/${name}`),
      ...icons.map((name) => `phone/images/${name}.png`),
    ].map((name) => `dist/page/${name}`)
    const others = ['dist/cjs/cli.js', 'dist/cjs/package.json', ...documents]
    expect(files).toEqual([...types, ...code, ...page, ...others].toSorted())
  })
})

test('the installed command serves the page and its phone', async () => {
  const command = join(newest.folder, 'node_modules/express-wx-login/dist/cjs/cli.js')
  const child = spawn(process.execPath, [command, 'sandbox', '--port', '0'], {
    env: { PATH: process.env.PATH },
  })
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        const [found] = /http:\S+\/__sandbox/.exec(text) ?? []
        if (found !== undefined) resolve(found)
      })
      child.once('exit', () => reject(new Error(text)))
    })
    for (const path of ['', '/page/page.js', '/page/page.css', '/phone/', '/phone/app.js']) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
    }
    const config = (await (await fetch(`${url}/config`)).json()) as { version: string }
    expect(config.version).toBe(version)
  } finally {
    child.kill()
  }
})

describe('consumers in JavaScript', () => {
  it('are on the two Expresses', () => {
    expect(newest.version('express')).toMatch(/^5\./)
    expect(oldest.version('express')).toBe('4.18.0')
  })

  it.each([
    ['Express 5', () => newest],
    ['Express 4', () => oldest],
  ])('log in on %s, required', async (_, consumer) => {
    expect(await consumer().print('login.cjs')).toEqual({
      exports: apiExports,
      version,
      oneCopy: true,
      known: true,
    })
  })

  it.each([
    ['Express 5', () => newest],
    ['Express 4', () => oldest],
  ])('log in on %s, imported', async (_, consumer) => {
    expect(await consumer().print('login.mjs')).toEqual({ exports: apiExports })
  })

  it.each(['redis.cjs', 'redis.mjs'])('log in with sessions in Redis: %s', async (fixture) => {
    expect(await newest.print(fixture)).toEqual({ exports: ['createRedis'] })
  })

  it.each(['redis-missing.cjs', 'redis-missing.mjs'])(
    'are told what to install where redis is given and its packages are not there: %s',
    async (fixture) => {
      expect(await oldest.print(fixture)).toEqual({
        code: 'WX_APP_CONFIG',
        message: expect.stringContaining('npm i connect-redis redis') as string,
      })
    },
  )

  it('test with plain jest', async () => {
    const { code, output } = await newest.jest()
    expect(output).toContain('1 passed')
    expect(code).toBe(0)
  })

  it('have the command', async () => {
    const { code, output } = await newest.command('express-wx-login', '--help')
    expect(output).toContain('Usage: express-wx-login')
    expect(code).toBe(0)
  })
})

// With Redis, in all combinations: test/release.
describe('consumers in TypeScript that have no Redis', () => {
  const esm: CompileOptions = { moduleResolution: 'nodenext', type: 'module' }
  const cjs: CompileOptions = { moduleResolution: 'nodenext', type: 'commonjs' }
  const bundler: CompileOptions = { moduleResolution: 'bundler', type: 'module' }

  it.each<[Compiler, CompileOptions]>([
    ['typescript', esm],
    ['typescript', bundler],
    ['typescript-5', cjs],
  ])(
    'compile with %s, %j',
    async (compiler, options) => {
      // Who has no redis package cannot import that subpath.
      const without = ['subpaths.ts']
      expect(await oldest.compile('plain', compiler, { ...options, without })).toBe('')
    },
    60_000,
  )
})
