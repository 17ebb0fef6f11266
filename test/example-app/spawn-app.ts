import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(__dirname, '../..')
const exampleApp = join(root, 'example-app')
const main = join(exampleApp, 'dist/main.js')

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A child process, everything it wrote, and its end. */
export interface Program {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  /** All of stdout and stderr so far. */
  output(): string
  /** Resolves with the match as soon as the output has it; rejects where the program ends without. */
  saw(pattern: RegExp): Promise<RegExpExecArray>
  stop(signal?: NodeJS.Signals): Promise<Exit>
}

export interface App extends Program {
  url: string
  /** The log's lines, parsed. */
  log(): Record<string, unknown>[]
}

type Environment = Record<string, string>

/** An environment of its own: nothing of whoever runs the tests changes what the app does. */
function cleanEnvironment(env: Environment): Environment {
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    NODE_ENV: 'development',
    PORT: '0',
    SANDBOX_PORT: '0',
    ...env,
  }
}

export function run(command: string, args: string[], env: Environment): Program {
  const child = spawn(command, args, {
    cwd: root,
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const waiting = new Set<() => void>()
  const collect = (chunk: Buffer): void => {
    text += chunk.toString()
    for (const look of [...waiting]) look()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })

  return {
    child,
    exited,
    output: () => text,
    saw: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text)
          if (!match) return
          waiting.delete(look)
          resolve(match)
        }
        waiting.add(look)
        void exited.then((exit) => {
          look()
          reject(new Error(`ended (${JSON.stringify(exit)}) without ${pattern}:\n${text}`))
        }, reject)
        look()
      }),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return exited
    },
  }
}

/** Runs the built app until it ends by itself. */
export async function runToEnd(env: Environment): Promise<Exit & { output: string }> {
  mustBeBuilt()
  const program = run(process.execPath, [main], env)
  return { ...(await program.exited), output: program.output() }
}

/** Starts the built app as users do, on a free port, and waits until it says where it is. */
export async function startApp(env: Environment = {}): Promise<App> {
  mustBeBuilt()
  return banner(run(process.execPath, [main], env))
}

/** The same through npm, which stands between the app and its signals. */
export function startAppByNpm(env: Environment = {}): Promise<App> {
  mustBeBuilt()
  // Without `prestart`: a build now would pull the files from under the other tests.
  return banner(run('npm', ['start', '--ignore-scripts', '--workspace', 'example-app'], env))
}

async function banner(program: Program): Promise<App> {
  const [, url = ''] = await program.saw(/example app: +(http:\/\/\S+)[^]*\n\n/)
  const log = () =>
    program
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { ...program, url, log }
}

/** Tests of an old build prove nothing; building here would pull files from under the other workers. */
function mustBeBuilt(): void {
  const source = join(exampleApp, 'src')
  const newest = Math.max(
    ...readdirSync(source).map((name) => statSync(join(source, name)).mtimeMs),
  )
  const built = statSync(main, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < newest)
    throw new Error('example-app is not built. Run: npm run build --workspace example-app')
}

export interface Answer {
  status: number
  headers: Headers
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into replies of every shape
  body: any
  /** The body as it came. */
  text: string
}

/** One request; the body is JSON both ways where it can be. */
export async function http(
  url: string,
  o: { method?: string; body?: unknown; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: o.method ?? (o.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(o.body !== undefined && { 'content-type': 'application/json' }),
      ...(o.token !== undefined && { authorization: `Bearer ${o.token}` }),
      ...o.headers,
    },
    ...(o.body !== undefined && {
      body: typeof o.body === 'string' ? o.body : JSON.stringify(o.body),
    }),
  })
  const text = await response.text()
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // not JSON: the text itself
  }
  return { status: response.status, headers: response.headers, body, text }
}

/** A code, as `wx.login` on the phone of `name` would give. */
export async function takeCode(sandboxUrl: string, name = 'alice'): Promise<string> {
  const answer = await http(`${sandboxUrl}/__sandbox/users/${name}/login`, { method: 'POST' })
  return answer.body.code as string
}

export async function login(
  app: { url: string },
  sandboxUrl: string,
  name = 'alice',
): Promise<Answer> {
  return http(`${app.url}/wx/login`, { body: { code: await takeCode(sandboxUrl, name) } })
}

/** Asks again until the answer is as wanted; for what no event announces. The test's own timeout ends it. */
export async function eventually(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
