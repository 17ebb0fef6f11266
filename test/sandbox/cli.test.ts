import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { until } from '../support/until.js'

// The test script builds first.
const cli = join(__dirname, '../../dist/cjs/cli.js')

interface Child {
  process: ChildProcess
  out: () => string
  err: () => string
  exitCode: Promise<number | null>
}

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(args: string[], env: NodeJS.ProcessEnv = {}, shell = false): Child {
  const command = [process.execPath, cli, ...args]
  // A shell that has more to do after the command stays its parent, as npx' does.
  const [file, ...rest] = shell ? ['sh', '-c', `${command.join(' ')}; true`] : command
  const child = spawn(file!, rest, { env: { ...process.env, ...env } })
  children.push(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const exitCode = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { process: child, out: () => out, err: () => err, exitCode }
}

async function urlOf(child: Child): Promise<string> {
  for (;;) {
    const found = /http:\/\/\S+/.exec(child.out())
    if (found) return found[0]
    if (child.process.exitCode !== null) throw new Error(child.err())
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('npx express-wx-login', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('sandbox: runs, and stops on %s', async (signal) => {
    const child = start(['sandbox', '--port', '0'], { NODE_ENV: 'development' })
    const url = await urlOf(child)
    const login = await fetch(`${url}/__sandbox/users/alice/login`, { method: 'POST' })
    expect(await login.json()).toEqual({ code: expect.stringMatching(/^0sbx/) })
    child.process.kill(signal)
    expect(await child.exitCode).toBe(0)
    expect(child.err()).toBe('')
  })

  it('sandbox: ends with the npx that started it, also where that is killed', async () => {
    const env = { NODE_ENV: 'development', npm_command: 'exec' }
    const child = start(['sandbox', '--port', '0'], env, true)
    const url = await urlOf(child)
    child.process.kill('SIGKILL')
    // Closed only when the sandbox has closed its end of the pipe too.
    await child.exitCode
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  it('sandbox: refuses NODE_ENV=production', async () => {
    const child = start(['sandbox'], { NODE_ENV: 'production' })
    expect(await child.exitCode).toBe(1)
    expect(child.err()).toMatch(/does not run under NODE_ENV=production/)
  })
})

interface Run {
  exitCode: unknown
  out: string
  err: string
}

/** The built command, as a process. */
async function asProcess(...args: string[]): Promise<Run> {
  const child = start(args)
  return { exitCode: await child.exitCode, out: child.out(), err: child.err() }
}

/** The same from its source, in this process. */
const fromSource = (...args: string[]): Promise<Run> => inThisProcess(args)

/** @param meanwhile - what happens while it runs */
async function inThisProcess(
  args: string[],
  meanwhile: (run: Run) => Promise<void> = async () => undefined,
): Promise<Run> {
  const run: Run = { exitCode: undefined, out: '', err: '' }
  const { argv, exitCode } = process
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.map((signal) => process.listeners(signal))
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => !!(run.out += String(text))),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => !!(run.err += String(text))),
  ]
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  process.argv = [process.execPath, cli, ...args]
  process.exitCode = undefined
  try {
    await jest.isolateModulesAsync(async () => void (await import('../../src/cli.js')))
    await meanwhile(run)
    await until(() => process.exitCode !== undefined)
    run.exitCode = process.exitCode
    // The doctor does not wait for what it has given up on.
    if (args[0] === 'doctor') {
      await until(() => exit.mock.calls.length > 0)
      expect(exit).toHaveBeenCalledWith(run.exitCode)
    }
    return run
  } finally {
    process.argv = argv
    process.exitCode = exitCode
    for (const spy of [...spies, exit]) spy.mockRestore()
    for (const [i, signal] of signals.entries()) {
      const added = process.listeners(signal).filter((one) => !before[i]!.includes(one))
      for (const one of added) process.removeListener(signal, one)
    }
  }
}

describe.each([
  ['npx express-wx-login', asProcess],
  ['src/cli.ts', fromSource],
])('%s', (_name, run) => {
  it.each([['--help'], ['-h']])('%s lists the commands', async (flag) => {
    const { exitCode, out, err } = await run(flag)
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/^Usage: express-wx-login <command>[^]*sandbox/)
  })

  it('without a command shows the usage, as an error', async () => {
    const { exitCode, out, err } = await run()
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toMatch(/^Usage: /)
  })

  it('does not know other commands', async () => {
    const { exitCode, err } = await run('sandbix')
    expect(exitCode).toBe(2)
    expect(err).toMatch(/there is no command "sandbix"/)
  })

  it('sandbox hands its arguments on', async () => {
    const { exitCode, err } = await run('sandbox', '--port', 'x')
    expect(exitCode).toBe(2)
    expect(err).toMatch(/--port: must be a number/)
  })

  it('doctor hands its arguments on', async () => {
    const { exitCode, err } = await run('doctor', '--frobnicate')
    expect(exitCode).toBe(2)
    expect(err).toMatch(/Unknown option '--frobnicate'/)
  })
})

it('src/cli.ts: sandbox ends when the npx that started it is gone', async () => {
  const { env, ppid } = process
  process.env = { ...env, npm_command: 'exec' }
  try {
    const { exitCode, out } = await inThisProcess(['sandbox', '--port', '0'], async (run) => {
      await until(() => run.out.includes('http://'))
      // Longer than the time between two looks: as long as npx is there it goes on.
      await new Promise((resolve) => setTimeout(resolve, 700))
      expect(process.exitCode).toBeUndefined()
      Object.defineProperty(process, 'ppid', { configurable: true, value: 1 })
    })
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^SANDBOX: this is not WeChat/)])
  } finally {
    process.env = env
    Object.defineProperty(process, 'ppid', { configurable: true, value: ppid })
  }
})
