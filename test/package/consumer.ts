import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { temporaryFolder } from '../support/services.js'

export const root = join(__dirname, '../..')
const fixtures = join(__dirname, 'fixtures')
const typeTests = join(root, 'test/types')

export interface Packed {
  tarball: string
  /** Paths inside the tarball. */
  files: string[]
  sizes: {
    /** Bytes of the tarball. */
    packed: number
    /** Bytes of each file inside. */
    files: { name: string; bytes: number }[]
  }
}

interface PackReport {
  filename: string
  size: number
  files: { path: string; size: number }[]
}

/** The tarball as `npm publish` would send it: the one that `TARBALL` names, else one of the build that lies in dist. */
export function pack(): Packed {
  const given = process.env['TARBALL']
  if (given === undefined) mustBeBuilt()
  return packed(root, given)
}

/** The same for wx-login-client: what `CLIENT_TARBALL` names, else one of the client's build. */
export function packClient(): Packed {
  return packed(join(root, 'client'), process.env['CLIENT_TARBALL'])
}

function packed(source: string, given: string | undefined): Packed {
  const folder = temporaryFolder('pack')
  const tarball = given === undefined ? undefined : resolve(root, given)
  // dist is fresh: to build it once more would pull it from under other tests. Of a tarball npm only tells what is in it.
  const what = tarball === undefined ? [] : ['--dry-run', tarball]
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...what]
  const output = execFileSync('npm', args, { cwd: source, encoding: 'utf8' })
  const [{ filename, size, files }] = JSON.parse(output) as [PackReport]
  return {
    tarball: tarball ?? join(folder, filename),
    files: files.map(({ path }) => path).toSorted(),
    sizes: { packed: size, files: files.map(({ path, size }) => ({ name: path, bytes: size })) },
  }
}

function mustBeBuilt(): void {
  const newest = sourceFiles().map((file) => statSync(join(root, 'src', file)).mtimeMs)
  const built = statSync(join(root, 'dist/cjs/package.json'), { throwIfNoEntry: false })
  if ((built?.mtimeMs ?? 0) < Math.max(...newest)) {
    throw new Error('dist is older than src. Run: npm run build')
  }
}

/** Paths of the sources inside src. */
export function sourceFiles(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
}

interface Ran {
  code: number
  output: string
}

function run(command: string, args: string[], cwd: string): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr })
    })
  })
}

/** A project outside this tree that installs the tarball from beside what it needs. */
export class Consumer {
  private constructor(readonly folder: string) {}

  static async install(name: string, packages: string[]): Promise<Consumer> {
    const folder = temporaryFolder(name)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }))
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent']
    const { code, output } = await run('npm', ['install', ...quiet, ...packages], folder)
    if (code !== 0) throw new Error(`npm install ${packages.join(' ')}\n${output}`)
    cpSync(fixtures, folder, { recursive: true })
    return new Consumer(folder)
  }

  version(name: string): string {
    const file = join(this.folder, 'node_modules', name, 'package.json')
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }

  /** What a fixture prints as its one line of JSON; on this Node, or on the one given. */
  async print(fixture: string, node = process.execPath): Promise<unknown> {
    const { code, output } = await run(node, [fixture], this.folder)
    const line = output.split('\n').find((text) => text.startsWith('{'))
    if (code !== 0 || line === undefined)
      throw new Error(`${fixture} ended with ${code}\n${output}`)
    return JSON.parse(line)
  }

  /** A command the package brings. */
  command(name: string, ...args: string[]): Promise<Ran> {
    return run(join(this.folder, 'node_modules/.bin', name), args, this.folder)
  }

  /** jest as its users have it: no flags, no transform of node_modules. */
  jest(node = process.execPath): Promise<Ran> {
    const jest = join(root, 'node_modules/jest/bin/jest.js')
    return run(node, [jest, '--rootDir', this.folder, '--ci'], this.folder)
  }

  /** Compiles the type tests against the installed package; answers the compiler's complaints. */
  compile(set: string, compiler: Compiler, o: CompileOptions): Promise<string> {
    return this.#compile(`${set}-${compiler}-${o.moduleResolution}-${o.type}`, compiler, o, {
      sources: ['same.ts', set].map((name) => join(typeTests, name)),
      include: [set],
      exclude: (o.without ?? []).map((file) => `${set}/${file}`),
    })
  }

  /** The same with those of wx-login-client. */
  compileClient(compiler: Compiler, o: CompileOptions): Promise<string> {
    return this.#compile(`client-${compiler}-${o.moduleResolution}-${o.type}`, compiler, o, {
      sources: [join(root, 'test/client/types/usage.ts')],
      include: ['usage.ts'],
      exclude: [],
    })
  }

  async #compile(
    name: string,
    compiler: Compiler,
    o: CompileOptions,
    of: Sources,
  ): Promise<string> {
    const folder = join(this.folder, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: o.type }))
    for (const file of of.sources) cpSync(file, join(folder, basename(file)), { recursive: true })
    const config = {
      compilerOptions: {
        target: 'es2022',
        lib: ['es2023'],
        module: o.moduleResolution === 'bundler' ? 'preserve' : 'nodenext',
        moduleResolution: o.moduleResolution,
        types: ['node'],
        strict: true,
        esModuleInterop: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      },
      include: of.include,
      exclude: of.exclude,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
    const { code, output } = await run(process.execPath, [tsc, '-p', folder], folder)
    return code === 0 ? '' : output || `the compiler ended with ${String(code)}`
  }
}

interface Sources {
  sources: string[]
  include: string[]
  exclude: string[]
}

/** The project's own TypeScript, or the oldest that the declarations are for. */
export type Compiler = 'typescript' | 'typescript-5'

export interface CompileOptions {
  moduleResolution: 'nodenext' | 'bundler'
  /** Which of the two builds' declarations nodenext picks. */
  type: 'module' | 'commonjs'
  without?: string[]
}
