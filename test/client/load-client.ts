import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileFunction } from 'node:vm'
import { build } from 'esbuild'
import type * as Client from '../../client/src/index.js'
import type { VirtualTime } from './virtual-time.js'

const root = join(__dirname, '../../client')

/** What `wx-login-client` exports. */
export type ClientModule = typeof Client

/** A change of the client's source: of one file, at one place. */
export interface Mutation {
  /** In `client/src`. */
  file: string
  from: string
  to: string
}

/** The client as it is published. */
export const builtClient = (): string =>
  readFileSync(join(root, 'miniprogram_dist/index.js'), 'utf8')

function mutate(file: string, source: string, mutations: readonly Mutation[]): string {
  let text = source
  for (const { from, to } of mutations.filter((one) => one.file === file)) {
    const places = text.split(from).length - 1
    if (places !== 1) throw new Error(`${file} has ${String(places)} times: ${from}`)
    text = text.replace(from, () => to)
  }
  return text
}

/** The client made from its source, with these changes. @throws where one of them does not fit exactly once */
export async function clientFromSource(mutations: readonly Mutation[] = []): Promise<string> {
  const changed = new Set<string>()
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/index.ts')],
    bundle: true,
    write: false,
    format: 'cjs',
    target: 'es2019',
    platform: 'neutral',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutations',
        setup({ onLoad }) {
          onLoad({ filter: /client[/\\]src[/\\][\w-]+\.ts$/ }, ({ path }) => {
            const file = path.replace(/^.*[/\\]/, '')
            changed.add(file)
            const contents = mutate(file, readFileSync(path, 'utf8'), mutations)
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  const missing = mutations.find(({ file }) => !changed.has(file))
  if (missing) throw new Error(`The client has no file ${missing.file}.`)
  return outputFiles[0]!.text
}

/** What a phone gives the client beside `wx`. */
export interface Surroundings {
  Promise: PromiseConstructor
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  Date: Pick<DateConstructor, 'now' | 'parse'>
}

/** Runs the code of the client in surroundings of the test's own. */
export function loadClient(code: string, surroundings: Surroundings): ClientModule {
  const module = { exports: {} }
  const names = ['module', 'exports', 'console', ...Object.keys(surroundings)]
  const run = compileFunction(code, names) as (...values: unknown[]) => void
  run(module, module.exports, console, ...Object.values(surroundings))
  return module.exports as ClientModule
}

/**
 * A Promise whose reactions are macrotasks, as on iOS 15 and older: whatever else is due comes between them.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/runtime/js-support.html
 */
export function macrotaskPromise(plan: (run: () => void) => void): PromiseConstructor {
  const file = require.resolve('promise-polyfill')
  const module = { exports: {} as PromiseConstructor }
  // One of its own for everybody: how it calls is a property of the constructor.
  compileFunction(readFileSync(file, 'utf8'), ['module', 'exports'])(module, module.exports)
  return Object.assign(module.exports, { _immediateFn: plan })
}

/** The surroundings of a phone whose time is virtual. */
export const virtualSurroundings = (
  time: VirtualTime,
  reactions: 'microtasks' | 'macrotasks',
): Surroundings => ({
  Promise:
    reactions === 'microtasks' ? Promise : macrotaskPromise((run) => time.setTimeout(run, 0)),
  setTimeout: time.setTimeout,
  clearTimeout: time.clearTimeout,
  Date: { now: () => time.now, parse: Date.parse },
})
