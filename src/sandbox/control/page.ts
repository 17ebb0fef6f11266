import { SANDBOX_SECRET, type Apps } from '../apps.js'
import type { Reply } from '../reply.js'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => escapes[c]!)

const style = `
:root{color-scheme:light dark;--line:#8884;--ink:#1a1a1a;--bg:#fafafa;--tag:#07c160}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6e6;--bg:#161616}}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}
.tag{background:var(--tag);color:#03220f;border-radius:.3rem;padding:.1rem .5rem;letter-spacing:.08em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}td{overflow-wrap:anywhere}code,pre{font:.875rem/1.6 ui-monospace,monospace}
pre{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem}
`

/** The page of a sandbox: what this is, its apps, and the walk for curl. */
export function renderPage(apps: Apps, baseUrl: string): Reply {
  const url = escape(baseUrl)
  const { appid } = apps.first
  const rows = apps.all.map(({ appid, secret }) => {
    // The default secret is public; one that somebody chose may be a real one.
    const shown = secret === SANDBOX_SECRET ? secret : 'as you set it'
    return `<tr><td><code>${escape(appid)}</code></td><td><code>${escape(shown)}</code></td></tr>`
  })
  const query = `appid=${appid}&secret=${apps.first.secret === SANDBOX_SECRET ? SANDBOX_SECRET : '$SECRET'}`
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>SANDBOX · express-wx-login</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1><span class="tag">SANDBOX</span> This is not WeChat.</h1>
<p>It plays WeChat for mini program login: anybody can log in here as anybody, with no phone and no
account. Point your server's WeChat address at <code>${url}</code> and give it one of these apps.</p>
<table>
<thead><tr><th scope="col">AppID</th><th scope="col">AppSecret</th></tr></thead>
<tbody>${rows.join('')}</tbody>
</table>
<h2>A phone calls wx.login</h2>
<pre>curl -X POST ${url}/__sandbox/users/alice/login</pre>
<h2>Your server exchanges the code, once, within five minutes</h2>
<pre>curl '${url}/sns/jscode2session?${escape(query)}&amp;grant_type=authorization_code&amp;js_code=<b>CODE</b>'</pre>
<h2>The phone's signed and encrypted data</h2>
<pre>curl -X POST ${url}/__sandbox/users/alice/user-info
curl -X POST ${url}/__sandbox/users/alice/phone-number</pre>
<h2>WeChat tells your server that the account was closed</h2>
<pre>curl ${url}/__sandbox/users/alice/events -d '{"event":"user_authorization_cancellation",
  "url":"http://localhost:3000/wx/push","token":"<b>TOKEN</b>","encodingAESKey":"<b>KEY</b>"}'</pre>
<h2>Things go wrong</h2>
<pre>curl ${url}/__sandbox/faults -d '{"endpoint":"jscode2session","errcode":-1,"times":1}'
curl -X DELETE ${url}/__sandbox/faults
curl ${url}/__sandbox/clock -d '{"advanceMs":300000}'</pre>
<h2>What your server sent</h2>
<pre>curl <a href="/__sandbox/requests">${url}/__sandbox/requests</a>
curl -N ${url}/__sandbox/events</pre>
</main>
</body>
</html>
`
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    },
    body,
  }
}
