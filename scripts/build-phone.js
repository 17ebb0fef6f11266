import { cp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { packagesIn } from './licenses.js'
import { compileMiniprogram } from './miniprogram/compile.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'example-app/miniprogram')
const phone = join(root, 'sandbox-page/phone')

/** What the phone has to know of the mini program: its name, and how its code calls its server. */
async function describe() {
  const { baseUrl } = createRequire(import.meta.url)(join(source, 'config.js'))
  if (typeof baseUrl !== 'string') throw new Error('config.js: baseUrl must be one URL')
  const { window } = JSON.parse(await readFile(join(source, 'app.json'), 'utf8'))
  return { server: baseUrl.replace(/\/+$/, ''), name: window.navigationBarTitleText }
}

/**
 * Builds the phone of the sandbox page: the example's mini program, and what makes a phone of a frame. Static files:
 * index.html, boot.js (the phone), app.js (the mini program, loaded anew for each start), their styles, and images.
 *
 * @param {string} outDir Emptied first
 * @returns the folders of the packages whose code is in it, for their licenses
 * @throws where the mini program does not compile, or wx-login-client is not installed in it
 */
export async function buildPhone(outDir) {
  const { server, name } = await describe()
  const { packages } = await compileMiniprogram({
    source,
    phone: join(phone, 'mini-program-phone.js'),
    outDir,
  })
  const { metafile } = await build({
    entryPoints: [join(phone, 'boot.ts')],
    outdir: outDir,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    loader: { '.svg': 'dataurl' },
    define: {
      MINI_PROGRAM_SERVER: JSON.stringify(server),
      MINI_PROGRAM_NAME: JSON.stringify(name),
    },
  })
  await rm(join(outDir, 'index.html'))
  await cp(join(phone, 'index.html'), join(outDir, 'index.html'))
  return { packages: [...packages, ...packagesIn(metafile)] }
}
