import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { putInPlace, workshop } from './put-in-place.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc')
const fresh = join(workshop, `build-${process.pid}`)

/** Compiles src to `folder`; answers what the compiler complained about. */
function compile(folder, ...options) {
  const args = [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', folder, ...options]
  const compiler = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  compiler.stdout.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('close', (code, signal) => {
      resolve(code === 0 ? '' : output || `The compiler ended with ${signal ?? code}.\n`)
    })
  })
}

/** What can be imported of the package; the rest of `src` is behind it. */
const entries = ['index.js', 'redis/index.js', 'sandbox/index.js']

/**
 * The code is CommonJS, once: what is imported and what is required are the same functions and classes, and CommonJS
 * loads in half the time. The ES modules only name what is exported.
 */
async function nameExports(esm, cjs) {
  const load = createRequire(join(cjs, 'index.js'))
  const left = await readdir(esm, { recursive: true })
  await Promise.all(left.filter((name) => name.endsWith('.js')).map((name) => rm(join(esm, name))))
  for (const entry of entries) {
    const target = `${entry.includes('/') ? '../' : ''}../cjs/${entry}`
    const names = Object.keys(load(join(cjs, entry))).toSorted()
    await writeFile(join(esm, entry), `export { ${names.join(', ')} } from '${target}'\n`)
  }
}

async function build() {
  const esm = join(fresh, 'esm')
  const cjs = join(fresh, 'cjs')
  const [esmFaults, cjsFaults] = await Promise.all([
    // For its types: those of CommonJS are of another kind to who imports them.
    compile(esm),
    // The sources are ES modules: CommonJS from them needs the older module settings.
    compile(
      cjs,
      ...['--module', 'commonjs', '--moduleResolution', 'bundler'],
      ...['--verbatimModuleSyntax', 'false'],
    ),
  ])
  // Both passes read the same sources: what the first says, the second mostly repeats.
  const faults = esmFaults || cjsFaults
  if (faults) {
    process.stderr.write(`${esmFaults ? 'ES modules' : 'CommonJS'}: the build failed.\n${faults}`)
    process.exitCode = 1
    return
  }
  await Promise.all([
    writeFile(join(cjs, 'package.json'), '{ "type": "commonjs" }\n'),
    chmod(join(cjs, 'cli.js'), 0o755),
  ])
  await nameExports(esm, cjs)
  await putInPlace(fresh, join(root, 'dist'))
}

await mkdir(workshop, { recursive: true })
try {
  await build()
} finally {
  await rm(fresh, { recursive: true, force: true })
}
