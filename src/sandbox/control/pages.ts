import { readdir, readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { shortHash } from '../mask.js'
import type { Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
}

const policy = (framedBy: string, style: string): string =>
  `default-src 'none'; script-src 'self'; style-src ${style}; img-src 'self' data: blob:; ` +
  `connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${framedBy}`

const pagePolicy = policy("'none'", "'self'")
// What WeChat's compiler makes of WXML sets styles in the markup.
const phonePolicy = policy("'self'", "'self' 'unsafe-inline'")

const headers = (type: string, csp: string): Record<string, string> => ({
  'Content-Type': type,
  'Content-Security-Policy': csp,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>SANDBOX · express-wx-login</title>
<h1>SANDBOX: this is not WeChat.</h1>
<p>The sandbox runs, but its page is not built. In a checkout of express-wx-login: <code>npm run build</code></p>
<p lang="zh-CN">沙箱在运行，但页面尚未构建。请在 express-wx-login 的目录中执行 <code>npm run build</code></p>
</html>
`

/** The files of the page. */
export interface Pages {
  /**
   * @param path - after `/__sandbox`: empty for the page itself, `/page/page.js`, `/phone/`
   * @param knownTag - the ETag the browser has
   */
  answer(path: string, knownTag: string | undefined): Promise<Reply>
}

/** @param folder - where the page was built; undefined where there is none to look in */
export function createPages(folder: string | undefined): Pages {
  /** What is there, by its name in URLs: a name that is not on the list is nowhere, wherever it leads. */
  async function list(): Promise<Map<string, string>> {
    if (folder === undefined) return new Map()
    try {
      const entries = await readdir(folder, { withFileTypes: true, recursive: true })
      const files = entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
      // From Node 26 on the list goes through links to folders, wherever they lead.
      const root = (await realpath(folder)) + sep
      const real = await Promise.all(files.map((file) => realpath(file)))
      const inside = files.filter((_, i) => real[i]!.startsWith(root))
      return new Map(
        inside.map((file) => [file.slice(folder.length + 1).replaceAll(sep, '/'), file]),
      )
    } catch {
      return new Map()
    }
  }

  function nameOf(path: string): string {
    if (path === '') return 'index.html'
    if (path === '/phone/') return 'phone/index.html'
    return path.startsWith('/phone/') ? path.slice(1) : path.slice('/page/'.length)
  }

  return {
    async answer(path, knownTag) {
      if (path === '/phone') {
        return { status: 302, headers: { Location: '/__sandbox/phone/' }, body: '' }
      }
      const name = nameOf(path)
      const isPhone = path.startsWith('/phone/')
      const files = await list()
      const csp = isPhone ? phonePolicy : pagePolicy
      if (!files.has(isPhone ? 'phone/index.html' : 'index.html')) {
        const more = { ...headers(types['.html']!, csp), 'Cache-Control': 'no-store' }
        return { status: 503, headers: more, body: notBuilt }
      }
      const file = files.get(name)
      if (file === undefined || (!isPhone && name.startsWith('phone/'))) {
        throw new SandboxError('SANDBOX_NOT_FOUND', 'There is no such file. See /__sandbox')
      }
      const body = await readFile(file)
      const tag = `"${shortHash(body)}"`
      const type = types[extname(name)] ?? 'application/octet-stream'
      // Asked for again each time: a newer build has the same names.
      const all = { ...headers(type, csp), 'Cache-Control': 'no-cache', ETag: tag }
      return knownTag === tag
        ? { status: 304, headers: all, body: '' }
        : { status: 200, headers: all, body }
    },
  }
}
