import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sandbox } from '../../src/sandbox/index.js'
import type { Exit, SoakServer } from './servers.js'

const logins = 20

/** What came of a SIGTERM with logins in flight. */
export interface Drained {
  readonly name: string
  /** Logins answered with 200. */
  answered: number
  /** Of their tokens, those that another process takes; undefined where there was none left to ask. */
  working: number | undefined
  exit: Exit | undefined
  /** From the signal to the end of the process, in ms. */
  ms: number
}

/** Ends one server while it waits for WeChat's answers to twenty logins. */
async function drain(
  server: SoakServer,
  witness: SoakServer | undefined,
  sandbox: Sandbox,
): Promise<Drained> {
  sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 700 })
  const sent = Array.from({ length: logins }, (_, i) =>
    server.phone.send({
      kind: 'login',
      method: 'POST',
      path: '/wx/login',
      body: { code: sandbox.user(`late-${String(i)}`).login() },
    }),
  )
  while (!server.exit() && (await server.sample()).inFlight < logins) await delay(10)
  const signalled = performance.now()
  server.terminate()
  const answers = await Promise.all(sent)
  await Promise.race([server.exited, delay(10_000, undefined, { ref: false })])
  const ms = performance.now() - signalled
  sandbox.faults.clear()

  const good = answers.filter(({ status }) => status === 200)
  const asked = witness
    ? good.map(({ body }) =>
        witness.phone.send({ kind: 'me', path: '/me', token: String(body['token']) }),
      )
    : []
  const found = await Promise.all(asked)
  return {
    name: server.name,
    answered: good.length,
    working: witness && found.filter(({ status }) => status === 200).length,
    exit: server.exit(),
    ms,
  }
}

/** Ends all servers in turn; the next one tries the tokens of the last logins. */
export async function drainAll(
  servers: readonly SoakServer[],
  sandbox: Sandbox,
): Promise<Drained[]> {
  const drained: Drained[] = []
  for (const [i, server] of servers.entries())
    drained.push(await drain(server, servers[i + 1], sandbox))
  return drained
}

export const lateLogins = logins
