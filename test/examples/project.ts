import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { temporaryFolder } from '../support/services.js'

const root = join(__dirname, '../..')

/** A copy of one of the examples, installed as its users do, beside the client as it would be published. */
export interface Project {
  readonly folder: string
  /** One of the scripts of its package.json. */
  run(script: string): Promise<{ ok: boolean; output: string }>
  /** What the compiler says of one more source file, as `file(line,column): error …`; '' for nothing. */
  complaints(name: string, text: string): Promise<string>
  /** All the JavaScript that it was built to. */
  bundle(folder: string): string
}

function run(
  command: string,
  args: string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment }
    execFile(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr })
    })
  })
}

/** The published files of the client, from its build, in `folder`. */
function unpackClient(folder: string): void {
  const client = join(root, 'client')
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const output = execFileSync('npm', args, { cwd: client, encoding: 'utf8' })
  const [{ filename }] = JSON.parse(output) as [{ filename: string }]
  mkdirSync(join(folder, 'client'))
  const unpack = ['-xzf', filename, '-C', 'client', '--strip-components', '1']
  execFileSync('tar', unpack, { cwd: folder })
}

/** @param name - a folder of examples/ */
export async function installExample(name: string): Promise<Project> {
  const place = temporaryFolder(`example-${name}`)
  unpackClient(place)
  const folder = join(place, 'examples', name)
  // What a developer has built or installed there is not what a clean clone has.
  const own = ['node_modules', 'dist', 'unpackage', '.swc']
  cpSync(join(root, 'examples', name), folder, {
    recursive: true,
    filter: (path) => !own.includes(basename(path)),
  })
  const args = ['ci', '--ignore-scripts', '--prefer-offline', '--include=dev']
  const { ok, output } = await run('npm', args, folder)
  if (!ok) throw new Error(`npm ci in examples/${name}\n${output}`)

  const script = (name: string): ReturnType<Project['run']> =>
    // Frameworks keep things in the home folder: not in that of whoever runs the tests.
    run('npm', ['run', '--silent', name], folder, { HOME: place, NODE_ENV: 'production' })
  return {
    folder,
    run: script,
    async complaints(file, text) {
      const path = join(folder, 'src', file)
      writeFileSync(path, text)
      const { output: said } = await script('check:types')
      rmSync(path)
      return said
    },
    bundle: (built) =>
      readdirSync(join(folder, built), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.js'))
        .map((file) => readFileSync(join(folder, built, file), 'utf8'))
        .join('\n'),
  }
}
