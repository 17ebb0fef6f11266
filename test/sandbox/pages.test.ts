import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPages, type Pages } from '../../src/sandbox/control/pages.js'
import { SandboxError } from '../../src/sandbox/sandbox-error.js'
import { listen, raw } from './support.js'

let folder: string

beforeAll(async () => {
  const outside = await mkdtemp(join(tmpdir(), 'sandbox-pages-'))
  folder = join(outside, 'page')
  await mkdir(join(folder, 'phone', 'images'), { recursive: true })
  await writeFile(join(outside, 'secret.txt'), 'outside')
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>SANDBOX</title>')
  await writeFile(join(folder, 'page.js'), 'page()')
  await writeFile(join(folder, 'page.css'), 'p{}')
  await writeFile(join(folder, 'phone', 'index.html'), 'phone')
  await writeFile(join(folder, 'phone', 'images', 'a.png'), Buffer.from([0x89, 0x50, 0xff, 0x00]))
  await symlink(join(outside, 'secret.txt'), join(folder, 'link.txt'))
  await symlink(outside, join(folder, 'up'))
})

afterAll(async () => {
  await rm(join(folder, '..'), { recursive: true })
})

const built = (): Pages => createPages(folder)

const answer = (path: string, tag?: string): ReturnType<Pages['answer']> =>
  built().answer(path, tag)

describe('the files of the page', () => {
  it.each([
    ['', 'text/html; charset=utf-8', '<!doctype html><title>SANDBOX</title>'],
    ['/page/index.html', 'text/html; charset=utf-8', '<!doctype html><title>SANDBOX</title>'],
    ['/page/page.js', 'text/javascript; charset=utf-8', 'page()'],
    ['/page/page.css', 'text/css; charset=utf-8', 'p{}'],
    ['/phone/', 'text/html; charset=utf-8', 'phone'],
    ['/phone/index.html', 'text/html; charset=utf-8', 'phone'],
  ])('are served at /__sandbox%s', async (path, type, text) => {
    const { status, headers, body } = await answer(path)
    expect([status, headers['Content-Type']]).toEqual([200, type])
    expect(Buffer.from(body as Uint8Array).toString()).toBe(text)
    expect(headers).toMatchObject({
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      ETag: expect.stringMatching(/^"[0-9a-f]{8}"$/),
    })
  })

  it('may be bytes', async () => {
    const { headers, body } = await answer('/phone/images/a.png')
    expect(headers['Content-Type']).toBe('image/png')
    expect([...(body as Uint8Array)]).toEqual([0x89, 0x50, 0xff, 0x00])
  })

  it('are not sent again to a browser that has them', async () => {
    const { headers } = await answer('/page/page.js')
    expect(await answer('/page/page.js', headers['ETag'])).toMatchObject({ status: 304, body: '' })
    expect(await answer('/page/page.js', '"00000000"')).toMatchObject({ status: 200 })
  })

  it('run nothing from elsewhere, and only the phone may be in a frame', async () => {
    const page = (await answer('')).headers['Content-Security-Policy']
    expect(page).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
        "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    const phone = (await answer('/phone/')).headers['Content-Security-Policy']
    expect(phone).toContain("frame-ancestors 'self'")
    expect(phone).not.toContain('unsafe-eval')
    expect(phone).toContain("script-src 'self';")
  })

  it.each([
    '/page/nothing.js',
    '/page/',
    '/page/link.txt',
    '/page/up/secret.txt',
    '/page/../secret.txt',
    '/page/..%2fsecret.txt',
    '/page/%2e%2e/secret.txt',
    '/page/./page.js',
    '/page//page.js',
    '/page/phone/index.html',
    '/page/__proto__',
    '/phone/../page.js',
    '/phone/nothing',
    '/page/page.js\0',
  ])('are not there under %j', async (path) => {
    await expect(answer(path)).rejects.toThrow(SandboxError)
    await expect(answer(path)).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' })
  })

  it('say how to build them where they are not built', async () => {
    for (const nowhere of [undefined, join(folder, 'nothing')]) {
      for (const path of ['', '/page/page.js', '/phone/']) {
        const { status, headers, body } = await createPages(nowhere).answer(path, undefined)
        expect([status, headers['Content-Type']]).toEqual([503, 'text/html; charset=utf-8'])
        expect(body).toContain('SANDBOX')
        expect(body).toContain('npm run build')
        expect(headers['Content-Security-Policy']).toContain("default-src 'none'")
      }
    }
  })
})

describe('the page over HTTP', () => {
  it('answers GET and HEAD, and / and /__sandbox/phone lead to it', async () => {
    const sandbox = await listen()
    const get = await raw(sandbox, '/__sandbox')
    expect(get.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(get.body).toContain('SANDBOX')
    const head = await raw(sandbox, '/__sandbox/', { method: 'HEAD' })
    expect([head.status, head.body]).toEqual([get.status, ''])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    const root = await raw(sandbox, '/')
    expect([root.status, root.headers.location]).toEqual([302, '/__sandbox'])
    const phone = await raw(sandbox, '/__sandbox/phone')
    expect([phone.status, phone.headers.location]).toEqual([302, '/__sandbox/phone/'])
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    const sandbox = await listen()
    for (const path of ['/__sandbox', '/__sandbox/page/page.js', '/__sandbox/phone/']) {
      const { status, headers } = await raw(sandbox, path, { method })
      expect([path, status, headers.allow]).toEqual([path, 405, 'GET, HEAD'])
    }
  })

  it('has nothing above its folder, however that is written', async () => {
    const sandbox = await listen()
    const { port } = new URL(sandbox.baseUrl)
    for (const path of [
      '/__sandbox/page/../../package.json',
      '/__sandbox/page/..%2f..%2fpackage.json',
      '/__sandbox/phone/..\\..\\package.json',
      '/__sandbox/page/%00',
      '/__sandbox/page//etc/passwd',
    ]) {
      // As it is: a client would resolve it.
      const status = await new Promise<number>((resolve, reject) => {
        http
          .request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
            response.resume()
            resolve(response.statusCode!)
          })
          .on('error', reject)
          .end()
      })
      // Before a build, the page says so everywhere.
      expect([path, [404, 503].includes(status)]).toEqual([path, true])
    }
  })

  it('is the same for a server that lies behind another one of node:http', async () => {
    const sandbox = await listen()
    const own = http.createServer(sandbox.handler)
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const { port } = own.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${String(port)}/__sandbox`)
    expect(await response.text()).toContain('SANDBOX')
    await new Promise((resolve) => own.close(resolve))
  })
})
