import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from '@swc/core'
import { build } from 'esbuild'
import { putInPlace, workshop } from './put-in-place.js'
import { runTsc } from './run-tsc.js'

const client = join(dirname(fileURLToPath(import.meta.url)), '..', 'client')
const fresh = join(workshop, `client-${process.pid}`)

/** The whole client as one ES module. */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(client, 'src/index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    // esbuild cannot make ES5; what it leaves is made older below.
    target: 'es2019',
    platform: 'neutral',
  })
  return outputFiles[0].text
}

/** How esbuild ends a bundle. */
const exported = /\nexport \{([^}]*)\};\s*$/

/** esbuild's own CommonJS costs a tenth of the budget; the exports are two. */
const toCommonJs = (code) =>
  code.replace(exported, (_, names) =>
    names
      .split(',')
      .map((name) => `\nexports.${name.trim()} = ${name.trim()};`)
      .join(''),
  )

/** Syntax of ES5, which every phone understands: WeChat and bundlers take a package's code as it is. */
async function lower(code) {
  const { code: lowered } = await transform(code, {
    swcrc: false,
    configFile: false,
    isModule: true,
    // As ES5; but no phone lacks Symbol and needs a typeof for it.
    env: { targets: { ie: '9' }, loose: true, exclude: ['transform-typeof-symbol'] },
    module: { type: 'es6' },
    jsc: {
      parser: { syntax: 'ecmascript' },
      loose: true,
      externalHelpers: false,
      minify: {
        compress: { passes: 5, ecma: 5, pure_getters: true },
        mangle: { toplevel: true },
      },
    },
    minify: true,
  })
  return lowered
}

/** The types of what `index.ts` exports; those of the rest are nobody's business. */
const publicTypes = ['index', 'create-wx-login', 'errors', 'types']

async function makeClient() {
  const types = join(fresh, 'types')
  const [faults, code] = await Promise.all([
    runTsc(client, types, '--emitDeclarationOnly'),
    bundle(),
  ])
  if (faults) {
    process.stderr.write(`wx-login-client: the build failed.\n${faults}`)
    process.exitCode = 1
    return
  }
  if (!exported.test(code)) throw new Error('The bundle ends otherwise than expected.')
  const esm = join(fresh, 'dist/esm')
  const cjs = join(fresh, 'dist/cjs')
  const phone = join(fresh, 'miniprogram_dist')
  await Promise.all([esm, cjs, phone].map((folder) => mkdir(folder, { recursive: true })))
  await Promise.all([
    ...publicTypes.flatMap((name) =>
      [esm, cjs].map((folder) => cp(join(types, `${name}.d.ts`), join(folder, `${name}.d.ts`))),
    ),
    writeFile(join(esm, 'package.json'), '{ "type": "module" }\n'),
    lower(code).then((text) => writeFile(join(esm, 'index.js'), text)),
    lower(toCommonJs(code)).then((text) => writeFile(join(phone, 'index.js'), text)),
  ])
  await putInPlace(join(fresh, 'dist'), join(client, 'dist'))
  await putInPlace(phone, join(client, 'miniprogram_dist'))
}

await mkdir(workshop, { recursive: true })
try {
  await makeClient()
} finally {
  await rm(fresh, { recursive: true, force: true })
}
