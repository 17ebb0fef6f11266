import { createHash } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Status } from './status.js'

const style = `
:root { color-scheme: light dark }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem } dd { margin: 0 }
pre { overflow-x: auto; padding: 1rem; border: 1px solid #8884; border-radius: .5rem; font-size: .8rem }
.first { font-size: 1.2rem; font-weight: 600 }
.warning { border-left: .25rem solid #e0a000; padding-left: .75rem; margin: .4rem 0 }
`

// The page may show itself and this style, and nothing else.
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** `GET /`: what is running here, and how to try it. */
export function startPage(status: () => Status): RequestHandler {
  return (_req, res) => {
    res.set('Content-Security-Policy', policy).type('html').send(page(status()))
  }
}

function page(status: Status): string {
  const row = (name: string, value: string) => `<dt>${name}</dt><dd>${escape(value)}</dd>`
  const link = (href: string, text: string) => `<li><a href="${escape(href)}">${text}</a></li>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>express-wx-login example app</title>
<style>${style}</style>
<h1>express-wx-login example app</h1>
${
  status.sandboxPage === undefined
    ? ''
    : `<p class="first"><a href="${escape(status.sandboxPage)}">Open the sandbox: a phone, and a login as it happens</a></p>`
}
<dl>${row('WeChat', status.wechat)}${row('Sessions', status.sessions)}${row('Database', status.database)}</dl>
${status.warnings.map((warning) => `<p class="warning">${escape(warning)}</p>`).join('\n')}
${
  status.walk
    ? `<h2>Log in as alice</h2>
<p>Three lines for a shell: a code from the sandbox, the login, your user.</p>
<pre>${escape(status.walk.join('\n'))}</pre>`
    : ''
}
${
  status.phoneWalk
    ? `<h2>Ask for her phone number</h2>
<p>Two more lines for the same shell: a tap on the phone number button, and the number, which is hers from now on.</p>
<pre>${escape(status.phoneWalk.join('\n'))}</pre>`
    : ''
}
<h2>Look around</h2>
<ul>
${link('/public', '/public: a route without a session')}
${link('/me', '/me: a guarded route (401 in a browser: it has no token)')}
${link('/me/events', '/me/events: guarded too; an open answer that ends with its session')}
${link('/healthz', '/healthz: the process lives')}
${link('/readyz', '/readyz: Redis and the database answer')}
${link('/metrics', '/metrics: for Prometheus')}
</ul>
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
