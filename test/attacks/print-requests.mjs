// Loaded into the example app before all else: prints what people print who look for a mistake.
import { subscribe, tracingChannel } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import { inspect } from 'node:util'

const file = process.env.PRINTED_REQUESTS

function json(value) {
  try {
    return JSON.stringify(value) ?? ''
  } catch (error) {
    return String(error)
  }
}

function print(what, value, showHidden = true) {
  const deep = inspect(value, { depth: Infinity, showHidden, maxStringLength: null })
  const spread = inspect({ ...value }, { depth: Infinity })
  appendFileSync(
    file,
    `${what} ${deep}\n${spread}\n${inspect(value)}\n${json(value)}\n${value.toString?.() ?? ''}\n`,
  )
}

subscribe('http.server.response.finish', ({ request, response }) => {
  if (request.wx) print('req.wx', request.wx)
  // What express-session hides in it is the request, with the headers and the body that the phone sent.
  if (request.wx && request.session) print('req.session', request.session, false)
  if (response.locals) print('res.locals', response.locals)
  if (response.err) print('res.err', response.err)
})

for (const name of [
  'login:made',
  'login:failed',
  'guard:refused',
  'error',
  'store:failed',
  'key:refused',
])
  subscribe(`express-wx-login:${name}`, (message) => print(name, message))

const printCall = (message) => {
  print('call', message)
  if (message.error) print('error', { cause: message.error.cause, stack: message.error.stack })
}
tracingChannel('express-wx-login:wechat').subscribe({ asyncEnd: printCall, error: printCall })

process.on('warning', (warning) => print('warning', warning))
